//! Loads a dump's text into a database through psql, in one transaction.
//!
//! psql would commit a truncated plain dump without an error. So the dump's own COMMIT is dropped, and ours is sent
//! only after the caller has verified the whole text.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::psql::Psql;
use super::psql_errors::{FailedStatement, Reported};
use super::rewrite::Rewriter;
use super::script::{Piece, Script};
use super::{RestoreError, session};
use crate::databases::postgres::Connection;
use crate::databases::postgres::client::Client;
use crate::databases::postgres::server::Money;
use crate::databases::postgres::sql::{Boundary, Scan, shown, without_comments};

/// Number of statements after which psql is asked for its errors. Fewer than it remembers.
const ASKED: u32 = 5000;

/// What to do if a statement fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnError {
    /// Restore nothing.
    GiveUp,
    /// Leave out a statement that fails because something is missing, and report it.
    LeaveOut,
}

/// How a dump is loaded.
#[derive(Debug, Clone, Copy)]
pub struct LoadOptions<'a> {
    /// What to do if a statement fails.
    pub on_error: OnError,
    /// SQL to run first in the transaction.
    pub first: &'a str,
    /// SQL that applies the database's own settings. Its values are never shown.
    pub settings: &'a str,
    /// SQL to run last.
    pub last: &'a str,
    /// Whether the dump's own statements drop existing objects.
    pub drops: bool,
    /// How the dump writes amounts of money.
    pub money: Money,
    /// Whether the target has PL/pgSQL.
    pub has_blocks: bool,
    /// Whether materialized views that read other servers are refreshed.
    pub reaches_out: bool,
}

/// A statement that was left out. In a drill report, an object with these keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Kind and names.
    pub statement: String,
    /// The server's error, safe to show.
    pub reason: String,
}

/// The result of a load.
#[derive(Debug)]
pub struct Loaded {
    /// Statements left out.
    pub left_out: Vec<LeftOut>,
    /// Statements that refresh materialized views, safe to show.
    pub refreshes: BTreeSet<String>,
    /// Tables whose rows were left out, by schema and name.
    tables: BTreeSet<(String, String)>,
}

impl Loaded {
    /// Of a load that left nothing out.
    pub(super) fn whole(refreshes: BTreeSet<String>) -> Self {
        Self { left_out: Vec::new(), refreshes, tables: BTreeSet::new() }
    }

    /// Tables that took no rows, by schema and name. `None` if nothing at all was left out.
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
    form: Rewriter,
    /// Statements about event triggers, sent last.
    reactions: Vec<Vec<u8>>,
    /// Statements that refresh views, and that may have to wait for each other.
    refreshes: Vec<Vec<u8>>,
    /// Statements since psql was last asked for its errors.
    unasked: u32,
    /// Whether the current rows belong to a table that does not exist.
    skips_rows: bool,
    /// Tables that took no rows.
    left_out: BTreeSet<(String, String)>,
    stop: CancellationToken,
}

impl Load {
    /// Starts psql and a transaction.
    ///
    /// # Errors
    /// psql does not start.
    pub async fn start(
        client: &Client,
        connection: &Connection,
        manner: LoadOptions<'_>,
        stop: &CancellationToken,
    ) -> Result<Self, RestoreError> {
        let LoadOptions { on_error, first, settings, last, drops, money, has_blocks, reaches_out } = manner;
        let mut psql = Psql::start(client, connection, on_error == OnError::LeaveOut, stop)?;
        // The author of a dump cannot know the key, so psql obeys none of the dump's own commands, wherever they
        // hide.
        let key = uuid::Uuid::new_v4().simple().to_string();
        let ours = session::begin(&key, money) + first;
        psql.note_ours(ours.as_bytes());
        psql.send(ours.as_bytes()).await?;
        psql.note_secret(settings.as_bytes());
        psql.send(settings.as_bytes()).await?;
        Ok(Self {
            psql,
            script: Script::default(),
            place: connection.place(),
            on_error,
            drops,
            last: last.to_owned(),
            form: Rewriter { key, has_blocks, reaches_out },
            reactions: Vec::new(),
            refreshes: Vec::new(),
            unasked: 0,
            skips_rows: false,
            left_out: BTreeSet::new(),
            stop: stop.clone(),
        })
    }

    /// Sends the next bytes of the dump.
    ///
    /// # Errors
    /// A statement failed, or the restore was stopped. The transaction is rolled back, and this is of no further use.
    pub async fn feed(&mut self, bytes: &[u8]) -> Result<(), RestoreError> {
        for piece in self.script.feed(bytes) {
            self.send_piece(piece).await?;
        }
        Ok(())
    }

