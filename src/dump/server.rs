//! What must be known of a server before a dump: its version and the database's size. Asked with psql, so that one
//! library, libpq, decides how to connect for the question and for the dump.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::client::Client;
use super::{Connection, DumpError, child, invocation};

/// A server that cannot answer one small query in this time will not give a dump either.
const PATIENCE: Duration = Duration::from_secs(60);

const QUERY: &str = "SELECT current_setting('server_version_num'), current_setting('server_version'), \
                     pg_database_size(current_database())";

/// What a server said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Major version.
    pub major: u32,
    /// `15.18 (Debian 15.18-0+deb12u1)`.
    pub version: String,
    /// Bytes of the database on disk, indexes included.
    pub database_bytes: u64,
}

/// Asks the server; any version of psql will do.
///
/// # Errors
/// It cannot be reached, refuses, or does not answer within a minute.
pub async fn ask(connection: &Connection, client: &Client) -> Result<Server, DumpError> {
    let psql = client.program("psql");
    let failed = |message: String| DumpError::Unreachable { place: connection.place(), message };
    let mut command = Command::new(&psql);
    command
        .args(invocation::query_arguments(QUERY))
        .env_clear()
        .envs(invocation::environment(connection))
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = match tokio::time::timeout(PATIENCE, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => {
            return Err(DumpError::NotStarted {
                program: psql.display().to_string(),
                reason: error.to_string(),
            });
        }
        Err(_) => return Err(failed(format!("no answer within {} s: timeout expired", PATIENCE.as_secs()))),
    };
    if !output.status.success() {
        let said = child::redact(&String::from_utf8_lossy(&output.stderr), connection);
        return Err(failed(
            said.trim().trim_start_matches("psql: ").trim_start_matches("error: ").to_owned(),
        ));
    }
    let answer = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    parse(&answer).ok_or_else(|| failed(format!("the server's answer is not understood: {answer}")))
}

fn parse(answer: &str) -> Option<Server> {
    let [number, version, size] = answer.split('|').collect::<Vec<_>>().try_into().ok()?;
    let number: u32 = number.parse().ok()?;
    Some(Server { major: number / 10_000, version: version.to_owned(), database_bytes: size.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_read() {
        let server = parse("150018|15.18 (Debian 15.18-0+deb12u1)|7853871").unwrap();
        assert_eq!((server.major, server.database_bytes), (15, 7_853_871));
        assert_eq!(parse("150018|15.18"), None);
        assert_eq!(parse(""), None);
    }
}
