//! The form in which each kind of statement is kept.

use super::super::super::contents::set;
use super::super::super::statement::Statement;
use super::super::super::words::top_level;
use super::super::definition::{Definition, Part};
use super::super::subject::{Object, Subject};
use super::super::{Ground, QualifiedName, identifier, shown_name};
use super::{Chooser, Note};

impl Chooser {
    /// The form in which a statement is kept, if it is.
    pub(super) fn kept(&mut self, statement: &Statement<'_>, subject: Subject) -> Option<Vec<u8>> {
        match subject {
            Subject::Schema(name) => self.schema(statement, name),
            Subject::Type(name) => self.of_type(statement, name),
            Subject::Table(name) => self.table(statement, name),
            Subject::Sequence(name) => self.sequence(statement, name),
            Subject::OwnedBy { sequence, table } => {
                (self.is_created(&sequence) && self.is_created(&table)).then(|| self.moved(statement))
            }
            Subject::Identity { table, sequence, .. } => self.is_created(&table).then(|| {
                self.created.insert(sequence);
                self.moved(statement)
            }),
            Subject::Default { table } => self.if_complete(statement, &table),
            Subject::Attach { parent, child } => self.attach(statement, &parent, &child),
            Subject::AttachIndex { parent, child } => {
                (self.is_created(&parent) && self.is_created(&child)).then(|| self.moved(statement))
            }
            Subject::Constraint { table, name, refers, index } => {
                self.constraint(statement, (table, name), refers, index)
            }
            Subject::Index { table, name } => {
                let kept = self.if_complete(statement, &table)?;
                self.created.insert(name);
                Some(kept)
            }
            Subject::Statistics { table, name } => {
                // The statement names it, too.
                self.created.extend(self.is_created(&table).then_some(name));
                self.if_complete(statement, &table)
            }
            Subject::Part { kind, table, name } => self.part(statement, kind, (table, name)),
            // Without policies, only the owner reads the rows there. Forced, the owner would not either.
            Subject::RowSecurity { table }
                if self.is_created(&table)
                    && self.into.is_some()
                    && !statement.text.contains(" ENABLE ROW LEVEL SECURITY") =>
            {
                self.leave_out(statement, "not kept in another schema")
            }
            Subject::RowSecurity { table } => self.is_created(&table).then(|| self.moved(statement)),
            Subject::UsesIndex { table, index } => {
                (self.is_created(&table) && self.is_created(&index)).then(|| self.moved(statement))
            }
            Subject::Switch { table, name } => {
                self.parts.contains(&(table, name)).then(|| self.moved(statement))
            }
            Subject::Owner(object) | Subject::Grant(object) => self.right(statement, &object),
            Subject::Change(object) => self.has(&object).then(|| self.moved(statement)),
            Subject::SetValue(name) => self.value(statement, &name),
            Subject::Publication { table } if self.is_created(&table) => {
                self.leave_out(statement, "publications are not changed")
            }
            Subject::Else(..) if self.names_a_table(statement) => {
                self.leave_out(statement, "depends on these tables and is not a part of them")
            }
            _ => None,
        }
    }

    fn schema(&mut self, statement: &Statement<'_>, name: String) -> Option<Vec<u8>> {
        let is_needed = self.chosen.as_ref()?.names().any(|(schema, _)| *schema == name);
        let is_there = self.existing().is_some_and(|existing| existing.schemas.contains(&name));
        if !is_needed || is_there || self.into.is_some() {
            return None;
        }
        let form = self.guarded("to_regnamespace", &identifier(&name), &statement.text);
        // Whether an unknown target has it already decides whose it is.
        if self.existing().is_some() {
            self.created_schemas.insert(name);
        }
        Some(statement.encoded(&form))
    }

    fn of_type(&mut self, statement: &Statement<'_>, name: QualifiedName) -> Option<Vec<u8>> {
        if !self.chosen.as_ref()?.types.contains(&name) {
            return None;
        }
        if self.into.is_some() {
            self.created.insert(name);
            return Some(self.moved(statement));
        }
        let Some(existing) = self.existing() else {
            return Some(statement.encoded(&self.guarded("to_regtype", &shown_name(&name), &statement.text)));
        };
        (!existing.types.contains(&name)).then(|| {
            self.created.insert(name);
            self.moved(statement)
        })
    }

