//! What a dump's statements define, as far as tables need it.

use std::collections::{BTreeMap, BTreeSet};

use super::super::statement::Statement;
use super::QualifiedName;
use super::definition::{Column, Definition};
use super::subject::Subject;

/// A table of the dump.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// Tables that it inherits from. A partition has no such parents.
    pub(super) parents: Vec<QualifiedName>,
    /// Everything that its definition and its defaults name.
    pub(super) names: BTreeSet<QualifiedName>,
    pub(super) columns: Vec<Column>,
    /// Names of the constraints in its definition.
    pub(super) constraints: BTreeSet<String>,
    pub(super) is_partitioned: bool,
    /// Whether an identity column takes no values without `OVERRIDING SYSTEM VALUE`.
    pub(super) generates_identity: bool,
}

/// A sequence of the dump.
#[derive(Debug, Default)]
pub(super) struct Sequence {
    /// The table that owns it.
    pub(super) owner: Option<QualifiedName>,
    /// Whether it counts down.
    pub(super) descends: bool,
    /// Whether it belongs to an identity column, and is created with it.
    pub(super) is_identity: bool,
}

/// What the statements so far define.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    pub(super) schemas: BTreeSet<String>,
    pub(super) tables: BTreeMap<QualifiedName, Table>,
    /// Partitions, with the tables that they belong to.
    pub(super) partitions: BTreeMap<QualifiedName, QualifiedName>,
    /// Types, with everything that each names.
    pub(super) types: BTreeMap<QualifiedName, BTreeSet<QualifiedName>>,
    pub(super) sequences: BTreeMap<QualifiedName, Sequence>,
    /// Views, functions and other objects that no selection contains, with their kinds.
    pub(super) others: BTreeMap<QualifiedName, &'static str>,
    pub(super) has_large_objects: bool,
}

impl Catalog {
    /// Reads a statement.
    pub(super) fn learn(&mut self, statement: &Statement<'_>, subject: &Subject) {
        let names = || statement.all_mentions().into_iter().map(|mention| mention.name);
        let descends = || statement.text.contains("\n    INCREMENT BY -");
        match subject {
            Subject::Table(name) => {
                let table = self.tables.entry(name.clone()).or_default();
                table.names.extend(names());
                if let Some(definition) = Definition::of(statement) {
                    table.columns = definition.columns().cloned().collect();
                    table.constraints = definition.constraints().collect();
                    table.is_partitioned = definition.is_partitioned;
                    table.parents = definition.parents;
                }
            }
            // Foreign tables and views can have defaults, too.
            Subject::Default { table } => {
                if let Some(table) = self.tables.get_mut(table) {
                    table.names.extend(names());
                }
            }
            Subject::Type(name) => self.types.entry(name.clone()).or_default().extend(names()),
            Subject::Sequence(name) => {
                self.sequences.insert(name.clone(), Sequence { descends: descends(), ..Sequence::default() });
            }
            Subject::Identity { table, sequence, always } => {
                if let Some(table) = self.tables.get_mut(table) {
                    table.generates_identity |= always;
                }
                let owner = Some(table.clone());
                let made = Sequence { owner, descends: descends(), is_identity: true };
                self.sequences.insert(sequence.clone(), made);
            }
            Subject::OwnedBy { sequence, table } => {
                self.sequences.entry(sequence.clone()).or_default().owner = Some(table.clone());
            }
            Subject::Attach { parent, child } => {
                self.partitions.insert(child.clone(), parent.clone());
            }
            Subject::Else(kind, name) => {
                self.others.insert(name.clone(), kind);
            }
            Subject::Schema(name) => {
                self.schemas.insert(name.clone());
            }
            Subject::LargeObject => self.has_large_objects = true,
            _ => {}
        }
    }

    /// Partitions of a table, and tables that inherit from it.
    pub(super) fn children(&self, of: &QualifiedName) -> BTreeSet<QualifiedName> {
        let partitions = self.partitions.iter().filter(|(_, parent)| *parent == of).map(|(child, _)| child);
        let heirs = self.tables.iter().filter(|(_, table)| table.parents.contains(of)).map(|(name, _)| name);
        partitions.chain(heirs).cloned().collect()
    }

    /// The type of a column, as its table or a table that it inherits from defines it.
    pub(super) fn type_of(&self, table: &QualifiedName, column: &str) -> Option<&str> {
        let table = self.tables.get(table)?;
        let own = table.columns.iter().find(|own| own.name == column).map(|own| own.of_type.as_str());
        own.or_else(|| table.parents.iter().find_map(|parent| self.type_of(parent, column)))
    }

    /// Whether the definition of a table or a domain contains a constraint of this name.
    pub(super) fn defines_constraint(&self, of: &QualifiedName, name: &str) -> bool {
        let in_table = self.tables.get(of).is_some_and(|table| table.constraints.contains(name));
        in_table || self.types.contains_key(of)
    }
}
