//! The minimum number of locks that a statement takes until the end of its transaction. Pure.
//!
//! PostgreSQL locks each relation that it creates: a table and the two relations of its long values, an index, a
//! sequence, a view, a type with columns. Other locks are not counted, so that the sum is never too high.

use super::lexical::decoded;
use super::words::{Word, Words};

/// Types whose long values are stored in a separate relation, which has an index.
const LONG: [&str; 5] = ["text", "bytea", "json", "jsonb", "xml"];

/// Number of relations that a statement creates.
pub(super) fn of(statement: &[u8]) -> u64 {
    let is = |start: &str| statement.starts_with(start.as_bytes());
    let has = |words: &str| memchr::memmem::find(statement, words.as_bytes()).is_some();
    if is("CREATE TABLE ") || is("CREATE UNLOGGED TABLE ") {
        return if keeps_long_values(&decoded(statement)) { 3 } else { 1 };
    }
    let creates = is("CREATE INDEX ")
        || is("CREATE UNIQUE INDEX ")
        || is("CREATE SEQUENCE ")
        || is("CREATE VIEW ")
        || is("CREATE MATERIALIZED VIEW ")
        || is("CREATE FOREIGN TABLE ")
        || is("CREATE TYPE ") && has(" AS (")
        || is("ALTER TABLE ")
            && (has(" PRIMARY KEY (") || has(" UNIQUE (") || has(" EXCLUDE USING ") || has(" AS IDENTITY ("));
    u64::from(creates)
}

/// Whether a table has a column of such a type. A partitioned table stores all its rows in partitions.
fn keeps_long_values(statement: &str) -> bool {
    let words: Vec<Word> = Words::of(statement).collect();
    let (mut depth, mut found) = (0_u32, false);
    for (at, word) in words.iter().enumerate() {
        match word {
            Word::Sign('(') => depth += 1,
            Word::Sign(')') => depth = depth.saturating_sub(1),
            Word::Plain(text) if depth == 0 && text == "PARTITION" => return false,
            // A column begins with its name, and its type follows.
            _ if depth == 1 && starts_a_column(words.get(at.wrapping_sub(1))) => {
                found |= is_long(&words[at + 1..]);
            }
            _ => {}
        }
    }
    found
}

fn starts_a_column(before: Option<&Word>) -> bool {
    matches!(before, Some(Word::Sign('(' | ',')))
}

fn is_long(of_type: &[Word]) -> bool {
    let plain = |at: usize| match of_type.get(at) {
        Some(Word::Plain(text)) => text.as_str(),
        _ => "",
    };
    LONG.contains(&plain(0))
        || plain(0) == "character" && plain(1) == "varying" && of_type.get(2) != Some(&Word::Sign('('))
}

#[cfg(test)]
mod tests;