    fn table(&mut self, statement: &Statement<'_>, name: QualifiedName) -> Option<Vec<u8>> {
        let has_rows = *self.chosen.as_ref()?.tables.get(&name)?;
        if !has_rows {
            self.note(statement, "created without rows, because a selected table inherits from it");
        }
        self.created.insert(name.clone());
        let Some(definition) = Definition::of(statement) else { return Some(self.moved(statement)) };
        let (text, dropped) = definition.without(|mentions| self.missing(mentions));
        for part in dropped {
            let what = match &part.what {
                Part::Column(column) => format!("the column {}", identifier(column)),
                Part::Default(column) => format!("the default of column {}", identifier(column)),
                Part::Constraint(constraint) => format!("the constraint {}", identifier(constraint)),
            };
            self.notes.push(Note {
                what: format!("{what} of {}", shown_name(&name)),
                reason: self.needs(&part.needs),
                statement: statement.encoded(&part.text),
            });
            self.dropped.insert((name.clone(), part.what));
        }
        if self.catalog.has_large_objects {
            let columns = &self.catalog.tables.get(&name)?.columns;
            for column in columns.iter().filter(|column| column.of_type == "oid") {
                self.notes.push(Note {
                    what: format!(
                        "large objects that {}.{} may name",
                        shown_name(&name),
                        identifier(&column.name)
                    ),
                    reason: "only the numbers are restored".to_owned(),
                    statement: Vec::new(),
                });
            }
        }
        let edited = Statement::of_text(text);
        Some(statement.encoded(&self.moved_text(&edited)))
    }

    fn sequence(&mut self, statement: &Statement<'_>, name: QualifiedName) -> Option<Vec<u8>> {
        if !self.chosen.as_ref()?.sequences.contains(&name) {
            return None;
        }
        let is_there = self.existing().is_some_and(|existing| existing.relations.contains(&name));
        if is_there && self.into.is_none() {
            self.note(statement, "exists, and keeps its value");
            return None;
        }
        if self.is_guarded(&name) {
            return Some(statement.encoded(&self.guarded(
                "to_regclass",
                &shown_name(&name),
                &statement.text,
            )));
        }
        self.created.insert(name);
        Some(self.moved(statement))
    }

    /// Whether a sequence may be in use already: that of no table, in an unknown target.
    fn is_guarded(&self, name: &QualifiedName) -> bool {
        let is_free = self.catalog.sequences.get(name).is_some_and(|sequence| sequence.owner.is_none());
        is_free && self.existing().is_none() && self.into.is_none()
    }

    fn value(&self, statement: &Statement<'_>, name: &QualifiedName) -> Option<Vec<u8>> {
        let is_selected = self.chosen.as_ref()?.sequences.contains(name);
        if !(is_selected && self.is_guarded(name)) {
            return self.is_created(name).then(|| self.moved(statement));
        }
        // One that exists must not return a value again.
        let (_, position) = set(statement.text.as_bytes())?;
        let sign = if self.catalog.sequences.get(name)?.descends { ">" } else { "<" };
        let (text, of, last) = (statement.text.trim_end_matches(';'), shown_name(name), position.value);
        Some(statement.encoded(&format!("{text} FROM {of} WHERE last_value {sign} {last};")))
    }

    fn attach(
        &mut self,
        statement: &Statement<'_>,
        parent: &QualifiedName,
        child: &QualifiedName,
    ) -> Option<Vec<u8>> {
        if !self.is_created(child) {
            return None;
        }
        if self.is_created(parent) {
            return Some(self.moved(statement));
        }
        let is_there = self.existing().is_some_and(|existing| existing.relations.contains(parent));
        if is_there && self.into.is_none() {
            // After its own indexes, which then become parts of the table's.
            self.last.push(self.moved(statement));
            return None;
        }
        let reason = self.needs(parent);
        self.leave_out(statement, &reason)
    }

