//! PostgreSQL: dumps a database to SQL and judges whether the dump is complete, restores it, and compares both.
//!
//! [`dump`], [`restore`] and [`proof`] share what is directly in this folder: how to connect, ask and start programs.
//! Nothing here knows where a stream is stored.

pub mod client;
pub mod connection;
pub mod database;
pub mod dump;
pub mod generated;
pub mod identity;
pub mod invocation;
pub mod pg_error;
pub mod preflight;
pub mod process;
pub mod proof;
pub mod query;
pub mod restore;
pub mod server;
pub mod settings;
pub mod snapshot;
pub mod sql;
pub mod sqlstate;

mod error;
mod session;

pub use connection::Connection;
pub use dump::{Dump, FinishedDump};
pub use error::PostgresError;
pub use pg_error::{KnownNames, PgError};
