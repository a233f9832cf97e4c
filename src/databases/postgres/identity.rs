//! Which database answers, whatever address leads to it: tunnels, poolers and ports can all lead to the same one.

use jiff::Timestamp;
use serde::Deserialize;

use super::client::Client;
use super::query::{query, query_json};
use super::{Connection, PostgresError};

/// By default, every role may read the system identifier. Managed servers can revoke this, and a call without the
/// right fails the whole statement.
const QUESTION: &str = "SELECT json_build_object(
  'system_identifier', (SELECT system_identifier::text FROM pg_control_system()),
  'database_oid', (SELECT oid::int8 FROM pg_database WHERE datname = current_database()),
  'database', current_database(),
  'server_started_at', to_char(pg_postmaster_start_time() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'),
  'in_recovery', pg_is_in_recovery(),
  'address', host(inet_server_addr()),
  'port', coalesce(inet_server_port(), current_setting('port')::int))";

const RIGHT: &str = "SELECT json_build_object('role', current_user, 'may_ask',
  coalesce(has_function_privilege(to_regprocedure('pg_catalog.pg_control_system()'), 'EXECUTE'), false))";

/// One database of one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Created by initdb and copied with the data directory: a standby and a restored snapshot share it. Digits.
    pub system_identifier: String,
    /// The database's OID in its server.
    pub database_oid: u32,
    /// The database's name on its server. A pooler can offer it under another name.
    pub database: String,
    /// When the server was started, which distinguishes it from copies.
    pub server_started_at: Timestamp,
    /// Whether the server is a standby.
    pub in_recovery: bool,
    /// The address and port that the server itself reports.
    pub reached_at: ReachedAt,
}

/// A server's own address. Other servers can be reached there, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReachedAt {
    /// Address, or `None` for a socket.
    pub address: Option<String>,
    /// Port.
    pub port: u16,
}

/// Why a server answers but cannot be identified. Written to follow a colon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unidentified(pub String);

/// How two databases compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likeness {
    /// One database.
    Same,
    /// One database after a restart, a standby of it, or a copy of its data directory.
    SameButRestartedOrCopied,
    /// Two databases.
    Different,
    /// At least one of the two is not known.
    Unknown,
}

impl Likeness {
    /// Compares two databases. On one server, a name and an OID are each unique, so one match is enough: databases
    /// are renamed, and dropped and created again.
    #[must_use]
    pub fn of(one: Option<&Identity>, other: Option<&Identity>) -> Self {
        let (Some(one), Some(other)) = (one, other) else { return Self::Unknown };
        let in_one_place = one.database_oid == other.database_oid || one.database == other.database;
        if one.system_identifier != other.system_identifier || !in_one_place {
            Self::Different
        } else if one.server_started_at == other.server_started_at {
            Self::Same
        } else {
            Self::SameButRestartedOrCopied
        }
    }
}

#[derive(Deserialize)]
struct Answer {
    system_identifier: String,
    database_oid: u32,
    database: String,
    server_started_at: Timestamp,
    in_recovery: bool,
    address: Option<String>,
    port: u16,
}

#[derive(Deserialize)]
struct Right {
    role: String,
    may_ask: bool,
}

/// Asks a database for its identity. Any psql version works.
///
/// # Errors
/// The server cannot be reached, refuses, or does not answer within a minute.
pub async fn ask(
    connection: &Connection,
    client: &Client,
) -> Result<Result<Identity, Unidentified>, PostgresError> {
    let text = match query(connection, client, QUESTION).await {
        Ok(text) => text,
        // Only these answers of the server mean that it cannot be asked. After anything else it may be another sponsor's.
        Err(error) if cannot_be_asked(&error) => {
            let Right { role, may_ask } = query_json(connection, client, RIGHT).await?;
            let lacks = || format!("role {role} lacks EXECUTE on pg_control_system()");
            return Ok(Err(Unidentified(if may_ask { error.to_string() } else { lacks() })));
        }
        Err(error) => return Err(error),
    };
    let answer: Answer = match serde_json::from_str(&text) {
        Ok(answer) => answer,
        Err(error) => return Ok(Err(Unidentified(format!("unexpected answer: {error}")))),
    };
    let digits = &answer.system_identifier;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(Err(Unidentified("the system identifier is not a number".to_owned())));
    }
    Ok(Ok(Identity {
        system_identifier: answer.system_identifier,
        database_oid: answer.database_oid,
        database: answer.database,
        server_started_at: answer.server_started_at,
        in_recovery: answer.in_recovery,
        reached_at: ReachedAt { address: answer.address, port: answer.port },
    }))
}

/// Whether the server answered `insufficient_privilege` or `undefined_function`.
fn cannot_be_asked(error: &PostgresError) -> bool {
    let PostgresError::QueryFailed { message, .. } = error else { return false };
    message.is("42501") || message.is("42883")
}

#[cfg(test)]
mod tests;
