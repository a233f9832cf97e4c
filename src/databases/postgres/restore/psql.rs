//! Chooses the installed programs that restore a dump and read the result back.

use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::ChildStdin;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::RestoreError;
use super::psql_errors::{PsqlErrors, Reported, SentStatements};
use super::temporary_server::majors;
use crate::databases::postgres::client::{self, Client};
use crate::databases::postgres::invocation::{self, DumpOptions};
use crate::databases::postgres::process::{GRACE, Signal, supervise};
use crate::databases::postgres::server::{self, Money};
use crate::databases::postgres::sql::{Columns, Scan};
use crate::databases::postgres::{Connection, Dump, FinishedDump, PgError, PostgresError};

/// The programs for one restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tools {
    /// Loads the dump.
    pub psql: Client,
    /// Reads the result back. It has the version that wrote the dump if possible, so that statements can be compared.
    pub pg_dump: Client,
}

impl Tools {
    /// Chooses programs for a dump written by pg_dump `written_by` and a server of this major version.
    ///
    /// # Errors
    /// No suitable programs are installed.
    pub fn choose(
        clients: &[Client],
        written_by: u32,
        server_major: u32,
        place: &str,
    ) -> Result<Self, RestoreError> {
        let able = clients.iter().filter(|client| client.major >= written_by);
        let able: Vec<&Client> = able.collect();
        let Some(nearest) = able.iter().min_by_key(|client| client.major) else {
            return Err(RestoreError::NotInstalled {
                what: "psql and pg_dump",
                major: written_by,
                found: majors(clients.iter().map(|client| client.major)),
            });
        };
        // Every dump is loaded under `\restrict`.
        let knows = |client: &&&Client| client.knows_restrict();
        let psql = able.iter().filter(knows).min_by_key(|client| client.major);
        let psql = psql.ok_or_else(|| RestoreError::OldPsql { version: nearest.version.clone() })?;
        let same = able.iter().find(|client| client.major == written_by && client.major >= server_major);
        let pg_dump = match same {
            Some(same) => (*same).clone(),
            None => client::choose(clients, server_major, place)?.clone(),
        };
        Ok(Self { psql: (*psql).clone(), pg_dump })
    }

    /// Dumps a restored database and scans the dump, with rows in the column order of the backup. Only the scan is
    /// kept.
    ///
    /// # Errors
    /// pg_dump fails or is stopped.
    pub async fn read_back(
        &self,
        connection: &Connection,
        (options, columns, money): (&DumpOptions, &Columns, Money),
        stop: &CancellationToken,
    ) -> Result<FinishedDump, RestoreError> {
        // An existing database, or its role, may have settings of its own.
        let server = tokio::select! {
            biased;
            () = stop.cancelled() => return Err(RestoreError::Stopped),
            server = server::ask(connection, &self.psql) => server?,
        };
        let connection = &connection.clone().with_settings(&server.to_pin(money));
        let mut dump = Dump::start(&self.pg_dump, connection, options, stop)?;
        let mut scan = Scan::detailed(columns.clone());
        let mut buffer = vec![0; 256 * 1024];
        loop {
            match dump.read(&mut buffer).await {
                Ok(0) => return Ok(dump.finish(scan).await?),
                Ok(read) => scan.feed(&buffer[..read]),
                Err(error) => {
                    dump.abandon().await;
                    let (place, status) = (connection.place(), "was lost".to_owned());
                    return Err(PostgresError::Failed {
                        place,
                        status,
                        message: PgError::ours(error.to_string()),
                    }
                    .into());
                }
            }
        }
    }
}

// psql as a child process that reads a script: pipes, errors, exit. It knows neither the script nor its end.

/// A running psql. Dropping it stops it without waiting.
#[derive(Debug)]
pub(super) struct Psql {
    stdin: ChildStdin,
    stderr: JoinHandle<PsqlErrors>,
    supervisor: JoinHandle<std::io::Result<ExitStatus>>,
    /// What was reported up to each mark. `None` if psql exits at the first error.
    reports: Option<mpsc::Receiver<Reported>>,
    /// Marks the errors that we provoke. Random, so that the author of a dump cannot know it.
    mark: String,
    /// Statements it may complain of.
    sent: Arc<Mutex<SentStatements>>,
    place: String,
    /// Line breaks sent so far.
    lines: u64,
    stop: CancellationToken,
    _stop_on_drop: DropGuard,
}

