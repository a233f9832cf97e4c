//! What a restore came to, for people; and what a drill's report shows in the same way. Pure.

use std::fmt::Write as _;

use super::lines::{count, number};
use super::markdown::{block, cell, list};
use crate::archive::backup_manifest::Partial;
use crate::databases::postgres::proof::TablePair;
use crate::databases::postgres::restore::{LeftOut, TargetState};
use crate::databases::postgres::sql::TableDigest;
use crate::verification::Comparison;

/// At most this many tables are shown.
const TABLES: usize = 200;

/// All that is known of a restore, as far as it came.
#[derive(Debug, Default)]
pub struct Restored {
    /// `host:port/database`.
    pub place: String,
    /// Location, bytes and SHA-256 of the backup.
    pub backup: Option<(String, u64, String)>,
    /// Newer backups that were passed over, each in words.
    pub passed: Vec<String>,
    /// What was left out of the backup by request.
    pub partial: Option<Partial>,
    /// What became of the target.
    pub target: TargetState,
    /// Whether the backup is in it, for certain.
    pub is_loaded: bool,
    /// What was left out.
    pub left_out: Vec<LeftOut>,
    /// Tables that were written as SQL.
    pub tables: Vec<TableDigest>,
    /// With some tables only: what was left out or kept in another form.
    pub notes: Vec<LeftOut>,
    /// SQL that brings rows back from another schema.
    pub bring_back: Option<String>,
    /// What follows from a failure, each in words.
    pub consequences: Vec<String>,
    /// How the target compares with the backup.
    pub comparison: Option<Comparison>,
}

/// `restored into host:5432/app: equal: 5 tables, 1,200 rows`
#[must_use]
pub fn line(restored: &Restored) -> String {
    let Some(comparison) = &restored.comparison else { return state(restored) };
    let rows = comparison.tables.iter().filter_map(|table| table.rows_found).sum();
    let counts = (comparison.tables.len(), rows, restored.left_out.len());
    let compared = comparison_line(comparison.verdict().name(), counts, restored.partial.as_ref());
    format!("restored into {}: {compared}", restored.place)
}

/// `written to visits.sql: 2 tables, 1,200 rows`
#[must_use]
pub fn line_of_sql(written: &Restored) -> String {
    let rows: u64 = written.tables.iter().map(|table| table.rows).sum();
    let counts = format!("{}, {}", count(written.tables.len(), "table"), count(rows, "row"));
    format!("written to {}: {counts}", written.place)
}

/// A chapter of the summary for tables that were written as SQL.
#[must_use]
pub fn chapter_of_sql(written: &Restored) -> String {
    let mut text = String::new();
    chosen_tables(&mut text, written);
    text
}

/// What became of the target, in words.
#[must_use]
pub fn state(restored: &Restored) -> String {
    let place = &restored.place;
    match (restored.target, restored.is_loaded) {
        (TargetState::Unchanged, _) => format!("nothing in {place} was changed"),
        (TargetState::Created, true) => format!("{place} was created and holds the backup"),
        (TargetState::Created, false) => {
            format!("{place} was created, does not hold the backup, and could not be dropped again")
        }
        (TargetState::Replaced, _) => format!("{place} holds the backup now"),
        (TargetState::Unknown, _) => {
            format!("the end was not confirmed: {place} holds the backup or what it held before")
        }
    }
}

/// A chapter of the summary.
#[must_use]
pub fn chapter(restored: &Restored) -> String {
    let mut text = format!("\n{}\n", cell(&line(restored)));
    left_out(&mut text, &restored.left_out);
    chosen_tables(&mut text, restored);
    if let Some(comparison) = &restored.comparison {
        list(&mut text, "What differs", &comparison.findings());
        list(&mut text, "Not compared", &comparison.not_compared());
        tables(&mut text, &comparison.tables);
    }
    text
}

/// `equal: 5 tables, 1,200 rows, 1 statement left out; without the rows of a.b`
pub(super) fn comparison_line(
    verdict: &str,
    (tables, rows, left_out): (usize, u64, usize),
    partial: Option<&Partial>,
) -> String {
    let left_out = match left_out {
        0 => String::new(),
        left_out => format!(", {} left out", count(left_out, "statement")),
    };
    let partial = partial.map(|partial| format!("; {}", partial.words())).unwrap_or_default();
    format!("{verdict}: {}, {}{left_out}{partial}", count(tables, "table"), count(rows, "row"))
}

/// What was left out, each with its reason.
pub(super) fn left_out(text: &mut String, left_out: &[LeftOut]) {
    let lines: Vec<String> =
        left_out.iter().map(|left| format!("{} ({})", left.statement, left.reason)).collect();
    list(text, "Left out", &lines);
}

/// What was left out of some tables, and how their rows get back.
fn chosen_tables(text: &mut String, restored: &Restored) {
    let lines: Vec<String> =
        restored.notes.iter().map(|note| format!("{}: {}", note.statement, note.reason)).collect();
    list(text, "Left out or changed", &lines);
    if let Some(sql) = &restored.bring_back {
        // Writing to a String cannot fail.
        writeln!(text, "\nTo bring missing rows back into the original tables:\n\n{}", block(sql.trim_end()))
            .ok();
    }
}

/// All tables, those that differ first.
pub(super) fn tables(text: &mut String, tables: &[TablePair]) {
    if tables.is_empty() {
        return;
    }
    text.push_str("\n| Table | Rows in the backup | Rows restored | Result |\n|---|---:|---:|---|\n");
    let number = |rows: Option<u64>| rows.map_or("–".to_owned(), number);
    let (equal, different): (Vec<&TablePair>, Vec<&TablePair>) =
        tables.iter().partition(|table| table.is_equal);
    for table in different.into_iter().chain(equal).take(TABLES) {
        let name = cell(&format!("{}.{}", table.schema, table.name));
        let equal = if table.is_equal { "✅ equal" } else { "❌ not equal" };
        let (expected, found) = (number(table.rows_expected), number(table.rows_found));
        // Writing to a String cannot fail.
        writeln!(text, "| {name} | {expected} | {found} | {equal} |").ok();
    }
    if tables.len() > TABLES {
        writeln!(text, "\n… and {} more tables.", tables.len() - TABLES).ok();
    }
}

#[cfg(test)]
mod tests;
