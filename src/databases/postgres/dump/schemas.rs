//! Schemas that others rename while pg_dump reads. It reads rows by the names of their tables, and its locks on tables do not
//! keep a schema from being renamed: of two that exchange their names, the dump would have the rows of one twice and of the
//! other never.

use std::collections::BTreeMap;

use crate::databases::postgres::client::Client;
use crate::databases::postgres::query::query_json;
use crate::databases::postgres::{Connection, PostgresError};

/// Each change of a schema's name, owner or grants is another version of its row, with another `xmin`. Comparing names would
/// not show that one was renamed and renamed back.
const VERSIONS: &str = "SELECT coalesce(json_object_agg(n.oid, n.xmin::text), '{}') FROM pg_namespace n \
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

/// The schemas at one moment.
#[derive(Debug)]
pub struct SchemaVersions(BTreeMap<String, String>);

impl SchemaVersions {
    /// Asks the server. Before pg_dump starts, and again after it has ended.
    ///
    /// # Errors
    /// The server cannot be reached, or does not answer within a minute.
    pub async fn ask(connection: &Connection, client: &Client) -> Result<Self, PostgresError> {
        Ok(Self(query_json(connection, client, VERSIONS).await?))
    }

    /// Fails if a schema is another version later. New schemas are not in the dump, and its locks keep those with tables from
    /// being dropped.
    ///
    /// # Errors
    /// [`PostgresError::SchemaChanged`].
    pub fn check_unchanged(&self, later: &Self, connection: &Connection) -> Result<(), PostgresError> {
        let is_changed =
            |(oid, version): (&String, &String)| later.0.get(oid).is_some_and(|now| now != version);
        if self.0.iter().any(is_changed) {
            return Err(PostgresError::SchemaChanged { place: connection.place() });
        }
        Ok(())
    }
}
