//! A server that replays what another one wrote: how old its data is, and what it does not have at all.

use std::time::Duration;

use jiff::{Timestamp, Unit};
use serde::Deserialize;

use super::client::Client;
use super::query::query;
use super::scan::Truth;
use super::{Complaint, Connection, DumpError};

/// The receiver's details are shown to some roles only; that it runs, to all. It ends when its connection does.
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

/// Of the tables whose rows are missing so many are named in a warning.
const NAMED: usize = 20;

/// What a standby said of itself.
#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Answer {
    replayed_at: Option<f64>,
    now: f64,
    is_paused: bool,
    receives: bool,
    is_even: bool,
    unlogged: Vec<(String, String)>,
}

/// A standby, at the moment when it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standby {
    /// When the last transaction that it replayed was committed on the primary. None was since it started where absent.
    pub replayed_at: Option<Timestamp>,
    /// How far it is behind; none at all where it has replayed everything and goes on receiving.
    pub lag: Lag,
    /// Tables whose rows a standby never has, by schema and name.
    pub unlogged: Vec<(String, String)>,
}

/// How far a standby is behind its primary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lag {
    /// It receives, and has replayed all that it received: an idle primary is no lag.
    None,
    /// At most so far: what the primary wrote since may be missing.
    AtMost(Duration),
    /// Nobody can tell.
    Unknown,
}

impl Lag {
    /// Seconds at most. Nothing is backed up where nobody can tell.
    #[must_use]
    pub fn seconds(self) -> u64 {
        match self {
            Self::AtMost(lag) => lag.as_secs(),
            Self::None | Self::Unknown => 0,
        }
    }
}

impl Standby {
    /// When the data of a dump that begins now is from: nothing later is surely in it.
    #[must_use]
    pub fn as_of(&self, now: Timestamp) -> Timestamp {
        match (self.lag, self.replayed_at) {
            (Lag::None, _) | (_, None) => now,
            (_, Some(replayed_at)) => now.min(replayed_at),
        }
    }

    /// Fails where it is further behind than is allowed, or nobody can tell.
    ///
    /// # Errors
    /// [`DumpError::Lagging`].
    pub fn check(&self, connection: &Connection, most: Duration) -> Result<(), DumpError> {
        let lag = match self.lag {
            Lag::None => return Ok(()),
            Lag::AtMost(lag) if lag <= most => return Ok(()),
            Lag::AtMost(lag) => format!("lags {} s behind its primary", lag.as_secs()),
            Lag::Unknown => "does not know how far it lags behind its primary".to_owned(),
        };
        let limit = format!("{} s", most.as_secs());
        Err(DumpError::Lagging { place: connection.place(), lag, limit })
    }

    /// The unlogged tables whose rows the dump does not hold.
    #[must_use]
    pub fn without_rows(&self, truth: &Truth) -> Vec<(String, String)> {
        let is_dumped = |(schema, name): &&(String, String)| {
            truth.tables.iter().any(|table| table.schema == *schema && table.name == *name)
        };
        self.unlogged.iter().filter(|table| !is_dumped(table)).cloned().collect()
    }

    /// What everybody should know of a backup of it.
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

/// Asks a standby; any version of psql will do.
///
/// # Errors
/// It cannot be reached, refuses, or does not answer within a minute.
pub async fn ask(connection: &Connection, client: &Client) -> Result<Standby, DumpError> {
    let answer = query(connection, client, QUERY).await?;
    let read: Answer = serde_json::from_str(&answer).map_err(|_| DumpError::Unreachable {
        place: connection.place(),
        message: Complaint::ours("unexpected answer from the standby"),
    })?;
    Ok(judged(read))
}

/// A standby whose replay is paused, or that receives nothing, may lack all that came after its last transaction.
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
mod tests {
    use super::*;

    fn answer(replayed_at: Option<f64>, is_paused: bool, receives: bool, is_even: bool) -> Answer {
        Answer { replayed_at, now: 1_000_000.0, is_paused, receives, is_even, unlogged: Vec::new() }
    }

    #[test]
    fn only_one_that_receives_and_has_replayed_all_is_fresh() {
        let day = Some(1_000_000.0 - 86_400.0);
        let behind = Lag::AtMost(Duration::from_secs(86_400));
        for (replayed_at, is_paused, receives, is_even, lag) in [
            (day, false, true, true, Lag::None),
            (None, false, true, true, Lag::None),
            (day, true, true, true, behind),
            (day, false, false, true, behind),
            (day, false, true, false, behind),
            (None, false, true, false, Lag::Unknown),
            (None, true, false, false, Lag::Unknown),
        ] {
            let standby = judged(answer(replayed_at, is_paused, receives, is_even));
            assert_eq!(standby.lag, lag, "{is_paused} {receives} {is_even}");
            let now = Timestamp::from_second(1_000_000).unwrap();
            let age = now.duration_since(standby.as_of(now)).as_secs();
            assert_eq!(age, if lag == behind { 86_400 } else { 0 });
        }
    }
}
