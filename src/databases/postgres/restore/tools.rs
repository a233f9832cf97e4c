//! Chooses the installed programs that restore a dump and read the result back.

use tokio::io::AsyncReadExt as _;
use tokio_util::sync::CancellationToken;

use super::RestoreError;
use super::temporary_server::majors;
use crate::databases::postgres::client::{self, Client};
use crate::databases::postgres::invocation::DumpOptions;
use crate::databases::postgres::server::{self, Money};
use crate::databases::postgres::sql::Columns;
use crate::databases::postgres::{Connection, Dump, DumpError, FinishedDump, PgError};

/// The programs for one restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tools {
    /// Loads the dump.
    pub psql: Client,
    /// Reads the result back. It has the version that wrote the dump if possible, so that statements can be compared.
    pub pg_dump: Client,
}

impl Tools {
    /// Chooses programs for a dump written by pg_dump `written_by` and a server of this major version.
    ///
    /// # Errors
    /// No suitable programs are installed.
    pub fn choose(
        clients: &[Client],
        written_by: u32,
        server_major: u32,
        place: &str,
    ) -> Result<Self, RestoreError> {
        let able = clients.iter().filter(|client| client.major >= written_by);
        let able: Vec<&Client> = able.collect();
        let Some(nearest) = able.iter().min_by_key(|client| client.major) else {
            return Err(RestoreError::NotInstalled {
                what: "psql and pg_dump",
                major: written_by,
                found: majors(clients.iter().map(|client| client.major)),
            });
        };
        // Every dump is loaded under `\restrict`.
        let knows = |client: &&&Client| client.knows_restrict();
        let psql = able.iter().filter(knows).min_by_key(|client| client.major);
        let psql = psql.ok_or_else(|| RestoreError::OldPsql { version: nearest.version.clone() })?;
        let same = able.iter().find(|client| client.major == written_by && client.major >= server_major);
        let pg_dump = match same {
            Some(same) => (*same).clone(),
            None => client::choose(clients, server_major, place)?.clone(),
        };
        Ok(Self { psql: (*psql).clone(), pg_dump })
    }

    /// Dumps a restored database and scans the dump, with rows in the column order of the backup. Only the scan is
    /// kept.
    ///
    /// # Errors
    /// pg_dump fails or is stopped.
    pub async fn read_back(
        &self,
        connection: &Connection,
        (options, columns, money): (&DumpOptions, &Columns, Money),
        stop: &CancellationToken,
    ) -> Result<FinishedDump, RestoreError> {
        // An existing database, or its role, may have settings of its own.
        let server = tokio::select! {
            biased;
            () = stop.cancelled() => return Err(RestoreError::Stopped),
            server = server::ask(connection, &self.psql) => server?,
        };
        let connection = &connection.clone().with_settings(&server.to_pin(money));
        let mut dump = Dump::start(&self.pg_dump, connection, options, stop)?.detailed(columns.clone());
        let mut buffer = vec![0; 256 * 1024];
        loop {
            match dump.read(&mut buffer).await {
                Ok(0) => return Ok(dump.finish().await?),
                Ok(_) => {}
                Err(error) => {
                    dump.abandon().await;
                    let (place, status) = (connection.place(), "was lost".to_owned());
                    return Err(DumpError::Failed {
                        place,
                        status,
                        message: PgError::ours(error.to_string()),
                    }
                    .into());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
