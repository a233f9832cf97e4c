//! Queries through psql, so that one library, libpq, connects for queries, dumps and restores.

use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use super::client::Client;
use super::error::NO_ANSWER;
use super::process::{self, Ended, Limits, Signal};
use super::sql::decoded;
use super::{Connection, KnownNames, PgError, PostgresError, invocation};

/// A server that cannot answer a small query in this time cannot serve a dump either.
const QUERY_TIMEOUT: Duration = Duration::from_secs(60);

/// Memory limit for an answer. The longest are lists of names, of some hundred bytes each.
const ANSWER: usize = 64 << 20;
/// The same for a sponsor's query, which returns one value.
const SPONSORS_ANSWER: usize = 1 << 20;

/// The answer to one or several statements: one line per row, with fields separated by `|`. Any psql version works.
///
/// Dropping the future cancels the statement on the server.
///
/// # Errors
/// The server cannot be reached, rejects the query, or does not answer within a minute.
pub async fn query(connection: &Connection, client: &Client, sql: &str) -> Result<String, PostgresError> {
    query_with_timeout((QUERY_TIMEOUT, &CancellationToken::new()), connection, client, sql).await
}

/// The same for a query that returns one JSON value.
///
/// # Errors
/// See [`query`]; the answer is not such a value.
pub async fn query_json<T: DeserializeOwned>(
    connection: &Connection,
    client: &Client,
    sql: &str,
) -> Result<T, PostgresError> {
    let answer = query(connection, client, sql).await?;
    serde_json::from_str(&answer).map_err(|_| unexpected(connection))
}

/// The error for an answer that cannot be read. It does not quote the answer, which can contain names.
pub(super) fn unexpected(connection: &Connection) -> PostgresError {
    let message = PgError::ours("unexpected answer from the server");
    PostgresError::QueryFailed { place: connection.place(), message }
}

/// The same for a statement that may take long. When `stop` is canceled, the server cancels the statement. When this
/// returns, psql has exited and the statement is over.
///
/// # Errors
/// See [`query`]; [`PostgresError::Stopped`].
pub async fn query_with_timeout(
    (timeout, stop): (Duration, &CancellationToken),
    connection: &Connection,
    client: &Client,
    sql: &str,
) -> Result<String, PostgresError> {
    let mut names = KnownNames::of(connection);
    names.learn(sql.as_bytes());
    let limits = Limits { time: timeout, bytes: ANSWER };
    ask((limits, stop), connection, client, (invocation::query_arguments(sql), &names)).await
}

/// The same for a statement of `drill-checks`, which runs with that database's search path and can return anything.
///
/// # Errors
/// See [`query`]; [`PostgresError::AnswerTooLong`].
pub async fn run_check(
    timeout: Duration,
    connection: &Connection,
    client: &Client,
    sql: &str,
) -> Result<String, PostgresError> {
    let names = KnownNames::default();
    let never = CancellationToken::new();
    let limits = Limits { time: timeout, bytes: SPONSORS_ANSWER };
    ask((limits, &never), connection, client, (invocation::check_arguments(sql), &names)).await
}

/// The connection to the one server that answers, if the URL has several hosts: whatever is learned from it must hold
/// for every later step.
///
/// # Errors
/// See [`query`].
pub async fn fixed_to_one_host(connection: Connection, client: &Client) -> Result<Connection, PostgresError> {
    if !connection.has_several_hosts() {
        return Ok(connection);
    }
    let names = KnownNames::of(&connection);
    let (arguments, never) = (invocation::address_arguments(), CancellationToken::new());
    let limits = Limits { time: QUERY_TIMEOUT, bytes: ANSWER };
    let answer = ask((limits, &never), &connection, client, (arguments, &names)).await?;
    let (host, port) = answer.split_once('\n').unwrap_or((&answer, ""));
    Ok(connection.answered_by(host, port.parse().unwrap_or_default()))
}

/// Adds those texts that are names of objects in the database.
///
/// # Errors
/// See [`query`].
pub async fn learn_known(
    connection: &Connection,
    client: &Client,
    texts: &[String],
    names: &mut KnownNames,
) -> Result<(), PostgresError> {
    // Names with these characters are too rare in PostgreSQL's messages to be worth quoting.
    let plain = texts.iter().filter(|text| !text.contains(['\'', '\\']) && !text.contains(char::is_control));
    let listed: Vec<String> = plain.map(|text| format!("'{text}'")).collect();
    if listed.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "SELECT coalesce(json_agg(text), '[]') FROM unnest(ARRAY[{}]::text[]) text WHERE text IN (
           SELECT relname::text FROM pg_catalog.pg_class UNION ALL SELECT nspname FROM pg_catalog.pg_namespace
           UNION ALL SELECT proname FROM pg_catalog.pg_proc UNION ALL SELECT typname FROM pg_catalog.pg_type
           UNION ALL SELECT rolname FROM pg_catalog.pg_roles UNION ALL SELECT lanname FROM pg_catalog.pg_language
           UNION ALL SELECT fdwname FROM pg_catalog.pg_foreign_data_wrapper
           UNION ALL SELECT srvname FROM pg_catalog.pg_foreign_server
           UNION ALL SELECT oid::text FROM pg_catalog.pg_largeobject_metadata)",
        listed.join(", ")
    );
    let known: Vec<String> = query_json(connection, client, &sql).await?;
    known.iter().for_each(|name| names.add(name));
    Ok(())
}

/// Decodes hexadecimal text.
pub(super) fn from_hex(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

async fn ask(
    (limits, stop): (Limits, &CancellationToken),
    connection: &Connection,
    client: &Client,
    (arguments, names): (Vec<String>, &KnownNames),
) -> Result<String, PostgresError> {
    let failed = |message: PgError| PostgresError::QueryFailed { place: connection.place(), message };
    let command = client.command("psql", arguments, connection)?;
    // At SIGINT, psql cancels its statement.
    let output = match process::output(command, Signal::INT, limits, stop).await {
        Ok(Ended::Exited(output)) => output,
        Ok(Ended::Late) => {
            return Err(failed(PgError::ours(format!("{NO_ANSWER} {} s", limits.time.as_secs()))));
        }
        Ok(Ended::TooLong) => {
            return Err(PostgresError::AnswerTooLong {
                place: connection.place(),
                mebibytes: limits.bytes >> 20,
            });
        }
        Err(error) => return Err(client.not_started("psql", error)),
    };
    if !output.status.success() {
        // A canceled statement fails, too. Its error would name a consequence of the stop.
        if stop.is_cancelled() {
            return Err(PostgresError::Stopped { place: connection.place() });
        }
        let said = decoded(&output.stderr);
        let coded = said.lines().find_map(|line| PgError::in_line(line, names));
        return Err(failed(coded.unwrap_or_else(|| PgError::uncoded(&said, names))));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned())
}
