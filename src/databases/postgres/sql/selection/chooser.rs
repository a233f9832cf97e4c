//! Decides statement by statement. How each kind of statement is kept is in [`kept`].

mod kept;

use std::collections::{BTreeMap, BTreeSet};

use super::super::columns::CopyHead;
use super::super::excerpt::{shown, without_comments};
use super::super::needs::roles;
use super::super::statement::{Mention, Statement};
use super::super::words::top_level;
use super::bring_back::Restored;
use super::catalog::Catalog;
use super::definition::Part;
use super::subject::{Object, Subject};
use super::wanted::{Chosen, TableName};
use super::{Existing, Ground, QualifiedName, SelectionError, identifier, shown_name};

/// Something that the reader must know of: what is left out, and what is kept in another form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Kind and names, safe to show.
    pub what: String,
    /// Why.
    pub reason: String,
    /// The statement itself, which may contain values.
    pub statement: Vec<u8>,
}

/// What is selected, known before the first row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The selected tables.
    pub tables: BTreeSet<QualifiedName>,
    /// Those of them that have rows of their own.
    pub with_rows: BTreeSet<QualifiedName>,
}

/// Chooses the statements of some tables. Give it every statement and every head of rows in order.
#[derive(Debug)]
pub struct Chooser {
    wanted: Vec<TableName>,
    ground: Ground,
    into: Option<String>,
    catalog: Catalog,
    /// The beginning of a rule with several actions, which end with semicolons.
    open_rule: Vec<u8>,
    /// The statements before the first rows.
    held: Vec<Vec<u8>>,
    chosen: Option<Chosen>,
    /// Settings that the next statement needs.
    settings: Vec<Vec<u8>>,
    /// What was created.
    created: BTreeSet<QualifiedName>,
    created_schemas: BTreeSet<String>,
    /// Constraints, triggers, rules and policies that were created.
    parts: BTreeSet<(QualifiedName, String)>,
    /// Parts of definitions that were left out.
    dropped: BTreeSet<(QualifiedName, Part)>,
    /// Statements for the very end.
    last: Vec<Vec<u8>>,
    notes: Vec<Note>,
    /// The heads of selected rows, as the dump writes them.
    copied: BTreeMap<QualifiedName, Vec<u8>>,
    /// Foreign keys between selected tables: from, to.
    references: BTreeSet<(QualifiedName, QualifiedName)>,
    /// Selected tables with a unique key.
    keyed: BTreeSet<QualifiedName>,
    /// Selected tables with triggers.
    triggered: BTreeSet<QualifiedName>,
}

impl Chooser {
    /// Tables of a dump for a database, under their own names or moved into another schema.
    #[must_use]
    pub fn new(wanted: Vec<TableName>, ground: Ground, into: Option<String>) -> Self {
        Self {
            wanted,
            ground,
            into,
            catalog: Catalog::default(),
            open_rule: Vec::new(),
            held: Vec::new(),
            chosen: None,
            settings: Vec::new(),
            created: BTreeSet::new(),
            created_schemas: BTreeSet::new(),
            parts: BTreeSet::new(),
            dropped: BTreeSet::new(),
            last: Vec::new(),
            notes: Vec::new(),
            copied: BTreeMap::new(),
            references: BTreeSet::new(),
            keyed: BTreeSet::new(),
            triggered: BTreeSet::new(),
        }
    }

    /// Takes a statement. Returns the statements to send now.
    pub fn statement(&mut self, text: &[u8]) -> Vec<Vec<u8>> {
        let begun = std::mem::take(&mut self.open_rule);
        let text = if begun.is_empty() { without_comments(text).to_vec() } else { [&begun, text].concat() };
        let statement = Statement::of(&text);
        if text.starts_with(b"CREATE RULE ") && statement.is_open() {
            self.open_rule = text;
            return Vec::new();
        }
        if self.chosen.is_some() {
            return self.decide(&text);
        }
        self.catalog.learn(&statement, &Subject::of(&statement));
        self.held.push(text);
        Vec::new()
    }

    /// Decides about the statements so far, before the first rows or at the end. Later it returns nothing.
    ///
    /// # Errors
    /// The tables cannot be selected, or the target has them already.
    pub fn begin(&mut self) -> Result<Vec<Vec<u8>>, SelectionError> {
        if self.chosen.is_some() {
            return Ok(Vec::new());
        }
        let chosen = Chosen::find(&self.wanted, &self.catalog)?;
        self.check_names(&chosen)?;
        self.chosen = Some(chosen);
        let mut sent = self.making_the_schema();
        for text in std::mem::take(&mut self.held) {
            sent.extend(self.decide(&text));
        }
        Ok(sent)
    }

