//! What each statement is: kept only where two dumps are going to be compared, so that a difference can be named.

use std::collections::BTreeMap;

/// Of all statements' texts so many bytes are kept; of a dump with more, differences are found but not named.
const KEPT: usize = 64 << 20;
/// What each costs beside its text.
const ENTRY: usize = 64;

/// The statements of a dump, by hash, with how often each occurs.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    statements: BTreeMap<u128, (u32, Box<str>)>,
    bytes: usize,
    lacks_some: bool,
}

impl Inventory {
    /// Adds a statement by its hash; its text is made only where it is the first of its kind.
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

    /// Whether every statement is in it; a dump may have too many.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        !self.lacks_some
    }

    /// The statements that are here more often than there, each as it may be shown, and equal texts once.
    /// None where either is not whole: a statement that it lacks may be in its dump.
    #[must_use]
    pub fn beyond(&self, other: &Self) -> Vec<String> {
        if !(self.is_whole() && other.is_whole()) {
            return Vec::new();
        }
        let times = |hash| other.statements.get(hash).map_or(0, |(count, _)| *count);
        let more = self.statements.iter().filter(|(hash, (count, _))| *count > times(hash));
        let mut found: Vec<String> = more.map(|(_, (_, text))| text.to_string()).collect();
        found.sort();
        // Parts of one large object have one text.
        found.dedup();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_named_in_both_directions() {
        let (mut before, mut after) = (Inventory::default(), Inventory::default());
        for (inventory, statements) in [(&mut before, ["a", "b", "b"]), (&mut after, ["a", "b", "c"])] {
            statements
                .iter()
                .for_each(|text| inventory.add(u128::from(text.as_bytes()[0]), || (*text).to_owned()));
        }
        assert_eq!(before.beyond(&after), ["b"]);
        assert_eq!(after.beyond(&before), ["c"]);
    }

    #[test]
    fn nothing_is_named_where_one_is_not_whole() {
        let (mut small, mut full) = (Inventory::default(), Inventory::default());
        small.add(1, || "a".to_owned());
        full.add(2, || "b".repeat(KEPT));
        assert!(full.is_whole());
        assert_eq!(small.beyond(&full), ["a"]);
        full.add(1, || "a".to_owned());
        assert!(!full.is_whole());
        assert_eq!((small.beyond(&full), full.beyond(&small)), (Vec::new(), Vec::new()));
    }
}
