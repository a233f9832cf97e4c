//! A dump's text into a database, through psql, in one transaction.
//!
//! A plain dump that ends too early would be committed without an error, so the word `COMMIT` is ours to say, and it is
//! said only when the caller knows that the text was whole and the right one.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::RestoreError;
use super::complaints::{Complaint, Complaints};
use super::script::{Piece, Script, without_comments};
use crate::dump::client::Client;
use crate::dump::scan::Scan;
use crate::dump::{Connection, invocation};

/// The word by which an answer of ours is told from what the dump's own queries print.
const MARK: &str = "sponsor-backup-answer";
/// How long psql may take to leave once it was asked to.
const GRACE: Duration = Duration::from_secs(2);

/// What happens to a statement that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnError {
    /// Nothing at all is restored.
    GiveUp,
    /// It is left out, where it fails for want of something, and told.
    LeaveOut,
}

/// How a dump is loaded.
#[derive(Debug, Clone, Copy)]
pub struct Manner<'a> {
    /// What happens to a statement that fails.
    pub on_error: OnError,
    /// SQL that runs in the same transaction before all else.
    pub first: &'a str,
    /// Whether the dump's own statements drop what is there.
    pub drops: bool,
}

/// A statement that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Its beginning.
    pub statement: String,
    /// What the server said.
    pub reason: String,
}

/// What was loaded.
#[derive(Debug)]
pub struct Loaded {
    /// The scan of the text.
    pub scan: Scan,
    /// What was left out.
    pub left_out: Vec<LeftOut>,
}

/// A running psql in a transaction. Feed it, then [`Load::commit`] or [`Load::abandon`]; dropping it abandons.
#[derive(Debug)]
pub struct Load {
    psql: Child,
    stdin: ChildStdin,
    stderr: JoinHandle<Complaints>,
    answers: Option<mpsc::Receiver<bool>>,
    script: Script,
    place: String,
    on_error: OnError,
    drops: bool,
    /// Lines sent so far, and at which of them statements ended.
    lines: u64,
    sent: Vec<(u64, String)>,
    left_out: Vec<LeftOut>,
    /// Whether the rows that come now belong to a table that is not there.
    skips_rows: bool,
    stop: CancellationToken,
}

