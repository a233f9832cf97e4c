//! The values of stored generated columns. No dump holds them: the server that restores it computes them again, and in
//! another locale they may come out otherwise. So they are summed up in the snapshot that is dumped, and compared later.

use std::collections::BTreeMap;
use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::AbortOnDropHandle;

use super::client::Client;
use super::ending::{GRACE, Signal, supervise};
use super::invocation::DumpOptions;
use super::scan::decoded;
use super::{Complaint, Connection, DumpError, Names, defaults, invocation, pattern};

/// Tables of people that have such columns and that this role can read whole; a standby has no unlogged ones. Not every
/// version has `attgenerated`.
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

/// What besides changes how values look, and shows all rows or none.
const OF_VALUES: [(&str, &str); 2] = [("lc_monetary", "C"), ("row_security", "off")];

/// A server goes on with a sum whose client was killed, locks and all, unless it looks whether somebody is there. Not every
/// system can tell (PostgreSQL 14 and later).
const LOOKING: &str =
    "SELECT FROM (SELECT name FROM pg_settings WHERE name = 'client_connection_check_interval'
  AND version() LIKE '%linux%' OFFSET 0) x WHERE set_config(name, '10s', false) IS NULL;\n";

/// Commands for each of these tables. The first takes the lock that pg_dump takes as well, before somebody waits for a
/// stronger one; the second gives the table's sum of the SHA-256 of its rows, all columns by name, as far as 60 bits of each
/// go: the same for any order of rows. What psql runs has names in the database's encoding, and its answers are in UTF-8.
const LOCKING: &str =
    "SELECT format('LOCK TABLE ONLY %I.%I IN ACCESS SHARE MODE', n.nspname, c.relname) {tables} \\gexec\n";
const SUMMING: &str = "SELECT format('SELECT encode(convert_to(json_build_array(%L, %L, sum((''x'' ||
    left(encode(sha256(convert_to(ROW(%s)::text, %L)), ''hex''), 15))::bit(60)::bigint)::text)::text, %4$L), ''hex'')
    FROM ONLY %5$I.%6$I', n.nspname, c.relname, generated.names,
    CASE getdatabaseencoding() WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END, n.nspname, c.relname) {tables} \\gexec\n";

/// By schema and name of the table, the sum of its values.
pub type Digests = BTreeMap<(String, String), String>;

/// A snapshot of a database: a session that stays in one transaction until it is dropped.
#[derive(Debug)]
pub struct Snapshot {
    stdin: ChildStdin,
    stdout: Lines<BufReader<ChildStdout>>,
    stderr: AbortOnDropHandle<String>,
    supervisor: JoinHandle<std::io::Result<ExitStatus>>,
    /// What other sessions know it by.
    pub id: String,
    /// Which tables it is about, in SQL.
    tables: String,
    place: String,
    stop: CancellationToken,
    _stop_on_drop: DropGuard,
}

