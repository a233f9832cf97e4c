//! Compares a restored database with its backup, table by table, and names what differs: statements by their kind and
//! name, never by their contents. Pure.

pub mod exemptions;

pub(crate) mod objects;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::generated::Digests;
use super::sql::{DumpContents, Inventory, TableDigest};
use exemptions::Exempted;
use objects::Differences;

/// Result of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// All rows and all statements are equal.
    Equal,
    /// All rows, sequences and large objects are equal. The other statements were written by another version of
    /// PostgreSQL, the database has another locale, or views that read other servers have no rows.
    RowsEqual,
    /// What was restored is equal, but something was left out on purpose.
    Incomplete,
    /// Something differs.
    NotEqual,
}

impl Verdict {
    /// The value in reports.
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

/// How the restored database differs from the dumped one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DatabaseDifferences {
    /// Both locales as text, if they may sort or change text differently.
    pub locales: Option<String>,
    /// Other differences, each as a phrase without values that may be secret.
    pub differing: Vec<String>,
}

/// One table, in the backup and in the restored database. In a drill report, an object with these keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TablePair {
    /// Schema, without quotes.
    pub schema: String,
    /// Name, without quotes.
    pub name: String,
    /// Rows in the backup, `None` if it has no such table.
    pub rows_expected: Option<u64>,
    /// Rows in the restored database, `None` if it has no such table.
    pub rows_found: Option<u64>,
    /// Whether all rows are equal, including generated values.
    #[serde(rename = "equal")]
    pub is_equal: bool,
    /// Whether stored generated columns have different values.
    #[serde(skip)]
    pub generated_differ: bool,
}

impl TablePair {
    fn finding(&self) -> String {
        let name = format!("{}.{}", self.schema, self.name);
        match (self.rows_expected, self.rows_found) {
            (Some(_), None) => format!("table {name} is missing"),
            (None, _) => format!("table {name} is not in the backup"),
            (Some(expected), Some(found)) if expected != found => {
                format!("table {name} has {}, expected {}", counted(found, "row"), grouped(expected))
            }
            _ if self.generated_differ => {
                format!("table {name}: generated columns have different values")
            }
            _ => format!("table {name} has rows that differ"),
        }
    }
}

/// One side of a comparison.
#[derive(Debug)]
pub struct Side<'a> {
    /// Tables, sequences, large objects and digests.
    pub contents: &'a DumpContents,
    /// Its statements.
    pub inventory: Option<&'a Inventory>,
    /// Major versions of the server and of the pg_dump that wrote the statements.
    pub majors: (u32, u32),
}

/// A comparison.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// Every table of either side, by schema and name.
    pub tables: Vec<TablePair>,
    /// Statements in the backup and in the restored database.
    pub statements: (u64, u64),
    /// Whether they are equal. `None` if different versions make them incomparable.
    pub statements_equal: Option<bool>,
    /// Statements that the restored database lacks. Empty if versions differ. Sequences and large objects are listed
    /// separately.
    pub missing: Vec<String>,
    /// Statements that the backup lacks. Empty if versions differ.
    pub unexpected: Vec<String>,
    /// Sequences and large objects that differ. They are compared across versions, too.
    pub(crate) objects: Differences,
    /// Differences that do not count.
    pub(crate) aside: Exempted,
    /// Differences of the database itself.
    surroundings: DatabaseDifferences,
    /// Number of materialized views in the backup.
    materialized_views: u64,
    /// Major versions of server and pg_dump on both sides.
    majors: [(u32, u32); 2],
    /// Tables that were left out, by schema and name. `None` if nothing was left out.
    pub left_out: Option<BTreeSet<(String, String)>>,
}

