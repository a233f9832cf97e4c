//! What a stream of SQL holds and whether it is whole. Pure, and the same for any chunking of the bytes.
//!
//! It never fails and never asks the server: what it learns is of the very bytes that are archived.

mod copy;
mod ends;
mod lexer;
mod truth;

use ends::Ends;
use lexer::Lexer;
pub use truth::{TableTruth, Truth};

/// Watches a stream go by.
#[derive(Debug, Default)]
pub struct Scan {
    ends: Ends,
    lexer: Lexer,
}

impl Scan {
    /// Takes the next bytes of the stream.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.ends.feed(bytes);
        self.lexer.feed(bytes);
    }

    /// What is missing for the stream to be a whole dump, if anything.
    #[must_use]
    pub fn missing(&self) -> Option<&'static str> {
        self.ends.missing()
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

    /// What the tables and the statements held; `None` where the stream ends in the middle of one. A whole dump whose
    /// text was not understood is still a whole dump: no number is better than a wrong one.
    #[must_use]
    pub fn truth(&self) -> Option<Truth> {
        (!self.lexer.is_inside()).then(|| self.lexer.truth())
    }
}

#[cfg(test)]
mod tests;
