//! What each statement is, in a line: kept only where two dumps are going to be compared, so that a difference can be
//! named.

use std::collections::BTreeMap;

/// So many statements are kept; of a dump with more, differences are counted but not all named.
const KEPT: usize = 200_000;
/// So many characters of each tell which one it is.
const EXCERPT: usize = 160;

/// The statements of a dump, by hash, with how often each occurs.
#[derive(Debug, Clone, Default)]
pub struct Inventory(BTreeMap<u128, (u32, Box<str>)>);

impl Inventory {
    pub(super) fn add(&mut self, hash: u128, statement: &[u8]) {
        if let Some((count, _)) = self.0.get_mut(&hash) {
            *count += 1;
        } else if self.0.len() < KEPT {
            self.0.insert(hash, (1, excerpt(statement).into()));
        }
    }

    /// The statements that are here more often than there, each in a line.
    #[must_use]
    pub fn beyond(&self, other: &Self) -> Vec<String> {
        let times = |hash| other.0.get(hash).map_or(0, |(count, _)| *count);
        let more = self.0.iter().filter(|(hash, (count, _))| *count > times(hash));
        more.map(|(_, (_, excerpt))| excerpt.to_string()).collect()
    }
}

/// The beginning of a statement on one line.
pub(super) fn excerpt(statement: &[u8]) -> String {
    // Four bytes are the longest character.
    let text = String::from_utf8_lossy(&statement[..statement.len().min(EXCERPT * 8)]);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = line.chars().take(EXCERPT).collect();
    if short.len() < line.len() { short + "…" } else { short }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_named_in_both_directions() {
        let (mut before, mut after) = (Inventory::default(), Inventory::default());
        for (inventory, statements) in [(&mut before, ["a", "b", "b"]), (&mut after, ["a", "b", "c"])] {
            statements.iter().for_each(|text| inventory.add(u128::from(text.as_bytes()[0]), text.as_bytes()));
        }
        assert_eq!(before.beyond(&after), ["b"]);
        assert_eq!(after.beyond(&before), ["c"]);
    }

    #[test]
    fn an_excerpt_is_one_short_line() {
        assert_eq!(excerpt(b"CREATE TABLE t (\n    a int\n);"), "CREATE TABLE t ( a int );");
        let long = excerpt("é".repeat(5000).as_bytes());
        assert_eq!(long.chars().count(), 161, "{long}");
    }
}
