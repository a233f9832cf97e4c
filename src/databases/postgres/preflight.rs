//! What `preflight` finds out about a sponsor's database. Reads only.

use std::time::Duration;

use super::client::Client;
use super::{Connection, PostgresError};
use crate::finding::{Check, Finding};

const DATABASE_URL: Check = Check { name: "database-url", about: "`DATABASE_URL` is well-formed" };

/// What this module checks.
pub const CHECKS: &[Check] = &[DATABASE_URL];

/// The finding for a URL that is malformed.
#[must_use]
pub fn unusable_url(error: &PostgresError) -> Finding {
    DATABASE_URL.fail(error.to_string(), "No backup can be taken.", error.hint().unwrap_or_default())
}

/// What the database is judged by.
#[derive(Debug, Clone, Copy)]
pub struct DatabaseExpectations {
    /// Input `max-replica-lag`.
    pub max_replica_lag: Duration,
}

/// Checks one database. `clients` are those of this machine.
pub async fn check(
    _connection: &Connection,
    _clients: Result<&[Client], &PostgresError>,
    _expected: DatabaseExpectations,
) -> Vec<Finding> {
    Vec::new()
}
