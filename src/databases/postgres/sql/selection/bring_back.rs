//! The statements that bring missing rows from the other schema back into the original tables, and set their sequences.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::super::columns::CopyHead;
use super::super::statement::Statement;
use super::catalog::Catalog;
use super::wanted::Chosen;
use super::{QualifiedName, identifier, shown_name};

/// What is known about the tables at the end of the dump.
pub(super) struct Restored<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) chosen: &'a Chosen,
    /// Heads of rows, by table.
    pub(super) copied: &'a BTreeMap<QualifiedName, Vec<u8>>,
    /// Foreign keys between the tables: from, to.
    pub(super) references: &'a BTreeSet<(QualifiedName, QualifiedName)>,
    /// Tables with a primary key.
    pub(super) keyed: &'a BTreeSet<QualifiedName>,
    /// Tables with triggers.
    pub(super) triggered: &'a BTreeSet<QualifiedName>,
}

impl Restored<'_> {
    /// SQL to run after the restore, in the same database.
    pub(super) fn bring_back(&self, into: &str) -> String {
        let mut sql = "-- A row is skipped if any unique key of the original table has its value: compare the counts of INSERT.\n".to_owned();
        for table in self.in_order() {
            self.rows(&mut sql, into, table);
        }
        for (name, sequence) in
            self.chosen.sequences.iter().filter_map(|name| self.catalog.sequences.get_key_value(name))
        {
            let furthest = if sequence.descends { "least" } else { "greatest" };
            let (old, new) = (shown_name(name), shown_name(&(into.to_owned(), name.1.clone())));
            let literal = old.replace('\'', "''");
            // Writing to a String cannot fail.
            writeln!(
                sql,
                "SELECT pg_catalog.setval('{literal}', {furthest}((SELECT last_value FROM {old}), (SELECT last_value FROM {new})));"
            )
            .ok();
        }
        sql
    }

    fn rows(&self, sql: &mut String, into: &str, table: &QualifiedName) {
        let Some(facts) = self.catalog.tables.get(table) else { return };
        let columns = match self.copied.get(table).and_then(|head| CopyHead::of(head)) {
            Some(head) => head.columns,
            None => {
                let stored = facts.columns.iter().filter(|column| !column.is_generated);
                stored.map(|column| column.name.clone()).collect()
            }
        };
        let names: Vec<String> = columns.iter().map(|column| identifier(column)).collect();
        let values: Vec<String> = columns.iter().map(|column| self.value(table, column)).collect();
        let overriding = if facts.generates_identity { " OVERRIDING SYSTEM VALUE" } else { "" };
        let only = if facts.is_partitioned { "" } else { "ONLY " };
        let (old, new) = (shown_name(table), shown_name(&(into.to_owned(), table.1.clone())));
        // A name can contain a line break, which would end a comment.
        let name = old.replace(char::is_control, " ");
        if self.triggered.contains(table) {
            writeln!(sql, "-- {name} has triggers, which run for each row and may change it.").ok();
        }
        if !self.keyed.contains(table) {
            writeln!(sql, "-- {name} has no primary key: rows that it still has may be added once more.")
                .ok();
        }
        writeln!(
            sql,
            "INSERT INTO {old} ({}){overriding}\n  SELECT {} FROM {only}{new}\n  ON CONFLICT DO NOTHING;",
            names.join(", "),
            values.join(", ")
        )
        .ok();
    }

    /// A column's value. Values of a type that was created anew become values of the original type.
    fn value(&self, table: &QualifiedName, column: &str) -> String {
        let name = identifier(column);
        let Some(of_type) = self.catalog.type_of(table, column) else { return name };
        let is_new = Statement::of_text(of_type.into())
            .all_mentions()
            .iter()
            .any(|mention| self.chosen.types.contains(&mention.name));
        if is_new { format!("{name}::text::{of_type}") } else { name }
    }

    /// The tables with rows, those that others refer to first. A partitioned table represents its partitions.
    fn in_order(&self) -> Vec<&QualifiedName> {
        let is_a_part = |name: &QualifiedName| {
            self.catalog.partitions.get(name).is_some_and(|parent| self.chosen.tables.contains_key(parent))
        };
        let tables = self.chosen.tables.iter().filter(|(name, has_rows)| **has_rows && !is_a_part(name));
        let mut left: Vec<&QualifiedName> = tables.map(|(name, _)| name).collect();
        let mut ordered = Vec::new();
        while !left.is_empty() {
            let waits = |name: &QualifiedName| {
                let refers = |(from, to): &(QualifiedName, QualifiedName)| {
                    from == name && to != name && left.contains(&to)
                };
                self.references.iter().any(refers)
            };
            // In a circle, any table can be the first one.
            let next = left.iter().position(|name| !waits(name)).unwrap_or_default();
            ordered.push(left.remove(next));
        }
        ordered
    }
}
