//! Rows over several connections: each piece of a table's rows is one COPY, by the next connection that is free.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Shared;
use crate::databases::postgres::PgError;
use crate::databases::postgres::restore::RestoreError;
use crate::databases::postgres::restore::load::Load;
use crate::databases::postgres::restore::script::Piece;
use crate::databases::postgres::sql::{Boundary, Scan};

/// Blocks that wait for one connection: a usual piece, so that the next one can begin meanwhile.
const BLOCKS_AHEAD: usize = 20;
/// The line that ends rows.
const END: &[u8] = b"\\.\n";
/// The same after a row, or after the COPY statement.
const ROW_AND_END: &[u8] = b"\n\\.\n";
const NO_HEAD: &str = "the rows of a table begin without their COPY statement";

/// The connections that load rows.
#[derive(Debug)]
pub(super) struct RowLoaders {
    jobs: usize,
    idle: Vec<Load>,
    busy: JoinSet<Result<Load, RestoreError>>,
    /// The piece that is being sent.
    blocks: Option<mpsc::Sender<Vec<u8>>>,
    /// The COPY statement of its table.
    head: Arc<Vec<u8>>,
}

impl RowLoaders {
    pub(super) fn new(jobs: usize) -> Self {
        Self { jobs, idle: Vec::new(), busy: JoinSet::new(), blocks: None, head: Arc::default() }
    }

    /// Begins a piece with its first block.
    pub(super) async fn begin(
        &mut self,
        (shared, dump_settings): (&Shared, &[Vec<u8>]),
        mut text: Vec<u8>,
        continues: bool,
    ) -> Result<(), RestoreError> {
        self.blocks = None;
        if continues {
            // The head has no line break: the rows begin with it.
            text.insert(0, b'\n');
        } else {
            let (rest, boundary) = Scan::default().advance(&text);
            if !matches!(boundary, Some(Boundary::Copy { .. })) {
                return Err(RestoreError::failed(shared.connection.place(), PgError::ours(NO_HEAD)));
            }
            let rows = rest.to_vec();
            text.truncate(text.len() - rows.len());
            self.head = Arc::new(std::mem::replace(&mut text, rows));
        }
        let load = match self.idle.pop() {
            Some(load) => load,
            None if self.busy.len() < self.jobs => shared.later_load(dump_settings).await?,
            None => self.next_free().await?,
        };
        let (blocks, receiver) = mpsc::channel(BLOCKS_AHEAD);
        self.blocks = Some(blocks);
        self.busy.spawn(copy(load, Arc::clone(&self.head), receiver));
        self.send(text).await
    }

    /// Sends the next block of the piece.
    pub(super) async fn send(&mut self, text: Vec<u8>) -> Result<(), RestoreError> {
        let Some(blocks) = &self.blocks else { return Ok(()) };
        if blocks.send(text).await.is_ok() {
            return Ok(());
        }
        // Its connection failed. Connections that are done before it do not matter.
        loop {
            self.next_free().await?;
        }
    }

    /// Waits for all rows, and commits them.
    pub(super) async fn end(&mut self, stop: &CancellationToken) -> Result<(), RestoreError> {
        self.blocks = None;
        while !self.busy.is_empty() {
            let load = self.next_free().await?;
            self.idle.push(load);
        }
        let mut commits = JoinSet::new();
        for load in self.idle.drain(..) {
            commits.spawn(load.commit());
        }
        let mut first = Ok(());
        while let Some(committed) = commits.join_next().await {
            let committed = committed.unwrap_or(Err(RestoreError::Stopped)).map(drop);
            if committed.is_err() {
                stop.cancel();
            }
            first = first.and(committed);
        }
        first
    }

    /// Ends every connection.
    pub(super) async fn abandon(mut self) {
        self.blocks = None;
        while let Some(done) = self.busy.join_next().await {
            self.idle.extend(done.ok().and_then(Result::ok));
        }
        for load in self.idle {
            load.abandon().await;
        }
    }

    async fn next_free(&mut self) -> Result<Load, RestoreError> {
        match self.busy.join_next().await {
            Some(Ok(done)) => done,
            // A task that panicked, or none is left: the cause was returned before.
            Some(Err(_)) | None => Err(RestoreError::Stopped),
        }
    }
}

/// One piece of rows. `blocks` ends after its last one.
async fn copy(
    mut load: Load,
    head: Arc<Vec<u8>>,
    mut blocks: mpsc::Receiver<Vec<u8>>,
) -> Result<Load, RestoreError> {
    let mut sending = async || {
        load.send_piece(Piece::Copy(head.to_vec())).await?;
        let mut last = Vec::new();
        while let Some(text) = blocks.recv().await {
            // Blocks end anywhere.
            last.extend_from_slice(&text[text.len().saturating_sub(ROW_AND_END.len())..]);
            last.drain(..last.len().saturating_sub(ROW_AND_END.len()));
            load.send_piece(Piece::Rows(text)).await?;
        }
        // A backslash in a row is doubled, so no row is this line.
        let is_ended = last == ROW_AND_END;
        if is_ended { Ok(()) } else { load.send_piece(Piece::Rows(END.to_vec())).await }
    };
    match sending().await {
        Ok(()) => Ok(load),
        Err(failure) => {
            load.abandon().await;
            Err(failure)
        }
    }
}
