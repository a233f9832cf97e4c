//! One question to a server, asked with psql, so that one library, libpq, decides how to connect for questions, dumps and
//! restores.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::client::Client;
use super::{Connection, DumpError, invocation};

/// A server that cannot answer one small query in this time will not give a dump either.
const PATIENCE: Duration = Duration::from_secs(60);

/// The answer to one or several statements: a line a row, fields separated by `|`. Any version of psql will do.
///
/// # Errors
/// The server cannot be reached, refuses, or does not answer within a minute.
pub async fn query(connection: &Connection, client: &Client, sql: &str) -> Result<String, DumpError> {
    within(PATIENCE, connection, client, sql).await
}

/// The same for a question that may take long.
///
/// # Errors
/// See [`query`].
pub async fn within(
    patience: Duration,
    connection: &Connection,
    client: &Client,
    sql: &str,
) -> Result<String, DumpError> {
    ask(patience, connection, client, invocation::query_arguments(sql)).await
}

/// The same for a question of the sponsor's: its names are looked up as the database has them looked up.
///
/// # Errors
/// See [`query`].
pub async fn sponsors(
    patience: Duration,
    connection: &Connection,
    client: &Client,
    sql: &str,
) -> Result<String, DumpError> {
    ask(patience, connection, client, invocation::sponsors_query_arguments(sql)).await
}

async fn ask(
    patience: Duration,
    connection: &Connection,
    client: &Client,
    arguments: Vec<String>,
) -> Result<String, DumpError> {
    let psql = client.program("psql");
    let failed = |message: String| DumpError::Unreachable { place: connection.place(), message };
    let mut command = Command::new(&psql);
    command
        .args(arguments)
        .env_clear()
        .envs(invocation::environment(connection))
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = match tokio::time::timeout(patience, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => {
            return Err(DumpError::NotStarted {
                program: psql.display().to_string(),
                reason: error.to_string(),
            });
        }
        Err(_) => return Err(failed(format!("no answer within {} s: timeout expired", patience.as_secs()))),
    };
    if !output.status.success() {
        let said = connection.redact(&String::from_utf8_lossy(&output.stderr));
        return Err(failed(
            said.trim().trim_start_matches("psql: ").trim_start_matches("error: ").to_owned(),
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned())
}
