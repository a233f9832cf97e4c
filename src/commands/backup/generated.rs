//! Digests of generated columns, computed while pg_dump reads the same snapshot.

use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::prepare::PreparedBackup;
use crate::databases::postgres::PostgresError;
use crate::databases::postgres::generated::{Digests, Snapshot};

/// Digests in progress. Dropping them ends their session.
pub(super) enum GeneratedValues {
    /// No table has such columns.
    None,
    /// The snapshot's name, and the running task.
    Summing(String, AbortOnDropHandle<Result<(Digests, Snapshot), PostgresError>>),
}

impl GeneratedValues {
    /// Takes a snapshot and starts the task, if the database has such columns.
    pub(super) async fn watch(
        prepared: &PreparedBackup,
        stop: &CancellationToken,
    ) -> Result<Self, PostgresError> {
        let PreparedBackup { client, connection, options, database, .. } = prepared;
        if !database.has_generated_values {
            return Ok(Self::None);
        }
        let snapshot = Snapshot::take(client, connection, options, stop).await?;
        let id = snapshot.id.clone();
        Ok(Self::Summing(id, AbortOnDropHandle::new(tokio::spawn(snapshot.digests()))))
    }

    /// The snapshot that pg_dump must read.
    pub(super) fn snapshot(&self) -> Option<String> {
        match self {
            Self::None => None,
            Self::Summing(id, _) => Some(id.clone()),
        }
    }

    /// The digests. Call this after pg_dump has ended, because it needs the snapshot until then.
    pub(super) async fn digests(self) -> Result<Digests, PostgresError> {
        let Self::Summing(_, work) = self else { return Ok(Digests::new()) };
        // The task is never aborted, so this can only be its panic, which continues here.
        let summed = work.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        let (digests, snapshot) = summed?;
        snapshot.end().await;
        Ok(digests)
    }
}
