//! What each statement is: kept only where two dumps are going to be compared, so that a difference can be named.

use std::collections::BTreeMap;

/// Of each statement so many characters are kept: enough to show where two of them part.
const TEXT: usize = 4096;
/// And so many bytes of all; of a dump with more, differences are counted but not all named.
const KEPT: usize = 64 << 20;
/// What each costs beside its text.
const ENTRY: usize = 64;

/// The statements of a dump, by hash, with how often each occurs.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    statements: BTreeMap<u128, (u32, Box<str>)>,
    bytes: usize,
}

impl Inventory {
    pub(super) fn add(&mut self, hash: u128, statement: &[u8]) {
        if let Some((count, _)) = self.statements.get_mut(&hash) {
            *count += 1;
        } else if self.bytes < KEPT {
            let text = on_one_line(statement);
            self.bytes += text.len() + ENTRY;
            self.statements.insert(hash, (1, text.into()));
        }
    }

    /// The statements that are here more often than there, each on one line, long ones cut.
    #[must_use]
    pub fn beyond(&self, other: &Self) -> Vec<String> {
        let times = |hash| other.statements.get(hash).map_or(0, |(count, _)| *count);
        let more = self.statements.iter().filter(|(hash, (count, _))| *count > times(hash));
        let mut found: Vec<String> = more.map(|(_, (_, text))| text.to_string()).collect();
        found.sort();
        found
    }
}

fn on_one_line(statement: &[u8]) -> String {
    // Four bytes are the longest character.
    let text = String::from_utf8_lossy(&statement[..statement.len().min(TEXT * 4)]);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(TEXT).collect()
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
    fn a_text_is_one_line_and_not_too_long() {
        assert_eq!(on_one_line(b"CREATE TABLE t (\n    a int\n);"), "CREATE TABLE t ( a int );");
        assert_eq!(on_one_line("é".repeat(50_000).as_bytes()).chars().count(), TEXT);
    }
}
