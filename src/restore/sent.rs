//! What psql was sent lately, so that a complaint of it finds its statement; and the names that complaints may show. Pure.

use std::collections::VecDeque;

use crate::dump::scan::{shown, without_comments};
use crate::dump::{Connection, Names};

/// So many statements are remembered: more than the pipe to psql and psql itself can hold (64 KiB and 4 KiB, of at least
/// seven bytes each).
const KEPT: usize = 12_000;
/// Of each, so many bytes: what it is and what it is called stands at its beginning.
const BEGINNING: usize = 1024;

/// The statements that psql may still complain of.
#[derive(Debug)]
pub(super) struct Sent {
    /// Lines of psql's input at which statements end, from 1, and their beginnings.
    recent: VecDeque<(u64, Box<[u8]>)>,
    /// Lines up to here are ours, and no statement of the dump.
    ours: u64,
    /// Names of the target and of all statements so far.
    pub(super) names: Names,
}

impl Sent {
    pub(super) fn to(connection: &Connection) -> Self {
        Self { recent: VecDeque::new(), ours: 0, names: Names::of(connection) }
    }

    /// Notes what we send before the dump begins.
    pub(super) fn note_ours(&mut self, line: u64, text: &[u8]) {
        self.names.learn(text);
        self.ours = line;
    }

    /// Notes a statement that is about to be sent.
    pub(super) fn note(&mut self, line: u64, text: &[u8]) {
        let statement = without_comments(text);
        self.names.learn(statement);
        if self.recent.len() >= KEPT {
            self.recent.pop_front();
        }
        self.recent.push_back((line, statement[..statement.len().min(BEGINNING)].into()));
    }

    /// The last statement goes on up to a line: psql complains of rows at the end of their block.
    pub(super) fn goes_on(&mut self, line: u64) {
        if let Some((end, _)) = self.recent.back_mut() {
            *end = line;
        }
    }

    /// The statement that psql means by a line: the one that ended there, as it may be shown; nothing for one of ours.
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
mod tests {
    use super::*;

    #[test]
    fn a_complaint_finds_its_statement() {
        let connection = Connection::at_socket(std::path::Path::new("/tmp"), "app", "postgres", "a server");
        let mut sent = Sent::to(&connection);
        sent.note_ours(1, b"BEGIN;\n");
        sent.note(2, b"-- a comment\nCREATE TABLE s.a ();");
        sent.note(3, b"COPY s.a (x) FROM stdin;\n");
        sent.goes_on(90);
        sent.note(91, b"CREATE VIEW s.v AS SELECT 'zoe';");
        let found = [1, 2, 3, 90, 91, 92].map(|line| sent.statement_at(line));
        assert_eq!(
            found,
            ["", "CREATE TABLE s.a", "COPY s.a", "COPY s.a", "CREATE VIEW s.v", "CREATE VIEW s.v"]
        );
        (0..2 * KEPT).for_each(|line| sent.note(100 + line as u64, b"SELECT 1;"));
        assert_eq!(sent.recent.len(), KEPT);
    }
}
