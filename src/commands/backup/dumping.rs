//! The running dump: one pg_dump, or several over as many connections. Digests of generated columns are computed in the
//! same snapshot meanwhile. Either way, others must not change the catalog in ways that escape the snapshot (see [`versions`]).

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, ReadBuf};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::prepare::PreparedBackup;
use crate::databases::postgres::dump::parallel::ParallelDump;
use crate::databases::postgres::dump::versions::{self, Versions};
use crate::databases::postgres::generated::{self, Digests};
use crate::databases::postgres::invocation::DumpOptions;
use crate::databases::postgres::snapshot::Snapshot;
use crate::databases::postgres::sql::Scan;
use crate::databases::postgres::{Dump, FinishedDump, PostgresError};

/// Times to begin before it is given up.
const ATTEMPTS: usize = 5;

/// A dump in progress. Dropping it ends every session.
pub(super) struct Dumping {
    /// Before it began.
    versions: Versions,
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
        if *jobs > 1 {
            let versions = Versions::ask(connection, client).await?;
            let (place, sums) = ((client, connection), database.has_generated_values);
            let running = Running::Parallel(ParallelDump::start(place, options, *jobs, sums, stop).await?);
            return Ok(Self { versions, running });
        }
        for _ in 0..ATTEMPTS {
            if let Some(begun) = Self::begin(prepared, stop).await? {
                return Ok(begun);
            }
        }
        Err(versions::never_at_rest(connection))
    }

    /// Starts one pg_dump. `None` if a table changed between its snapshot and its locks.
    async fn begin(
        prepared: &PreparedBackup,
        stop: &CancellationToken,
    ) -> Result<Option<Self>, PostgresError> {
        let PreparedBackup { client, connection, options, .. } = prepared;
        let versions = Versions::ask(connection, client).await?;
        let values = GeneratedValues::watch(prepared, stop).await?;
        let options = DumpOptions { snapshot: values.snapshot(), ..options.clone() };
        let mut dump = Dump::start(client, connection, &options, stop)?;
        if dump.begins().await {
            let locked = Versions::ask(connection, client).await;
            if !locked.as_ref().is_ok_and(|locked| versions.has_same_tables(locked)) {
                dump.abandon().await;
                return locked.map(|_| None);
            }
        }
        Ok(Some(Self { versions, running: Running::Single(dump, values) }))
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
        self.versions.check_names(&Versions::ask(connection, client).await?, connection)?;
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
