//! What a stream of SQL holds and whether it is whole. Pure, and the same for any chunking of the bytes.
//!
//! It never fails and never asks the server: what it learns is of the very bytes that are archived.

mod canonical;
mod columns;
mod context;
mod copy;
mod ends;
mod excerpt;
mod head;
mod inventory;
mod large_objects;
mod lexer;
mod lexical;
mod locks;
mod needs;
mod place;
mod quotes;
mod sequence;
mod truth;
mod words;

pub use columns::Columns;
use ends::Ends;
pub use excerpt::{names, shown, without_comments};
use head::Head;
pub use inventory::Inventory;
pub use large_objects::{Group, LargeObjects};
use lexer::Lexer;
pub use lexical::decoded;
pub use needs::Needs;
pub use quotes::without_variables;
pub use sequence::Position;
pub use truth::{TableTruth, Truth};

use super::settings::Settings;

/// What ends in a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Boundary {
    /// A statement that no rows follow.
    Statement,
    /// `BEGIN` or `COMMIT`.
    Transaction,
    /// `SET default_tablespace`: says only where files lie, on a server that has such a place. It is no part of the truth.
    Place,
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

/// Why a stream is no dump that anybody should keep or restore.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It is not whole.
    #[error("the dump is cut off: {0}")]
    Cut(&'static str),
    /// It has psql run commands on the machine that restores it.
    #[error("the dump contains psql commands that pg_dump never writes: {}", .0.join(", "))]
    Foreign(Vec<String>),
}

/// Watches a stream go by.
#[derive(Debug, Default)]
pub struct Scan {
    head: Head,
    ends: Ends,
    /// Apart, for it is large and futures carry it about.
    lexer: Box<Lexer>,
}

impl Scan {
    /// A scan that also keeps what each statement is, so that differences can be named, and that takes rows in the order
    /// of another dump's columns.
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

    /// Takes bytes up to the end of the first statement or block of rows among them; gives what is left, and what ended.
    pub fn advance<'b>(&mut self, bytes: &'b [u8]) -> (&'b [u8], Option<Boundary>) {
        let (left, boundary) = self.lexer.advance(bytes);
        let taken = &bytes[..bytes.len() - left.len()];
        let (held, others) = self.head.feed(taken);
        self.ends.feed(&held);
        self.ends.feed(others);
        (left, boundary)
    }

    /// What the stream holds, now that it has ended, or why it is no dump that anybody should keep or restore. Nobody else
    /// decides this: not who makes a backup, and not who reads one.
    ///
    /// # Errors
    /// See [`Unfit`].
    pub fn judged(&self) -> Result<Truth, Unfit> {
        if let Some(missing) = self.ends.missing() {
            return Err(Unfit::Cut(missing));
        }
        // Rows and functions may hold the words of a trailer; only of a restricted dump nobody knows the last line.
        let truth = self.truth().ok_or(Unfit::Cut(if self.is_restricted() {
            "it ends in the middle of a statement"
        } else {
            "its end marker is inside a statement or a row"
        }))?;
        let foreign = &self.lexer.needs.foreign_commands;
        if foreign.is_empty() { Ok(truth) } else { Err(Unfit::Foreign(foreign.iter().cloned().collect())) }
    }

    /// What the stream carries of the database itself; `None` where its first lines are not as they were written.
    #[must_use]
    pub fn settings(&self) -> Option<Settings> {
        Settings::parse(self.head.text()?)
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

    /// What the tables and the statements held; `None` where the stream ends in the middle of one.
    #[must_use]
    pub fn truth(&self) -> Option<Truth> {
        (!self.lexer.is_inside()).then(|| self.lexer.truth())
    }

    /// The tables whose rows have begun to come so far.
    #[must_use]
    pub fn tables(&self) -> Vec<TableTruth> {
        self.lexer.truth().tables
    }

    /// What the statements so far need of a server.
    #[must_use]
    pub fn needs(&self) -> &Needs {
        &self.lexer.needs
    }

    /// Whether psql must know `\restrict`: versions before August 2025 do not, and stop at it.
    #[must_use]
    pub fn is_restricted(&self) -> bool {
        self.ends.is_restricted()
    }

    /// The statements, where the scan is a detailed one.
    #[must_use]
    pub fn inventory(&self) -> Option<&Inventory> {
        self.lexer.inventory.as_ref()
    }
}

#[cfg(test)]
mod tests;
