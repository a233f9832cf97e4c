//! The PostgreSQL client tools of this machine: which of them fits a server, and how they are started.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

use super::connection::ConnectionError;
use super::process::{self, Ended, Limits, Signal};
use super::{Connection, PostgresError, invocation};

/// Folders with one subfolder per major version: Debian and Ubuntu, Alpine, Red Hat, Homebrew.
const VERSIONED: [(&str, &str); 4] =
    [("/usr/lib/postgresql", "bin"), ("/usr/libexec", ""), ("/usr", "bin"), ("/opt/homebrew/opt", "bin")];

/// A program that cannot print its version in this time cannot dump either.
const VERSION_TIMEOUT: Duration = Duration::from_secs(20);
/// Maximum number of bytes of a version.
const VERSION: usize = 4096;

/// One installed set of client tools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// The folder that holds `pg_dump` and `psql`.
    pub folder: PathBuf,
    /// Major version.
    pub major: u32,
    /// As pg_dump prints it: `15.18 (Debian 15.18-0+deb12u1)`.
    pub version: String,
}

impl Client {
    /// Whether the server programs of this version are in the same folder.
    #[must_use]
    pub fn has_server(&self) -> bool {
        ["initdb", "postgres"].iter().all(|name| self.program(name).exists())
    }

    /// Whether its psql supports `\\restrict`, which dumps use since August 2025 (CVE-2025-8714).
    #[must_use]
    pub fn knows_restrict(&self) -> bool {
        let minor =
            self.version.split(|c: char| !c.is_ascii_digit()).nth(1).and_then(|minor| minor.parse().ok());
        let first = match self.major {
            13 => 22,
            14 => 19,
            15 => 14,
            16 => 10,
            17 => 6,
            major => return major > 17,
        };
        minor.unwrap_or(0) >= first
    }

    /// Path of one of its programs.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// One of its programs with everything it needs to connect. It inherits nothing from this process's environment.
    ///
    /// # Errors
    /// The client is too old for a parameter of the URL.
    pub fn command(
        &self,
        name: &str,
        arguments: Vec<String>,
        connection: &Connection,
    ) -> Result<Command, ConnectionError> {
        let mut command = Command::new(self.program(name));
        command
            .args(arguments)
            .env_clear()
            .envs(invocation::environment(connection, (self.major, &self.version))?);
        Ok(command)
    }

    /// Starts such a program with this standard input and output. Standard error is a pipe.
    ///
    /// # Errors
    /// See [`Client::command`]; [`PostgresError::NotStarted`].
    pub fn start(
        &self,
        (name, arguments): (&str, Vec<String>),
        connection: &Connection,
        [stdin, stdout]: [Stdio; 2],
    ) -> Result<Child, PostgresError> {
        let mut command = self.command(name, arguments, connection)?;
        command.stdin(stdin).stdout(stdout).stderr(Stdio::piped());
        process::start(&mut command).map_err(|error| self.not_started(name, error))
    }

    /// The error for a program that does not run.
    pub fn not_started(&self, name: &str, reason: impl ToString) -> PostgresError {
        PostgresError::NotStarted {
            program: self.program(name).display().to_string(),
            reason: reason.to_string(),
        }
    }
}

/// The client tools on `path` and in the distribution's versioned folders. Per major version, the first folder
/// counts.
///
/// # Errors
/// No client tools were found.
pub async fn installed(path: &OsStr) -> Result<Vec<Client>, PostgresError> {
    let mut found: BTreeMap<u32, Client> = BTreeMap::new();
    for folder in std::env::split_paths(path).chain(versioned_folders()) {
        if let Some(client) = examine(folder).await {
            found.entry(client.major).or_insert(client);
        }
    }
    if found.is_empty() { Err(PostgresError::NoClient) } else { Ok(found.into_values().collect()) }
}

/// The client for a server: its own major version, or else the nearest newer one. An older client cannot dump the
/// server, and a newer one may write settings that the server does not support.
///
/// # Errors
/// The server is newer than every client.
pub fn choose<'a>(
    clients: &'a [Client],
    server_major: u32,
    place: &str,
) -> Result<&'a Client, PostgresError> {
    let able = clients.iter().filter(|client| client.major >= server_major);
    able.min_by_key(|client| client.major).ok_or_else(|| PostgresError::ServerNewer {
        place: place.to_owned(),
        server: server_major,
        found: clients.iter().map(|client| client.major.to_string()).collect::<Vec<_>>().join(", "),
    })
}

fn versioned_folders() -> impl Iterator<Item = PathBuf> {
    VERSIONED.into_iter().flat_map(|(base, inner)| {
        let entries = std::fs::read_dir(base).into_iter().flatten().flatten();
        let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path().join(inner)).collect();
        folders.sort();
        folders
    })
}

/// Debian's `/usr/bin/pg_dump` is a script that picks a version by its own rules. The versioned folders contain what
/// it would run, so it is skipped.
async fn examine(folder: PathBuf) -> Option<Client> {
    let pg_dump = folder.join("pg_dump");
    let real = pg_dump.canonicalize().ok()?;
    if real.ends_with("postgresql-common/pg_wrapper") || !folder.join("psql").exists() {
        return None;
    }
    let mut command = Command::new(&pg_dump);
    command.arg("--version").env_clear();
    let never = CancellationToken::new();
    let limits = Limits { time: VERSION_TIMEOUT, bytes: VERSION };
    let Ok(Ended::Exited(output)) = process::output(command, Signal::TERM, limits, &never).await else {
        return None;
    };
    let text = String::from_utf8(output.stdout).ok()?;
    let version = text.trim().strip_prefix("pg_dump (PostgreSQL) ")?.to_owned();
    Some(Client { major: major(&version)?, version, folder: absolute(&folder) })
}

fn absolute(folder: &Path) -> PathBuf {
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
}

/// `17` of `17.5 (Debian …)` and of `17beta1`. Versions before 10 are not supported.
#[must_use]
pub fn major(version: &str) -> Option<u32> {
    let digits = version.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests;
