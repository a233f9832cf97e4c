//! Indexes and constraints over several connections: each is built by a connection of its own, unless it must wait for
//! another one's lock.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::Shared;
use crate::databases::postgres::restore::RestoreError;
use crate::databases::postgres::restore::script::Piece;
use crate::databases::postgres::sql::{Locks, Scan, Step};

/// A table with fewer rows is not worth a connection for each of its indexes.
const SMALL_TABLE_ROWS: u64 = 50_000;
/// Statements of small tables that one connection takes.
const STATEMENTS: usize = 64;

/// Statements that one connection runs in order.
#[derive(Debug)]
struct Task {
    statements: Vec<Vec<u8>>,
    locks: Locks,
    is_small: bool,
}

/// Statements of one kind, in the dump's order. None of them needs another one of them.
#[derive(Debug, Default)]
pub(super) struct Steps {
    kind: Option<Step>,
    tasks: Vec<Task>,
}

impl Steps {
    pub(super) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Whether a statement of this kind may run together with them.
    pub(super) fn takes(&self, kind: Step) -> bool {
        self.kind.is_none_or(|this| this == kind)
    }

    pub(super) fn push(&mut self, kind: Step, locks: Locks, statement: Vec<u8>, scan: &Scan) {
        self.kind = Some(kind);
        let is_small = locks.tables().all(|table| scan.rows_of(table) < SMALL_TABLE_ROWS);
        match self.tasks.last_mut() {
            Some(last) if is_small && last.is_small && last.statements.len() < STATEMENTS => {
                last.locks.add(locks);
                last.statements.push(statement);
            }
            _ => self.tasks.push(Task { statements: vec![statement], locks, is_small }),
        }
    }

    /// Runs all of them. After a failure, the others end, too.
    pub(super) async fn run(
        self,
        shared: &Arc<Shared>,
        settings: &Arc<Vec<Vec<u8>>>,
    ) -> Result<(), RestoreError> {
        let mut waiting = VecDeque::from(self.tasks);
        let mut running: Vec<(usize, Locks)> = Vec::new();
        let mut connections = JoinSet::new();
        let (mut number, mut first) = (0, Ok(()));
        loop {
            while running.len() < shared.options.jobs && first.is_ok() {
                let fits = |task: &Task| running.iter().all(|(_, held)| held.is_compatible(&task.locks));
                let Some(task) = waiting.iter().position(fits).and_then(|at| waiting.remove(at)) else {
                    break;
                };
                number += 1;
                running.push((number, task.locks));
                let (shared, settings, number) = (Arc::clone(shared), Arc::clone(settings), number);
                connections.spawn(async move { (number, run(&shared, &settings, task.statements).await) });
            }
            let Some(done) = connections.join_next().await else { return first };
            // A task that panicked has no number, and ends everything.
            let (number, done) = done.unwrap_or((0, Err(RestoreError::Stopped)));
            running.retain(|(other, _)| *other != number);
            if done.is_err() {
                shared.stop.cancel();
            }
            first = first.and(done);
        }
    }
}

async fn run(shared: &Shared, settings: &[Vec<u8>], statements: Vec<Vec<u8>>) -> Result<(), RestoreError> {
    let mut load = shared.later_load(settings).await?;
    for statement in statements {
        if let Err(failure) = load.send_piece(Piece::Statement(statement)).await {
            load.abandon().await;
            return Err(failure);
        }
    }
    load.commit().await.map(drop)
}
