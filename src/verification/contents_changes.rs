//! What one backup holds compared with an earlier one: tables that are gone or new, and tables with fewer or more rows. Pure.

use std::collections::BTreeMap;

use super::{counted, grouped};
use crate::archive::backup_manifest::Table;

/// A table, and its rows in the two backups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRows {
    /// `schema.name`, without quotes.
    pub table: String,
    /// Rows in the earlier backup. `None` if the table is not in it.
    pub before: Option<u64>,
    /// Rows in the later backup. `None` if the table is not in it.
    pub after: Option<u64>,
}

/// The tables whose presence or number of rows differs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContentsChanges {
    /// In the earlier backup only, the largest first.
    pub gone: Vec<TableRows>,
    /// With fewer rows in the later backup, the greatest loss first.
    pub fewer: Vec<TableRows>,
    /// With more rows in the later backup, the greatest gain first.
    pub more: Vec<TableRows>,
    /// In the later backup only, the largest first.
    pub new: Vec<TableRows>,
}

impl ContentsChanges {
    /// Compares the tables of two backups.
    #[must_use]
    pub fn between(before: &[Table], after: &[Table]) -> Self {
        let mut rows: BTreeMap<(&str, &str), [Option<u64>; 2]> = BTreeMap::new();
        for table in before {
            rows.entry((&table.schema, &table.name)).or_default()[0] = Some(table.rows);
        }
        for table in after {
            rows.entry((&table.schema, &table.name)).or_default()[1] = Some(table.rows);
        }
        let mut changes = Self::default();
        for ((schema, name), [before, after]) in rows {
            let kind = match (before, after) {
                (Some(_), None) => &mut changes.gone,
                (None, Some(_)) => &mut changes.new,
                (Some(before), Some(after)) if after < before => &mut changes.fewer,
                (Some(before), Some(after)) if after > before => &mut changes.more,
                _ => continue,
            };
            kind.push(TableRows { table: format!("{schema}.{name}"), before, after });
        }
        for kind in [&mut changes.gone, &mut changes.fewer, &mut changes.more, &mut changes.new] {
            // Stable: those of one size stay in the order of their names.
            kind.sort_by_key(|table| std::cmp::Reverse(table.difference()));
        }
        changes
    }

    /// What the later backup lacks, a phrase for each table. `earlier` names the other one.
    #[must_use]
    pub fn losses(&self, earlier: &str) -> Vec<String> {
        let gone = self.gone.iter().map(|TableRows { table, before, .. }| {
            let rows = counted(before.unwrap_or_default(), "row");
            format!("{table} ({rows}) is in {earlier} and not in this one")
        });
        let fewer = self.fewer.iter().map(|TableRows { table, before, after }| {
            let (after, before) = (counted(after.unwrap_or_default(), "row"), before.unwrap_or_default());
            format!("{table} has {after}, and {} in {earlier}", grouped(before))
        });
        gone.chain(fewer).collect()
    }
}

impl TableRows {
    fn difference(&self) -> u64 {
        self.before.unwrap_or_default().abs_diff(self.after.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