impl Snapshot {
    /// Begins one, in which the tables with generated columns are locked as pg_dump locks them.
    ///
    /// # Errors
    /// The server cannot be reached, refuses, or does not give a lock in time.
    pub async fn take(
        client: &Client,
        connection: &Connection,
        options: &DumpOptions,
        stop: &CancellationToken,
    ) -> Result<Self, DumpError> {
        let place = connection.place();
        let psql = ("psql", invocation::load_arguments(false));
        let mut child = client.start(psql, connection, [Stdio::piped(), Stdio::piped()])?;
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(client.not_started("psql", "its pipes are missing"));
        };
        let stop = stop.child_token();
        let mut this = Self {
            stdin,
            stdout: BufReader::new(stdout).lines(),
            stderr: AbortOnDropHandle::new(tokio::spawn(words(stderr))),
            // At SIGINT psql cancels its statement.
            supervisor: supervise(child, stop.clone(), Signal::INT),
            id: String::new(),
            tables: format!("{TABLES}\n    AND {}", pattern::of_dumped_rows(options)),
            place,
            _stop_on_drop: stop.clone().drop_guard(),
            stop,
        };
        let begin = format!(
            "SET search_path = pg_catalog, pg_temp;\n{};\n{LOOKING}SET lock_timeout = {};\nBEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n{}\
             SET lock_timeout = 0;\nSELECT pg_export_snapshot();\n",
            defaults::setting(defaults::OURS.iter().chain(&OF_VALUES), false),
            options.lock_wait_timeout.as_millis(),
            LOCKING.replace("{tables}", &this.tables)
        );
        this.send(&begin).await?;
        this.id = this.line().await?;
        Ok(this)
    }

    /// The sums of all tables. The snapshot is held on.
    ///
    /// # Errors
    /// The connection was lost, or the server refuses.
    pub async fn digests(mut self) -> Result<(Digests, Self), DumpError> {
        let end = format!("end {}", uuid::Uuid::new_v4().simple());
        let question = SUMMING.replace("{tables}", &self.tables);
        self.send(&format!("{question}\\echo {end}\n")).await?;
        let mut digests = Digests::new();
        loop {
            let line = self.line().await?;
            if line == end {
                return Ok((digests, self));
            }
            let (schema, name, digest) =
                read(&line).ok_or_else(|| self.failed("unexpected answer from the server"))?;
            // A table without rows has none.
            digests.insert((schema, name), digest.unwrap_or_else(|| "0".to_owned()));
        }
    }

    async fn send(&mut self, text: &str) -> Result<(), DumpError> {
        let written = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Err(self.stopped()),
            written = self.stdin.write_all(text.as_bytes()) => written,
        };
        if written.is_ok() { Ok(()) } else { Err(self.why_it_ended().await) }
    }

    async fn line(&mut self) -> Result<String, DumpError> {
        let line = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Err(self.stopped()),
            line = self.stdout.next_line() => line,
        };
        match line {
            Ok(Some(line)) => Ok(line),
            _ => Err(self.why_it_ended().await),
        }
    }

    async fn why_it_ended(&mut self) -> DumpError {
        if self.stop.is_cancelled() {
            return self.stopped();
        }
        let said = tokio::time::timeout(GRACE, &mut self.stderr).await.ok().and_then(Result::ok);
        let said = said.unwrap_or_default();
        let names = Names::default();
        let coded = said.lines().find_map(|line| Complaint::in_line(line, &names));
        let message = coded.unwrap_or_else(|| Complaint::uncoded(&said, &names));
        DumpError::Unreachable { place: self.place.clone(), message }
    }

    fn stopped(&self) -> DumpError {
        DumpError::Stopped { place: self.place.clone() }
    }

    fn failed(&self, what: &str) -> DumpError {
        DumpError::Unreachable { place: self.place.clone(), message: Complaint::ours(what) }
    }

    /// Ends it, and its session on the server, before this returns.
    pub async fn end(self) {
        let Self { stdin, supervisor, stop, .. } = self;
        drop(stdin);
        // It has nothing left to do; one that is busy all the same is told to leave.
        if tokio::time::timeout(GRACE, supervisor).await.is_err() {
            stop.cancel();
        }
    }
}

/// The sums of the database as it is now.
///
/// # Errors
/// See [`Snapshot`].
pub async fn digests(
    client: &Client,
    connection: &Connection,
    options: &DumpOptions,
    stop: &CancellationToken,
) -> Result<Digests, DumpError> {
    let snapshot = Snapshot::take(client, connection, options, stop).await?;
    let (digests, snapshot) = snapshot.digests().await?;
    snapshot.end().await;
    Ok(digests)
}

fn read(line: &str) -> Option<(String, String, Option<String>)> {
    serde_json::from_str(&decoded(&bytes(line)?)).ok()
}

/// The bytes that a text in hexadecimal stands for.
pub(super) fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

async fn words(mut stderr: ChildStderr) -> String {
    let mut said = Vec::new();
    // What was read before an error is all there is.
    stderr.read_to_end(&mut said).await.ok();
    decoded(&said).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read() {
        let line: String = r#"["s","t","12"]"#.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(read(&line), Some(("s".to_owned(), "t".to_owned(), Some("12".to_owned()))));
        assert_eq!(read("BEGIN"), None);
    }
}
