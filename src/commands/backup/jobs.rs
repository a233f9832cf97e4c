//! How many connections read a database, and the memory for what they read.

use super::BackupRun;
use crate::archive::ArchiveError;
use crate::archive::memory::BufferPlan;
use crate::databases::postgres::client::Client;
use crate::databases::postgres::dump::parallel::{WORTHWHILE_BYTES, memory_bytes};
use crate::databases::postgres::preflight::pooler;
use crate::databases::postgres::server::Server;
use crate::databases::postgres::{Connection, PostgresError};

impl BackupRun<'_> {
    /// Connections for this database: 1 if it is small.
    ///
    /// # Errors
    /// Several connections cannot share a snapshot.
    pub(super) async fn jobs(
        &self,
        server: &Server,
        connection: &Connection,
        clients: &[Client],
    ) -> Result<usize, PostgresError> {
        let jobs = self.options.jobs.get();
        if jobs == 1 || server.database_bytes < WORTHWHILE_BYTES {
            return Ok(1);
        }
        let newest = clients.last().ok_or(PostgresError::NoClient)?;
        pooler::check(connection, newest).await?;
        Ok(jobs)
    }

    /// The memory that the backup uses.
    ///
    /// # Errors
    /// The limit is too low for this database and this number of connections.
    pub(super) fn buffers(&self, server: &Server, jobs: usize) -> Result<BufferPlan, ArchiveError> {
        let (share, limit) = (self.share_bytes, self.budget.limit_bytes());
        let cores = self.context.cores;
        BufferPlan::with_source(memory_bytes(jobs), server.database_bytes, (share, limit), cores)
    }
}
