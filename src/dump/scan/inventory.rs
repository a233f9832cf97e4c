//! A description of each statement, which is kept only to name differences between two dumps.

use std::collections::BTreeMap;

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

#[cfg(test)]
mod tests;
