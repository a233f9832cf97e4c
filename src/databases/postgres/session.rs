//! A session that stays open between statements. psql holds it, and reads its statements from a pipe.

use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::AbortOnDropHandle;

use super::client::Client;
use super::invocation;
use super::process::{GRACE, Signal, supervise};
use super::sql::decoded;
use super::{Connection, KnownNames, PgError, PostgresError};

/// One session. It ends when it is dropped.
#[derive(Debug)]
pub(super) struct Session {
    stdin: ChildStdin,
    stdout: Lines<BufReader<ChildStdout>>,
    stderr: AbortOnDropHandle<String>,
    supervisor: JoinHandle<std::io::Result<ExitStatus>>,
    place: String,
    stop: CancellationToken,
    _stop_on_drop: DropGuard,
}

impl Session {
    /// Starts psql, which connects at once. The first failing statement ends it.
    ///
    /// # Errors
    /// psql cannot be started. Whether it could connect shows at the first answer.
    pub(super) fn open(
        client: &Client,
        connection: &Connection,
        stop: &CancellationToken,
    ) -> Result<Self, PostgresError> {
        let psql = ("psql", invocation::load_arguments(false));
        let mut child = client.start(psql, connection, [Stdio::piped(), Stdio::piped()])?;
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(client.not_started("psql", "its pipes are missing"));
        };
        let stop = stop.child_token();
        Ok(Self {
            stdin,
            stdout: BufReader::new(stdout).lines(),
            stderr: AbortOnDropHandle::new(tokio::spawn(words(stderr))),
            // At SIGINT, psql cancels its statement.
            supervisor: supervise(child, stop.clone(), Signal::INT),
            place: connection.place(),
            _stop_on_drop: stop.clone().drop_guard(),
            stop,
        })
    }

    /// Sends statements.
    ///
    /// # Errors
    /// The session has ended.
    pub(super) async fn send(&mut self, text: &str) -> Result<(), PostgresError> {
        let written = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Err(self.stopped()),
            written = self.stdin.write_all(text.as_bytes()) => written,
        };
        if written.is_ok() { Ok(()) } else { Err(self.why_it_ended().await) }
    }

    /// The next line of the answers.
    ///
    /// # Errors
    /// The server rejects a statement, or the session has ended.
    pub(super) async fn line(&mut self) -> Result<String, PostgresError> {
        let line = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Err(self.stopped()),
            line = self.stdout.next_line() => line,
        };
        match line {
            Ok(Some(line)) => Ok(line),
            _ => Err(self.why_it_ended().await),
        }
    }

    async fn why_it_ended(&mut self) -> PostgresError {
        if self.stop.is_cancelled() {
            return self.stopped();
        }
        let said = tokio::time::timeout(GRACE, &mut self.stderr).await.ok().and_then(Result::ok);
        let said = said.unwrap_or_default();
        let names = KnownNames::default();
        let coded = said.lines().find_map(|line| PgError::in_line(line, &names));
        self.failed(coded.unwrap_or_else(|| PgError::uncoded(&said, &names)))
    }

    fn stopped(&self) -> PostgresError {
        PostgresError::Stopped { place: self.place.clone() }
    }

    /// The error of this session.
    pub(super) fn failed(&self, message: PgError) -> PostgresError {
        PostgresError::QueryFailed { place: self.place.clone(), message }
    }

    /// Ends the session on the server, and returns when it has ended.
    pub(super) async fn end(self) {
        let Self { stdin, supervisor, stop, .. } = self;
        drop(stdin);
        // psql has nothing left to do. If it is still busy, it is asked to stop.
        if tokio::time::timeout(GRACE, supervisor).await.is_err() {
            stop.cancel();
        }
    }
}

async fn words(mut stderr: ChildStderr) -> String {
    let mut said = Vec::new();
    // After a read error, the bytes read so far are the result.
    stderr.read_to_end(&mut said).await.ok();
    decoded(&said).into_owned()
}
