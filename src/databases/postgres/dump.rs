//! pg_dump as a child process: a stream to read, and an end that must be awaited.
//!
//! pg_dump leads its own process group, so that everything it starts ends with it. A wrapper's pg_dump holds locks,
//! too.

pub mod parallel;
pub mod partial;
pub mod rehearsal;
pub mod standby;
pub mod versions;
pub mod warnings;

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::process::{ExitStatus, Stdio};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::future::{MaybeDone, maybe_done};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt as _, ReadBuf};
use tokio::process::{Child, ChildStderr, ChildStdout};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::client::Client;
use super::connection::APPLICATION;
use super::invocation::DumpOptions;
use super::process::{self, Signal};
use super::sql::{DumpContents, Scan};
use super::{Connection, KnownNames, PgError, PostgresError, query};
use warnings::Warnings;

/// How long to wait for output after pg_dump has ended: another process may hold its pipes open forever.
const SILENCE: Duration = Duration::from_secs(1);
/// What pg_dump can write ahead. The default of 64 KiB makes it wait, and wakes us, for every few rows.
const PIPE_BYTES: usize = 1 << 20;
/// Bytes to read to see that it writes.
const FIRST: usize = 4096;
/// Bytes of standard error that are kept. Each warning counts, so this is generous.
const STDERR_KEPT: usize = 1024 * 1024;
/// Bytes of an error message that are kept. The cause comes last.
const LAST_WORDS: usize = 8 * 1024;

/// A running pg_dump. Read it to its end and scan its text, then call [`Dump::finish`]. Dropping it stops the child.
pub struct Dump {
    stdout: ChildStdout,
    /// The first text, which was read to see that it has begun.
    first: Vec<u8>,
    silence: MaybeDone<Pin<Box<dyn Future<Output = ()> + Send>>>,
    stderr: JoinHandle<Stderr>,
    supervisor: JoinHandle<std::io::Result<ExitStatus>>,
    connection: Connection,
    client: Client,
    /// Names that an error message may show.
    names: KnownNames,
    is_of_some_schemas: bool,
    stop: CancellationToken,
    _stop_on_drop: DropGuard,
}

/// What is known about a dump that succeeded.
#[derive(Debug)]
pub struct FinishedDump {
    /// Version of the server, from the dump's head.
    pub server_version: String,
    /// Version of pg_dump, from the dump's head.
    pub pg_dump_version: String,
    /// What the dump contains.
    pub contents: DumpContents,
    /// The scan of its text.
    pub scan: Scan,
    /// What a partial restore would need to know, from pg_dump.
    pub notes: Vec<String>,
    /// pg_dump's other warnings, without data. None of them means missing content.
    pub warnings: Vec<String>,
}

impl FinishedDump {
    fn new(scan: Scan, contents: DumpContents, notes: Vec<String>, warnings: Vec<String>) -> Self {
        let server_version = scan.server_version().unwrap_or_default();
        let pg_dump_version = scan.pg_dump_version().unwrap_or_default();
        Self { server_version, pg_dump_version, contents, scan, notes, warnings }
    }
}

