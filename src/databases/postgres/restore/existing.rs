//! The names that a target has, which decide what tables can be added to it.

use super::RestoreError;
use crate::databases::postgres::Connection;
use crate::databases::postgres::client::Client;
use crate::databases::postgres::query::{query, query_json};
use crate::databases::postgres::sql::selection::Existing;

const QUESTION: &str = "SELECT json_build_object(
  'schemas', (SELECT coalesce(json_agg(nspname), '[]') FROM pg_catalog.pg_namespace n WHERE {ours}),
  'relations', (SELECT coalesce(json_agg(json_build_array(n.nspname, c.relname)), '[]')
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE {ours}),
  'types', (SELECT coalesce(json_agg(json_build_array(n.nspname, t.typname)), '[]')
    FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE {ours}),
  'others', (SELECT coalesce(json_agg(json_build_array(n.nspname, o.name)), '[]') FROM (
      SELECT pronamespace, proname FROM pg_catalog.pg_proc UNION SELECT opcnamespace, opcname FROM pg_catalog.pg_opclass
      UNION SELECT collnamespace, collname FROM pg_catalog.pg_collation
      UNION SELECT cfgnamespace, cfgname FROM pg_catalog.pg_ts_config
      UNION SELECT stxnamespace, stxname FROM pg_catalog.pg_statistic_ext) o (schema, name)
    JOIN pg_catalog.pg_namespace n ON n.oid = o.schema WHERE {ours}),
  'roles', (SELECT json_agg(rolname) FROM pg_catalog.pg_roles))";

const OURS: &str = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

/// Asks an existing database.
///
/// # Errors
/// The server cannot be reached, or refuses.
pub async fn ask(connection: &Connection, client: &Client) -> Result<Existing, RestoreError> {
    Ok(query_json(connection, client, &QUESTION.replace("{ours}", OURS)).await?)
}

/// Whether it has a schema of this name.
///
/// # Errors
/// The server cannot be reached, or refuses.
pub async fn has_schema(
    connection: &Connection,
    client: &Client,
    schema: &str,
) -> Result<bool, RestoreError> {
    let name = schema.replace('\'', "''");
    let sql = format!("SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = '{name}'");
    Ok(query(connection, client, &sql).await? != "0")
}
