//! A drill's scratch database on an existing server: created, marked, and dropped again.

use tokio_util::sync::CancellationToken;

use super::RestoreError;
use super::target::{NewDatabase, Purpose, create, drop_database, exists};
use crate::databases::postgres::Connection;
use crate::databases::postgres::client::Client;
use crate::databases::postgres::query::query;
use crate::databases::postgres::sql::quoted;

/// A scratch database on an existing server, identified by its name and a marker comment.
#[derive(Debug, Clone)]
pub struct ScratchDatabase {
    host: Connection,
    /// The database.
    pub connection: Connection,
    /// Whether it may exist.
    is_begun: bool,
    is_marked: bool,
}

/// The marker comment. A database without it is never dropped.
const MARK: &str = "sponsor-backup drill: may be dropped";

/// Every database with the marker.
const MARKED: &str = "FROM pg_catalog.pg_database
  WHERE pg_catalog.shobj_description(oid, 'pg_database') = 'sponsor-backup drill: may be dropped'";

/// A database with a subscription cannot be dropped, and dropping a subscription also drops its slot on the live
/// server. So this copy first detaches from the slot.
const NO_SUBSCRIPTIONS: &str = "DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT quote_ident(s.subname) FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid
    WHERE d.datname = current_database()
  LOOP
    EXECUTE 'ALTER SUBSCRIPTION ' || name || ' DISABLE';
    EXECUTE 'ALTER SUBSCRIPTION ' || name || ' SET (slot_name = NONE)';
    EXECUTE 'DROP SUBSCRIPTION ' || name;
  END LOOP;
END $$";

impl ScratchDatabase {
    /// A database next to the connected one, with a unique name. Creates nothing yet.
    #[must_use]
    pub fn new(host: &Connection) -> Self {
        let name = Purpose::Drill.new_name();
        Self { host: host.clone(), connection: host.with_database(&name), is_begun: false, is_marked: false }
    }

    /// Creates and marks the database. After an error or a stop, [`ScratchDatabase::end`] removes what was created.
    ///
    /// # Errors
    /// The role cannot create it.
    pub async fn begin(
        &mut self,
        (form, major): (&NewDatabase<'_>, u32),
        client: &Client,
        stop: &CancellationToken,
    ) -> Result<(), RestoreError> {
        let name = self.connection.database();
        self.is_begun = true;
        create((&self.host, name), &self.connection.place(), (form, major), client, stop).await?;
        query(&self.host, client, &format!("COMMENT ON DATABASE {} IS '{MARK}'", quoted(name))).await?;
        self.is_marked = true;
        // A pooler may connect every name to one database, which is not ours.
        let reached = query(&self.connection, client, "SELECT current_database()").await?;
        if reached == name {
            return Ok(());
        }
        Err(RestoreError::Elsewhere { place: self.connection.place(), reached })
    }

    /// Drops the database. If it was marked, the marker must still be there.
    ///
    /// # Errors
    /// The server refuses, or the marker is gone.
    pub async fn end(&self, client: &Client) -> Result<(), RestoreError> {
        if !self.is_begun {
            return Ok(());
        }
        let left = |why: String| RestoreError::LeftBehind { what: self.connection.place(), why };
        let name = self.connection.database();
        // If the database was not marked yet, it may exist despite the error. Its name is unique, so it is ours.
        let is_ours = !self.is_marked || {
            let is_marked = format!("SELECT count(*) {MARKED} AND datname = '{name}'");
            query(&self.host, client, &is_marked).await.map_err(|error| left(error.to_string()))? == "1"
        };
        if !is_ours {
            return Err(left("its comment no longer marks it as a drill's database".to_owned()));
        }
        if !self.is_marked
            && !exists(&self.host, name, client).await.map_err(|error| left(error.to_string()))?
        {
            return Ok(());
        }
        if self.is_marked {
            // If this fails, DROP DATABASE reports the reason.
            query(&self.connection, client, NO_SUBSCRIPTIONS).await.ok();
        }
        drop_database(&self.host, name, client).await.map_err(|error| left(error.to_string()))
    }
}
