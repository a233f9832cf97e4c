//! A snapshot of a database that several sessions read: a session whose transaction stays open.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::client::Client;
use super::invocation::{self, DumpOptions};
use super::query::from_hex;
use super::session::Session;
use super::sql::decoded;
use super::{Connection, PgError, PostgresError};

/// Further settings: they affect how values look, and make the server return all rows or fail.
const OF_VALUES: [(&str, &str); 2] = [("lc_monetary", "C"), ("row_security", "off")];

/// If its client is killed, a server finishes the statement and holds its locks, unless it checks the connection.
/// Only some systems can (PostgreSQL 14 and later).
const LOOKING: &str =
    "SELECT FROM (SELECT name FROM pg_settings WHERE name = 'client_connection_check_interval'
  AND version() LIKE '%linux%' OFFSET 0) x WHERE set_config(name, '10s', false) IS NULL;\n";

/// All tables that a dump defines and that the role can read. pg_dump reports the others.
const DUMPED: &str = "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')";

/// Locks them like pg_dump, all in one statement.
const LOCKING: &str =
    "SELECT coalesce('LOCK TABLE ' || string_agg(format('ONLY %I.%I', n.nspname, c.relname), ', ')
    || ' IN ACCESS SHARE MODE', 'SET lock_timeout = 0') AS locks {tables} \\gset\n";

/// Whether the snapshot shows tables that this session has not locked.
const UNLOCKED: &str =
    "SELECT EXISTS (SELECT {tables} AND NOT EXISTS (SELECT FROM pg_locks l WHERE l.pid = pg_backend_pid()
  AND l.relation = c.oid AND l.mode = 'AccessShareLock' AND l.granted));\n";

/// Whether another session waits for a lock of this one.
const IN_THE_WAY: &str = "SELECT EXISTS (SELECT FROM pg_locks l WHERE NOT l.granted AND pg_backend_pid() = ANY (pg_blocking_pids(l.pid)));\n";

/// Times to lock all tables before it is given up.
const ATTEMPTS: usize = 5;
/// For the snapshot's session to answer, which has nothing else to do.
const ANSWER: Duration = Duration::from_secs(30);

/// The tables whose rows a pg_dump of their own can read, the largest first, and the bytes of everything else that has
/// rows. A standby has no unlogged rows. Extensions decide about their own tables.
const SIZES: &str = "SELECT encode(convert_to(json_build_object(
    'tables', (SELECT coalesce(json_agg(json_build_array(nspname, relname, bytes) ORDER BY bytes DESC), '[]') FROM
      (SELECT nspname, relname, bytes FROM stored WHERE is_alone ORDER BY bytes DESC LIMIT {most}) x),
    'all', (SELECT coalesce(sum(bytes), 0)::bigint FROM stored) + pg_table_size('pg_largeobject'))::text,
    CASE getdatabaseencoding() WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END), 'hex')";
const ROWS: &str = "WITH stored AS MATERIALIZED (SELECT n.nspname, c.relname, pg_table_size(c.oid) AS bytes,
    c.relkind = 'r' AND pg_relation_size(c.oid) > 0 AND NOT row_security_active(c.oid)
    AND NOT (c.relpersistence = 'u' AND pg_is_in_recovery())
    AND NOT EXISTS (SELECT FROM pg_depend d
      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') AS is_alone
  {tables})";

/// The largest tables with their bytes, and the bytes of everything that has rows.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct Sizes {
    /// Schema, name and bytes on disk, the largest first.
    pub tables: Vec<(String, String, u64)>,
    /// Bytes of all tables and large objects.
    pub all: u64,
}

/// A snapshot that other sessions can use. It ends when it is dropped.
#[derive(Debug)]
pub struct Snapshot {
    session: Session,
    /// The name by which other sessions use the snapshot.
    pub id: String,
}

impl Snapshot {
    /// Begins a snapshot, and then runs these commands, which lock what will be read in it.
    pub(super) async fn begin(
        (client, connection): (&Client, &Connection),
        options: &DumpOptions,
        locking: &str,
        stop: &CancellationToken,
    ) -> Result<Self, PostgresError> {
        let mut session = Session::open(client, connection, stop)?;
        session.send(&format!("{}{BEGIN}{locking}{EXPORT}", settings(options))).await?;
        let id = session.line().await?;
        Ok(Self { session, id })
    }

