//! A database of our own on somebody else's server, for a drill: made, marked, and dropped again.

use super::RestoreError;
use super::target::{create, drop_database};
use crate::dump::Connection;
use crate::dump::client::Client;
use crate::dump::names::quoted;
use crate::dump::query::query;

/// A database of our own on somebody's server, told by its name and by a mark.
#[derive(Debug, Clone)]
pub struct Visit {
    host: Connection,
    /// The database that was made.
    pub connection: Connection,
}

/// The mark that a database of ours bears; one without it is never dropped.
const MARK: &str = "sponsor-backup drill: may be dropped";

impl Visit {
    /// Makes and marks a database beside the one that is connected to.
    ///
    /// # Errors
    /// The role may not.
    pub async fn begin(
        host: &Connection,
        name: &str,
        encoding: &str,
        client: &Client,
    ) -> Result<Self, RestoreError> {
        let visit = Self { host: host.clone(), connection: host.with_database(name) };
        create(host, name, encoding, client).await?;
        let mark = format!("COMMENT ON DATABASE {} IS '{MARK}'", quoted(name));
        if let Err(error) = query(host, client, &mark).await {
            drop_database(host, name, client).await?;
            return Err(error.into());
        }
        Ok(visit)
    }

    /// Drops it, if it still bears the mark.
    ///
    /// # Errors
    /// The server refuses, or somebody took the mark away.
    pub async fn end(&self, client: &Client) -> Result<(), RestoreError> {
        let name = self.connection.database();
        if Self::left_behind(&self.host, client).await?.iter().any(|marked| marked == name) {
            return drop_database(&self.host, name, client).await;
        }
        let message = "it does not bear the mark of a drill any more, so it was left alone".to_owned();
        Err(RestoreError::Failed { place: self.connection.place(), message })
    }

    /// Names of all databases on that server that bear the mark: more than one's own, where others drill or were killed.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn left_behind(host: &Connection, client: &Client) -> Result<Vec<String>, RestoreError> {
        let sql = format!(
            "SELECT coalesce(json_agg(datname), '[]') FROM pg_catalog.pg_database
             WHERE pg_catalog.shobj_description(oid, 'pg_database') = '{MARK}'"
        );
        let answer = query(host, client, &sql).await?;
        Ok(serde_json::from_str(&answer).unwrap_or_default())
    }
}