impl Comparison {
    /// Compares a restored database with its backup. `left_out` is `None` if nothing was left out.
    #[must_use]
    pub fn new(
        backup: &Side<'_>,
        restored: &Side<'_>,
        left_out: Option<&BTreeSet<(String, String)>>,
    ) -> Self {
        let same = backup.contents.compared_digest == restored.contents.compared_digest
            && backup.contents.statements == restored.contents.statements;
        let comparable = backup.majors == restored.majors;
        let beyond = |one: &Side<'_>, other: &Side<'_>| match (one.inventory, other.inventory) {
            (Some(one), Some(other)) if comparable && !same => one.beyond(other),
            _ => Vec::new(),
        };
        let sequences = objects::sequences(&backup.contents.sequences, &restored.contents.sequences);
        let large_objects =
            objects::large_objects(&backup.contents.large_objects, &restored.contents.large_objects);
        Self {
            tables: pairs(&backup.contents.tables, &restored.contents.tables),
            statements: (backup.contents.statements, restored.contents.statements),
            statements_equal: (same || comparable).then_some(same),
            missing: beyond(backup, restored),
            unexpected: beyond(restored, backup),
            objects: sequences.and(large_objects),
            surroundings: DatabaseDifferences::default(),
            aside: Exempted::default(),
            materialized_views: backup.contents.materialized_views,
            majors: [backup.majors, restored.majors],
            left_out: left_out.cloned(),
        }
    }

    /// Adds the differences of the database itself, and the digests of generated values that the manifest has and
    /// that were found.
    #[must_use]
    pub fn with_database(
        mut self,
        surroundings: DatabaseDifferences,
        told: &Digests,
        found: &Digests,
    ) -> Self {
        self.surroundings = surroundings;
        for table in &mut self.tables {
            let name = (table.schema.clone(), table.name.clone());
            let differ = told.get(&name).is_some_and(|sum| found.get(&name) != Some(sum));
            if differ && table.is_equal {
                (table.is_equal, table.generated_differ) = (false, true);
            }
        }
        self
    }

    /// The verdict. If something was left out, the known tables and missing statements are not findings, but the
    /// result is never equal.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let is_partial = self.left_out.is_some();
        let differ = self.differing().next().is_some()
            || self.lost_rows().is_some()
            || !(self.unexpected.is_empty() && self.objects.changed.is_empty())
            || !(is_partial || self.missing.is_empty() && self.objects.missing.is_empty());
        match (differ, is_partial, self.statements_equal) {
            (true, ..) => Verdict::NotEqual,
            (false, false, Some(false)) if !self.aside.is_all => Verdict::NotEqual,
            (false, true, _) => Verdict::Incomplete,
            (false, false, Some(_)) if self.aside.unrefreshed == 0 && self.surroundings.locales.is_none() => {
                Verdict::Equal
            }
            (false, false, _) => Verdict::RowsEqual,
        }
    }

    /// What differs, each as a phrase.
    #[must_use]
    pub fn findings(&self) -> Vec<String> {
        let mut found: Vec<String> = self.differing().map(TablePair::finding).collect();
        found.extend(
            self.lost_rows().map(|rows| format!("none of the {} was restored", counted(rows, "row"))),
        );
        if self.verdict() != Verdict::NotEqual {
            return found;
        }
        // The locale may be the cause of the other findings.
        found.extend(self.surroundings.locales.clone());
        if self.statements_equal == Some(true) {
            return found;
        }
        found.extend(self.objects.changed.iter().cloned());
        if self.left_out.is_none() {
            found.extend(self.objects.missing.iter().cloned());
        }
        let missing = if self.left_out.is_some() { &[] } else { self.missing.as_slice() };
        found.extend(differing(missing, &self.unexpected));
        if found.is_empty() {
            found.push("statements differ".to_owned());
        }
        found
    }

    /// Differences of the database itself, each as a phrase. They change no row.
    #[must_use]
    pub fn of_the_database(&self) -> Vec<String> {
        self.surroundings.locales.iter().chain(&self.surroundings.differing).cloned().collect()
    }

    /// What exists but was not compared, each as a phrase. It changes no verdict: each verdict implies what it
    /// covers, and [`Verdict::Incomplete`] comes with the list of what was left out.
    #[must_use]
    pub fn not_compared(&self) -> Vec<String> {
        let mut told = self.aside.words.clone();
        let count = self.materialized_views.saturating_sub(self.aside.unrefreshed);
        if count > 0 {
            told.push(format!("the rows of {} (recomputed on restore)", counted(count, "materialized view")));
        }
        if self.statements_equal.is_none() {
            let [(backup, by), (restored, with)] = self.majors;
            told.push(format!(
                "definitions (PostgreSQL {backup} with pg_dump {by} and PostgreSQL {restored} with pg_dump {with} write them differently)"
            ));
        }
        told
    }

    /// What was set aside, each as a phrase. Readers of a good result must know it.
    #[must_use]
    pub fn set_aside(&self) -> &[String] {
        &self.aside.words
    }

    fn differing(&self) -> impl Iterator<Item = &TablePair> {
        self.tables.iter().filter(|table| !(table.is_equal || self.is_left_out(table)))
    }

    fn is_left_out(&self, table: &TablePair) -> bool {
        let name = || (table.schema.clone(), table.name.clone());
        table.rows_found.is_none() && self.left_out.as_ref().is_some_and(|tables| tables.contains(&name()))
    }

    /// The number of rows in the backup if all of them were left out. The rest proves nothing then.
    fn lost_rows(&self) -> Option<u64> {
        let total = |rows: fn(&TablePair) -> Option<u64>| self.tables.iter().filter_map(rows).sum::<u64>();
        let (expected, found) = (total(|table| table.rows_expected), total(|table| table.rows_found));
        (self.left_out.is_some() && expected > 0 && found == 0).then_some(expected)
    }
}

