//! The running dump: one pg_dump, or several over as many connections. Digests of generated columns are computed in the
//! same snapshot meanwhile. Either way, no schema may change between the start and the end.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, ReadBuf};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::prepare::PreparedBackup;
use crate::databases::postgres::dump::parallel::ParallelDump;
use crate::databases::postgres::dump::schemas::SchemaVersions;
use crate::databases::postgres::generated::{self, Digests};
use crate::databases::postgres::invocation::DumpOptions;
use crate::databases::postgres::snapshot::Snapshot;
use crate::databases::postgres::sql::Scan;
use crate::databases::postgres::{Dump, FinishedDump, PostgresError};

/// A dump in progress. Dropping it ends every session.
pub(super) struct Dumping {
    /// Before it began.
    schemas: SchemaVersions,
    running: Running,
}

enum Running {
    /// One pg_dump, and the digests.
    Single(Dump, GeneratedValues),
    /// Several.
    Parallel(ParallelDump),
}

impl Dumping {
    /// Starts pg_dump, and before it the session whose snapshot it reads.
    pub(super) async fn start(
        prepared: &PreparedBackup,
        stop: &CancellationToken,
    ) -> Result<Self, PostgresError> {
        let PreparedBackup { client, connection, options, database, jobs, .. } = prepared;
        let schemas = SchemaVersions::ask(connection, client).await?;
        let running = if *jobs > 1 {
            let (place, sums) = ((client, connection), database.has_generated_values);
            Running::Parallel(ParallelDump::start(place, options, *jobs, sums, stop).await?)
        } else {
            let values = GeneratedValues::watch(prepared, stop).await?;
            let options = DumpOptions { snapshot: values.snapshot(), ..options.clone() };
            Running::Single(Dump::start(client, connection, &options, stop)?, values)
        };
        Ok(Self { schemas, running })
    }

    /// Connections that read rows.
    pub(super) fn jobs(&self) -> usize {
        match &self.running {
            Running::Single(..) => 1,
            Running::Parallel(dump) => dump.jobs,
        }
    }

    /// Waits for the verdict and for the digests of generated values. The digests of a single dump come second: pg_dump
    /// needs their snapshot, and its failure is the first cause.
    pub(super) async fn finish(
        self,
        scan: Scan,
        prepared: &PreparedBackup,
    ) -> Result<(FinishedDump, Digests), PostgresError> {
        let PreparedBackup { server, connection, client, .. } = prepared;
        let (finished, digests) = match self.running {
            Running::Single(dump, values) => {
                let finished = dump.finish(scan).await?;
                (finished, values.digests().await?)
            }
            Running::Parallel(dump) => dump.finish(scan).await?,
        };
        server.check_sequences(connection, &finished.contents)?;
        self.schemas.check_unchanged(&SchemaVersions::ask(connection, client).await?, connection)?;
        Ok((finished, digests))
    }

    /// Ends every pg_dump, and its session on the server, before this returns.
    pub(super) async fn abandon(self) {
        match self.running {
            Running::Single(dump, _) => dump.abandon().await,
            Running::Parallel(dump) => dump.abandon().await,
        }
    }
}

impl AsyncRead for Dumping {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        match &mut self.get_mut().running {
            Running::Single(dump, _) => Pin::new(dump).poll_read(context, buffer),
            Running::Parallel(dump) => Pin::new(dump).poll_read(context, buffer),
        }
    }
}

/// Digests in progress. Dropping them ends their session.
enum GeneratedValues {
    /// No table has such columns.
    None,
    /// The snapshot's name, and the running task.
    Summing(String, AbortOnDropHandle<Result<(Digests, Snapshot), PostgresError>>),
}

impl GeneratedValues {
    /// Takes a snapshot and starts the task, if the database has such columns.
    async fn watch(prepared: &PreparedBackup, stop: &CancellationToken) -> Result<Self, PostgresError> {
        let PreparedBackup { client, connection, options, database, .. } = prepared;
        if !database.has_generated_values {
            return Ok(Self::None);
        }
        let mut snapshot = generated::snapshot(client, connection, options, stop).await?;
        let (id, options) = (snapshot.id.clone(), options.clone());
        let summing = async move {
            let digests = snapshot.digests(&options).await?;
            Ok((digests, snapshot))
        };
        Ok(Self::Summing(id, AbortOnDropHandle::new(tokio::spawn(summing))))
    }

    /// The snapshot that pg_dump must read.
    fn snapshot(&self) -> Option<String> {
        match self {
            Self::None => None,
            Self::Summing(id, _) => Some(id.clone()),
        }
    }

    /// The digests. Call this after pg_dump has ended, because it needs the snapshot until then.
    async fn digests(self) -> Result<Digests, PostgresError> {
        let Self::Summing(_, work) = self else { return Ok(Digests::new()) };
        // The task is never aborted, so this can only be its panic, which continues here.
        let summed = work.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        let (digests, snapshot) = summed?;
        snapshot.end().await;
        Ok(digests)
    }
}
