//! Tables and lists of what was compared, in Markdown. Pure.

use std::fmt::Write as _;

use super::markdown::{cell, spans};
use super::wording::number;

/// At most this many tables are shown.
const TABLES: usize = 200;
/// At most this many lines of a list.
const LINES: usize = 50;

/// One table's result.
#[derive(Debug)]
pub(super) struct Row<'a> {
    pub(super) schema: &'a str,
    pub(super) name: &'a str,
    pub(super) rows_expected: Option<u64>,
    pub(super) rows_found: Option<u64>,
    pub(super) equal: bool,
}

/// All tables, those that differ first.
pub(super) fn tables(text: &mut String, mut rows: Vec<Row<'_>>) {
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