    /// What is selected. Empty before [`Chooser::begin`].
    #[must_use]
    pub fn plan(&self) -> Plan {
        let Some(chosen) = &self.chosen else { return Plan::default() };
        let is_stored =
            |name: &QualifiedName| self.catalog.tables.get(name).is_some_and(|table| !table.is_partitioned);
        let with_rows = chosen.tables.iter().filter(|(name, has_rows)| **has_rows && is_stored(name));
        Plan {
            tables: chosen.tables.keys().cloned().collect(),
            with_rows: with_rows.map(|(name, _)| name.clone()).collect(),
        }
    }

    /// Takes the head of rows. Returns its form if the rows are selected. Call [`Chooser::begin`] before.
    pub fn rows(&mut self, head: &[u8]) -> Option<Vec<u8>> {
        let head = without_comments(head);
        let end = head.len() - head.iter().rev().take_while(|byte| **byte != b';').count();
        let CopyHead { schema, name, .. } = CopyHead::of(&head[..end])?;
        let name = (schema, name);
        let is_selected = self.chosen.as_ref()?.tables.get(&name).copied().unwrap_or_default();
        is_selected.then(|| {
            self.copied.insert(name, head[..end].to_vec());
            let moved = self.moved(&Statement::of(head));
            [self.take_settings(), moved].concat()
        })
    }

