//! A database of our own on somebody else's server, for a drill: made, marked, and dropped again.

use tokio_util::sync::CancellationToken;

use super::RestoreError;
use super::target::{Form, NAMES_OF_OURS, Purpose, create, drop_database, exists};
use crate::dump::Connection;
use crate::dump::client::Client;
use crate::dump::names::quoted;
use crate::dump::query::query;

/// A database of our own on somebody's server, told by its name and by a mark.
#[derive(Debug, Clone)]
pub struct Visit {
    host: Connection,
    /// The database.
    pub connection: Connection,
    /// Whether it may be there.
    is_begun: bool,
    is_marked: bool,
}

/// The mark that a database of ours bears; one without it is never dropped.
const MARK: &str = "sponsor-backup drill: may be dropped";

/// Every database that bears it.
const MARKED: &str = "FROM pg_catalog.pg_database
  WHERE pg_catalog.shobj_description(oid, 'pg_database') = 'sponsor-backup drill: may be dropped'";

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
    /// A database beside the one that is connected to, of a name that is ours alone. Nothing is made yet.
    #[must_use]
    pub fn new(host: &Connection) -> Self {
        let name = Purpose::Drill.new_name();
        Self { host: host.clone(), connection: host.with_database(&name), is_begun: false, is_marked: false }
    }

    /// Makes and marks it. After an error or a stop, [`Visit::end`] takes back what there is.
    ///
    /// # Errors
    /// The role may not.
    pub async fn begin(
        &mut self,
        (form, major): (&Form<'_>, u32),
        client: &Client,
        stop: &CancellationToken,
    ) -> Result<(), RestoreError> {
        let name = self.connection.database();
        self.is_begun = true;
        create((&self.host, name), &self.connection.place(), (form, major), client, stop).await?;
        query(&self.host, client, &format!("COMMENT ON DATABASE {} IS '{MARK}'", quoted(name))).await?;
        self.is_marked = true;
        // A pooler may lead every name to one database, which is not ours.
        let reached = query(&self.connection, client, "SELECT current_database()").await?;
        if reached == name {
            return Ok(());
        }
        Err(RestoreError::Elsewhere { place: self.connection.place(), reached })
    }

    /// Drops it. One that was marked must bear the mark still.
    ///
    /// # Errors
    /// The server refuses, or somebody took the mark away.
    pub async fn end(&self, client: &Client) -> Result<(), RestoreError> {
        if !self.is_begun {
            return Ok(());
        }
        let left = |why: String| RestoreError::LeftBehind { what: self.connection.place(), why };
        let name = self.connection.database();
        // One that was not marked yet may be there in spite of the error, and the name is ours alone.
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
            // Should this fail, the server says of the database what is in its way.
            query(&self.connection, client, NO_SUBSCRIPTIONS).await.ok();
        }
        drop_database(&self.host, name, client).await.map_err(|error| left(error.to_string()))
    }

    /// Names of all databases on that server that are ours, by the form of their name: those of others who drill or restore
    /// just now, and what killed runs left. A mark alone proves nothing: a comment is restored with its database.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn left_behind(host: &Connection, client: &Client) -> Result<Vec<String>, RestoreError> {
        let sql = format!(
            "SELECT coalesce(json_agg(datname), '[]') FROM pg_database WHERE datname ~ '{NAMES_OF_OURS}'"
        );
        let answer = query(host, client, &sql).await?;
        Ok(serde_json::from_str(&answer).unwrap_or_default())
    }
}
