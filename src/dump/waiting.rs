//! Why a dump has not begun to write: pg_dump waits for locks on all its tables first, and shows nothing until it has them.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::Connection;
use super::client::Client;
use super::connection::APPLICATION;
use super::query;

/// The answer only explains a wait, so a slow one is not worth waiting for.
const PATIENCE: Duration = Duration::from_secs(5);

/// The relation that a session of ours waits for, and the first session that blocks it. A role sees its own sessions, and
/// the locks of all.
const QUESTION: &str = "SELECT json_build_object('relation', n.nspname || '.' || c.relname, 'blocked_by', (pg_blocking_pids(a.pid))[1])
  FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
  JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE NOT l.granted AND a.datname = current_database() AND a.usename = session_user AND a.application_name = '{application}'
  ORDER BY a.query_start LIMIT 1";

/// A lock that a session of ours waits for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Wait {
    /// `schema.table`.
    relation: String,
    /// Process ID of the session that blocks it: 0 for a prepared transaction, `None` if the lock was just released.
    blocked_by: Option<u32>,
}

impl fmt::Display for Wait {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "waiting for a lock on {}", self.relation)?;
        match self.blocked_by {
            None => Ok(()),
            Some(0) => formatter.write_str(" (held by a prepared transaction)"),
            Some(pid) => write!(formatter, " (held by pid {pid})"),
        }
    }
}

/// Asks the server for the lock that our dump of this database waits for. Any psql version works. `None` if it waits
/// for none, and if the server does not answer: the dump itself reports what is wrong.
pub async fn ask(connection: &Connection, client: &Client) -> Option<Wait> {
    let never = CancellationToken::new();
    let question = QUESTION.replace("{application}", APPLICATION);
    let answer = query::within((PATIENCE, &never), connection, client, &question).await.ok()?;
    serde_json::from_str(&answer).ok()
}

#[cfg(test)]
mod tests;
