//! Room 4: a PostgreSQL database becomes one stream of SQL, and a verdict on whether that stream is whole.
//!
//! Where the stream goes is not known here. Another kind of source would sit beside [`Dump`] and give the same two
//! things: bytes to read, and `finish()`.

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

/// What a dump that ended well says of itself.
#[derive(Debug)]
pub struct Finished {
    /// Version of the server, as the dump's head tells it.
    pub server_version: String,
    /// Version of pg_dump, as the dump's head tells it.
    pub pg_dump_version: String,
    /// What it holds.
    pub truth: scan::Truth,
    /// The scan of its text.
    pub scan: scan::Scan,
    /// What a restore of parts of it would have to know, as pg_dump says.
    pub notes: Vec<String>,
    /// What else pg_dump warned of, in words without data. None of it means that content is missing.
    pub warnings: Vec<String>,
}