impl Dump {
    /// Starts pg_dump. When `stop` is canceled, the child gets SIGTERM, which also cancels its query on the server,
    /// and SIGKILL a second later. Then the stream ends.
    ///
    /// # Errors
    /// The program cannot be started.
    pub fn start(
        client: &Client,
        connection: &Connection,
        options: &DumpOptions,
        stop: &CancellationToken,
    ) -> Result<Self, PostgresError> {
        let pg_dump = ("pg_dump", options.arguments());
        let mut child = client.start(pg_dump, connection, [Stdio::null(), Stdio::piped()])?;
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(client.not_started("pg_dump", "its pipes are missing"));
        };
        // A system may grant less: then there are more reads, and nothing else changes.
        rustix::pipe::fcntl_setpipe_size(&stdout, PIPE_BYTES).ok();
        let (stop, ended) = (stop.child_token(), CancellationToken::new());
        let mut names = KnownNames::of(connection);
        options.patterns().for_each(|pattern| names.add(pattern));
        Ok(Self {
            stdout,
            first: Vec::new(),
            silence: maybe_done(Box::pin(silence_after(ended.clone()))),
            stderr: tokio::spawn(words(stderr, silence_after(ended.clone()))),
            supervisor: tokio::spawn(supervised(child, stop.clone(), ended.drop_guard())),
            connection: connection.clone(),
            client: client.clone(),
            names,
            // Neither does a dump of some tables have subscriptions.
            is_of_some_schemas: !(options.schemas.is_empty() && options.tables.is_empty()),
            _stop_on_drop: stop.clone().drop_guard(),
            stop,
        })
    }

    /// Waits until pg_dump writes. By then it has read all definitions, and has locked every table until its end. `false` if it
    /// ends before: [`Dump::finish`] says why.
    pub async fn begins(&mut self) -> bool {
        let mut first = vec![0; FIRST];
        let read = self.read(&mut first).await.unwrap_or_default();
        first.truncate(read);
        self.first = first;
        read > 0
    }

    /// Waits for the end and judges it with the scan of its whole text. A dump counts only with exit status 0, its end marker, **and** no warning
    /// about missing content.
    ///
    /// # Errors
    /// pg_dump failed, was stopped, or its stream is not whole.
    pub async fn finish(self, scan: Scan) -> Result<FinishedDump, PostgresError> {
        let place = self.connection.place();
        let ended = |reason: String| PostgresError::Failed {
            place: place.clone(),
            status: "was lost".to_owned(),
            message: PgError::ours(reason),
        };
        let status = self.supervisor.await.map_err(|error| ended(error.to_string()))?;
        let status = status.map_err(|error| ended(error.to_string()))?;
        // A stop is the cause, whatever the status: pg_dump exits with an error after SIGTERM.
        if self.stop.is_cancelled() {
            return Err(PostgresError::Stopped { place });
        }
        let said = self.stderr.await.map_err(|error| ended(error.to_string()))?;
        if !status.success() {
            let mut names = self.names;
            scan.tables().iter().for_each(|table| names.add(&table.name));
            // The dump might not have reached the table that the message is about, so the server is asked which names
            // are known. Without an answer the message is shown with gaps.
            let said = said.last_words();
            let texts = PgError::would_be_names(said);
            query::learn_known(&self.connection, &self.client, &texts, &mut names).await.ok();
            let message = PgError::uncoded(said, &names);
            return Err(PostgresError::Failed { place, status: describe(status), message });
        }
        // Status 0 is not enough: a wrapper, or a pipe that broke, can cut the stream and still report success.
        let contents =
            scan.judged().map_err(|reason| PostgresError::Unfit { place: place.clone(), reason })?;
        // The part that was cut off may contain a warning about missing content.
        if said.is_cut {
            let missing = "pg_dump printed more than 1 MiB of warnings".to_owned();
            return Err(PostgresError::Incomplete { place, missing });
        }
        let mut names = self.names;
        let texts = Warnings::would_be_names(&said.text);
        if !texts.is_empty() {
            query::learn_known(&self.connection, &self.client, &texts, &mut names).await.ok();
        }
        let Warnings { notes, shown, missing } = Warnings::read(&said.text, self.is_of_some_schemas, &names);
        if !missing.is_empty() {
            return Err(PostgresError::Incomplete { place, missing: missing.join("; ") });
        }
        Ok(FinishedDump::new(scan, contents, notes, shown))
    }

    /// Ends pg_dump, and its session on the server, before this returns.
    pub async fn abandon(self) {
        self.stop.cancel();
        // The exit status does not matter: the dump is discarded.
        self.supervisor.await.ok();
    }
}

impl AsyncRead for Dump {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let this = self.get_mut();
        if !this.first.is_empty() {
            let left = this.first.split_off(this.first.len().min(buffer.remaining()));
            buffer.put_slice(&std::mem::replace(&mut this.first, left));
            return Poll::Ready(Ok(()));
        }
        match Pin::new(&mut this.stdout).poll_read(context, buffer) {
            Poll::Ready(read) => read?,
            // A read of zero bytes is the end of the stream.
            Poll::Pending => ready!(Pin::new(&mut this.silence).poll(context)),
        }
        Poll::Ready(Ok(()))
    }
}