    fn constraint(
        &mut self,
        statement: &Statement<'_>,
        (table, name): (QualifiedName, String),
        refers: Option<QualifiedName>,
        index: Option<QualifiedName>,
    ) -> Option<Vec<u8>> {
        if !self.is_created(&table) {
            let is_of_these = refers.is_some_and(|refers| self.is_created(&refers));
            let reason = "belongs to a table that is not selected";
            // It consists of names, so it can be shown. A file of SQL has the statement itself next to the reason.
            let again = statement.text.trim_start().trim_end_matches(';').replacen("\n    ", " ", 1);
            let reason = match (&self.into, &self.ground) {
                (None, Ground::Known(_)) => format!("{reason}. If it is gone, run {again}"),
                _ => reason.to_owned(),
            };
            return if is_of_these { self.leave_out(statement, &reason) } else { None };
        }
        let Some(refers) = refers else {
            let kept = self.if_complete(statement, &table)?;
            if let Some(index) = index {
                // Only a primary key finds every row again: others let nulls through, or leave rows out.
                let is_primary = memchr::memmem::find(statement.text.as_bytes(), b" PRIMARY KEY (").is_some();
                self.keyed.extend(is_primary.then(|| table.clone()));
                self.created.insert(index);
            }
            self.parts.insert((table, name));
            return Some(kept);
        };
        let is_there = self.existing().is_some_and(|existing| existing.relations.contains(&refers));
        if self.chosen.as_ref()?.tables.get(&refers) == Some(&true) {
            self.references.insert((table.clone(), refers));
        } else if !is_there || self.into.is_some() {
            let reason = self.needs(&refers);
            return self.leave_out(statement, &reason);
        } else if !self.catalog.tables.get(&table)?.is_partitioned && !statement.text.ends_with(" NOT VALID;")
        {
            // The other table may have changed since. What does not fit must not stop the restore.
            let validate =
                format!("run ALTER TABLE {} VALIDATE CONSTRAINT {}", shown_name(&table), identifier(&name));
            self.note(
                statement,
                &format!("added NOT VALID, because {} may have changed: {validate}", shown_name(&refers)),
            );
            self.parts.insert((table, name));
            let text = statement.text.trim_end_matches(';');
            return Some(statement.encoded(&format!("{text} NOT VALID;")));
        }
        self.parts.insert((table, name));
        Some(self.moved(statement))
    }

    /// A trigger, rule or policy.
    /// A restrictive policy that hides every row, in place of one that is left out: without it, others would show rows that
    /// it hid.
    fn closed(statement: &Statement<'_>, table: &QualifiedName, name: &str) -> Option<Vec<u8>> {
        let is_restrictive = top_level(&statement.text).iter().any(|word| word.is("RESTRICTIVE"));
        let (name, table) = (identifier(name), shown_name(table));
        is_restrictive.then(|| {
            statement.encoded(&format!("\nCREATE POLICY {name} ON {table} AS RESTRICTIVE USING (false);"))
        })
    }

    fn part(
        &mut self,
        statement: &Statement<'_>,
        kind: &str,
        (table, name): (QualifiedName, String),
    ) -> Option<Vec<u8>> {
        if !self.is_created(&table) {
            return None;
        }
        if self.into.is_some() {
            self.triggered.extend((kind == "TRIGGER").then_some(table));
            return self.leave_out(statement, "not kept in another schema");
        }
        if let Some(role) = self.missing_role(statement).filter(|_| kind == "POLICY") {
            self.leave_out(statement, &role);
            return Self::closed(statement, &table, &name);
        }
        let Some(kept) = self.if_complete(statement, &table) else {
            return if kind == "POLICY" { Self::closed(statement, &table, &name) } else { None };
        };
        self.parts.insert((table, name));
        Some(kept)
    }

    /// An owner or a grant. In another schema, everything belongs to the role that restores.
    fn right(&mut self, statement: &Statement<'_>, object: &Object) -> Option<Vec<u8>> {
        if !self.has(object) || self.into.is_some() {
            return None;
        }
        match self.missing_role(statement) {
            Some(reason) => self.leave_out(statement, &reason),
            None => Some(self.moved(statement)),
        }
    }

    /// A statement about a table, if everything that it names is there.
    fn if_complete(&mut self, statement: &Statement<'_>, table: &QualifiedName) -> Option<Vec<u8>> {
        if !self.is_created(table) {
            return None;
        }
        match self.missing(&statement.all_mentions()) {
            Some(name) => {
                let reason = self.needs(&name);
                self.leave_out(statement, &reason)
            }
            None => Some(self.moved(statement)),
        }
    }
}
