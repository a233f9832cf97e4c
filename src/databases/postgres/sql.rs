//! What a stream of SQL contains, and whether it is complete. Pure, and independent of how the bytes are cut into
//! chunks.
//!
//! The scan never fails and never asks the server. It sees exactly the bytes that are archived.

mod blocks;
mod canonical;
mod columns;
mod comparable;
mod contents;
mod ends;
mod excerpt;
mod inventory;
mod lexer;
mod locks;
mod needs;
mod objects;
mod quoting;
mod section;
pub mod selection;
mod statement;
mod words;

pub use blocks::{Block, Blocks, Cutter, PIECE_BYTES, Piece, PieceStart, TableName};
pub use columns::Columns;
pub use contents::{DumpContents, Group, LargeObjects, Position, TableDigest};
pub use ends::FIRST_LINES;
pub use excerpt::{names, shown, without_comments};
pub use inventory::Inventory;
pub use locks::{Locks, Step, locks_of};
pub use needs::Needs;
pub use objects::ObjectDigest;
pub use quoting::{SpanKind, is_in_a_name, spans};
pub use section::{Misfit, Part, Phase, SectionCutter, Takes};
pub use words::{decoded, quoted};

use ends::{Ends, Head};
use lexer::Lexer;

/// What ends at a position of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Boundary {
    /// A statement without rows after it.
    Statement,
    /// `BEGIN` or `COMMIT`.
    Transaction,
    /// `SET default_tablespace`, which only says where the server stores files. It does not count as content.
    Tablespace,
    /// The head of a block of rows.
    Copy {
        /// Schema, without quotes.
        schema: String,
        /// Name, without quotes.
        name: String,
    },
    /// The last line of a block of rows.
    Rows,
}

/// Why a stream must be neither kept nor restored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The dump is not complete.
    #[error("the dump is cut off: {0}")]
    Cut(&'static str),
    /// The dump would run psql commands on the machine that restores it.
    #[error("the dump contains psql commands that pg_dump never writes: {}", .0.join(", "))]
    Foreign(Vec<String>),
}

/// Watches a stream as it passes.
#[derive(Debug, Default)]
pub struct Scan {
    head: Head,
    ends: Ends,
    /// Boxed, because it is large and is moved with every future that owns it.
    lexer: Box<Lexer>,
}

impl Scan {
    /// A scan that also keeps a description of each statement, so that differences can be named, and that reads rows
    /// in another dump's column order.
    #[must_use]
    pub fn detailed(wanted: Columns) -> Self {
        Self { lexer: Box::new(Lexer::detailed(wanted)), ..Self::default() }
    }

    /// The columns of the tables so far.
    #[must_use]
    pub fn columns(&self) -> &Columns {
        &self.lexer.columns
    }

    /// Takes the next bytes of the stream.
    pub fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            (bytes, _) = self.advance(bytes);
        }
    }

    /// Reads bytes up to the end of the first statement or block of rows. Returns the rest, and what ended.
    pub fn advance<'b>(&mut self, bytes: &'b [u8]) -> (&'b [u8], Option<Boundary>) {
        let (left, boundary) = self.lexer.advance(bytes);
        let taken = &bytes[..bytes.len() - left.len()];
        let (held, others) = self.head.feed(taken);
        self.ends.feed(&held);
        self.ends.feed(others);
        (left, boundary)
    }

    /// What the stream contained, after its end, or why it must be neither kept nor restored. This is the only place
    /// that decides it, both for making and for reading a backup.
    ///
    /// # Errors
    /// See [`Unfit`].
    pub fn judged(&self) -> Result<DumpContents, Unfit> {
        if let Some(missing) = self.ends.missing() {
            return Err(Unfit::Cut(missing));
        }
        // Rows and functions can contain the text of the end marker. Only the last line of a restricted dump cannot
        // be imitated.
        let contents = self.contents().ok_or(Unfit::Cut(if self.is_restricted() {
            "it ends in the middle of a statement"
        } else {
            "its end marker is inside a statement or a row"
        }))?;
        let foreign = &self.lexer.needs.foreign_commands;
        if foreign.is_empty() { Ok(contents) } else { Err(Unfit::Foreign(foreign.iter().cloned().collect())) }
    }

    /// The first lines of the dump, which pg_dump did not write: the settings of the database. `None` if they are not
    /// UTF-8.
    #[must_use]
    pub fn first_lines(&self) -> Option<&str> {
        self.head.text()
    }

    /// Version of the server that was dumped, such as `15.18 (Debian 15.18-0+deb12u1)`.
    #[must_use]
    pub fn server_version(&self) -> Option<String> {
        self.ends.server_version()
    }

    /// Version of the pg_dump that wrote the stream.
    #[must_use]
    pub fn pg_dump_version(&self) -> Option<String> {
        self.ends.pg_dump_version()
    }

    /// What the tables and statements contained. `None` if the stream ends in the middle of one.
    #[must_use]
    pub fn contents(&self) -> Option<DumpContents> {
        (!self.lexer.is_inside()).then(|| self.lexer.contents())
    }

    /// The tables whose rows have begun so far.
    #[must_use]
    pub fn tables(&self) -> Vec<TableDigest> {
        self.lexer.contents().tables
    }

    /// Rows of a table so far.
    #[must_use]
    pub fn rows_of(&self, table: &TableName) -> u64 {
        self.lexer.rows_of(table)
    }

    /// What the statements so far need from a server.
    #[must_use]
    pub fn needs(&self) -> &Needs {
        &self.lexer.needs
    }

    /// The objects that the statements so far define. `None` if there are too many to name.
    #[must_use]
    pub fn objects(&self) -> Option<Vec<ObjectDigest>> {
        self.lexer.objects.digests()
    }

    /// Whether psql must support `\restrict`. Versions before August 2025 do not, and stop there.
    #[must_use]
    pub fn is_restricted(&self) -> bool {
        self.ends.is_restricted()
    }

    /// The statements, if the scan is a detailed one.
    #[must_use]
    pub fn inventory(&self) -> Option<&Inventory> {
        self.lexer.inventory.as_ref()
    }
}

#[cfg(test)]
mod tests;
