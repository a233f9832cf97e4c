//! The objects that a dump's statements define, each with a digest of all statements about it. A change of the schema
//! thereby names its object. Pure.
//!
//! Manifests contain these names and digests, so how they are made never changes: otherwise, the first backup of a new
//! release would seem to have another schema.

mod about;

use std::collections::BTreeMap;

use super::excerpt::{beginning, shown, without_comments};
use super::statement::Statement;
use super::words::decoded;

/// Maximum number of bytes of all names. In larger dumps, objects are unknown.
const KEPT: usize = 32 << 20;
/// Memory per object in addition to its names, in bytes.
const ENTRY: usize = 128;

/// Statements that define nothing: settings, rows, what is computed from them, and what makes room for a restore. Sequence
/// values and large objects are contents, too, and the caller leaves them out.
const DEFINE_NOTHING: [&[u8]; 9] = [
    b"SET ",
    b"RESET ",
    b"SELECT pg_catalog.",
    b"COPY ",
    b"INSERT ",
    b"DROP ",
    b"REFRESH ",
    b"BEGIN;",
    b"COMMIT;",
];

/// An object, by its names without quotes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct ObjectName {
    kind: &'static str,
    schema: String,
    name: String,
}

/// An object and its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectDigest {
    /// `table`, `function`, `trigger`, …
    pub kind: &'static str,
    /// Schema, without quotes. Empty if the kind has none.
    pub schema: String,
    /// Name, without quotes: of a routine with its arguments' types, `total(integer)`; of a part of a table behind it,
    /// `visits.append_only`.
    pub name: String,
    /// Digest of the statements about it, 32 hexadecimal digits: the wrapping sum of their XXH3-128, in the manifests'
    /// spelling.
    pub digest: String,
}

/// The objects of a stream so far.
#[derive(Debug, Default)]
pub(super) struct Objects {
    sums: BTreeMap<ObjectName, u128>,
    bytes: usize,
    are_too_many: bool,
}

impl Objects {
    /// Adds a statement, or its beginning, by its hash for manifests.
    pub(super) fn learn(&mut self, statement: &[u8], hash: u128) {
        let statement = without_comments(statement);
        let defines_nothing = DEFINE_NOTHING.iter().any(|start| statement.starts_with(start));
        if self.are_too_many || defines_nothing || drops_a_part(statement) {
            return;
        }
        let parsed = Statement::of_text(decoded(beginning(statement)));
        let mut candidates = about::candidates(&parsed);
        let known = candidates.iter().position(|name| self.sums.contains_key(name)).unwrap_or_default();
        let name = if candidates.is_empty() {
            ObjectName { kind: "statement", schema: String::new(), name: shown(statement) }
        } else {
            candidates.swap_remove(known)
        };
        if let Some(sum) = self.sums.get_mut(&name) {
            *sum = sum.wrapping_add(hash);
            return;
        }
        self.bytes += name.schema.len() + name.name.len() + ENTRY;
        self.sums.insert(name, hash);
        if self.bytes > KEPT {
            (self.sums, self.are_too_many) = (BTreeMap::new(), true);
        }
    }

    /// All of them, by kind, schema and name. `None` if there are too many.
    pub(super) fn digests(&self) -> Option<Vec<ObjectDigest>> {
        let digest = |(name, sum): (&ObjectName, &u128)| ObjectDigest {
            kind: name.kind,
            schema: name.schema.clone(),
            name: name.name.clone(),
            digest: format!("{sum:032x}"),
        };
        (!self.are_too_many).then(|| self.sums.iter().map(digest).collect())
    }
}

/// Whether a statement removes a part of an object that may be there: `ALTER TABLE IF EXISTS … DROP CONSTRAINT`.
fn drops_a_part(statement: &[u8]) -> bool {
    let kind = statement.iter().take_while(|byte| byte.is_ascii_uppercase() || **byte == b' ').count();
    statement.starts_with(b"ALTER ") && memchr::memmem::find(&statement[..kind], b" IF EXISTS ").is_some()
}

#[cfg(test)]
mod tests;
