//! A standby: how old its data is, and which rows it never has.

use std::time::Duration;

use jiff::{Timestamp, Unit};
use serde::Deserialize;

use crate::databases::postgres::client::Client;
use crate::databases::postgres::query::query_json;
use crate::databases::postgres::sql::DumpContents;
use crate::databases::postgres::{Connection, PostgresError};

/// Only some roles see the receiver's details, but every role sees whether it runs. It ends with its connection.
const QUERY: &str = "SELECT json_build_object( \
    'replayed_at', extract(epoch FROM pg_last_xact_replay_timestamp())::float8, \
    'now', extract(epoch FROM clock_timestamp())::float8, \
    'is_paused', pg_is_wal_replay_paused(), \
    'receives', EXISTS (SELECT FROM pg_stat_wal_receiver WHERE coalesce(status, 'streaming') = 'streaming'), \
    'is_even', coalesce(pg_last_wal_receive_lsn() <= pg_last_wal_replay_lsn(), false) \
        AND NOT EXISTS (SELECT FROM pg_stat_wal_receiver WHERE latest_end_lsn > pg_last_wal_replay_lsn()), \
    'unlogged', (SELECT coalesce(json_agg(json_build_array(n.nspname, c.relname)), '[]') \
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
        WHERE c.relkind = 'r' AND c.relpersistence = 'u'))";

/// Maximum number of tables that the warning names.
const NAMED: usize = 20;

/// What a standby reports about itself.
#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Answer {
    replayed_at: Option<f64>,
    now: f64,
    is_paused: bool,
    receives: bool,
    is_even: bool,
    unlogged: Vec<(String, String)>,
}

/// A standby at the moment of the question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standby {
    /// Commit time on the primary of the last replayed transaction. `None` if nothing was replayed since the start.
    pub replayed_at: Option<Timestamp>,
    /// How far it is behind its primary.
    pub lag: Lag,
    /// Tables whose rows a standby never has, by schema and name.
    pub unlogged: Vec<(String, String)>,
}

/// How far a standby is behind its primary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lag {
    /// It is receiving and has replayed everything. An idle primary does not count as lag.
    None,
    /// At most this far behind: later changes of the primary may be missing.
    AtMost(Duration),
    /// The standby cannot report it.
    Unknown,
}

impl Lag {
    /// Lag in seconds at most. An unknown lag never gets this far, because the backup fails.
    #[must_use]
    pub fn seconds(self) -> u64 {
        match self {
            Self::AtMost(lag) => lag.as_secs(),
            Self::None | Self::Unknown => 0,
        }
    }
}

impl Standby {
    /// The time of the data in a dump that begins now. Later changes may be missing.
    #[must_use]
    pub fn as_of(&self, now: Timestamp) -> Timestamp {
        match (self.lag, self.replayed_at) {
            (Lag::None, _) | (_, None) => now,
            (_, Some(replayed_at)) => now.min(replayed_at),
        }
    }

    /// Fails if the standby is too far behind, or cannot report how far.
    ///
    /// # Errors
    /// [`PostgresError::Lagging`].
    pub fn check(&self, connection: &Connection, most: Duration) -> Result<(), PostgresError> {
        let lag = match self.lag {
            Lag::None => return Ok(()),
            Lag::AtMost(lag) if lag <= most => return Ok(()),
            Lag::AtMost(lag) => format!("lags {} s behind its primary", lag.as_secs()),
            Lag::Unknown => "does not know how far it lags behind its primary".to_owned(),
        };
        let limit = format!("{} s", most.as_secs());
        Err(PostgresError::Lagging { place: connection.place(), lag, limit })
    }

    /// The unlogged tables whose rows the dump does not contain.
    #[must_use]
    pub fn without_rows(&self, contents: &DumpContents) -> Vec<(String, String)> {
        let is_dumped = |(schema, name): &&(String, String)| {
            contents.tables.iter().any(|table| table.schema == *schema && table.name == *name)
        };
        self.unlogged.iter().filter(|table| !is_dumped(table)).cloned().collect()
    }

    /// Warnings for a backup of this standby.
    #[must_use]
    pub fn warnings(&self, without_rows: &[(String, String)]) -> Vec<String> {
        let behind = match (self.lag, self.replayed_at) {
            (Lag::AtMost(lag), Some(at)) => {
                format!("which had replayed its primary up to {at} ({} s ago)", lag.as_secs())
            }
            _ => "which had replayed everything it had received".to_owned(),
        };
        let mut warnings = vec![format!("the database is a standby, {behind}")];
        if !without_rows.is_empty() {
            let mut names: Vec<String> =
                without_rows.iter().take(NAMED).map(|(schema, name)| format!("{schema}.{name}")).collect();
            if without_rows.len() > NAMED {
                names.push(format!("and {} more", without_rows.len() - NAMED));
            }
            let names = names.join(", ");
            warnings.push(format!(
                "the backup lacks the rows of unlogged tables, which a standby never has: {names}"
            ));
        }
        warnings
    }
}

/// Asks a standby. Any psql version works.
///
/// # Errors
/// The server cannot be reached, rejects the query, or does not answer within a minute.
pub async fn ask(connection: &Connection, client: &Client) -> Result<Standby, PostgresError> {
    Ok(judged(query_json(connection, client, QUERY).await?))
}

/// If replay is paused or nothing is received, everything after the last transaction may be missing.
fn judged(answer: Answer) -> Standby {
    let Answer { replayed_at, now, is_paused, receives, is_even, unlogged } = answer;
    let lag = match replayed_at {
        _ if receives && is_even && !is_paused => Lag::None,
        Some(at) => Lag::AtMost(Duration::try_from_secs_f64((now - at).max(0.0)).unwrap_or(Duration::MAX)),
        None => Lag::Unknown,
    };
    let timestamp = |seconds: f64| {
        let duration = jiff::SignedDuration::try_from_secs_f64(seconds).ok()?;
        Timestamp::from_duration(duration).ok()?.round(Unit::Microsecond).ok()
    };
    Standby { replayed_at: replayed_at.and_then(timestamp), lag, unlogged }
}

#[cfg(test)]
mod tests;
