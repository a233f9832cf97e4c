//! A dump's text into a database, through psql, in one transaction.
//!
//! A plain dump that ends too early would be committed without an error, so the word `COMMIT` is ours to say, and it is
//! said only when the caller knows that the text was whole and the right one.

use std::borrow::Cow;
use std::collections::BTreeSet;

use tokio_util::sync::CancellationToken;

use super::RestoreError;
use super::complaints::{Complaint, Heard};
use super::psql::Psql;
use super::script::{Piece, Script};
use super::session;
use crate::dump::Connection;
use crate::dump::client::Client;
use crate::dump::scan::{Boundary, Scan, shown, without_comments};
use crate::dump::server::Money;

/// So many characters tell which statement was left out.
const EXCERPT: usize = 160;
/// After so many statements psql is asked which of them were refused: the others need not be remembered.
const UNSETTLED: usize = 1000;

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
    /// How its amounts of money are written.
    pub money: Money,
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
    /// Tables whose rows were left out, by schema and name.
    tables: BTreeSet<(String, String)>,
}

impl Loaded {
    /// The tables that took no rows, by schema and name; `None` where nothing at all was left out.
    #[must_use]
    pub fn left_out_tables(&self) -> Option<&BTreeSet<(String, String)>> {
        (!self.left_out.is_empty()).then_some(&self.tables)
    }
}

/// A running psql in a transaction. Feed it, then [`Load::commit`] or [`Load::abandon`]; dropping it abandons.
#[derive(Debug)]
pub struct Load {
    psql: Psql,
    script: Script,
    place: String,
    on_error: OnError,
    drops: bool,
    /// Lines of psql's input at which statements ended: those that were refused, and the latest ones.
    sent: Vec<(u64, String)>,
    /// So many of them are known to have been refused.
    settled: usize,
    /// Whether the rows that come now belong to a table that does not take them.
    skips_rows: bool,
    /// Tables that took none.
    left_out: BTreeSet<(String, String)>,
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
        let Manner { on_error, first, drops, money } = manner;
        let mut psql = Psql::start(client, connection, on_error == OnError::LeaveOut, stop)?;
        // Nobody who wrote a dump can know the key, so psql obeys none of its own commands, whatever they are hidden in.
        let key = uuid::Uuid::new_v4().simple().to_string();
        psql.send((session::begin(&key, money) + first).as_bytes()).await?;
        Ok(Self {
            psql,
            script: Script::default(),
            place: connection.place(),
            on_error,
            drops,
            sent: Vec::new(),
            settled: 0,
            skips_rows: false,
            left_out: BTreeSet::new(),
            stop: stop.clone(),
        })
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
    /// A statement failed: nothing of the dump stays. [`RestoreError::Unsure`] where nobody knows.
    pub async fn commit(mut self) -> Result<Loaded, RestoreError> {
        let script = std::mem::take(&mut self.script);
        let (rest, scan) = script.finish();
        if let Err(failure) = self.say_commit(rest).await {
            self.abandon().await;
            return Err(failure);
        }
        let Self { psql, place, sent, left_out: tables, stop, on_error, .. } = self;
        let (status, complaints) = psql.end().await?;
        let refused = complaints.are_unheard;
        match status.code() {
            // Then psql would have ended with 3 had anything failed.
            Some(0) if on_error == OnError::GiveUp => Ok(Loaded { scan, left_out: Vec::new(), tables }),
            Some(0) if !refused => {
                let named = |complaint: &Complaint| LeftOut {
                    statement: statement_at(&sent, complaint.line).to_owned(),
                    reason: complaint.message.clone(),
                };
                Ok(Loaded { scan, left_out: complaints.all.iter().map(named).collect(), tables })
            }
            // So psql ends where a statement failed (psql, "Exit Status"); else the connection was lost, or it was stopped.
            Some(0 | 3) if refused && stop.is_cancelled() => Err(RestoreError::Stopped),
            Some(0 | 3) if refused => Err(complaints.failure("psql ended badly")),
            _ => Err(RestoreError::Unsure { place }),
        }
    }

    async fn say_commit(&mut self, rest: Piece) -> Result<(), RestoreError> {
        self.pass(rest).await?;
        // The server would commit what is left when a statement was taken back alone.
        self.settle().await?;
        self.psql.send(b"\nCOMMIT;\n").await
    }

