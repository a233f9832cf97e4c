//! Digests of stored generated columns. A dump does not contain their values: the restoring server computes them
//! again, and in another locale the results can differ. So this module digests them in the dump's own snapshot, for
//! comparison after a restore.

use std::collections::BTreeMap;

use tokio_util::sync::CancellationToken;

use super::client::Client;
use super::dump::partial;
use super::invocation::DumpOptions;
use super::query::from_hex;
use super::snapshot::Snapshot;
use super::sql::decoded;
use super::{Connection, PostgresError};

/// Users' tables that have such columns and that the role can read completely. A standby has no unlogged rows. Some
/// versions lack `attgenerated`.
pub(super) const TABLES: &str = "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  CROSS JOIN LATERAL (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname) AS names,
      bool_or(to_jsonb(a) ->> 'attgenerated' = 's') AS any FROM pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) generated
  WHERE c.relkind = 'r' AND generated.any AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
    AND NOT row_security_active(c.oid)
    AND NOT (c.relpersistence = 'u' AND pg_is_in_recovery())
    AND NOT EXISTS (SELECT FROM pg_depend d
      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')";

/// Commands per table. The first takes the same lock as pg_dump, before another session queues for a stronger one.
/// The second returns the sum of 60 bits of the SHA-256 of each row, with all columns by name, so that the order of
/// rows does not matter. psql runs statements with names in the database's encoding, and its answers are UTF-8.
const LOCKING: &str =
    "SELECT format('LOCK TABLE ONLY %I.%I IN ACCESS SHARE MODE', n.nspname, c.relname) {tables} \\gexec\n";
const SUMMING: &str = "SELECT format('SELECT encode(convert_to(json_build_array(%L, %L, sum((''x'' ||
    left(encode(sha256(convert_to(ROW(%s)::text, %L)), ''hex''), 15))::bit(60)::bigint)::text)::text, %4$L), ''hex'')
    FROM ONLY %5$I.%6$I', n.nspname, c.relname, generated.names,
    CASE getdatabaseencoding() WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END, n.nspname, c.relname) {tables} \\gexec\n";

/// Digest per table, by schema and name.
pub type Digests = BTreeMap<(String, String), String>;

/// The users' tables with generated columns whose rows these options dump, in SQL.
fn tables(options: &DumpOptions) -> String {
    format!("{TABLES}\n    AND {}", partial::of_dumped_rows(options))
}

/// Begins a snapshot and locks the tables with generated columns as pg_dump does.
///
/// # Errors
/// The server cannot be reached, rejects a statement, or does not grant a lock in time.
pub async fn snapshot(
    client: &Client,
    connection: &Connection,
    options: &DumpOptions,
    stop: &CancellationToken,
) -> Result<Snapshot, PostgresError> {
    let locking = LOCKING.replace("{tables}", &tables(options));
    Snapshot::begin((client, connection), options, &locking, stop).await
}

impl Snapshot {
    /// The digests of all tables with generated columns.
    ///
    /// # Errors
    /// The connection was lost, or the server rejects a statement.
    pub async fn digests(&mut self, options: &DumpOptions) -> Result<Digests, PostgresError> {
        let question = SUMMING.replace("{tables}", &tables(options));
        let mut digests = Digests::new();
        for line in self.ask(&question).await? {
            let (schema, name, digest) = read(&line).ok_or_else(|| self.unexpected())?;
            // An empty table has no sum.
            digests.insert((schema, name), digest.unwrap_or_else(|| "0".to_owned()));
        }
        Ok(digests)
    }
}

/// The digests of the database as it is now.
///
/// # Errors
/// See [`snapshot`] and [`Snapshot::digests`].
pub async fn digests(
    client: &Client,
    connection: &Connection,
    options: &DumpOptions,
    stop: &CancellationToken,
) -> Result<Digests, PostgresError> {
    let mut snapshot = snapshot(client, connection, options, stop).await?;
    let digests = snapshot.digests(options).await?;
    snapshot.end().await;
    Ok(digests)
}

fn read(line: &str) -> Option<(String, String, Option<String>)> {
    serde_json::from_str(&decoded(&from_hex(line)?)).ok()
}

#[cfg(test)]
mod tests;