impl Psql {
    /// Starts psql. It either exits at the first error, or undoes only the failed statement.
    pub(super) fn start(
        client: &Client,
        connection: &Connection,
        leaves_out: bool,
        stop: &CancellationToken,
    ) -> Result<Self, RestoreError> {
        let place = connection.place();
        let arguments = invocation::load_arguments(leaves_out);
        let mut psql = client.start(("psql", arguments), connection, [Stdio::piped(), Stdio::null()])?;
        let (Some(stdin), Some(stderr)) = (psql.stdin.take(), psql.stderr.take()) else {
            return Err(client.not_started("psql", "its pipes are missing").into());
        };
        let mark = format!("sponsor-backup-{}", uuid::Uuid::new_v4().simple());
        let (reporter, reports) = mpsc::channel(1);
        let stop = stop.child_token();
        let sent = Arc::new(Mutex::new(SentStatements::new(connection)));
        let of = (Arc::clone(&sent), place.clone());
        Ok(Self {
            stdin,
            stderr: tokio::spawn(PsqlErrors::read(stderr, of, (mark.clone(), reporter))),
            sent,
            // On SIGINT psql cancels its statement on the server.
            supervisor: supervise(psql, stop.clone(), Signal::INT),
            reports: leaves_out.then_some(reports),
            mark,
            place,
            lines: 0,
            _stop_on_drop: stop.clone().drop_guard(),
            stop,
        })
    }

    /// Registers our own SQL, sent next, as not part of the dump.
    pub(super) fn note_ours(&self, text: &[u8]) {
        let line = self.lines + line_breaks(text);
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).note_ours(line, text);
    }

    /// The same for SQL with values that no message may show.
    pub(super) fn note_secret(&self, text: &[u8]) {
        let line = self.lines + line_breaks(text);
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).note_ours(line, b"");
    }

    /// Registers a statement before it is sent. psql may report an error before it has read all of it.
    pub(super) fn note(&self, statement: &[u8]) {
        let line = self.line_after(statement);
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).note(line, statement);
    }

    /// Registers rows, sent next, as part of the last statement.
    pub(super) fn note_rows(&self, rows: &[u8]) {
        let line = self.line_after(rows);
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).extend_last(line);
    }

    fn line_after(&self, text: &[u8]) -> u64 {
        self.lines + line_breaks(text) + 1
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) -> Result<(), RestoreError> {
        self.lines += line_breaks(bytes);
        let written = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Err(RestoreError::Stopped),
            written = self.stdin.write_all(bytes) => written,
        };
        match written {
            Ok(()) => Ok(()),
            // psql has exited already. What it printed is the cause.
            Err(_) => Err(self.find_cause().await),
        }
    }

    /// What psql reported since the last call. We provoke an error to learn that: it follows theirs on the same
    /// stream, and no setting hides it.
    pub(super) async fn ask_for_errors(&mut self) -> Result<Reported, RestoreError> {
        if self.reports.is_none() {
            return Ok(Reported::Nothing);
        }
        self.send(format!("\nSELECT '{}'::pg_catalog.int4;\n", self.mark).as_bytes()).await?;
        let Some(reports) = &mut self.reports else { return Ok(Reported::Nothing) };
        let reported = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Err(RestoreError::Stopped),
            reported = reports.recv() => reported,
        };
        match reported {
            Some(Reported::Unbearable(refused)) => Err(refused.failure(&self.place)),
            Some(reported) => Ok(reported),
            None => Err(self.find_cause().await),
        }
    }

    async fn find_cause(&mut self) -> RestoreError {
        if self.stop.is_cancelled() {
            return RestoreError::Stopped;
        }
        let otherwise = "psql exited before the end of the dump";
        match tokio::time::timeout(GRACE, &mut self.stderr).await {
            Ok(Ok(complaints)) => complaints.failure(otherwise),
            _ => RestoreError::failed(self.place.clone(), PgError::ours(otherwise)),
        }
    }

    /// Closes psql's input and waits. Returns its status and errors, even after a stop.
    pub(super) async fn end(self) -> Result<(ExitStatus, PsqlErrors), RestoreError> {
        let Self { stdin, stderr, supervisor, place, _stop_on_drop, .. } = self;
        drop(stdin);
        let failed = |message: String| RestoreError::failed(place.clone(), PgError::ours(message));
        let status = supervisor.await.map_err(|error| failed(error.to_string()))?;
        let status = status.map_err(|error| failed(error.to_string()))?;
        let complaints = stderr.await.map_err(|error| failed(error.to_string()))?;
        Ok((status, complaints))
    }

    /// Ends psql and its session on the server before it returns.
    pub(super) async fn abandon(self) {
        let Self { stdin, supervisor, stop, .. } = self;
        stop.cancel();
        // A half statement at the end of the input is part of the transaction, which is rolled back.
        drop(stdin);
        // The exit status does not matter: the server rolls back.
        supervisor.await.ok();
    }
}

fn line_breaks(text: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', text).count() as u64
}

#[cfg(test)]
mod tests;
