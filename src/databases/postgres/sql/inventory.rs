//! What is known about single statements: a description of each, which is kept only to name differences between two
//! dumps, and what a statement takes from earlier ones. Pure.

use std::collections::BTreeMap;

use memchr::memmem::find;

use super::excerpt::shown;

/// Maximum number of bytes of all descriptions. In larger dumps, differences are found but not named.
const KEPT: usize = 64 << 20;
/// Memory per statement in addition to its description, in bytes.
const ENTRY: usize = 64;

/// The statements of a dump by hash, with the number of occurrences.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    statements: BTreeMap<u128, (u32, Box<str>)>,
    bytes: usize,
    lacks_some: bool,
}

impl Inventory {
    /// Adds a statement by its hash. Only the first with this hash creates a description.
    pub(super) fn add(&mut self, hash: u128, text: impl FnOnce() -> String) {
        if let Some((count, _)) = self.statements.get_mut(&hash) {
            *count += 1;
        } else if self.bytes < KEPT {
            let text = text();
            self.bytes += text.len() + ENTRY;
            self.statements.insert(hash, (1, text.into()));
        } else {
            self.lacks_some = true;
        }
    }

    /// Whether it contains every statement. A dump can have too many.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        !self.lacks_some
    }

    /// The statements that are here more often than in the other, as messages may show them, without duplicates.
    /// Empty if either inventory is not complete: a statement missing here may be in the dump.
    #[must_use]
    pub fn beyond(&self, other: &Self) -> Vec<String> {
        if !(self.is_whole() && other.is_whole()) {
            return Vec::new();
        }
        let times = |hash| other.statements.get(hash).map_or(0, |(count, _)| *count);
        let more = self.statements.iter().filter(|(hash, (count, _))| *count > times(hash));
        let mut found: Vec<String> = more.map(|(_, (_, text))| text.to_string()).collect();
        found.sort();
        // All parts of a large object have the same description.
        found.dedup();
        found
    }
}

const OPENS: &[u8] = b"SELECT pg_catalog.lo_open('";
const WRITES: &[u8] = b"SELECT pg_catalog.lowrite(";
const ACCESS_METHOD: &[u8] = b"SET default_table_access_method = ";

/// What the statements so far set for the next one. The sum of all statements ignores their order, so what depends on
/// the order goes into a statement's own hash: the large object of a piece, and how a table is stored.
#[derive(Debug, Default)]
pub(super) struct StatementContext {
    /// The large object that was opened last.
    object: Vec<u8>,
    /// Number of pieces written since it was opened.
    pieces: u64,
    /// The access method of tables that are created now.
    access_method: Vec<u8>,
}

impl StatementContext {
    /// Reads the next statement, or its beginning. Returns its hashes combined with what it takes from earlier
    /// statements.
    pub(super) fn mixed<const N: usize>(&mut self, statement: &[u8], hashes: [u128; N]) -> [u128; N] {
        let until =
            |text: &[u8], end: u8| text.split(|byte| *byte == end).next().unwrap_or_default().to_vec();
        if let Some(rest) = statement.strip_prefix(OPENS) {
            (self.object, self.pieces) = (until(rest, b'\''), 0);
        } else if let Some(rest) = statement.strip_prefix(ACCESS_METHOD) {
            self.access_method = until(rest, b';');
        } else if statement.starts_with(WRITES) {
            self.pieces += 1;
            return hashes.map(|hash| with(hash, &[&self.object, &self.pieces.to_le_bytes()]));
        } else if is_stored(statement) {
            return hashes.map(|hash| with(hash, &[&self.access_method]));
        }
        hashes
    }

    /// The same statement, as messages may show it.
    pub(super) fn shown(&self, statement: &[u8]) -> String {
        if statement.starts_with(WRITES) {
            return format!("contents of large object {}", String::from_utf8_lossy(&self.object));
        }
        shown(statement)
    }
}

/// Partitioned tables do not count: they have no rows of their own, so the access method does not affect them.
fn is_stored(statement: &[u8]) -> bool {
    let makes = [&b"CREATE TABLE "[..], b"CREATE UNLOGGED TABLE ", b"CREATE MATERIALIZED VIEW "];
    makes.iter().any(|make| statement.starts_with(make)) && find(statement, b"\n)\nPARTITION BY ").is_none()
}

fn with(hash: u128, more: &[&[u8]]) -> u128 {
    twox_hash::XxHash3_128::oneshot(&[&hash.to_le_bytes()[..], &more.concat()].concat())
}

#[cfg(test)]
mod tests;
