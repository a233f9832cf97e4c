//! What a dry run can find out about a dump without reading a row. pg_dump writes the schema with all its locks, and
//! the server reports what this role could not read next. Nothing changes.

use std::collections::HashMap;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio_util::sync::CancellationToken;

use crate::databases::postgres::client::Client;
use crate::databases::postgres::invocation::DumpOptions;
use crate::databases::postgres::query::query;
use crate::databases::postgres::sql::Scan;
use crate::databases::postgres::{Connection, Dump, PostgresError};

/// Which relations `c` are tables with rows that this role must not see. pg_dump reads partitions, not their parent.
pub(in crate::databases::postgres) const FILTERED: &str =
    "c.relkind = 'r' AND c.relrowsecurity AND row_security_active(c.oid)";

/// Tables and sequences that this role cannot read completely, each with the beginning of the comment that pg_dump
/// writes before it. pg_dump's own patterns decide which of them are dumped. Of an extension's objects, only marked
/// tables are dumped.
const UNREADABLE: &str = "SELECT CASE WHEN readable THEN 'r' ELSE 'p' END || '-- Name: ' || relname || '; Type: ' || kind || '; Schema: ' || nspname || ';'
  FROM (SELECT c.relname, n.nspname, CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind,
               has_table_privilege(c.oid, 'SELECT') AS readable,
               {filtered} AS filtered
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'S') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
           AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')) AS found
 WHERE NOT readable OR filtered
 ORDER BY nspname, relname";

const TABLES: &str = "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

/// Maximum number of unreadable objects that the error names.
const NAMED: usize = 5;

/// Number of users' tables.
///
/// # Errors
/// The server cannot be reached, rejects the query, or does not answer within a minute.
pub async fn tables(client: &Client, connection: &Connection) -> Result<u64, PostgresError> {
    let answer = query(connection, client, TABLES).await?;
    // An unexpected answer must not count as an empty database.
    Ok(answer.parse().unwrap_or(1))
}

/// Runs every part of a dump that reads no row.
///
/// # Errors
/// What would end the dump: a pattern that matches nothing, a lock that is not granted, or a missing privilege.
pub async fn rehearse(
    client: &Client,
    connection: &Connection,
    options: &DumpOptions,
    stop: &CancellationToken,
) -> Result<(), PostgresError> {
    let answer = query(connection, client, &UNREADABLE.replace("{filtered}", FILTERED)).await?;
    let unreadable: HashMap<&str, Why> = answer.lines().filter_map(Why::read).collect();
    let alone = DumpOptions { schema_only: true, ..options.clone() };
    let mut dump = Dump::start(client, connection, &alone, stop)?;
    let (mut named, mut scan) = (Vec::new(), Scan::default());
    let mut lines = BufReader::new(&mut dump);
    let mut line = Vec::new();
    // After a read error, pg_dump's exit explains what happened.
    while lines.read_until(b'\n', &mut line).await.is_ok_and(|bytes| bytes > 0) {
        scan.feed(&line);
        let text = String::from_utf8_lossy(&line);
        let head = text.find("; Owner: ").map_or("", |end| &text[..=end]);
        if let Some(why) = unreadable.get(head).filter(|why| why.counts(options)) {
            named.push(format!("{} ({})", object(head), why.words()));
        }
        line.clear();
    }
    dump.finish(scan).await?;
    if named.is_empty() {
        return Ok(());
    }
    let more = named.len().saturating_sub(NAMED);
    named.truncate(NAMED);
    if more > 0 {
        named.push(format!("{more} more"));
    }
    Err(PostgresError::Unreadable { place: connection.place(), what: named })
}

/// Why an object cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    NoRight,
    RowSecurity,
}

impl Why {
    fn read(line: &str) -> Option<(&str, Self)> {
        let (head, why) = (line.get(1..)?, line.get(..1)?);
        Some((head, if why == "r" { Self::RowSecurity } else { Self::NoRight }))
    }

    /// Only pg_dump knows whose rows `exclude-table-data` leaves out, and row security does not matter for those.
    fn counts(self, options: &DumpOptions) -> bool {
        self == Self::NoRight || options.exclude_table_data.is_empty()
    }

    fn words(self) -> &'static str {
        match self {
            Self::NoRight => "no SELECT right",
            Self::RowSecurity => "row-level security",
        }
    }
}

/// `table diary.events` from `-- Name: events; Type: TABLE; Schema: diary;`.
fn object(head: &str) -> String {
    let parts = head.strip_prefix("-- Name: ").and_then(|rest| rest.rsplit_once("; Type: "));
    let parts = parts.and_then(|(name, rest)| Some((name, rest.split_once("; Schema: ")?)));
    match parts {
        Some((name, (kind, schema))) => {
            format!("{} {}.{name}", kind.to_lowercase(), schema.trim_end_matches(';'))
        }
        None => head.to_owned(),
    }
}

#[cfg(test)]
mod tests;
