//! The backup of one sponsor, from top to bottom: prepare, start, seal, finish, commit, then the record and the result.
//! Do not reorder the steps: the object must not become visible before pg_dump's verdict.

use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use tokio::io::AsyncReadExt as _;

use super::BackupRun;
use super::comparison::{emptied, over_a_limit};
use super::dumping::Dumping;
use super::manifest::{DumpedBackup, partial};
use super::prepare::{Preparation, PreparedBackup};
use super::state::BackupState;
use crate::archive::backup_manifest::Partial;
use crate::archive::pending::{Committed, Sealed};
use crate::archive::{Progress, seal};
use crate::commands::publish::Ended;
use crate::commands::save_record;
use crate::commands::session::{Completed, SponsorSession};
use crate::commands::text_blocks;
use crate::databases::postgres::sql::Blocks;
use crate::databases::postgres::{FinishedDump, PostgresError};
use crate::failure::{Doing, Failure, TimedOut};
use crate::layout::key::{Object, retain_until};
use crate::record::deployment::Heading;
use crate::record::{DeploymentLog, Event, Provenance};
use crate::report::Record;
use crate::report::workflow::{Level, annotation};
use crate::sponsors::Sponsor;
use crate::store::Upload;
use crate::verification::conclusion::{BackupFacts, ContentTotals};
use crate::verification::limits::words;

/// Maximum number of pieces of a dump over several connections, some 400 GB, so that the manifest stays readable.
const MOST_SHORT_PIECES: usize = 100_000;

/// A backup that is stored.
struct TakenBackup {
    sealed: Sealed,
    finished: FinishedDump,
    committed: Committed,
}

