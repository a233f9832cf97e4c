//! Changes by other sessions that pg_dump's snapshot does not keep out.
//!
//! pg_dump takes its snapshot first and locks the tables later. If another session truncates, rewrites or renames a table in
//! between, the snapshot shows it empty, or pg_dump reads another table. pg_dump also reads the names of schemas and the labels
//! of enums as they are at that moment, and its locks do not protect them. Not covered: columns, types, functions, triggers and
//! indexes that change while pg_dump reads definitions.

use std::collections::{BTreeMap, BTreeSet};

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
  'tables', (SELECT coalesce(json_object_agg(c.oid, json_build_array(hashtext(n.nspname || '.' || c.relname), c.xmin::text,
      c.relkind = 'r' AND c.relfilenode <> c.oid)), '{}')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND {own}))";
const OWN: &str = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

/// The versions at one moment.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Versions {
    /// Of each schema and each label of an enum.
    named: BTreeMap<String, String>,
    /// Each table by its OID.
    tables: BTreeMap<String, Table>,
}

/// A table, in the order of the answer.
#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Table {
    /// Hash of its name with its schema. Not every session's encoding can show the name itself.
    name: i32,
    /// `xmin`.
    version: String,
    /// Whether it was truncated or rewritten since it was made.
    is_rewritten: bool,
}

impl Versions {
    /// Asks the server.
    ///
    /// # Errors
    /// The server cannot be reached, or does not answer within a minute.
    pub async fn ask(connection: &Connection, client: &Client) -> Result<Self, PostgresError> {
        query_json(connection, client, &QUESTION.replace("{own}", OWN)).await
    }

    /// Whether the rows that pg_dump reads are those of its snapshot. Ask before it takes that, and `later` when it has locked
    /// the tables. New tables do not matter, unless they took the name of another one.
    #[must_use]
    pub fn has_same_tables(&self, later: &Self) -> bool {
        let names: BTreeSet<i32> = self.tables.values().map(|table| table.name).collect();
        later.tables.iter().all(|(oid, table)| match self.tables.get(oid) {
            Some(before) => before.version == table.version,
            None => !table.is_rewritten && !names.contains(&table.name),
        })
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

/// The error if tables changed during each attempt.
#[must_use]
pub fn never_at_rest(connection: &Connection) -> PostgresError {
    let message = PgError::ours("others change tables faster than pg_dump can lock them");
    PostgresError::QueryFailed { place: connection.place(), message }
}

#[cfg(test)]
mod tests;