/// Ends when the child and everything that it started have ended.
async fn supervised(child: Child, stop: CancellationToken, _ended: DropGuard) -> std::io::Result<ExitStatus> {
    process::supervise(child, stop, Signal::TERM).await.map_err(std::io::Error::other)?
}

async fn silence_after(ended: CancellationToken) {
    ended.cancelled().await;
    tokio::time::sleep(SILENCE).await;
}

/// What pg_dump wrote to standard error.
struct Stderr {
    text: String,
    /// Whether earlier text was cut off.
    is_cut: bool,
}

impl Stderr {
    /// The end of the text, from the beginning of a line: half a password would not be recognized as one.
    fn last_words(&self) -> &str {
        let text = &self.text;
        let Some(from) = text.len().checked_sub(LAST_WORDS) else { return text };
        let from = (from..text.len()).find(|at| text.as_bytes()[at - 1] == b'\n').unwrap_or(text.len());
        &text[from..]
    }
}

async fn words(mut stderr: ChildStderr, silence: impl Future<Output = ()>) -> Stderr {
    let (mut kept, mut chunk, mut is_cut) = (Vec::new(), [0; 4096], false);
    let mut silence = pin!(silence);
    loop {
        let read = tokio::select! {
            read = stderr.read(&mut chunk) => read.unwrap_or_default(),
            () = &mut silence => 0,
        };
        if read == 0 {
            break;
        }
        kept.extend_from_slice(&chunk[..read]);
        is_cut |= kept.len() > STDERR_KEPT;
        kept.drain(..kept.len().saturating_sub(STDERR_KEPT));
    }
    let begins = if is_cut { memchr::memchr(b'\n', &kept).map_or(kept.len(), |end| end + 1) } else { 0 };
    Stderr { text: String::from_utf8_lossy(&kept[begins..]).into_owned(), is_cut }
}

fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited with {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}

/// The answer only explains a wait, so a slow one is not worth waiting for.
const LOCK_WAIT_TIMEOUT: Duration = Duration::from_secs(5);

/// The relation that a session of ours waits for, and the first session that blocks it. A role sees its own sessions, and
/// the locks of all.
const LOCK_WAIT: &str = "SELECT json_build_object('relation', n.nspname || '.' || c.relname, 'blocked_by', (pg_blocking_pids(a.pid))[1])
  FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
  JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE NOT l.granted AND a.datname = current_database() AND a.usename = session_user AND a.application_name = '{application}'
  ORDER BY a.query_start LIMIT 1";

/// A lock that a session of ours waits for. pg_dump waits for locks on all its tables first, and shows nothing until
/// it has them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LockWait {
    /// `schema.table`.
    relation: String,
    /// Process ID of the session that blocks it: 0 for a prepared transaction, `None` if the lock was just released.
    blocked_by: Option<u32>,
}

impl fmt::Display for LockWait {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "waiting for a lock on {}", self.relation)?;
        match self.blocked_by {
            None => Ok(()),
            Some(0) => formatter.write_str(" (held by a prepared transaction)"),
            Some(pid) => write!(formatter, " (held by pid {pid})"),
        }
    }
}

/// Asks the server for the lock that our dump of this database waits for. Any psql version works. `None` if it waits
/// for none, and if the server does not answer: the dump itself reports what is wrong.
pub async fn find_lock_wait(connection: &Connection, client: &Client) -> Option<LockWait> {
    let never = CancellationToken::new();
    let question = LOCK_WAIT.replace("{application}", APPLICATION);
    let answer =
        query::query_with_timeout((LOCK_WAIT_TIMEOUT, &never), connection, client, &question).await.ok()?;
    serde_json::from_str(&answer).ok()
}

#[cfg(test)]
mod tests;