impl BackupRun<'_> {
    /// One sponsor from beginning to end. Without a record, a backup does not count as a success.
    pub(super) async fn sponsor(&self, sponsor: &Sponsor) -> Ended {
        let limit = TimedOut::new(self.options.timeout, Doing::Dump);
        let session = self.sessions.begin(sponsor, Some(limit));
        let mut state = BackupState::begin(session.started);
        let mut done = session.run(Box::pin(self.back_up(&session, &mut state))).await;
        // Some quote S3 or the server, and the record keeps them for years.
        for warning in &mut state.warnings {
            *warning = self.context.sink.redacted(warning);
        }
        if !self.options.common.dry_run {
            done = self.save_record(&session, &mut state, done).await;
        }
        let result = state.into_result(&session, &done, self.options.common.dry_run);
        session.end(result, done.err().map(|failure| session.redacted(&failure)))
    }

    async fn back_up(
        &self,
        session: &SponsorSession<'_>,
        state: &mut BackupState,
    ) -> Result<Completed, Failure> {
        state.partial = partial(&self.options.dump);
        state.warnings.extend(state.partial.as_ref().map(Partial::words));
        // Prepare. Nothing is changed before everything that can be checked was checked.
        let prepared = match session.limit.unless_stopped(self.prepare(session, state)).await? {
            Preparation::Disabled(why) => return Ok(Completed::Disabled(why)),
            Preparation::Ready(prepared) if self.options.common.dry_run => {
                self.rehearse(session, state, &prepared).await?;
                return Ok(Completed::Planned);
            }
            Preparation::Ready(prepared) => prepared,
        };
        state.previous = prepared.previous.baseline().map(|baseline| baseline.totals.clone());
        self.show_not_compared(session.sponsor, state, &prepared.previous);
        // Time spent waiting for other sponsors' memory does not count.
        let reserved = session.limit.paused(self.budget.reserve(prepared.buffers));
        let _reserved = session.limit.unless_stopped(async { Ok(reserved.await) }).await?;
        self.show_detail(session.sponsor, &prepared);
        let begun = Instant::now();
        let taken = self.dump_and_store(session, state, &prepared).await;
        let taken = taken.inspect_err(|failure| state.note_left_behind(failure, self.context))?;
        let took = words(begun.elapsed());
        self.context.sink.debug(|| format!("{}: dump, upload and check took {took}", session.sponsor.name));
        self.compare_with_previous(session.sponsor, state, &prepared, taken)
    }

    /// No half-finished backups: the dump must succeed before the archive is committed. If both fail, the first
    /// failure is the cause.
    async fn dump_and_store(
        &self,
        session: &SponsorSession<'_>,
        state: &mut BackupState,
        prepared: &PreparedBackup,
    ) -> Result<TakenBackup, Failure> {
        let PreparedBackup { store, key, labels, buffers, .. } = prepared;
        let (started_at, stop) = (prepared.as_of(self.context.now()), session.limit.stop());
        let head = prepared.head()?;
        let progress = Arc::new(Progress::default());
        let watch = self.watch(session.sponsor, prepared, &progress, head.len() as u64);

        // Start: pg_dump, and before it the session whose snapshot it reads.
        let dump = Dumping::start(prepared, stop).await?;
        let jobs = dump.jobs();
        state.jobs = (jobs > 1).then_some(jobs as u64);

        // Seal: compress, encrypt and upload what pg_dump writes. [`Blocks`] scans it on the way.
        let mut text = Blocks::new(head.as_bytes().chain(dump));
        let upload = Upload::new(store, key.clone(), labels.clone(), buffers.parts(), stop.clone());
        let sealed = seal(&mut text, &self.options.seal_options, *buffers, upload, &progress).await;
        drop(watch);
        let (text, scan, pieces) = text.into_parts();
        let (_, dump) = text.into_inner();
        let pending = match sealed {
            Ok(pending) => pending,
            // pg_dump stops first, because it holds locks until then.
            Err(broken) => {
                dump.abandon().await;
                return Err(broken.abandon().await.into());
            }
        };

        // Finish. An encoder that is dropped on an error path writes a valid end of file. So a stream that ended proves
        // nothing yet: until `finish` has judged the dump, the object is only pending and not visible.
        let (finished, generated) = match dump.finish(scan, prepared).await {
            Ok(finished) => finished,
            Err(cause) => {
                // The dump's failure is the cause. A failed abort is only a consequence.
                if let Err(error) = pending.abandon().await {
                    state.consequences.push(self.context.sink.redacted(&error.to_string()));
                }
                return Err(cause.into());
            }
        };

        // Commit: makes the object visible, reads it back, and writes the manifest last.
        let (sealed, finished_at) = (pending.sealed().clone(), self.context.now());
        let dumped = DumpedBackup {
            started_at,
            finished_at,
            sealed: &sealed,
            // The pieces of several connections are short. Without an index, a restore reads the backup twice.
            pieces: text_blocks::index(&sealed.pieces, pieces)
                .filter(|pieces| jobs == 1 || pieces.len() <= MOST_SHORT_PIECES),
            finished: &finished,
            generated: &generated,
        };
        let mut manifest = self.manifest(session.sponsor, state, prepared, dumped);
        self.compare(state, prepared, &mut manifest);
        let committed = pending.commit(manifest.to_bytes()).await?;
        for remark in &committed.remarks {
            self.context.sink.line(&format!("{}: {remark}", session.sponsor.name));
        }
        Ok(TakenBackup { sealed, finished, committed })
    }

    /// Notes what is stored, and compares it with the previous backup.
    fn compare_with_previous(
        &self,
        sponsor: &Sponsor,
        state: &mut BackupState,
        prepared: &PreparedBackup,
        taken: TakenBackup,
    ) -> Result<Completed, Failure> {
        let TakenBackup { sealed, finished, committed } = taken;
        state.warnings.extend(prepared.warnings(&finished));
        self.show_notes(sponsor, &finished.notes);
        let held = ContentTotals {
            tables: finished.contents.tables.len() as u64,
            rows: finished.contents.rows_total(),
            bytes: sealed.plain.bytes,
        };
        state.server_version = Some(finished.server_version);
        state.pg_dump_version = Some(finished.pg_dump_version);
        let location = prepared.store.location(&prepared.key);
        state.backup = Some((location.clone(), sealed));
        let source = self.attribute_source(state);
        let store = state.buckets.as_ref().map(|buckets| &buckets.backups_name);
        let not_locked = store.and_then(|store| source.not_locked(store, &committed.lock));
        state.warnings.extend(not_locked);
        state.warnings.extend(committed.warnings);
        state.lock = Some(committed.lock);
        let partial = state.partial.is_some();
        let rows_before = prepared.rows_before();
        let taken = state.taken.insert(BackupFacts { held, partial, rows_before });
        state.warnings.extend(taken.warning());
        state.warnings.append(&mut state.compared.warnings);
        // The backup is stored already, and stays: an empty dump may be what the reader needs to see.
        if let Some(finding) = taken.lost_everything() {
            return Err(emptied(location, finding));
        }
        match std::mem::take(&mut state.compared.findings) {
            findings if findings.is_empty() => Ok(Completed::Done),
            findings => Err(over_a_limit(location, findings, self.unchecked(prepared).is_some())),
        }
    }

    /// Shows pg_dump's notes.
    fn show_notes(&self, sponsor: &Sponsor, notes: &[String]) {
        if !notes.is_empty() {
            let title = format!("{}: backed up", sponsor.name);
            self.context.sink.annotations(&[annotation(Level::Notice, &title, &notes.join("; "))]);
        }
    }

    /// Saves the record. After a failed backup, that failure stays the cause.
    async fn save_record(
        &self,
        session: &SponsorSession<'_>,
        state: &mut BackupState,
        done: Result<Completed, Failure>,
    ) -> Result<Completed, Failure> {
        let heading = self.heading(session, state, self.github.provenance().await);
        let was_cancelled = matches!(done, Err(Failure::Cancelled(_)));
        let conclusion = state.conclusion(&done, self.options.common.dry_run);
        let mut document = DeploymentLog::of_backup(heading, conclusion, was_cancelled);
        state.fill(&mut document, session, &done);
        let years = self.options.deployment.retention_years.filter(|_| state.backup.is_some());
        document.retained_until = years.and_then(|years| retain_until(state.started, years));
        let entry = (Object::DeploymentLog, &*document.to_bytes());
        let source = self.attribute_source(state);
        let kept = save_record::save(entry, session.sponsor, state.buckets.as_deref(), &source).await;
        state.consequences.extend(kept.warning);
        let text = String::from_utf8_lossy(entry.1).into_owned();
        state.record = Some(Record { text, is_in_s3: kept.is_in_s3 });
        state.record_location = kept.place;
        match (done, kept.failure) {
            (Ok(_), Some(failure)) => Err(failure),
            // The record's failure is a consequence for the reader, and must not hide why the backup failed.
            (Err(first), Some(second)) => {
                state.consequences.push(self.context.sink.redacted(&second.to_string()));
                Err(first)
            }
            (done, None) => {
                if matches!(done, Ok(Completed::Disabled(_))) {
                    save_record::show_saved_locally_only(self.context, &session.sponsor.name);
                }
                done
            }
        }
    }

    fn heading<'s>(
        &'s self,
        session: &SponsorSession<'s>,
        state: &BackupState,
        provenance: &'s Provenance,
    ) -> Heading<'s> {
        let options = self.options;
        Heading {
            event: if options.pre_migration { Event::PreDeploymentBackup } else { Event::Backup },
            sponsor: session.sponsor,
            environment: options.common.environment,
            at: state.started,
            version: options.deployment.version.as_ref().map(|text| text.redacted(&self.context.sink)),
            reason: options.deployment.reason.as_ref().map(|text| text.redacted(&self.context.sink)),
            run: &self.context.run,
            provenance,
        }
    }
}

impl PreparedBackup {
    /// The text before pg_dump's own: the database's settings and comment.
    fn head(&self) -> Result<String, PostgresError> {
        self.database.settings.head().ok_or_else(|| PostgresError::Incomplete {
            place: self.connection.place(),
            missing: "the database's settings and comment, which exceed 4 MiB".to_owned(),
        })
    }

    /// Rows of the backup that this one is compared with.
    pub(super) fn rows_before(&self) -> Option<u64> {
        Some(self.previous.baseline()?.totals.rows_total)
    }

    /// The time of the data in a dump that begins now.
    fn as_of(&self, now: Timestamp) -> Timestamp {
        self.standby.as_ref().map_or(now, |(standby, asked_at)| standby.as_of(*asked_at))
    }
}
