//! A dump over several connections: one text, in the order in which its parts arrive.
//!
//! One session locks all tables and holds the snapshot that every pg_dump reads. One pg_dump writes the definitions
//! before the rows and one those after them. Between them, several write rows at once: the first everything that was
//! not handed out, each other one only its tables. The text has the statements of a plain dump in the same order. Only
//! the rows are in another order, and long tables come in several COPY blocks.

mod section;
mod shares;

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Dump, FinishedDump};
use crate::databases::postgres::client::Client;
use crate::databases::postgres::generated::Digests;
use crate::databases::postgres::invocation::{self, DumpOptions};
use crate::databases::postgres::snapshot::Snapshot;
use crate::databases::postgres::sql::{Misfit, Scan, TableName, Takes, quoted};
use crate::databases::postgres::{Connection, PgError, PostgresError};
use section::{Finished, Outlet, Section, Sections};

/// Smaller databases are dumped over one connection, which takes less time than to start several.
pub const WORTHWHILE_BYTES: u64 = 32 << 20;
/// Maximum number of tables that are handed out by name: the largest. Arguments have a maximum length.
const HANDED_OUT: usize = 200;
/// Bytes of text that one section adds at once.
const PART_BYTES: usize = 4 << 20;
/// The same for definitions, of which only one pg_dump writes at a time.
const SMALL_PART_BYTES: usize = 256 << 10;
/// Maximum wait of a pg_dump for a lock that the session with the snapshot has. Other readers of the table wait as long.
const BEHIND_ONESELF: Duration = Duration::from_secs(2);
/// Times to begin.
const ATTEMPTS: u32 = 4;
/// Time between two checks that the snapshot is still there.
const BETWEEN_CHECKS: Duration = Duration::from_secs(5);

/// Memory for the parts of a dump over this many connections, in bytes: one of each connection, one that is taken over
/// by the archive, and one between the two.
#[must_use]
pub fn memory_bytes(jobs: usize) -> u64 {
    if jobs < 2 { 0 } else { (jobs as u64 + 2) * (PART_BYTES + 2 * section::READ_BYTES) as u64 }
}

/// Several running pg_dumps. Read the text to its end and scan it, then call [`ParallelDump::finish`]. Dropping it stops
/// all of them.
#[derive(Debug)]
pub struct ParallelDump {
    /// Connections that read rows.
    pub jobs: usize,
    parts: mpsc::Receiver<Vec<u8>>,
    /// The part that is being read, and how far.
    current: (Vec<u8>, usize),
    work: JoinHandle<Result<Done, PostgresError>>,
    connection: Connection,
    stop: CancellationToken,
    _stop_on_drop: DropGuard,
}

/// The session that holds the snapshot, every pg_dump, and what all of them read.
type Begun = (Snapshot, Sections, DumpOptions);

/// Locks the tables, takes the snapshot, and starts every pg_dump. Each has its own locks when this returns. The inner error is of a
/// pg_dump that waited behind a statement that waits for our own locks, which are released then.
async fn begin(
    (client, connection): (&Client, &Connection),
    options: &DumpOptions,
    jobs: usize,
    stop: &CancellationToken,
) -> Result<Result<Begun, PostgresError>, PostgresError> {
    let mut snapshot = Snapshot::of_all_tables(client, connection, options, stop).await?;
    let sizes = snapshot.sizes(HANDED_OUT).await?;
    let any_name = options.encoding.as_deref() == Some("UTF8");
    let shares = shares::shares(&sizes, jobs, any_name);
    let options = DumpOptions {
        snapshot: Some(snapshot.id.clone()),
        // The tables are locked already, so a pg_dump waits only behind a statement that waits for our own lock.
        lock_wait_timeout: options.lock_wait_timeout.min(BEHIND_ONESELF),
        ..options.clone()
    };
    let start = |options: &DumpOptions, takes: Takes, part_bytes: usize| {
        let dump = Dump::start(client, connection, options, stop)?;
        Ok(Section::new(dump, takes, part_bytes, connection.place()))
    };
    let mut sections = start_sections(&options, &shares, start)?;
    match sections.read_heads().await {
        Ok(()) => Ok(Ok((snapshot, sections, options))),
        Err(error) => {
            let is_in_the_way = snapshot.is_in_the_way().await;
            stop.cancel();
            sections.abandon().await;
            snapshot.end().await;
            if is_in_the_way? { Ok(Err(error)) } else { Err(error) }
        }
    }
}