    /// Commits. Call it only after the whole text has been verified.
    ///
    /// # Errors
    /// A statement failed and the transaction is rolled back, or [`RestoreError::Unsure`] if the connection was lost
    /// during COMMIT.
    pub async fn commit(mut self) -> Result<Loaded, RestoreError> {
        let script = std::mem::take(&mut self.script);
        let (rest, _) = script.finish();
        if let Err(failure) = self.send_commit(rest).await {
            self.abandon().await;
            return Err(failure);
        }
        let Self { psql, place, left_out: tables, stop, on_error, refreshes, .. } = self;
        let refreshes = refreshes.iter().map(|statement| shown(statement)).collect();
        // From here on the server may have received COMMIT, so a lost connection proves nothing either way.
        let unsure = || RestoreError::Unsure { place: place.clone() };
        let (status, complaints) = psql.end().await.map_err(|_| unsure())?;
        let refused = complaints.since_mark;
        match status.code() {
            // psql exits with 3 if a statement fails, so 0 means that all of them succeeded.
            Some(0) if on_error == OnError::GiveUp => Ok(Loaded { left_out: Vec::new(), refreshes, tables }),
            Some(0) if !refused => {
                let named = |refused: &FailedStatement| LeftOut {
                    statement: refused.statement.clone(),
                    reason: refused.complaint.to_string(),
                };
                let left_out = complaints.all.iter().map(named).collect();
                Ok(Loaded { left_out, refreshes, tables })
            }
            // psql exits with 3 if a statement fails (psql, "Exit Status"). Any other status means a lost connection
            // or a stop.
            Some(0 | 3) if refused && stop.is_cancelled() => Err(RestoreError::Stopped),
            Some(0 | 3) if refused => Err(complaints.failure("psql exited with an error")),
            _ => Err(unsure()),
        }
    }

    async fn send_commit(&mut self, rest: Piece) -> Result<(), RestoreError> {
        self.send_piece(rest).await?;
        self.refresh_those_that_wait().await?;
        // Event triggers would react to everything that follows them, so they come last.
        for statement in std::mem::take(&mut self.reactions) {
            self.send_statement(&statement).await?;
        }
        self.psql.send(self.last.as_bytes()).await?;
        // A statement that was undone by its savepoint does not stop COMMIT, so its error must be known before.
        self.psql.ask_for_errors().await?;
        self.psql.send(b"\nCOMMIT;\n").await
    }

    /// Ends psql. The server rolls back.
    pub async fn abandon(self) {
        self.psql.abandon().await;
    }

    /// Sends a piece that was cut before.
    pub(super) async fn send_piece(&mut self, piece: Piece) -> Result<(), RestoreError> {
        match piece {
            // We send our own transaction.
            Piece::Transaction(_) => Ok(()),
            // Other servers store their files in other places.
            Piece::Tablespace(_) => Ok(()),
            Piece::Drop(_) if !self.drops => Ok(()),
            Piece::Statement(text) | Piece::Drop(text) => self.send_statement(&text).await,
            Piece::Reaction(text) => {
                self.reactions.push(text);
                Ok(())
            }
            Piece::Copy(head) => {
                self.skips_rows = !self.accepts_rows(&head).await?;
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
        self.ask_for_errors_at_times().await?;
        let text = without_restrictions(text);
        self.psql.note(&text);
        self.psql.send(&self.form.of(&text)).await?;
        if self.form.is_refreshed_in_a_block(&text) {
            self.refreshes.push(text.into_owned());
        }
        Ok(())
    }

    /// Sends each statement once more by itself, so that a view that cannot be refreshed is named.
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

    /// If statements can be left out, a table may be missing or different, and psql would run its rows as SQL. So the
    /// head goes ahead once, without rows, as a test.
    async fn accepts_rows(&mut self, head: &[u8]) -> Result<bool, RestoreError> {
        if self.on_error == OnError::GiveUp {
            return Ok(true);
        }
        self.psql.ask_for_errors().await?;
        let empty = [self.form.of(head).trim_ascii_end(), b"\n\\.\n"].concat();
        self.psql.note(&empty);
        self.psql.send(&empty).await?;
        Ok(self.psql.ask_for_errors().await? == Reported::Nothing)
    }

    /// If statements can fail, psql must report them before it forgets them.
    async fn ask_for_errors_at_times(&mut self) -> Result<(), RestoreError> {
        self.unasked += 1;
        if self.unasked < ASKED {
            return Ok(());
        }
        self.unasked = 0;
        self.psql.ask_for_errors().await.map(drop)
    }
}

/// Removes the dump's own `\restrict` lines above a statement. Ours is in force already.
fn without_restrictions(text: &[u8]) -> Cow<'_, [u8]> {
    let (above, statement) = text.split_at(text.len() - without_comments(text).len());
    if memchr::memmem::find(above, b"restrict ").is_none() {
        return Cow::Borrowed(text);
    }
    let is_one = |line: &&[u8]| line.starts_with(b"\\restrict ") || line.starts_with(b"\\unrestrict ");
    let kept = above.split_inclusive(|byte| *byte == b'\n').filter(|line| !is_one(line));
    Cow::Owned(kept.flatten().chain(statement).copied().collect())
}

/// The table of a COPY head, by schema and name.
fn table_of(head: &[u8]) -> Option<(String, String)> {
    match Scan::default().advance(head).1 {
        Some(Boundary::Copy { schema, name }) => Some((schema, name)),
        _ => None,
    }
}