    /// The statements for the very end.
    pub fn finish(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.last)
    }

    /// What was left out or changed so far.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// How the rows get from the other schema back into the original tables. Complete at the end.
    #[must_use]
    pub fn bring_back(&self) -> Option<String> {
        let Self { catalog, copied, references, keyed, triggered, .. } = self;
        let chosen = self.chosen.as_ref()?;
        let restored = Restored { catalog, chosen, copied, references, keyed, triggered };
        self.into.as_ref().map(|into| restored.bring_back(into))
    }

    /// The name that an object gets.
    #[must_use]
    pub fn new_name(&self, (schema, name): &QualifiedName) -> QualifiedName {
        (self.into.clone().unwrap_or_else(|| schema.clone()), name.clone())
    }

    fn check_names(&self, chosen: &Chosen) -> Result<(), SelectionError> {
        let mut by_name: BTreeMap<QualifiedName, Vec<&QualifiedName>> = BTreeMap::new();
        for name in chosen.names() {
            by_name.entry(self.new_name(name)).or_default().push(name);
        }
        if let (Some(into), Some(names)) = (&self.into, by_name.values().find(|names| names.len() > 1)) {
            let names = names.iter().map(|name| shown_name(name)).collect();
            return Err(SelectionError::SameName { into: identifier(into), names });
        }
        let Ground::Known(existing) = &self.ground else { return Ok(()) };
        let is_moved = self.into.is_some();
        let collides = |name: &&QualifiedName| {
            let is_made_with_its_table = self.catalog.sequences.get(*name).is_some_and(|one| one.is_identity);
            let new = self.new_name(name);
            let is_needed = is_moved || chosen.tables.contains_key(*name) || is_made_with_its_table;
            is_needed && (existing.relations.contains(&new) || existing.types.contains(&new))
        };
        let names: Vec<String> =
            chosen.names().filter(collides).map(|name| shown_name(&self.new_name(name))).collect();
        if names.is_empty() { Ok(()) } else { Err(SelectionError::Exist { names, is_moved }) }
    }

    fn making_the_schema(&mut self) -> Vec<Vec<u8>> {
        let Some(into) = self.into.clone() else { return Vec::new() };
        if self.existing().is_some_and(|existing| existing.schemas.contains(&into)) {
            return Vec::new();
        }
        let statement = format!("CREATE SCHEMA {};", identifier(&into));
        vec![self.guarded("to_regnamespace", &identifier(&into), &statement).into_bytes()]
    }

    fn existing(&self) -> Option<&Existing> {
        match &self.ground {
            Ground::Known(existing) => Some(existing),
            Ground::Unknown => None,
        }
    }

    /// A statement that does nothing if its object exists. Only an unknown target needs it.
    fn guarded(&self, finds: &str, name: &str, statement: &str) -> String {
        if self.existing().is_some() {
            return statement.to_owned();
        }
        let tag = (0..).map(|number| format!("$if_missing_{number}$")).find(|tag| !statement.contains(tag));
        let (tag, name) = (tag.unwrap_or_default(), name.replace('\'', "''"));
        format!(
            "DO {tag} BEGIN IF pg_catalog.{finds}('{name}') IS NULL THEN\n{statement}\nEND IF; END {tag};"
        )
    }

    fn decide(&mut self, text: &[u8]) -> Vec<Vec<u8>> {
        let statement = Statement::of(text);
        let subject = Subject::of(&statement);
        if subject == Subject::Setting {
            // It would lift the limit of a load next to an application.
            if statement.text.starts_with("SET lock_timeout ") {
                return Vec::new();
            }
            self.settings.push(statement.encoded(&statement.text));
            return Vec::new();
        }
        let Some(kept) = self.kept(&statement, subject) else { return Vec::new() };
        vec![[self.take_settings(), kept].concat()]
    }

    fn take_settings(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.settings)
            .into_iter()
            .flat_map(|setting| [setting, b"\n".to_vec()].concat())
            .collect()
    }

    fn is_created(&self, name: &QualifiedName) -> bool {
        self.created.contains(name)
    }

    fn has(&self, object: &Object) -> bool {
        match object {
            Object::Schema(name) => self.created_schemas.contains(name),
            Object::Named(name) => self.is_created(name),
            Object::Column(table, name) => {
                self.is_created(table) && !self.is_dropped(table, Part::Column(name.clone()))
            }
            Object::Part(table, name) => {
                // The constraints within a definition come with it.
                let is_defined = self.is_created(table) && self.catalog.defines_constraint(table, name);
                self.parts.contains(&(table.clone(), name.clone()))
                    || is_defined && !self.is_dropped(table, Part::Constraint(name.clone()))
            }
        }
    }

    fn is_dropped(&self, table: &QualifiedName, part: Part) -> bool {
        self.dropped.contains(&(table.clone(), part))
    }

    fn names_a_table(&self, statement: &Statement<'_>) -> bool {
        let tables = self.chosen.as_ref().map(|chosen| &chosen.tables);
        statement
            .all_mentions()
            .iter()
            .any(|mention| tables.is_some_and(|tables| tables.contains_key(&mention.name)))
    }

    /// The first object that is neither selected nor in the target. What comes before a dot can also be an alias, such as
    /// that of a trigger's new row.
    fn missing(&self, mentions: &[Mention]) -> Option<QualifiedName> {
        let is_alias = |schema: &String| {
            let is_known = schema == "public" || self.catalog.schemas.contains(schema);
            !is_known && self.existing().is_none_or(|existing| !existing.schemas.contains(schema))
        };
        let is_there = |name: &QualifiedName| {
            is_alias(&name.0)
                || self.created.contains(name)
                || self.chosen.as_ref().is_some_and(|chosen| chosen.counts_on(name))
                || self.existing().is_some_and(|existing| existing.has(name))
        };
        mentions.iter().map(|mention| &mention.name).find(|name| !is_there(name)).cloned()
    }

    fn missing_role(&self, statement: &Statement<'_>) -> Option<String> {
        let named = roles(&top_level(&statement.text));
        match &self.ground {
            Ground::Unknown => named
                .first()
                .map(|role| format!("needs the role {}, which the file does not create", identifier(role))),
            Ground::Known(existing) => named
                .iter()
                .find(|role| !existing.roles.contains(*role))
                .map(|role| format!("needs the role {}, which the target does not have", identifier(role))),
        }
    }

    fn needs(&self, name: &QualifiedName) -> String {
        match &self.ground {
            Ground::Unknown => format!("needs {}, which the file does not create", shown_name(name)),
            Ground::Known(existing) if existing.has(name) => {
                format!("refers to {} outside of this schema", shown_name(name))
            }
            Ground::Known(_) => format!("needs {}, which the target does not have", shown_name(name)),
        }
    }

    fn moved(&self, statement: &Statement<'_>) -> Vec<u8> {
        statement.encoded(&self.moved_text(statement))
    }

    fn moved_text(&self, statement: &Statement<'_>) -> String {
        let Some(into) = &self.into else { return statement.text.to_string() };
        let is_ours = |name: &QualifiedName| {
            self.created.contains(name) || self.chosen.as_ref().is_some_and(|chosen| chosen.contains(name))
        };
        statement.moved(&identifier(into), is_ours)
    }

    fn note(&mut self, statement: &Statement<'_>, reason: &str) {
        let statement = statement.encoded(&statement.text);
        self.notes.push(Note { what: shown(&statement), reason: reason.to_owned(), statement });
    }

    /// Notes a statement that is not kept.
    fn leave_out(&mut self, statement: &Statement<'_>, reason: &str) -> Option<Vec<u8>> {
        self.note(statement, reason);
        None
    }
}