/// The verdicts about all pg_dumps.
#[derive(Debug)]
struct Done {
    finished: Vec<Finished>,
    digests: Digests,
}

impl ParallelDump {
    /// Locks the tables, takes the snapshot, and starts everything. With `has_generated_values`, digests of generated
    /// columns are computed in the same snapshot.
    ///
    /// # Errors
    /// The server does not answer, does not grant a lock in time, or does not export a snapshot, or a program cannot be
    /// started.
    pub async fn start(
        (client, connection): (&Client, &Connection),
        options: &DumpOptions,
        jobs: usize,
        has_generated_values: bool,
        stop: &CancellationToken,
    ) -> Result<Self, PostgresError> {
        let stop = stop.child_token();
        let guard = stop.clone().drop_guard();
        let mut attempt = 1;
        let (snapshot, sections, options) = loop {
            let beginning = stop.child_token();
            match begin((client, connection), options, jobs, &beginning).await? {
                Ok(begun) => break begun,
                Err(blocked) if attempt == ATTEMPTS => return Err(blocked),
                // Nothing was written yet, and the statement that waited for our own locks runs now.
                Err(_) => attempt += 1,
            }
        };
        let jobs = sections.data.len();
        // One part between the sections and the archive.
        let (sender, parts) = mpsc::channel(1);
        let outlet = Outlet::new(sender, stop.clone(), connection.place());
        let sums = has_generated_values.then_some(options);
        let work = tokio::spawn(run(sections, outlet, (snapshot, sums), stop.clone()));
        let connection = connection.clone();
        Ok(Self { jobs, parts, current: (Vec::new(), 0), work, connection, stop, _stop_on_drop: guard })
    }

    /// Waits for the end and judges it with the scan of the whole text: every pg_dump must have succeeded by itself, the
    /// snapshot must have been there to the end, and the text must contain the rows that the pg_dumps wrote.
    ///
    /// # Errors
    /// The first cause: something failed, was stopped, or is not whole.
    pub async fn finish(self, scan: Scan) -> Result<(FinishedDump, Digests), PostgresError> {
        let place = self.connection.place();
        let lost = |error: tokio::task::JoinError| PostgresError::Failed {
            place: place.clone(),
            status: "was lost".to_owned(),
            message: PgError::ours(error.to_string()),
        };
        let Done { finished, digests } = self.work.await.map_err(lost)??;
        let contents =
            scan.judged().map_err(|reason| PostgresError::Unfit { place: place.clone(), reason })?;
        let expected = finished.iter().flat_map(|section| section.rows.clone());
        let found =
            contents.tables.iter().map(|table| ((table.schema.clone(), table.name.clone()), table.rows));
        if let Some(table) = difference(&expected.collect(), &found.collect()) {
            return Err(PostgresError::Misfit { place, reason: Misfit::Lost(table) });
        }
        let (mut notes, mut warnings) = (Vec::new(), Vec::new());
        for Finished { dump, .. } in finished {
            for (all, new) in [(&mut notes, dump.notes), (&mut warnings, dump.warnings)] {
                all.extend(new);
                all.sort();
                all.dedup();
            }
        }
        Ok((FinishedDump::new(scan, contents, notes, warnings), digests))
    }

    /// Ends every pg_dump, and its session on the server, before this returns.
    pub async fn abandon(self) {
        self.stop.cancel();
        // The result does not matter: the dump is discarded.
        self.work.await.ok();
    }
}

