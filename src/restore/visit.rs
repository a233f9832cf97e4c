//! A database of our own on somebody else's server, for a drill: made, marked, and dropped again.

use super::RestoreError;
use super::target::{create, drop_database};
use crate::dump::client::Client;
use crate::dump::names::quoted;
use crate::dump::query::query;
use crate::dump::{Complaint, Connection};

/// A database of our own on somebody's server, told by its name and by a mark.
#[derive(Debug, Clone)]
pub struct Visit {
    host: Connection,
    /// The database that was made.
    pub connection: Connection,
}

/// The mark that a database of ours bears; one without it is never dropped.
const MARK: &str = "sponsor-backup drill: may be dropped";

/// A database with a subscription is not dropped, and a subscription drops its slot, on the server that it reads from: this
/// one, a copy, must let go of that first.
const NO_SUBSCRIPTIONS: &str = "DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT quote_ident(s.subname) FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid
    WHERE d.datname = current_database()
  LOOP
    EXECUTE 'ALTER SUBSCRIPTION ' || name || ' DISABLE';
    EXECUTE 'ALTER SUBSCRIPTION ' || name || ' SET (slot_name = NONE)';
    EXECUTE 'DROP SUBSCRIPTION ' || name;
  END LOOP;
END $$";

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
        if let Err(first) = visit.make(encoding, client).await {
            // It may be there in spite of the error, and the name is ours alone. What was wrong first is the cause.
            drop_database(host, name, client).await.ok();
            return Err(first);
        }
        Ok(visit)
    }

    async fn make(&self, encoding: &str, client: &Client) -> Result<(), RestoreError> {
        let name = self.connection.database();
        create(&self.host, name, encoding, client).await?;
        query(&self.host, client, &format!("COMMENT ON DATABASE {} IS '{MARK}'", quoted(name))).await?;
        // A pooler may lead every name to one database, which is not ours.
        let reached = query(&self.connection, client, "SELECT current_database()").await?;
        if reached == name {
            return Ok(());
        }
        Err(RestoreError::Elsewhere { place: self.connection.place(), reached })
    }

    /// Drops it, if it still bears the mark.
    ///
    /// # Errors
    /// The server refuses, or somebody took the mark away.
    pub async fn end(&self, client: &Client) -> Result<(), RestoreError> {
        let name = self.connection.database();
        if Self::left_behind(&self.host, client).await?.iter().any(|marked| marked == name) {
            // Should this fail, the server says of the database what is in its way.
            query(&self.connection, client, NO_SUBSCRIPTIONS).await.ok();
            return drop_database(&self.host, name, client).await;
        }
        let message = "it does not bear the mark of a drill any more, so it was left alone";
        Err(RestoreError::failed(self.connection.place(), Complaint::ours(message)))
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
