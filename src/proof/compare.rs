//! A backup's truth and a restored database's truth, table by table. Pure.

use std::collections::BTreeMap;

use super::wording::differing;
use crate::dump::scan::{Inventory, TableTruth, Truth};

/// What a comparison comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every row of every table and every statement is the same.
    Equal,
    /// Every row is the same. The statements were written by another version of PostgreSQL, in other words.
    RowsEqual,
    /// What was restored is the same, but something was left out on purpose.
    Incomplete,
    /// Something differs.
    NotEqual,
}

impl Verdict {
    /// The words of reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::RowsEqual => "rows equal",
            Self::Incomplete => "incomplete",
            Self::NotEqual => "not equal",
        }
    }
}

/// One table, in the backup and in the restored database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TablePair {
    /// Schema, without quotes.
    pub schema: String,
    /// Name, without quotes.
    pub name: String,
    /// Rows in the backup; `None` where it has no such table.
    pub rows_expected: Option<u64>,
    /// Rows in the restored database; `None` where it has no such table.
    pub rows_found: Option<u64>,
    /// Whether all rows are the same.
    pub is_equal: bool,
}

impl TablePair {
    fn finding(&self) -> String {
        let name = format!("{}.{}", self.schema, self.name);
        match (self.rows_expected, self.rows_found) {
            (Some(_), None) => format!("table {name} is missing"),
            (None, _) => format!("table {name} is not in the backup"),
            (Some(expected), Some(found)) if expected != found => {
                format!("table {name} has {found} rows in place of {expected}")
            }
            _ => format!("table {name} has rows that differ"),
        }
    }
}

/// What each side is.
#[derive(Debug)]
pub struct Side<'a> {
    /// What it holds.
    pub truth: &'a Truth,
    /// Its statements.
    pub inventory: Option<&'a Inventory>,
    /// Major versions of the server and of the pg_dump that wrote its statements.
    pub majors: (u32, u32),
}

/// A comparison.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// Every table of either side, by schema and name.
    pub tables: Vec<TablePair>,
    /// Statements in the backup and in the restored database.
    pub statements: (u64, u64),
    /// Whether they are the same; `None` where versions differ so that they cannot be compared.
    pub statements_equal: Option<bool>,
    /// Statements of the backup that the restored database lacks.
    pub missing: Vec<String>,
    /// Statements of the restored database that the backup lacks.
    pub unexpected: Vec<String>,
    /// Whether something was left out on purpose.
    pub is_partial: bool,
}

impl Comparison {
    /// Compares a restored database with its backup.
    #[must_use]
    pub fn new(backup: &Side<'_>, restored: &Side<'_>, is_partial: bool) -> Self {
        let same = backup.truth.statements_digest == restored.truth.statements_digest
            && backup.truth.statements == restored.truth.statements;
        let comparable = backup.majors == restored.majors;
        let beyond = |one: &Side<'_>, other: &Side<'_>| match (one.inventory, other.inventory) {
            (Some(one), Some(other)) if !same && comparable => one.beyond(other),
            _ => Vec::new(),
        };
        Self {
            tables: pairs(&backup.truth.tables, &restored.truth.tables),
            statements: (backup.truth.statements, restored.truth.statements),
            statements_equal: (same || comparable).then_some(same),
            missing: beyond(backup, restored),
            unexpected: beyond(restored, backup),
            is_partial,
        }
    }

    /// The verdict. Where something was left out, a missing table or statement is no finding, but nothing is called
    /// equal either.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let differ = self.differing().next().is_some();
        match (differ, self.is_partial, self.statements_equal) {
            (true, ..) => Verdict::NotEqual,
            (false, true, _) if self.unexpected.is_empty() => Verdict::Incomplete,
            (false, true, _) | (false, false, Some(false)) => Verdict::NotEqual,
            (false, false, Some(true)) => Verdict::Equal,
            (false, false, None) => Verdict::RowsEqual,
        }
    }

    /// What differs, each in words.
    #[must_use]
    pub fn findings(&self) -> Vec<String> {
        let mut found: Vec<String> = self.differing().map(TablePair::finding).collect();
        if self.verdict() != Verdict::NotEqual || self.statements_equal != Some(false) {
            return found;
        }
        let missing = if self.is_partial { &[] } else { self.missing.as_slice() };
        found.extend(differing(missing, &self.unexpected));
        if self.missing.is_empty() && self.unexpected.is_empty() {
            found.push("its statements differ".to_owned());
        }
        found
    }

    fn differing(&self) -> impl Iterator<Item = &TablePair> {
        self.tables.iter().filter(|table| !(table.is_equal || self.is_partial && table.rows_found.is_none()))
    }
}

