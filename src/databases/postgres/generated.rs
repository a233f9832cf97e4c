//! Digests of stored generated columns. A dump does not contain their values: the restoring server computes them
//! again, and in another locale the results can differ. So this module digests them in the dump's own snapshot, for
//! comparison after a restore.

use std::collections::BTreeMap;

use tokio_util::sync::CancellationToken;

use super::client::Client;
use super::dump::partial;
use super::invocation::{self, DumpOptions};
use super::session::Session;
use super::sql::decoded;
use super::{Connection, PgError, PostgresError};

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

/// Further settings: they affect how values look, and make the server return all rows or fail.
const OF_VALUES: [(&str, &str); 2] = [("lc_monetary", "C"), ("row_security", "off")];

/// If its client is killed, a server finishes the statement and holds its locks, unless it checks the connection.
/// Only some systems can (PostgreSQL 14 and later).
const LOOKING: &str =
    "SELECT FROM (SELECT name FROM pg_settings WHERE name = 'client_connection_check_interval'
  AND version() LIKE '%linux%' OFFSET 0) x WHERE set_config(name, '10s', false) IS NULL;\n";

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

/// A snapshot of a database: a session whose transaction stays open until it is dropped.
#[derive(Debug)]
pub struct Snapshot {
    session: Session,
    /// The name by which other sessions use the snapshot.
    pub id: String,
    /// The tables to digest, in SQL.
    tables: String,
}

impl Snapshot {
    /// Begins a snapshot and locks the tables with generated columns as pg_dump does.
    ///
    /// # Errors
    /// The server cannot be reached, rejects a statement, or does not grant a lock in time.
    pub async fn take(
        client: &Client,
        connection: &Connection,
        options: &DumpOptions,
        stop: &CancellationToken,
    ) -> Result<Self, PostgresError> {
        let mut session = Session::open(client, connection, stop)?;
        let tables = format!("{TABLES}\n    AND {}", partial::of_dumped_rows(options));
        let begin = format!(
            "SET search_path = pg_catalog, pg_temp;\n{};\n{LOOKING}SET lock_timeout = {};\nBEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n{}\
             SET lock_timeout = 0;\nSELECT pg_export_snapshot();\n",
            invocation::settings_sql(invocation::SESSION_SETTINGS.iter().chain(&OF_VALUES), false),
            options.lock_wait_timeout.as_millis(),
            LOCKING.replace("{tables}", &tables)
        );
        session.send(&begin).await?;
        let id = session.line().await?;
        Ok(Self { session, id, tables })
    }

    /// The digests of all tables. The snapshot stays open.
    ///
    /// # Errors
    /// The connection was lost, or the server rejects a statement.
    pub async fn digests(mut self) -> Result<(Digests, Self), PostgresError> {
        let end = format!("end {}", uuid::Uuid::new_v4().simple());
        let question = SUMMING.replace("{tables}", &self.tables);
        self.session.send(&format!("{question}\\echo {end}\n")).await?;
        let mut digests = Digests::new();
        loop {
            let line = self.session.line().await?;
            if line == end {
                return Ok((digests, self));
            }
            let unexpected = || self.session.failed(PgError::ours("unexpected answer from the server"));
            let (schema, name, digest) = read(&line).ok_or_else(unexpected)?;
            // An empty table has no sum.
            digests.insert((schema, name), digest.unwrap_or_else(|| "0".to_owned()));
        }
    }

    /// Ends the session on the server, and returns when it has ended.
    pub async fn end(self) {
        self.session.end().await;
    }
}

/// The digests of the database as it is now.
///
/// # Errors
/// See [`Snapshot`].
pub async fn digests(
    client: &Client,
    connection: &Connection,
    options: &DumpOptions,
    stop: &CancellationToken,
) -> Result<Digests, PostgresError> {
    let snapshot = Snapshot::take(client, connection, options, stop).await?;
    let (digests, snapshot) = snapshot.digests().await?;
    snapshot.end().await;
    Ok(digests)
}

fn read(line: &str) -> Option<(String, String, Option<String>)> {
    serde_json::from_str(&decoded(&bytes(line)?)).ok()
}

/// Decodes hexadecimal text.
pub(super) fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests;
