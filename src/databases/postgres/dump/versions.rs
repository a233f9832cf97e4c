//! What others change while pg_dump reads. Its snapshot keeps rows and definitions, but two things escape it.
//!
//! It takes the snapshot first and locks the tables later, waiting for whoever holds them. A table that was truncated, rewritten
//! or renamed meanwhile looks empty to the snapshot, or is another one. And names are read as they are at that moment: those of
//! schemas, by which rows are asked for, and the labels of enums, which rows contain. No lock on tables keeps them.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::databases::postgres::client::Client;
use crate::databases::postgres::query::query_json;
use crate::databases::postgres::{Connection, PgError, PostgresError};

/// Each change is another version of a catalog's row, with another `xmin`. Comparing names would not show that one was renamed
/// and renamed back.
const QUESTION: &str = "SELECT json_build_object(
  'named', (SELECT coalesce(json_object_agg(kind || oid, xmin), '{}') FROM
    (SELECT 'schema ' AS kind, n.oid, n.xmin::text FROM pg_namespace n WHERE {own}
     UNION ALL SELECT 'label ', e.oid, e.xmin::text FROM pg_enum e) x),
  'tables', (SELECT count(*) || ' ' || coalesce(sum(hashtext(c.oid || ' ' || c.xmin)::bigint), 0)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND {own}))";
const OWN: &str = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

/// The versions at one moment.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Versions {
    /// Of each schema and each label of an enum.
    named: BTreeMap<String, String>,
    /// Of all tables together.
    tables: String,
}

impl Versions {
    /// Asks the server.
    ///
    /// # Errors
    /// The server cannot be reached, or does not answer within a minute.
    pub async fn ask(connection: &Connection, client: &Client) -> Result<Self, PostgresError> {
        query_json(connection, client, &QUESTION.replace("{own}", OWN)).await
    }

    /// Whether the tables are the same. Ask before pg_dump takes its snapshot, and again when it has locked them.
    #[must_use]
    pub fn has_same_tables(&self, later: &Self) -> bool {
        self.tables == later.tables
    }

    /// Fails if a schema or a label is another version after the dump. New ones are not in it.
    ///
    /// # Errors
    /// [`PostgresError::SchemaChanged`].
    pub fn check_names(&self, later: &Self, connection: &Connection) -> Result<(), PostgresError> {
        let is_changed =
            |(what, version): (&String, &String)| later.named.get(what).is_some_and(|now| now != version);
        if self.named.iter().any(is_changed) {
            return Err(PostgresError::SchemaChanged { place: connection.place() });
        }
        Ok(())
    }
}

/// The error if no attempt found the tables at rest.
#[must_use]
pub fn never_at_rest(connection: &Connection) -> PostgresError {
    let message = PgError::ours("others change tables faster than pg_dump can lock them");
    PostgresError::QueryFailed { place: connection.place(), message }
}