fn pairs(backup: &[TableTruth], restored: &[TableTruth]) -> Vec<TablePair> {
    let by_name = |tables: &'_ [TableTruth]| -> BTreeMap<(String, String), TableTruth> {
        tables.iter().map(|table| ((table.schema.clone(), table.name.clone()), table.clone())).collect()
    };
    let (backup, restored) = (by_name(backup), by_name(restored));
    let mut names: Vec<&(String, String)> = backup.keys().chain(restored.keys()).collect();
    names.sort();
    names.dedup();
    let pair = |name: &(String, String)| {
        let (expected, found) = (backup.get(name), restored.get(name));
        TablePair {
            schema: name.0.clone(),
            name: name.1.clone(),
            rows_expected: expected.map(|table| table.rows),
            rows_found: found.map(|table| table.rows),
            is_equal: expected == found,
        }
    };
    names.into_iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dump::scan::{Columns, Scan};

    const DUMP: &str = "CREATE TABLE s.a;\nCOPY s.a (x) FROM stdin;\n1\n2\n\\.\nCOPY s.b (x) FROM stdin;\n\\.\nSELECT pg_catalog.setval('s.q', 42, true);\n";

    fn compared(restored: &str, majors: (u32, u32), is_partial: bool) -> Comparison {
        let scan = |text: &str| {
            let mut scan = Scan::detailed(Columns::default());
            scan.feed(text.as_bytes());
            scan
        };
        let (before, after) = (scan(DUMP), scan(restored));
        let (truth, restored) = (before.truth().unwrap(), after.truth().unwrap());
        Comparison::new(
            &Side { truth: &truth, inventory: before.inventory(), majors: (15, 15) },
            &Side { truth: &restored, inventory: after.inventory(), majors },
            is_partial,
        )
    }

    #[test]
    fn the_same_is_equal_in_any_order() {
        let comparison = compared(&DUMP.replace("1\n2\n", "2\n1\n"), (15, 15), false);
        assert_eq!((comparison.verdict(), comparison.findings()), (Verdict::Equal, vec![]));
        assert_eq!(comparison.tables.len(), 2);
    }

    #[test]
    fn each_difference_is_named() {
        for (from, to, finding) in [
            ("1\n2\n", "1\n3\n", "table s.a has rows that differ"),
            ("1\n2\n", "1\n", "table s.a has 1 rows in place of 2"),
            (
                "COPY s.b",
                "COPY s.c",
                "table s.b is missing; table s.c is not in the backup; the restored database lacks: COPY s.b (x) FROM stdin;; the restored database holds besides: COPY s.c (x) FROM stdin;",
            ),
            (
                "42",
                "43",
                "statement differs: SELECT pg_catalog.setval('s.q', 42, true);: `…alog.setval('s.q', 42, true);` became `…alog.setval('s.q', 43, true);`",
            ),
        ] {
            let comparison = compared(&DUMP.replace(from, to), (15, 15), false);
            assert_eq!(comparison.verdict(), Verdict::NotEqual, "{to}");
            assert_eq!(comparison.findings().join("; "), finding);
        }
    }

    #[test]
    fn statements_of_another_version_are_not_compared_but_rows_are() {
        let newer = compared(&DUMP.replace("CREATE TABLE", "CREATE  TABLE"), (18, 18), false);
        assert_eq!((newer.verdict(), newer.statements_equal), (Verdict::RowsEqual, None));
        assert_eq!(compared(DUMP, (18, 18), false).verdict(), Verdict::Equal);
        assert_eq!(compared(&DUMP.replace("2\n\\.", "3\n\\."), (18, 18), false).verdict(), Verdict::NotEqual);
    }

    #[test]
    fn what_was_left_out_makes_nothing_equal_and_hides_no_difference() {
        let without = DUMP.replace("COPY s.b (x) FROM stdin;\n\\.\n", "");
        assert_eq!(compared(&without, (15, 15), true).verdict(), Verdict::Incomplete);
        assert_eq!(compared(DUMP, (15, 15), true).verdict(), Verdict::Incomplete);
        assert_eq!(compared(&without.replace("1\n", "7\n"), (15, 15), true).verdict(), Verdict::NotEqual);
        assert_eq!(compared(&without.replace("42", "43"), (15, 15), true).verdict(), Verdict::NotEqual);
    }
}