    /// Locks all tables, and then begins a snapshot for several pg_dumps.
    ///
    /// Not every change leaves the rows of older snapshots alone: a truncated or rewritten table looks empty to them. So
    /// the locks come first, and are held until the last pg_dump has ended.
    ///
    /// # Errors
    /// The server cannot be reached, rejects a statement, or does not grant a lock in time;
    /// [`PostgresError::NoSharedSnapshot`].
    pub async fn of_all_tables(
        client: &Client,
        connection: &Connection,
        options: &DumpOptions,
        stop: &CancellationToken,
    ) -> Result<Self, PostgresError> {
        let mut session = Session::open(client, connection, stop)?;
        session.send(&settings(options)).await?;
        let mut begun = Self { session, id: String::new() };
        for _ in 0..ATTEMPTS {
            let locking = LOCKING.replace("{tables}", DUMPED);
            begun.ask(&format!("{}{locking}{BEGIN}:locks;\n", lock_timeout(options))).await?;
            begun.session.send(EXPORT).await?;
            begun.id = begun.session.line().await.map_err(PostgresError::of_the_export)?;
            // While it waited for a lock, others may have made tables that the snapshot shows.
            if begun.ask(&UNLOCKED.replace("{tables}", DUMPED)).await? == ["f"] {
                return Ok(begun);
            }
            begun.ask("ROLLBACK;\n").await?;
        }
        Err(begun.session.failed(PgError::ours("others make tables faster than this session can lock them")))
    }

    /// Whether another session waits for a lock of this one.
    ///
    /// # Errors
    /// The connection was lost.
    pub async fn is_in_the_way(&mut self) -> Result<bool, PostgresError> {
        Ok(self.ask(IN_THE_WAY).await? == ["t"])
    }

    /// Sizes of the tables, of which `most` are named.
    ///
    /// # Errors
    /// The connection was lost, or the server rejects the question.
    pub async fn sizes(&mut self, most: usize) -> Result<Sizes, PostgresError> {
        let question = [ROWS.replace("{tables}", DUMPED), SIZES.replace("{most}", &most.to_string())];
        let answer = self.ask(&format!("{};\n", question.join("\n"))).await?;
        let line = answer.first().and_then(|line| from_hex(line));
        line.and_then(|text| serde_json::from_str(&decoded(&text)).ok()).ok_or_else(|| self.unexpected())
    }

    /// Fails if the session has ended, and with it the snapshot and the locks.
    ///
    /// # Errors
    /// The connection was lost.
    pub async fn check(&mut self) -> Result<(), PostgresError> {
        // The server must answer: psql does not notice by itself that its session was ended.
        let answer = tokio::time::timeout(ANSWER, self.ask("SELECT 'open';\n")).await;
        let silent =
            |_| self.session.failed(PgError::ours("the session that holds the snapshot does not answer"));
        let answer = answer.map_err(silent)??;
        if answer == ["open"] { Ok(()) } else { Err(self.unexpected()) }
    }

    /// The lines of the answer.
    pub(super) async fn ask(&mut self, question: &str) -> Result<Vec<String>, PostgresError> {
        let end = format!("end {}", uuid::Uuid::new_v4().simple());
        self.session.send(&format!("{question}\\echo {end}\n")).await?;
        let mut lines = Vec::new();
        loop {
            let line = self.session.line().await?;
            if line == end {
                return Ok(lines);
            }
            lines.push(line);
        }
    }

    pub(super) fn unexpected(&self) -> PostgresError {
        self.session.failed(PgError::ours("unexpected answer from the server"))
    }

    /// Ends the session on the server, and returns when it has ended.
    pub async fn end(self) {
        self.session.end().await;
    }
}

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n";
const EXPORT: &str = "SET lock_timeout = 0;\nSELECT pg_export_snapshot();\n";

fn lock_timeout(options: &DumpOptions) -> String {
    format!("SET lock_timeout = {};\n", options.lock_wait_timeout.as_millis())
}

/// What the session needs before its transaction.
fn settings(options: &DumpOptions) -> String {
    // A role may have another encoding, in which not every name can be written.
    let encoding = options.encoding.as_deref();
    let encoding = encoding.map(|name| format!("SET client_encoding = '{name}';\n")).unwrap_or_default();
    format!(
        "SET search_path = pg_catalog, pg_temp;\n{};\n{encoding}{LOOKING}{}",
        invocation::settings_sql(invocation::SESSION_SETTINGS.iter().chain(&OF_VALUES), false),
        lock_timeout(options)
    )
}
