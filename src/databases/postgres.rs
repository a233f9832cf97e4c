//! Room 4: a PostgreSQL database becomes one stream of SQL, and a verdict on whether that stream is complete.
//!
//! This room does not know where the stream goes. Another kind of source would be next to [`Dump`] and offer the same
//! two things: bytes to read, and `finish()`.

pub mod client;
pub mod connection;
pub mod database;
pub mod dump;
pub mod generated;
pub mod identity;
pub mod invocation;
pub mod pg_error;
pub mod process;
pub mod proof;
pub mod query;
pub mod restore;
pub mod server;
pub mod settings;
pub mod sql;
pub mod sqlstate;

mod error;

pub use connection::Connection;
pub use dump::Dump;
pub use error::DumpError;
pub use pg_error::{KnownNames, PgError};

/// What is known about a dump that succeeded.
#[derive(Debug)]
pub struct FinishedDump {
    /// Version of the server, from the dump's head.
    pub server_version: String,
    /// Version of pg_dump, from the dump's head.
    pub pg_dump_version: String,
    /// What the dump contains.
    pub truth: sql::DumpContents,
    /// The scan of its text.
    pub scan: sql::Scan,
    /// What a partial restore would need to know, from pg_dump.
    pub notes: Vec<String>,
    /// pg_dump's other warnings, without data. None of them means missing content.
    pub warnings: Vec<String>,
}
