//! What `preflight` finds out about a sponsor's database. Reads only.

use std::time::Duration;

use super::client::Client;
use super::{Connection, PostgresError};
use crate::finding::{Check, Finding};

/// What this module checks.
pub const CHECKS: &[Check] = &[];

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
