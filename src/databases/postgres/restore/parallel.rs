//! Loads a dump's text over several connections, into a database that only this run knows: schema first, then rows,
//! then indexes and constraints. Each connection commits its own part, so that only the caller makes the database
//! visible, and drops it if anything fails.

mod rows;
mod steps;

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio_util::sync::{CancellationToken, DropGuard};

use super::load::{Load, LoadOptions, OnError};
use super::script::{Piece, Script, is_a_setting};
use super::{Loaded, RestoreError};
use crate::databases::postgres::Connection;
use crate::databases::postgres::client::Client;
use crate::databases::postgres::server::Money;
use crate::databases::postgres::sql::{Block, PieceStart, Scan, locks_of, without_comments};
use rows::RowLoaders;
use steps::Steps;

/// How a dump is loaded in parallel.
#[derive(Debug, Clone)]
pub struct ParallelOptions {
    /// Connections at once.
    pub jobs: usize,
    /// SQL to run before the first statement.
    pub first: String,
    /// SQL that applies the database's settings to the database. Its values are never shown.
    pub settings: String,
    /// The same for each session.
    pub session_settings: String,
    /// How the dump writes amounts of money.
    pub money: Money,
    /// Whether the target has PL/pgSQL.
    pub has_blocks: bool,
    /// Whether materialized views that read other servers are refreshed.
    pub reaches_out: bool,
}

/// What each connection needs.
#[derive(Debug)]
struct Shared {
    client: Client,
    connection: Connection,
    options: ParallelOptions,
    stop: CancellationToken,
}

impl Shared {
    /// Begins a transaction of its own.
    async fn load(&self, first: &str, settings: &str) -> Result<Load, RestoreError> {
        let ParallelOptions { money, has_blocks, reaches_out, .. } = self.options;
        let options = LoadOptions {
            on_error: OnError::GiveUp,
            first,
            settings,
            last: "",
            drops: false,
            money,
            has_blocks,
            reaches_out,
        };
        Load::start(&self.client, &self.connection, options, &self.stop).await
    }

    /// Begins a transaction with the settings that the dump begins with.
    async fn later_load(&self, dump_settings: &[Vec<u8>]) -> Result<Load, RestoreError> {
        let mut load = self.load("", &self.options.session_settings).await?;
        for setting in dump_settings {
            load.send_piece(Piece::Statement(setting.clone())).await?;
        }
        Ok(load)
    }
}

/// A load over several connections. Give it every block of the text, then [`ParallelLoad::finish`] or
/// [`ParallelLoad::abandon`].
#[derive(Debug)]
pub struct ParallelLoad {
    shared: Arc<Shared>,
    script: Script,
    /// The dump's own settings.
    dump_settings: Arc<Vec<Vec<u8>>>,
    /// The transaction of statements that run alone.
    main: Option<Load>,
    has_begun: bool,
    /// Indexes and constraints that wait.
    steps: Steps,
    rows: RowLoaders,
    in_rows: bool,
    /// Statements about event triggers, sent last.
    reactions: Vec<Vec<u8>>,
    refreshes: BTreeSet<String>,
    _stop_on_drop: DropGuard,
}

impl ParallelLoad {
    /// Prepares it. Nothing is sent yet.
    #[must_use]
    pub fn new(
        client: &Client,
        connection: &Connection,
        options: ParallelOptions,
        stop: &CancellationToken,
    ) -> Self {
        let stop = stop.child_token();
        let guard = stop.clone().drop_guard();
        let jobs = options.jobs;
        let (client, connection) = (client.clone(), connection.clone());
        Self {
            shared: Arc::new(Shared { client, connection, options, stop }),
            script: Script::default(),
            dump_settings: Arc::default(),
            main: None,
            has_begun: false,
            steps: Steps::default(),
            rows: RowLoaders::new(jobs),
            in_rows: false,
            reactions: Vec::new(),
            refreshes: BTreeSet::new(),
            _stop_on_drop: guard,
        }
    }

