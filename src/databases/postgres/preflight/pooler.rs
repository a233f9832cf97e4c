//! Whether sessions share their server processes, as behind a pooler in transaction mode. Found out before anything
//! else, and without changing a setting: behind such a pooler, the setting would stay for other programs.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::databases::postgres::client::Client;
use crate::databases::postgres::session::Session;
use crate::databases::postgres::{Connection, PgError, PostgresError};

/// Names the server process behind a session. A role's short time limit is lifted for this transaction only. Without
/// operators, because a search path could replace them. The last line comes after COMMIT: until then, a pooler cannot
/// lend the process to the other session.
const WHO: &str = "BEGIN; SET LOCAL statement_timeout = 0; \
                   SELECT pid, backend_start FROM pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid()); COMMIT;\n\\echo\n";

/// Which session asks. Poolers lend the process that was returned last, or each in turn. With either order, and
/// up to three idle processes, two of these answers differ within a session or are equal between the two.
pub(super) const TURNS: [usize; 5] = [0, 1, 0, 0, 1];

const TIMEOUT: Duration = Duration::from_secs(60);

/// The answer to each turn of two sessions that are open at the same time.
///
/// # Errors
/// The server cannot be reached, rejects the query, or does not answer within a minute.
pub(super) async fn ask(connection: &Connection, client: &Client) -> Result<Vec<String>, PostgresError> {
    let never = CancellationToken::new();
    // Failing to connect is reported by the first session, so it must connect alone.
    let mut sessions = vec![Session::open(client, connection, &never)?];
    let mut answers = Vec::new();
    for turn in TURNS {
        if turn == sessions.len() {
            sessions.push(Session::open(client, connection, &never)?);
        }
        let Some(session) = sessions.get_mut(turn) else { continue };
        session.send(WHO).await?;
        let answer = async {
            let answer = session.line().await?;
            session.line().await?;
            Ok(answer)
        };
        let answer = tokio::time::timeout(TIMEOUT, answer).await;
        let late = PgError::ours(format!("no answer within {} s", TIMEOUT.as_secs()));
        answers.push(answer.unwrap_or_else(|_| Err(session.failed(late)))?);
    }
    for session in sessions {
        session.end().await;
    }
    Ok(answers)
}

/// Fails if sessions share their server processes, so that a transaction is not the session's own.
///
/// # Errors
/// [`PostgresError::SharedSessions`], or the server does not answer.
pub async fn check(connection: &Connection, client: &Client) -> Result<(), PostgresError> {
    if shares(&ask(connection, client).await?) {
        return Err(PostgresError::SharedSessions { place: connection.place() });
    }
    Ok(())
}

/// Whether the answers prove that both sessions use the same server processes. Pure.
pub(super) fn shares(answers: &[String]) -> bool {
    let of = |session| TURNS.iter().zip(answers).filter(move |(turn, _)| **turn == session);
    let is_constant = |session| of(session).all(|(_, answer)| of(session).all(|(_, other)| answer == other));
    let is_common = of(0).any(|(_, answer)| of(1).any(|(_, other)| answer == other));
    is_common || !is_constant(0) || !is_constant(1)
}

#[cfg(test)]
mod tests;