    /// Ends psql; the server takes back what was done.
    pub async fn abandon(self) {
        self.psql.abandon().await;
    }

    async fn pass(&mut self, piece: Piece) -> Result<(), RestoreError> {
        match piece {
            // All is one transaction, ours.
            Piece::Transaction(_) => Ok(()),
            // Other servers keep their files in other places.
            Piece::Place(_) => Ok(()),
            Piece::Drop(_) if !self.drops => Ok(()),
            Piece::Statement(text) | Piece::Drop(text) => {
                self.psql.send(&without_restrictions(&text)).await?;
                self.note(&text);
                if self.sent.len() - self.settled >= UNSETTLED {
                    self.settle().await?;
                }
                Ok(())
            }
            Piece::Copy(head) => {
                self.skips_rows = !self.takes_rows(&head).await?;
                if self.skips_rows {
                    self.left_out.extend(table_of(&head));
                } else {
                    self.psql.send(&head).await?;
                    self.note(&head);
                }
                Ok(())
            }
            Piece::Rows(_) if self.skips_rows => Ok(()),
            Piece::Rows(text) => {
                self.psql.send(&text).await?;
                // psql complains of rows at the end of their block.
                if let Some((line, _)) = self.sent.last_mut() {
                    *line = self.psql.lines() + 1;
                }
                Ok(())
            }
            Piece::Rest(text) => self.psql.send(&without_restrictions(&text)).await,
        }
    }

    /// Only where statements may be left out can a table be missing, or be another one. Its rows, sent all the same, would
    /// be taken for SQL: so the head goes ahead with no rows.
    async fn takes_rows(&mut self, head: &[u8]) -> Result<bool, RestoreError> {
        if self.on_error == OnError::GiveUp {
            return Ok(true);
        }
        self.settle().await?;
        self.psql.send(head.trim_ascii_end()).await?;
        self.note(head);
        self.psql.send(b"\n\\.\n").await?;
        self.settle().await
    }

    /// Waits until psql has run all that was sent, and forgets what was not refused; gives whether that is everything.
    async fn settle(&mut self) -> Result<bool, RestoreError> {
        let heard = self.psql.heard().await?;
        let lines = match &heard {
            Heard::Bearable(lines) => lines.as_slice(),
            Heard::Nothing | Heard::Unbearable(_) => &[],
        };
        let refused: BTreeSet<usize> =
            lines.iter().map(|line| self.sent.partition_point(|(end, _)| end < line)).collect();
        let mut at = 0;
        let settled = self.settled;
        self.sent.retain(|_| {
            at += 1;
            at <= settled || refused.contains(&(at - 1))
        });
        self.settled = self.sent.len();
        Ok(heard == Heard::Nothing)
    }

    fn note(&mut self, text: &[u8]) {
        if self.on_error == OnError::LeaveOut {
            self.sent.push((self.psql.lines() + 1, shown(text).chars().take(EXCERPT).collect()));
        }
    }
}

/// A piece without the dump's own restrictions, which stand above a statement: ours is in force already.
fn without_restrictions(text: &[u8]) -> Cow<'_, [u8]> {
    let (above, statement) = text.split_at(text.len() - without_comments(text).len());
    if memchr::memmem::find(above, b"restrict ").is_none() {
        return Cow::Borrowed(text);
    }
    let is_one = |line: &&[u8]| line.starts_with(b"\\restrict ") || line.starts_with(b"\\unrestrict ");
    let kept = above.split_inclusive(|byte| *byte == b'\n').filter(|line| !is_one(line));
    Cow::Owned(kept.flatten().chain(statement).copied().collect())
}

/// The table of a head, by schema and name.
fn table_of(head: &[u8]) -> Option<(String, String)> {
    match Scan::default().advance(head).1 {
        Some(Boundary::Copy { schema, name }) => Some((schema, name)),
        _ => None,
    }
}

/// The statement that psql means by a line: the one that ended there.
fn statement_at(sent: &[(u64, String)], line: u64) -> &str {
    let after = sent.partition_point(|(end, _)| *end < line);
    sent.get(after).map_or("", |(_, excerpt)| excerpt)
}