    /// Takes the next block. The scan is that of the text so far.
    ///
    /// # Errors
    /// A statement failed on one of the connections, or the restore was stopped.
    pub async fn feed(&mut self, block: Block, scan: &Scan) -> Result<(), RestoreError> {
        let Block { text, begins } = block;
        if let Some(PieceStart { table, continues }) = begins {
            self.in_rows = table.is_some();
            if self.in_rows {
                self.commit_statements().await?;
                let shared = (&*self.shared, self.dump_settings.as_slice());
                return self.rows.begin(shared, text, continues).await;
            }
            self.rows.end(&self.shared.stop).await?;
        }
        if self.in_rows {
            return self.rows.send(text).await;
        }
        for piece in self.script.feed(&text) {
            self.statement(piece, scan).await?;
        }
        Ok(())
    }

    /// Loads what is left, and commits everything.
    ///
    /// # Errors
    /// As [`ParallelLoad::feed`].
    pub async fn finish(mut self) -> Result<Loaded, RestoreError> {
        match self.complete().await {
            Ok(()) => Ok(Loaded::whole(self.refreshes)),
            Err(failure) => {
                self.abandon().await;
                Err(failure)
            }
        }
    }

    async fn complete(&mut self) -> Result<(), RestoreError> {
        self.rows.end(&self.shared.stop).await?;
        let (rest, _) = std::mem::take(&mut self.script).finish();
        self.run_steps().await?;
        let reactions = std::mem::take(&mut self.reactions);
        let main = self.main().await?;
        main.send_piece(rest).await?;
        // Event triggers would react to everything that follows them, so they come last.
        for reaction in reactions {
            main.send_piece(Piece::Reaction(reaction)).await?;
        }
        self.commit_main().await
    }

    /// Ends every session. It does not undo what they committed.
    pub async fn abandon(mut self) {
        self.shared.stop.cancel();
        if let Some(main) = self.main.take() {
            main.abandon().await;
        }
        self.rows.abandon().await;
    }

    async fn statement(&mut self, piece: Piece, scan: &Scan) -> Result<(), RestoreError> {
        match piece {
            // Other servers store their files in other places.
            Piece::Tablespace(_) => {}
            Piece::Reaction(text) => self.reactions.push(text),
            Piece::Statement(text) => match locks_of(without_comments(&text)) {
                Some((step, locks)) => {
                    if !self.steps.takes(step) {
                        self.run_steps().await?;
                    }
                    self.steps.push(step, locks, text, scan);
                }
                None => {
                    self.run_steps().await?;
                    if is_a_setting(&text) {
                        Arc::make_mut(&mut self.dump_settings).push(text.clone());
                    }
                    self.main().await?.send_piece(Piece::Statement(text)).await?;
                }
            },
            piece => {
                self.run_steps().await?;
                self.main().await?.send_piece(piece).await?;
            }
        }
        Ok(())
    }

    /// The transaction of statements that run alone, begun if there is none.
    async fn main(&mut self) -> Result<&mut Load, RestoreError> {
        let load = match self.main.take() {
            Some(load) => load,
            None if self.has_begun => self.shared.later_load(&self.dump_settings).await?,
            None => {
                let ParallelOptions { first, settings, session_settings, .. } = &self.shared.options;
                self.shared.load(first, &format!("{session_settings}{settings}")).await?
            }
        };
        self.has_begun = true;
        Ok(self.main.insert(load))
    }

    async fn commit_main(&mut self) -> Result<(), RestoreError> {
        if let Some(main) = self.main.take() {
            self.refreshes.extend(main.commit().await?.refreshes);
        }
        Ok(())
    }

    /// Other sessions see what was loaded so far.
    async fn commit_statements(&mut self) -> Result<(), RestoreError> {
        self.run_steps().await?;
        self.commit_main().await
    }

    async fn run_steps(&mut self) -> Result<(), RestoreError> {
        if self.steps.is_empty() {
            return Ok(());
        }
        self.commit_main().await?;
        let steps = std::mem::take(&mut self.steps);
        steps.run(&self.shared, &self.dump_settings).await
    }
}