impl Load {
    /// Starts psql and a transaction.
    ///
    /// # Errors
    /// psql cannot be started.
    pub async fn start(
        client: &Client,
        connection: &Connection,
        manner: Manner<'_>,
        stop: &CancellationToken,
    ) -> Result<Self, RestoreError> {
        let (place, Manner { on_error, first, drops }) = (connection.place(), manner);
        let failed = |message: String| RestoreError::Failed { place: place.clone(), message };
        let asks = on_error == OnError::LeaveOut;
        let mut psql = Command::new(client.program("psql"))
            .args(invocation::load_arguments(asks))
            .env_clear()
            .envs(invocation::environment(connection))
            .stdin(Stdio::piped())
            .stdout(if asks { Stdio::piped() } else { Stdio::null() })
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| failed(format!("psql cannot be started: {error}")))?;
        let (Some(stdin), Some(stderr)) = (psql.stdin.take(), psql.stderr.take()) else {
            return Err(failed("psql has no pipes".to_owned()));
        };
        let mut this = Self {
            answers: psql.stdout.take().map(answers),
            stderr: tokio::spawn(Complaints::read(stderr, connection.clone())),
            psql,
            stdin,
            script: Script::default(),
            place: place.clone(),
            on_error,
            drops,
            lines: 0,
            sent: Vec::new(),
            left_out: Vec::new(),
            skips_rows: false,
            stop: stop.clone(),
        };
        this.send(format!("BEGIN;\n{first}").as_bytes()).await?;
        Ok(this)
    }

    /// Takes the next bytes of the dump.
    ///
    /// # Errors
    /// A statement failed, or it was stopped; then nothing of the dump stays, and this is of no further use.
    pub async fn feed(&mut self, bytes: &[u8]) -> Result<(), RestoreError> {
        for piece in self.script.feed(bytes) {
            self.pass(piece).await?;
        }
        Ok(())
    }

    /// Ends the transaction well. To be called only when the text is known to have been the whole of the right one.
    ///
    /// # Errors
    /// A statement failed: nothing of the dump stays.
    pub async fn commit(mut self) -> Result<Loaded, RestoreError> {
        let script = std::mem::take(&mut self.script);
        let (rest, scan) = script.finish();
        self.pass(rest).await?;
        self.send(b"\nCOMMIT;\n").await?;
        let left_out = std::mem::take(&mut self.left_out);
        let sent = std::mem::take(&mut self.sent);
        let (status, complaints) = self.end().await?;
        let named = |complaint: &Complaint| LeftOut {
            statement: statement_at(&sent, complaint.line).to_owned(),
            reason: complaint.message.clone(),
        };
        let mut all: Vec<LeftOut> = complaints.all.iter().map(named).collect();
        all.extend(left_out);
        let tolerated = complaints.all.iter().all(Complaint::is_for_want_of_something);
        if status && (complaints.all.is_empty() || tolerated) {
            return Ok(Loaded { scan, left_out: all });
        }
        Err(complaints.failure("psql ended badly"))
    }

    /// Ends psql; the server takes back what was done.
    pub async fn abandon(self) {
        let Self { mut psql, stdin, .. } = self;
        // psql must not take the end of its input for the end of the dump: it goes first.
        psql.kill().await.ok();
        drop(stdin);
    }

    async fn pass(&mut self, piece: Piece) -> Result<(), RestoreError> {
        match piece {
            // All is one transaction, ours.
            Piece::Transaction(_) => Ok(()),
            Piece::Drop(_) if !self.drops => Ok(()),
            Piece::Statement(text) | Piece::Drop(text) => {
                self.send(&text).await?;
                self.note(&text);
                Ok(())
            }
            Piece::Copy { head, schema, name } => {
                self.skips_rows = !self.is_there(&schema, &name).await?;
                if self.skips_rows {
                    let reason = "its table was left out".to_owned();
                    self.left_out.push(LeftOut { statement: excerpt(&head), reason });
                    return Ok(());
                }
                self.send(&head).await?;
                self.note(&head);
                Ok(())
            }
            Piece::Rows(_) if self.skips_rows => Ok(()),
            Piece::Rows(text) | Piece::Rest(text) => self.send(&text).await,
        }
    }

    /// Only where statements may be left out can a table be missing. Its rows, sent all the same, would be taken for SQL.
    async fn is_there(&mut self, schema: &str, name: &str) -> Result<bool, RestoreError> {
        if self.answers.is_none() {
            return Ok(true);
        }
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let table = format!("{}.{}", quoted(schema), quoted(name)).replace('\'', "''");
        self.send(format!("\nSELECT '{MARK}', pg_catalog.to_regclass('{table}') IS NOT NULL;\n").as_bytes())
            .await?;
        let Some(answers) = &mut self.answers else { return Ok(true) };
        let answer = tokio::select! {
            answer = answers.recv() => answer,
            () = self.stop.cancelled() => return Err(RestoreError::Stopped),
        };
        match answer {
            Some(answer) => Ok(answer),
            None => Err(self.why_it_ended().await),
        }
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), RestoreError> {
        self.lines += memchr::memchr_iter(b'\n', bytes).count() as u64;
        let written = tokio::select! {
            written = self.stdin.write_all(bytes) => written,
            () = self.stop.cancelled() => return Err(RestoreError::Stopped),
        };
        match written {
            Ok(()) => Ok(()),
            // It has left already: what it said is the cause.
            Err(_) => Err(self.why_it_ended().await),
        }
    }

    fn note(&mut self, text: &[u8]) {
        if self.on_error == OnError::LeaveOut {
            self.sent.push((self.lines + 1, excerpt(text)));
        }
    }

    async fn why_it_ended(&mut self) -> RestoreError {
        if self.stop.is_cancelled() {
            return RestoreError::Stopped;
        }
        let failed =
            |message: &str| RestoreError::Failed { place: self.place.clone(), message: message.to_owned() };
        match tokio::time::timeout(GRACE, &mut self.stderr).await {
            Ok(Ok(complaints)) => complaints.failure("psql ended before the dump did"),
            _ => failed("psql ended before the dump did"),
        }
    }

    /// Closes psql's input and waits; whether it ended well, and what it said.
    async fn end(self) -> Result<(bool, Complaints), RestoreError> {
        let Self { mut psql, stdin, stderr, place, stop, .. } = self;
        drop(stdin);
        let failed = |message: String| RestoreError::Failed { place: place.clone(), message };
        let status = tokio::select! {
            status = psql.wait() => status.map_err(|error| failed(error.to_string()))?,
            () = stop.cancelled() => {
                psql.kill().await.ok();
                return Err(RestoreError::Stopped);
            }
        };
        let complaints = stderr.await.map_err(|error| failed(error.to_string()))?;
        Ok((status.success(), complaints))
    }
}

/// The answers among what psql prints; the rest is what the dump's queries say.
fn answers(stdout: ChildStdout) -> mpsc::Receiver<bool> {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut lines = BufReader::new(stdout).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let Some(answer) = line.strip_prefix(MARK).and_then(|rest| rest.strip_prefix('|')) else {
                continue;
            };
            if sender.send(answer == "t").await.is_err() {
                return;
            }
        }
    });
    receiver
}

/// The statement that psql means by a line: the one that ended there.
fn statement_at(sent: &[(u64, String)], line: u64) -> &str {
    let after = sent.partition_point(|(end, _)| *end < line);
    sent.get(after).map_or("", |(_, excerpt)| excerpt)
}

/// The beginning of a statement on one line, without the comments above it.
fn excerpt(text: &[u8]) -> String {
    let statement = without_comments(text);
    let text = String::from_utf8_lossy(&statement[..statement.len().min(2048)]);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(160).collect()
}