fn pairs(backup: &[TableDigest], restored: &[TableDigest]) -> Vec<TablePair> {
    let by_name = |tables: &'_ [TableDigest]| -> BTreeMap<(String, String), TableDigest> {
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
            generated_differ: false,
        }
    };
    names.into_iter().map(pair).collect()
}

/// PostgreSQL looks up some operators without their schema, so the same text can mean another operator after a
/// restore.
const NO_SCHEMA: &str = "IS DISTINCT FROM, NULLIF, CASE and JOIN USING cannot name an operator's schema. On a type of another schema they use a different operator after a restore. Write the comparison with = and IS NULL in the live database, then back up again.";

impl Comparison {
    /// The hint for definitions that were restored in the backup's words and are now written differently.
    #[must_use]
    pub fn remedy(&self) -> Option<&'static str> {
        let is_definition = |statement: &&String| {
            [
                "CREATE VIEW ",
                "CREATE OR REPLACE VIEW ",
                "CREATE MATERIALIZED VIEW ",
                "CREATE POLICY ",
                "CREATE RULE ",
            ]
            .iter()
            .any(|start| statement.starts_with(start))
                || statement.contains(" CONSTRAINT ")
        };
        let changed = |statement: &String| self.unexpected.contains(statement);
        let mut definitions = self.missing.iter().filter(is_definition);
        definitions.any(changed).then_some(NO_SCHEMA)
    }
}

/// Number of statements named.
const NAMED: usize = 20;
/// Sets a sequence to its value. The value is a number, so it can be shown, and the name ends at the last quote.
const SEQUENCE: &str = "SELECT pg_catalog.setval(";

/// Statements that the restored database lacks, that the backup lacks, or that differ. They come in a form that is
/// safe to show.
pub(crate) fn differing(missing: &[String], unexpected: &[String]) -> Vec<String> {
    let mut besides: Vec<&String> = unexpected.iter().collect();
    let mut told = Vec::new();
    for statement in missing {
        match besides.iter().position(|other| name(other) == name(statement)) {
            Some(at) => {
                let other = besides.swap_remove(at);
                let became = if other == statement { String::new() } else { format!(" became {other}") };
                told.push(format!("statement differs: {statement}{became}"));
            }
            None => told.push(format!("missing from the restored database: {statement}")),
        }
    }
    besides.sort();
    told.extend(besides.iter().map(|other| format!("not in the backup: {other}")));
    let count = told.len();
    told.truncate(NAMED);
    if count > NAMED {
        told.push(format!("{} more statements differ", count - NAMED));
    }
    told
}

/// A number with its noun, in the plural when it must be: `1 row`, `52,500 rows`.
#[must_use]
pub fn counted(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// A number in groups of three digits: `52,500`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The part that versions of one statement share.
fn name(statement: &str) -> &str {
    let end = if statement.starts_with(SEQUENCE) { statement.rfind("', ") } else { None };
    &statement[..end.unwrap_or(statement.len())]
}

#[cfg(test)]
mod tests;
