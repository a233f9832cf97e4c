//! psql as a child process that reads a script: pipes, errors, exit. It knows neither the script nor its end.

use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::AsyncWriteExt as _;
use tokio::process::ChildStdin;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::RestoreError;
use super::psql_errors::{PsqlErrors, Reported, SentStatements};
use crate::databases::postgres::client::Client;
use crate::databases::postgres::process::{GRACE, Signal, supervise};
use crate::databases::postgres::{Connection, PgError, invocation};

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
