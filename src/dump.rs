//! Room 4: a PostgreSQL database becomes one stream of SQL, and a verdict on whether that stream is complete.
//!
//! This room does not know where the stream goes. Another kind of source would be next to [`Dump`] and offer the same
//! two things: bytes to read, and `finish()`.

pub mod child;
pub mod client;
pub mod complaint;
pub mod connection;
pub mod database;
pub mod defaults;
pub mod ending;
pub mod generated;
pub mod identity;
pub mod invocation;
pub mod locale;
pub mod lacking;
pub mod names;
pub mod pattern;
pub mod query;
pub mod rehearsal;
pub mod scan;
pub mod server;
pub mod settings;
pub mod sqlstate;
pub mod standby;
pub mod waiting;
pub mod warnings;

mod error;

pub use child::Dump;
pub use complaint::{Complaint, Names};
pub use connection::Connection;
pub use error::DumpError;

/// What is known about a dump that succeeded.
#[derive(Debug)]
pub struct Finished {
    /// Version of the server, from the dump's head.
    pub server_version: String,
    /// Version of pg_dump, from the dump's head.
    pub pg_dump_version: String,
    /// What the dump contains.
    pub truth: scan::Truth,
    /// The scan of its text.
    pub scan: scan::Scan,
    /// What a partial restore would need to know, from pg_dump.
    pub notes: Vec<String>,
    /// pg_dump's other warnings, without data. None of them means missing content.
    pub warnings: Vec<String>,
}
