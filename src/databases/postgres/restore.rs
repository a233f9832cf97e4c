//! Loads a dump's text into a database, either on a temporary server of its own or into the database that the
//! user named.
//!
//! It does not fetch the text, and it does not decide whether the result equals the backup.

pub mod clearing;
pub mod existing;
pub mod facts;
pub mod live;
pub mod load;
pub mod parallel;
pub mod plan;
pub mod psql;
pub mod rewrite;
pub mod scratch_database;
pub mod script;
pub mod session;
pub mod tables;
pub mod target;
pub mod temporary_server;

mod error;
mod hint;
mod psql_errors;
mod sandbox;

pub use error::{Owner, RestoreError, objects_in_words};
pub use load::{LeftOut, Load, LoadOptions, Loaded, OnError};
pub use plan::Plan;
pub use psql::Tools;
pub use scratch_database::ScratchDatabase;
pub use target::{NewDatabase, Target};
pub use temporary_server::TemporaryServer;

use serde::Serialize;

/// What a restore's target contains now, compared with before: the value in results and records. After `unchanged`, automation can continue as if nothing had been tried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TargetState {
    /// Same contents as before. A database that did not exist still does not exist.
    #[default]
    Unchanged,
    /// The restore created the database, with or without the backup in it.
    Created,
    /// An existing database now contains the backup.
    Replaced,
    /// The connection was lost during COMMIT, so the target contains either the backup or its previous contents.
    Unknown,
}

impl TargetState {
    /// The value in outputs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Created => "created",
            Self::Replaced => "replaced",
            Self::Unknown => "unknown",
        }
    }
}
