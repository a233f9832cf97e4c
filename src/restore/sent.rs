//! Remembers what psql was sent recently, so that an error finds its statement, and which names errors may show.
//! Pure.

use std::collections::VecDeque;

use crate::dump::scan::{shown, without_comments};
use crate::dump::{Connection, Names};

/// Number of statements remembered: more than the pipe to psql and psql itself hold (64 KiB and 4 KiB, at least seven
/// bytes per statement).
const KEPT: usize = 12_000;
/// Bytes kept of each statement. Its kind and name come first.
const BEGINNING: usize = 1024;

/// The statements that psql may still report an error about.
#[derive(Debug)]
pub(super) struct Sent {
    /// The line of psql's input at which each statement ends, starting at 1, and its beginning.
    recent: VecDeque<(u64, Box<[u8]>)>,
    /// Lines up to here are our own SQL.
    ours: u64,
    /// Names of the target and of all statements so far.
    pub(super) names: Names,
}

impl Sent {
    pub(super) fn to(connection: &Connection) -> Self {
        Self { recent: VecDeque::new(), ours: 0, names: Names::of(connection) }
    }

    /// Registers our own SQL, sent before the dump.
    pub(super) fn note_ours(&mut self, line: u64, text: &[u8]) {
        self.names.learn(text);
        self.ours = line;
    }

    /// Registers a statement before it is sent.
    pub(super) fn note(&mut self, line: u64, text: &[u8]) {
        let statement = without_comments(text);
        self.names.learn(statement);
        if self.recent.len() >= KEPT {
            self.recent.pop_front();
        }
        self.recent.push_back((line, statement[..statement.len().min(BEGINNING)].into()));
    }

    /// Extends the last statement to a line. psql reports an error about rows at the end of their block.
    pub(super) fn goes_on(&mut self, line: u64) {
        if let Some((end, _)) = self.recent.back_mut() {
            *end = line;
        }
    }

    /// The statement that ended at this line, safe to show. Empty for our own SQL.
    pub(super) fn statement_at(&self, line: u64) -> String {
        if line <= self.ours {
            return String::new();
        }
        let after = self.recent.partition_point(|(end, _)| *end < line);
        let found = self.recent.get(after).or(self.recent.back());
        found.map_or_else(String::new, |(_, text)| shown(text))
    }
}

#[cfg(test)]
mod tests;
