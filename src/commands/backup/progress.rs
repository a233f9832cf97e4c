//! The lines of a running backup: how far it is, or what it waits for.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio_util::task::AbortOnDropHandle;

use super::BackupRun;
use super::prepare::PreparedBackup;
use crate::archive::Progress;
use crate::databases::postgres::client::Client;
use crate::databases::postgres::{Connection, dump};
use crate::report::lines::DumpProgress;
use crate::report::sink::Sink;
use crate::sponsors::Sponsor;

/// Each question costs the server a connection, and itself holds the lock manager's locks for a moment.
const BETWEEN_QUESTIONS: Duration = Duration::from_secs(10);

/// Shows lines until it is dropped.
pub(super) struct ProgressLines {
    lines: AbortOnDropHandle<()>,
    sink: Arc<Sink>,
    sponsor: String,
}

impl Drop for ProgressLines {
    fn drop(&mut self) {
        self.lines.abort();
        self.sink.progress_ended(&self.sponsor);
    }
}

impl BackupRun<'_> {
    /// Shows the progress of a dump, or the lock that it waits for. The first `head_bytes` that are read come from this
    /// program and not from pg_dump.
    pub(super) fn watch(
        &self,
        sponsor: &Sponsor,
        prepared: &PreparedBackup,
        progress: &Arc<Progress>,
        head_bytes: u64,
    ) -> ProgressLines {
        let (sink, name) = (Arc::clone(&self.context.sink), sponsor.name.clone());
        let database = (prepared.connection.clone(), prepared.client.clone());
        let lines = tokio::spawn(show_lines(sink, name, database, (Arc::clone(progress), head_bytes)));
        let (sink, sponsor) = (Arc::clone(&self.context.sink), sponsor.name.clone());
        ProgressLines { lines: AbortOnDropHandle::new(lines), sink, sponsor }
    }
}

async fn show_lines(
    sink: Arc<Sink>,
    sponsor: String,
    (connection, client): (Connection, Client),
    (progress, head_bytes): (Arc<Progress>, u64),
) {
    let begun = Instant::now();
    let mut asked = begun;
    loop {
        tokio::time::sleep(sink.progress_interval()).await;
        let bytes_read = progress.bytes_read.load(Ordering::Relaxed);
        // pg_dump has all its locks before it writes a byte, so only a dump without bytes can wait for one.
        if bytes_read <= head_bytes && asked.elapsed() >= BETWEEN_QUESTIONS {
            asked = Instant::now();
            if let Some(wait) = dump::find_lock_wait(&connection, &client).await {
                sink.line(&format!("{sponsor}: {wait}"));
                continue;
            }
        }
        sink.progress(DumpProgress {
            sponsor: &sponsor,
            bytes_read,
            bytes_stored: progress.bytes_stored.load(Ordering::Relaxed),
            elapsed: begun.elapsed(),
        });
    }
}
