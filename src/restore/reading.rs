//! Finds materialized views that read other servers and were left without rows. SQL and its answer.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::RestoreError;
use crate::dump::client::Client;
use crate::dump::query::query;
use crate::dump::{Complaint, Connection, DumpError};

/// What a view reads, as far as PostgreSQL tracks it: relations and functions, starting at `{view}`. Returns the
/// server of each foreign table, and NULL for a function of dblink.
const SOURCES: &str = "WITH RECURSIVE reads(class, oid) AS (
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::oid, {view} UNION
  SELECT y.class, y.oid FROM reads r, LATERAL (
    SELECT d.refclassid, d.refobjid FROM pg_catalog.pg_rewrite w
      JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid
      WHERE w.ev_class = r.oid AND w.ev_type = '1' AND r.class = 'pg_catalog.pg_class'::pg_catalog.regclass
    UNION ALL SELECT d.refclassid, d.refobjid FROM pg_catalog.pg_depend d
      WHERE d.classid = r.class AND d.objid = r.oid AND r.class = 'pg_catalog.pg_proc'::pg_catalog.regclass
    UNION ALL SELECT r.class, i.inhrelid FROM pg_catalog.pg_inherits i
      WHERE i.inhparent = r.oid AND r.class = 'pg_catalog.pg_class'::pg_catalog.regclass) y(class, oid)
  WHERE y.class IN ('pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_proc'::pg_catalog.regclass))
SELECT s.srvname FROM reads r JOIN pg_catalog.pg_foreign_table f ON f.ftrelid = r.oid
  JOIN pg_catalog.pg_foreign_server s ON s.oid = f.ftserver
  WHERE r.class = 'pg_catalog.pg_class'::pg_catalog.regclass
UNION SELECT NULL FROM reads r
  JOIN pg_catalog.pg_depend d ON d.classid = r.class AND d.objid = r.oid AND d.deptype = 'e'
  JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid AND e.extname = 'dblink'
  WHERE r.class = 'pg_catalog.pg_proc'::pg_catalog.regclass";

/// A one-line query with a row per server that a view reads. `view` is the expression for its OID.
pub(super) fn servers_of(view: &str) -> String {
    SOURCES.replace('\n', " ").replace("{view}", view)
}

#[derive(Deserialize)]
struct Unpopulated {
    statement: String,
    name: String,
    servers: Vec<Option<String>>,
}

/// Materialized views without rows: the statement that would refresh each, and a phrase that names it.
///
/// # Errors
/// The query fails.
pub async fn without_rows(
    connection: &Connection,
    client: &Client,
) -> Result<BTreeMap<String, String>, RestoreError> {
    let sql = format!(
        "SELECT coalesce(json_agg(json_build_object(
           'statement', format('REFRESH MATERIALIZED VIEW %I.%I', n.nspname, c.relname),
           'name', format('%I.%I', n.nspname, c.relname),
           'servers', (SELECT coalesce(json_agg(srvname ORDER BY srvname), '[]') FROM ({}) s))), '[]')
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind = 'm' AND NOT c.relispopulated",
        servers_of("c.oid")
    );
    let answer = query(connection, client, &sql).await?;
    let found: Vec<Unpopulated> = serde_json::from_str(&answer).map_err(|_| {
        let message = Complaint::ours("unexpected answer from the server");
        DumpError::Unreachable { place: connection.place(), message }
    })?;
    Ok(found.into_iter().map(|view| (view.statement.clone(), view.words())).collect())
}

impl Unpopulated {
    fn words(&self) -> String {
        let Self { name, servers, .. } = self;
        let named: Vec<&str> = servers.iter().flatten().map(String::as_str).collect();
        let why = match named.as_slice() {
            [] if servers.is_empty() => "cannot be refreshed without another server".to_owned(),
            [] => "reads another server through dblink".to_owned(),
            [one] => format!("reads the foreign server {one}"),
            several => format!("reads the foreign servers {}", several.join(", ")),
        };
        format!("materialized view {name} ({why})")
    }
}
