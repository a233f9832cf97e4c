//! A dump's text into a database, through psql, in one transaction.
//!
//! A plain dump that ends too early would be committed without an error, so the word `COMMIT` is ours to say, and it is
//! said only when the caller knows that the text was whole and the right one.

use std::borrow::Cow;
use std::collections::BTreeSet;

use tokio_util::sync::CancellationToken;

use super::RestoreError;
use super::adapted::Form;
use super::complaints::{Heard, Refused};
use super::psql::Psql;
use super::script::{Piece, Script};
use super::session;
use crate::dump::Connection;
use crate::dump::client::Client;
use crate::dump::scan::{Boundary, Scan, shown, without_comments};
use crate::dump::server::Money;

/// After so many statements, psql is asked what it has to say: fewer than it remembers.
const ASKED: u32 = 5000;

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
    /// SQL that sets what the database's own settings were; nothing in it may be shown.
    pub settings: &'a str,
    /// SQL that runs after all else.
    pub last: &'a str,
    /// Whether the dump's own statements drop what is there.
    pub drops: bool,
    /// How its amounts of money are written.
    pub money: Money,
    /// Whether the target has PL/pgSQL.
    pub has_blocks: bool,
    /// Whether materialized views that read other servers are refreshed.
    pub reaches_out: bool,
}

/// A statement that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Its kind and names.
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
    /// The statements that refresh materialized views, as they may be shown.
    pub refreshes: BTreeSet<String>,
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
    last: String,
    form: Form,
    /// Statements about event triggers, which come after all else.
    reactions: Vec<Vec<u8>>,
    /// Statements that refresh views, which may have to wait for each other.
    refreshes: Vec<Vec<u8>>,
    /// Statements since psql was last asked what it has to say.
    unasked: u32,
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
        let Manner { on_error, first, settings, last, drops, money, has_blocks, reaches_out } = manner;
        let mut psql = Psql::start(client, connection, on_error == OnError::LeaveOut, stop)?;
        // Nobody who wrote a dump can know the key, so psql obeys none of its own commands, whatever they are hidden in.
        let key = uuid::Uuid::new_v4().simple().to_string();
        let ours = session::begin(&key, money) + first;
        psql.note_ours(ours.as_bytes());
        psql.send(ours.as_bytes()).await?;
        psql.pass_over(settings.as_bytes());
        psql.send(settings.as_bytes()).await?;
        Ok(Self {
            psql,
            script: Script::default(),
            place: connection.place(),
            on_error,
            drops,
            last: last.to_owned(),
            form: Form { key, has_blocks, reaches_out },
            reactions: Vec::new(),
            refreshes: Vec::new(),
            unasked: 0,
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
        let Self { psql, place, left_out: tables, stop, on_error, refreshes, .. } = self;
        let refreshes = refreshes.iter().map(|statement| shown(statement)).collect();
        // From here on the server may have heard the word.
        let unsure = || RestoreError::Unsure { place: place.clone() };
        let (status, complaints) = psql.end().await.map_err(|_| unsure())?;
        let refused = complaints.are_unheard;
        match status.code() {
            // Then psql would have ended with 3 had anything failed.
            Some(0) if on_error == OnError::GiveUp => {
                Ok(Loaded { scan, left_out: Vec::new(), refreshes, tables })
            }
            Some(0) if !refused => {
                let named = |refused: &Refused| LeftOut {
                    statement: refused.statement.clone(),
                    reason: refused.complaint.to_string(),
                };
                let left_out = complaints.all.iter().map(named).collect();
                Ok(Loaded { scan, left_out, refreshes, tables })
            }
            // So psql ends where a statement failed (psql, "Exit Status"); else the connection was lost, or it was stopped.
            Some(0 | 3) if refused && stop.is_cancelled() => Err(RestoreError::Stopped),
            Some(0 | 3) if refused => Err(complaints.failure("psql exited with an error")),
            _ => Err(unsure()),
        }
    }

    async fn say_commit(&mut self, rest: Piece) -> Result<(), RestoreError> {
        self.pass(rest).await?;
        self.refresh_those_that_wait().await?;
        // They would react to all that comes before them, and to nothing that comes after.
        for statement in std::mem::take(&mut self.reactions) {
            self.send_statement(&statement).await?;
        }
        self.psql.send(self.last.as_bytes()).await?;
        // The server would commit what is left when a statement was taken back alone.
        self.psql.heard().await?;
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
            Piece::Statement(text) | Piece::Drop(text) => self.send_statement(&text).await,
            Piece::Reaction(text) => {
                self.reactions.push(text);
                Ok(())
            }
            Piece::Copy(head) => {
                self.skips_rows = !self.takes_rows(&head).await?;
                if self.skips_rows {
                    self.left_out.extend(table_of(&head));
                } else {
                    self.psql.note(&head);
                    self.psql.send(&self.form.of(&head)).await?;
                }
                Ok(())
            }
            Piece::Rows(_) if self.skips_rows => Ok(()),
            Piece::Rows(text) => {
                self.psql.note_rows(&text);
                self.psql.send(&text).await
            }
            Piece::Rest(text) => self.psql.send(&without_restrictions(&text)).await,
        }
    }

    async fn send_statement(&mut self, text: &[u8]) -> Result<(), RestoreError> {
        self.ask_now_and_then().await?;
        let text = without_restrictions(text);
        self.psql.note(&text);
        self.psql.send(&self.form.of(&text)).await?;
        if self.form.is_refreshed_in_a_block(&text) {
            self.refreshes.push(text.into_owned());
        }
        Ok(())
    }

    /// Each is sent once more by itself, so that one that cannot be refreshed is named.
    async fn refresh_those_that_wait(&mut self) -> Result<(), RestoreError> {
        if self.refreshes.is_empty() {
            return Ok(());
        }
        self.psql.send(&self.form.refreshing_those_that_wait()).await?;
        for statement in &self.refreshes {
            self.psql.note(statement);
            self.psql.send(&self.form.refreshing_at_last(statement)).await?;
        }
        Ok(())
    }

    /// Only where statements may be left out can a table be missing, or be another one. Its rows, sent all the same, would
    /// be taken for SQL: so the head goes ahead with no rows.
    async fn takes_rows(&mut self, head: &[u8]) -> Result<bool, RestoreError> {
        if self.on_error == OnError::GiveUp {
            return Ok(true);
        }
        self.psql.heard().await?;
        let empty = [self.form.of(head).trim_ascii_end(), b"\n\\.\n"].concat();
        self.psql.note(&empty);
        self.psql.send(&empty).await?;
        Ok(self.psql.heard().await? == Heard::Nothing)
    }

    /// Where statements may fail, none is forgotten before it is known whether it did.
    async fn ask_now_and_then(&mut self) -> Result<(), RestoreError> {
        self.unasked += 1;
        if self.unasked < ASKED {
            return Ok(());
        }
        self.unasked = 0;
        self.psql.heard().await.map(drop)
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
