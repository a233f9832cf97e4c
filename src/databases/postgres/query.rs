//! Questions to a server. psql asks them, so that one library, libpq, connects for questions, dumps and restores.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::client::Client;
use super::error::NO_ANSWER;
use super::process::{self, Signal};
use super::sql::decoded;
use super::{Connection, DumpError, KnownNames, PgError, invocation};

/// A server that cannot answer a small query in this time cannot serve a dump either.
const PATIENCE: Duration = Duration::from_secs(60);

/// The answer to one or several statements: one line per row, with fields separated by `|`. Any psql version works.
///
/// Dropping the future cancels the statement on the server.
///
/// # Errors
/// The server cannot be reached, rejects the query, or does not answer within a minute.
pub async fn query(connection: &Connection, client: &Client, sql: &str) -> Result<String, DumpError> {
    within((PATIENCE, &CancellationToken::new()), connection, client, sql).await
}

/// The same for a statement that may take long. When `stop` is canceled, the server cancels the statement. When this
/// returns, psql has exited and the statement is over.
///
/// # Errors
/// See [`query`]; [`DumpError::Stopped`].
pub async fn within(
    (patience, stop): (Duration, &CancellationToken),
    connection: &Connection,
    client: &Client,
    sql: &str,
) -> Result<String, DumpError> {
    let mut names = KnownNames::of(connection);
    names.learn(sql.as_bytes());
    ask((patience, stop), connection, client, (invocation::query_arguments(sql), &names)).await
}

/// The same for a sponsor's query, which runs with that database's search path.
///
/// # Errors
/// See [`query`].
pub async fn sponsors(
    patience: Duration,
    connection: &Connection,
    client: &Client,
    sql: &str,
) -> Result<String, DumpError> {
    let names = KnownNames::default();
    let never = CancellationToken::new();
    ask((patience, &never), connection, client, (invocation::sponsors_query_arguments(sql), &names)).await
}

/// The connection to the one server that answers, if the URL has several hosts: whatever is learned from it must hold
/// for every later step.
///
/// # Errors
/// See [`query`].
pub async fn settled(connection: Connection, client: &Client) -> Result<Connection, DumpError> {
    if !connection.has_several_hosts() {
        return Ok(connection);
    }
    let names = KnownNames::of(&connection);
    let (arguments, never) = (invocation::whereabouts_arguments(), CancellationToken::new());
    let answer = ask((PATIENCE, &never), &connection, client, (arguments, &names)).await?;
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
) -> Result<(), DumpError> {
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
    let known: Vec<String> =
        serde_json::from_str(&query(connection, client, &sql).await?).unwrap_or_default();
    known.iter().for_each(|name| names.add(name));
    Ok(())
}

async fn ask(
    (patience, stop): (Duration, &CancellationToken),
    connection: &Connection,
    client: &Client,
    (arguments, names): (Vec<String>, &KnownNames),
) -> Result<String, DumpError> {
    let failed = |message: PgError| DumpError::Unreachable { place: connection.place(), message };
    let command = client.command("psql", arguments, connection)?;
    // At SIGINT, psql cancels its statement.
    let output = match process::output(command, Signal::INT, patience, stop).await {
        Ok(Some(output)) => output,
        Ok(None) => {
            return Err(failed(PgError::ours(format!("{NO_ANSWER} {} s", patience.as_secs()))));
        }
        Err(error) => return Err(client.not_started("psql", error)),
    };
    if !output.status.success() {
        // A canceled statement fails, too. Its error would name a consequence of the stop.
        if stop.is_cancelled() {
            return Err(DumpError::Stopped { place: connection.place() });
        }
        let said = decoded(&output.stderr);
        let coded = said.lines().find_map(|line| PgError::in_line(line, names));
        return Err(failed(coded.unwrap_or_else(|| PgError::uncoded(&said, names))));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned())
}

// Names of PostgreSQL as SQL writes them. Pure.

/// An identifier in quotes, whatever characters it contains.
#[must_use]
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests;
