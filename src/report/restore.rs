//! What a restore came to, for people. Pure.

use std::fmt::Write as _;

use super::lines::{count, number};
use super::markdown::{cell, spans};
use crate::archive::backup_manifest::Partial;
use crate::databases::postgres::restore::{LeftOut, TargetState};
use crate::verification::Comparison;

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
    /// What follows from a failure, each in words.
    pub consequences: Vec<String>,
    /// How the target compares with the backup.
    pub comparison: Option<Comparison>,
}

/// `restored into host:5432/app: equal: 5 tables, 1,200 rows`
#[must_use]
pub fn line(restored: &Restored) -> String {
    let Some(comparison) = &restored.comparison else { return state(restored) };
    let rows: u64 = comparison.tables.iter().filter_map(|table| table.rows_found).sum();
    let left = match restored.left_out.len() {
        0 => String::new(),
        left => format!(", {} left out", count(left, "statement")),
    };
    let (tables, rows) = (count(comparison.tables.len(), "table"), count(rows, "row"));
    let verdict = comparison.verdict().name();
    let partial =
        restored.partial.as_ref().map(|partial| format!("; {}", partial.words())).unwrap_or_default();
    format!("restored into {}: {verdict}: {tables}, {rows}{left}{partial}", restored.place)
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
    let mut text = format!("\n{}\n", super::markdown::cell(&line(restored)));
    let left: Vec<String> =
        restored.left_out.iter().map(|left| format!("{} ({})", left.statement, left.reason)).collect();
    list(&mut text, "Left out", &left);
    if let Some(comparison) = &restored.comparison {
        list(&mut text, "What differs", &comparison.findings());
        list(&mut text, "Not compared", &comparison.not_compared());
        let rows = comparison.tables.iter().map(|table| ComparedTable {
            schema: &table.schema,
            name: &table.name,
            rows_expected: table.rows_expected,
            rows_found: table.rows_found,
            equal: table.is_equal,
        });
        tables(&mut text, rows.collect());
    }
    text
}

// Tables and lists of what was compared, in Markdown. Pure.

/// At most this many tables are shown.
const TABLES: usize = 200;
/// At most this many lines of a list.
const LINES: usize = 50;

/// One table's result.
#[derive(Debug)]
pub(super) struct ComparedTable<'a> {
    pub(super) schema: &'a str,
    pub(super) name: &'a str,
    pub(super) rows_expected: Option<u64>,
    pub(super) rows_found: Option<u64>,
    pub(super) equal: bool,
}

/// All tables, those that differ first.
pub(super) fn tables(text: &mut String, mut rows: Vec<ComparedTable<'_>>) {
    if rows.is_empty() {
        return;
    }
    text.push_str("\n| Table | Rows in the backup | Rows restored | Result |\n|---|---:|---:|---|\n");
    rows.sort_by_key(|row| row.equal);
    let number = |rows: Option<u64>| rows.map_or("–".to_owned(), number);
    for row in rows.iter().take(TABLES) {
        let name = cell(&format!("{}.{}", row.schema, row.name));
        let equal = if row.equal { "✅ equal" } else { "❌ not equal" };
        let (expected, found) = (number(row.rows_expected), number(row.rows_found));
        // Writing to a String cannot fail.
        writeln!(text, "| {name} | {expected} | {found} | {equal} |").ok();
    }
    if rows.len() > TABLES {
        writeln!(text, "\n… and {} more tables.", rows.len() - TABLES).ok();
    }
}

/// A list under a title; nothing if it is empty.
pub(super) fn list(text: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    writeln!(text, "\n**{title}**\n").ok();
    for line in lines.iter().take(LINES) {
        writeln!(text, "- {}", spans(line)).ok();
    }
    if lines.len() > LINES {
        writeln!(text, "- … and {} more", lines.len() - LINES).ok();
    }
}

#[cfg(test)]
mod tests;
