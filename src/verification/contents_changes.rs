//! What one backup holds compared with an earlier one: tables that are gone or new, tables with fewer or more rows, and
//! tables with other rows. Pure.

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

/// The tables whose presence, number of rows or contents differ.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContentsChanges {
    /// In the earlier backup only, the largest first.
    pub gone: Vec<TableRows>,
    /// With fewer rows in the later backup, the greatest loss first.
    pub fewer: Vec<TableRows>,
    /// With more rows in the later backup, the greatest gain first.
    pub more: Vec<TableRows>,
    /// With as many rows and another digest, the largest first.
    pub rewritten: Vec<TableRows>,
    /// In the later backup only, the largest first.
    pub new: Vec<TableRows>,
}

impl ContentsChanges {
    /// Compares the tables of two backups.
    #[must_use]
    pub fn between(before: &[Table], after: &[Table]) -> Self {
        let mut tables: BTreeMap<(&str, &str), [Option<&Table>; 2]> = BTreeMap::new();
        for (side, all) in [before, after].into_iter().enumerate() {
            for table in all {
                tables.entry((&table.schema, &table.name)).or_default()[side] = Some(table);
            }
        }
        let mut changes = Self::default();
        for ((schema, name), sides) in tables {
            let kind = match sides {
                [Some(_), None] => &mut changes.gone,
                [None, Some(_)] => &mut changes.new,
                [Some(before), Some(after)] if after.rows < before.rows => &mut changes.fewer,
                [Some(before), Some(after)] if after.rows > before.rows => &mut changes.more,
                [Some(before), Some(after)] if !hold_the_same(before, after) => &mut changes.rewritten,
                _ => continue,
            };
            let [before, after] = sides.map(|table| table.map(|table| table.rows));
            kind.push(TableRows { table: format!("{schema}.{name}"), before, after });
        }
        let Self { gone, fewer, more, rewritten, new } = &mut changes;
        // Stable: those of one size stay in the order of their names.
        for kind in [gone, fewer, more, new] {
            kind.sort_by_key(|table| std::cmp::Reverse(table.difference()));
        }
        rewritten.sort_by_key(|table| std::cmp::Reverse(table.after));
        changes
    }

    /// Number of tables that differ.
    #[must_use]
    pub fn count(&self) -> usize {
        let Self { gone, fewer, more, rewritten, new } = self;
        [gone, fewer, more, rewritten, new].iter().map(|tables| tables.len()).sum()
    }

    /// The tables that lost all their rows and had more than this many.
    pub fn emptied(&self, more_than: u64) -> impl Iterator<Item = &TableRows> {
        let had = move |table: &&TableRows| table.before.is_some_and(|before| before > more_than);
        self.fewer.iter().filter(|table| table.after == Some(0)).filter(had)
    }

    /// What the later backup lacks, a phrase for each table. `earlier` names the other one.
    #[must_use]
    pub fn losses(&self, earlier: &str) -> Vec<String> {
        let gone =
            self.gone.iter().map(|table| format!("{} is in {earlier} and not in this one", table.words()));
        let fewer = self.fewer.iter().map(|TableRows { table, before, after }| {
            let (after, before) = (counted(after.unwrap_or_default(), "row"), before.unwrap_or_default());
            format!("{table} has {after}, and {} in {earlier}", grouped(before))
        });
        gone.chain(fewer).collect()
    }
}

/// Release 0.1 did not write down what generated columns hold.
fn hold_the_same(before: &Table, after: &Table) -> bool {
    let generated = before.generated_digest.as_ref().zip(after.generated_digest.as_ref());
    before.digest == after.digest && generated.is_none_or(|(before, after)| before == after)
}

impl TableRows {
    /// `diary.visits (2,000 rows)`, by its rows in the earlier backup, on one line.
    #[must_use]
    pub fn words(&self) -> String {
        let rows = counted(self.before.unwrap_or_default(), "row");
        format!("{} ({rows})", self.table).replace(char::is_control, " ")
    }

    fn difference(&self) -> u64 {
        self.before.unwrap_or_default().abs_diff(self.after.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