impl AsyncRead for ParallelDump {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let this = self.get_mut();
        while this.current.1 == this.current.0.len() {
            match ready!(this.parts.poll_recv(context)) {
                Some(part) => this.current = (part, 0),
                // A read of zero bytes is the end of the stream.
                None => return Poll::Ready(Ok(())),
            }
        }
        let (part, begin) = &mut this.current;
        let end = part.len().min(*begin + buffer.remaining());
        buffer.put_slice(&part[*begin..end]);
        *begin = end;
        Poll::Ready(Ok(()))
    }
}

/// A table whose number of rows differs.
fn difference(expected: &BTreeMap<TableName, u64>, found: &BTreeMap<TableName, u64>) -> Option<String> {
    let differs = |table: &&TableName| expected.get(*table) != found.get(*table);
    let table = expected.keys().chain(found.keys()).find(differs);
    table.map(|(schema, name)| format!("{schema}.{name}"))
}

/// Starts all pg_dumps at once, so that each reads the catalog and gets its locks before anyone asks for others.
fn start_sections(
    options: &DumpOptions,
    shares: &[BTreeSet<TableName>],
    start: impl Fn(&DumpOptions, Takes, usize) -> Result<Section, PostgresError>,
) -> Result<Sections, PostgresError> {
    let of = |section, options: &DumpOptions| DumpOptions { section: Some(section), ..options.clone() };
    let everything = || Takes::AllBut(BTreeSet::new());
    let pattern = |(schema, name): &TableName| format!("{}.{}", quoted(schema), quoted(name));
    let mut base = of(invocation::Section::Data, options);
    base.exclude_table_data.extend(shares.iter().flatten().map(pattern));
    let handed_out = shares.iter().flatten().cloned().collect();
    let mut data = vec![start(&base, Takes::AllBut(handed_out), PART_BYTES)?];
    for tables in shares {
        let helper = DumpOptions {
            tables: tables.iter().map(pattern).collect(),
            ..of(invocation::Section::Data, options)
        };
        data.push(start(&helper, Takes::RowsOf(tables.clone()), PART_BYTES)?);
    }
    Ok(Sections {
        before: start(&of(invocation::Section::PreData, options), everything(), SMALL_PART_BYTES)?,
        data,
        after: start(&of(invocation::Section::PostData, options), everything(), SMALL_PART_BYTES)?,
        settings: Vec::new(),
    })
}

/// Writes the text, and holds the snapshot until it is complete. The first failure ends everything.
async fn run(
    sections: Sections,
    outlet: Outlet,
    (snapshot, sums): (Snapshot, Option<DumpOptions>),
    stop: CancellationToken,
) -> Result<Done, PostgresError> {
    let complete = CancellationToken::new();
    let held = tokio::spawn(hold(snapshot, sums, complete.clone(), stop.clone()));
    let written = sections.write(&outlet).await;
    if written.is_err() {
        stop.cancel();
    }
    complete.cancel();
    // The task is never aborted, so this can only be its panic, which continues here.
    let held = held.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    match (written, held) {
        (Ok(finished), Ok(digests)) => Ok(Done { finished, digests }),
        // A stop is the consequence if the other one failed.
        (Err(PostgresError::Stopped { .. }), Err(cause)) | (Err(cause), _) | (_, Err(cause)) => Err(cause),
    }
}

/// Keeps the snapshot and its locks. If its session ends early, everything stops.
async fn hold(
    mut snapshot: Snapshot,
    sums: Option<DumpOptions>,
    complete: CancellationToken,
    stop: CancellationToken,
) -> Result<Digests, PostgresError> {
    let mut holding = async || {
        let digests = match &sums {
            Some(options) => snapshot.digests(options).await?,
            None => Digests::new(),
        };
        while tokio::time::timeout(BETWEEN_CHECKS, complete.cancelled()).await.is_err() {
            snapshot.check().await?;
        }
        snapshot.check().await?;
        Ok(digests)
    };
    let held = holding().await;
    match &held {
        Ok(_) => snapshot.end().await,
        Err(_) => stop.cancel(),
    }
    held
}

#[cfg(test)]
mod tests;
