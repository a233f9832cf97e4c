//! Which database answers, whatever address leads to it: tunnels, poolers and ports can all lead to the same one.

use jiff::Timestamp;
use serde::Deserialize;

use super::client::Client;
use super::query::query;
use super::{Connection, PostgresError};

/// By default, every role may read the system identifier. Managed servers can revoke this, and a call without the
/// right fails the whole statement. So the first question is whether the role has it.
const QUESTION: &str = "SELECT json_build_object(
  'may_ask', coalesce(has_function_privilege(to_regprocedure('pg_catalog.pg_control_system()'), 'EXECUTE'), false),
  'role', current_user,
  'database_oid', (SELECT oid::int8 FROM pg_database WHERE datname = current_database()),
  'database', current_database(),
  'server_started_at', to_char(pg_postmaster_start_time() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'),
  'in_recovery', pg_is_in_recovery(),
  'address', host(inet_server_addr()),
  'port', coalesce(inet_server_port(), current_setting('port')::int))";

const SYSTEM_IDENTIFIER: &str = "SELECT system_identifier::text FROM pg_control_system()";

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
    may_ask: bool,
    role: String,
    database_oid: u32,
    database: String,
    server_started_at: Timestamp,
    in_recovery: bool,
    address: Option<String>,
    port: u16,
}

/// Asks a database for its identity. Any psql version works.
///
/// # Errors
/// The server cannot be reached, refuses, or does not answer within a minute.
pub async fn ask(
    connection: &Connection,
    client: &Client,
) -> Result<Result<Identity, Unidentified>, PostgresError> {
    let text = query(connection, client, QUESTION).await?;
    let answer: Answer = match serde_json::from_str(&text) {
        Ok(answer) => answer,
        Err(error) => return Ok(Err(Unidentified(format!("unexpected answer: {error}")))),
    };
    if !answer.may_ask {
        let reason = format!("role {} lacks EXECUTE on pg_control_system()", answer.role);
        return Ok(Err(Unidentified(reason)));
    }
    Ok(match query(connection, client, SYSTEM_IDENTIFIER).await {
        Ok(digits) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Ok(Identity {
                system_identifier: digits,
                database_oid: answer.database_oid,
                database: answer.database,
                server_started_at: answer.server_started_at,
                in_recovery: answer.in_recovery,
                reached_at: ReachedAt { address: answer.address, port: answer.port },
            })
        }
        Ok(_) => Err(Unidentified("the system identifier is not a number".to_owned())),
        // Only these answers of the server mean that it cannot be asked. After anything else it may be another sponsor's.
        Err(error) if cannot_be_asked(&error) => Err(Unidentified(error.to_string())),
        Err(error) => return Err(error),
    })
}

/// Whether the server answered `insufficient_privilege` or `undefined_function`.
fn cannot_be_asked(error: &PostgresError) -> bool {
    let PostgresError::QueryFailed { message, .. } = error else { return false };
    message.is("42501") || message.is("42883")
}

#[cfg(test)]
mod tests;
