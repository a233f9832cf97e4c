//! Cuts a dump's text into the pieces that a loader sends one by one. Pure.
//!
//! Rows pass through as they come. A statement is kept until its end, so that it can be left out as a whole.

use crate::databases::postgres::sql::{Boundary, Scan, without_comments};

/// A piece of the text, including everything since the piece before.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// A statement.
    Statement(Vec<u8>),
    /// A statement that drops an existing object. A new database has none, and not all of these statements work
    /// there: a view that groups by a key outside of `public` would be replaced in a schema that does not exist yet.
    Drop(Vec<u8>),
    /// A statement about an event trigger. An existing trigger would react to everything that follows.
    Reaction(Vec<u8>),
    /// `BEGIN` or `COMMIT`. pg_dump writes large objects in transactions of their own.
    Transaction(Vec<u8>),
    /// `SET default_tablespace`, which only decides where files are stored.
    Tablespace(Vec<u8>),
    /// The head of a COPY block.
    Copy(Vec<u8>),
    /// Rows of the last COPY head, or the line that ends them.
    Rows(Vec<u8>),
    /// The text after the last statement.
    Rest(Vec<u8>),
}

/// Cuts a text. Its scan has everything learned on the way.
#[derive(Debug, Default)]
pub struct Script {
    scan: Scan,
    held: Vec<u8>,
    in_rows: bool,
    /// Whether the first object has come. Settings and drops come before it.
    in_objects: bool,
}

impl Script {
    /// Takes the next bytes and returns the pieces that they complete.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Vec<Piece> {
        let mut pieces = Vec::new();
        while !bytes.is_empty() {
            let (left, boundary) = self.scan.advance(bytes);
            self.held.extend_from_slice(&bytes[..bytes.len() - left.len()]);
            bytes = left;
            match boundary {
                Some(boundary) => pieces.push(self.complete(boundary)),
                None if self.in_rows => pieces.push(Piece::Rows(std::mem::take(&mut self.held))),
                None => {}
            }
        }
        pieces
    }

    /// The rest of the text, and the scan of all of it.
    #[must_use]
    pub fn finish(self) -> (Piece, Scan) {
        (Piece::Rest(self.held), self.scan)
    }

    fn complete(&mut self, boundary: Boundary) -> Piece {
        let text = std::mem::take(&mut self.held);
        self.in_rows = matches!(boundary, Boundary::Copy { .. });
        // Not in the statement itself, because an object can have such a name.
        let above = &text[..text.len() - without_comments(&text).len()];
        self.in_objects = self.in_objects || memchr::memmem::find(above, b"\n-- Name: ").is_some();
        match boundary {
            Boundary::Statement if !self.in_objects && !is_a_setting(&text) => Piece::Drop(text),
            Boundary::Statement if is_about_a_reaction(&text) => Piece::Reaction(text),
            Boundary::Statement => Piece::Statement(text),
            Boundary::Transaction => Piece::Transaction(text),
            Boundary::Tablespace => {
                let (text, commands) = without_commands(&text);
                self.held = commands;
                Piece::Tablespace(text)
            }
            Boundary::Copy { .. } => Piece::Copy(text),
            Boundary::Rows => Piece::Rows(text),
        }
    }
}

/// A statement without the psql commands above it, and these commands, one per line.
fn without_commands(text: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (above, statement) = text.split_at(text.len() - without_comments(text).len());
    let lines = above.split_inclusive(|byte| *byte == b'\n');
    let (commands, others): (Vec<&[u8]>, Vec<&[u8]>) =
        lines.partition(|line| line.trim_ascii_start().starts_with(b"\\"));
    let begin: &[u8] = if commands.is_empty() { b"" } else { b"\n" };
    ([others.concat(), statement.to_vec()].concat(), [begin, &commands.concat()].concat())
}

/// Whether a statement creates, changes, comments on or labels an event trigger.
fn is_about_a_reaction(text: &[u8]) -> bool {
    const OBJECT: &[u8] = b" EVENT TRIGGER ";
    let statement = without_comments(text);
    let verbs = [&b"CREATE"[..], b"ALTER", b"COMMENT ON"];
    let names_one = |verb: &&[u8]| statement.strip_prefix(*verb).is_some_and(|rest| rest.starts_with(OBJECT));
    // The label's provider comes first, and is not a string.
    let labels_one = || {
        let label = statement.strip_prefix(b"SECURITY LABEL ").unwrap_or_default();
        let before_texts = label.split(|byte| *byte == b'\'').next().unwrap_or_default();
        memchr::memmem::find(before_texts, b"ON EVENT TRIGGER ").is_some()
    };
    verbs.iter().any(names_one) || labels_one()
}

/// Whether a statement only changes the session.
pub(super) fn is_a_setting(text: &[u8]) -> bool {
    let statement = without_comments(text);
    statement.starts_with(b"SET ") || statement.starts_with(b"SELECT pg_catalog.set_config(")
}

/// Splits a file of checks into statements, each with the comments above it.
///
/// # Errors
/// The file ends in the middle of a statement, or contains psql commands or rows.
pub fn statements(text: &str) -> Result<Vec<String>, &'static str> {
    let mut script = Script::default();
    let mut found = Vec::new();
    for piece in script.feed(text.as_bytes()) {
        match piece {
            Piece::Statement(statement) | Piece::Drop(statement) => {
                found.push(String::from_utf8_lossy(&statement).trim().to_owned());
            }
            _ => return Err("contains rows or transaction statements"),
        }
    }
    let (_, scan) = script.finish();
    if scan.contents().is_none() {
        return Err("the last statement does not end with a semicolon");
    }
    if !scan.needs().foreign_commands.is_empty() {
        return Err("contains psql commands");
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
