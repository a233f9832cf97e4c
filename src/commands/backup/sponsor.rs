//! The backup of one sponsor: dump into archive, verdict, commit. The order of these lines is the product's promise.

use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use tokio::io::AsyncReadExt as _;
use tokio_util::sync::CancellationToken;

use super::BackupRun;
use super::generated::GeneratedValues;
use super::prepare::{Preparation, PreparedBackup};
use super::state::BackupState;
use crate::archive::backup_manifest::{
    BackupManifest, FORMAT_VERSION, Name, Partial, RestoreNeeds, SourceDatabase, Standby, Tool,
    manifest_sizes,
};
use crate::archive::pending::{Committed, Sealed};
use crate::archive::{Progress, Upload, seal};
use crate::commands::limit::TimeLimit;
use crate::commands::publish::Completed;
use crate::databases::postgres::client::major;
use crate::databases::postgres::database::Database;
use crate::databases::postgres::generated::Digests;
use crate::databases::postgres::invocation::DumpOptions;
use crate::databases::postgres::{Dump, DumpError, FinishedDump};
use crate::failure::Failure;
use crate::report::workflow::{Level, annotation};
use crate::sponsors::Sponsor;
use crate::verification::VerificationError;
use crate::verification::conclusion::{BackupFacts, Before, ContentTotals};
use crate::verification::database::document;
use crate::verification::limits::words;
use crate::verification::stored::manifest_contents;

/// The facts about a dump and its archive.
struct DumpedBackup<'a> {
    started_at: Timestamp,
    finished_at: Timestamp,
    sealed: &'a Sealed,
    finished: &'a FinishedDump,
    generated: &'a Digests,
    source: Option<&'a SourceDatabase>,
}

impl BackupRun<'_> {
    pub(super) async fn back_up(
        &self,
        sponsor: &Sponsor,
        facts: &mut BackupState,
        clock: &TimeLimit<'_>,
    ) -> Result<Completed<()>, Failure> {
        facts.partial = partial(&self.order.dump);
        facts.warnings.extend(facts.partial.as_ref().map(Partial::words));
        let prepared = match clock.unless_stopped(self.prepare(sponsor, facts)).await? {
            Preparation::Disabled(why) => return Ok(Completed::Disabled(why.to_string())),
            Preparation::Ready(prepared) if self.order.dry_run => {
                facts.warnings.extend(prepared.lacking.clone());
                self.rehearse(sponsor, facts, &prepared, clock.stop()).await?;
                self.show_plan(sponsor, facts, &prepared);
                return Ok(Completed::Planned);
            }
            Preparation::Ready(prepared) => prepared,
        };
        facts.previous = prepared.previous.baseline();
        facts.warnings.extend(prepared.previous.warning());
        // Time spent waiting for other sponsors' memory does not count.
        let reserved = clock.paused(self.budget.reserve(prepared.flow));
        let _reserved = clock.unless_stopped(async { Ok(reserved.await) }).await?;
        self.show_detail(sponsor, &prepared);
        let begun = Instant::now();
        let (sealed, finished, committed) = self.archive(sponsor, facts, &prepared, clock.stop()).await?;
        let took = words(begun.elapsed());
        self.edge.sink.debug(|| format!("{}: dump, upload and check took {took}", sponsor.name));
        facts.warnings.extend(prepared.warnings(&finished));
        self.note(sponsor, &finished.notes);
        facts.server_version = Some(finished.server_version);
        facts.pg_dump_version = Some(finished.pg_dump_version);
        let contents = finished.contents;
        let held = ContentTotals {
            tables: contents.tables.len() as u64,
            rows: contents.rows_total(),
            bytes: sealed.plain.bytes,
        };
        let location = prepared.store.location(&prepared.key);
        facts.backup = Some((location.clone(), sealed));
        facts.warnings.extend(self.labelling(facts).not_locked(prepared.store.bucket(), &committed.lock));
        facts.warnings.extend(committed.warnings);
        facts.lock = Some(committed.lock);
        let partial = facts.partial.is_some();
        let before = facts.previous.as_ref();
        let before = before.map(|before| Before { rows: before.rows_total, bytes: before.dump_size_bytes });
        let taken = facts.taken.insert(BackupFacts { held, partial, before });
        facts.warnings.extend(taken.warnings());
        // The backup is stored already, and stays: an empty dump may be what the reader needs to see.
        if let Some(finding) = taken.lost_everything() {
            return Err(emptied(location, finding));
        }
        Ok(Completed::Done(()))
    }

    /// No half-finished backups: the dump must succeed before the archive is committed. If both fail, the first
    /// failure is the cause.
    async fn archive(
        &self,
        sponsor: &Sponsor,
        facts: &mut BackupState,
        prepared: &PreparedBackup,
        stop: &CancellationToken,
    ) -> Result<(Sealed, FinishedDump, Committed), Failure> {
        let PreparedBackup { connection, client, store, key, labels, flow, options, source, .. } = prepared;
        let started_at = prepared.as_of(self.edge.now());
        let head = prepared.database.settings.head().ok_or_else(|| DumpError::Incomplete {
            place: connection.place(),
            missing: "the database's settings and comment, which exceed 4 MiB".to_owned(),
        })?;
        let progress = Arc::new(Progress::default());
        let watch = self.watch(sponsor, prepared, &progress, head.len() as u64);
        let values = GeneratedValues::watch(prepared, stop).await?;
        let options = DumpOptions { snapshot: values.snapshot(), ..options.clone() };
        let mut dump = Dump::start(client, connection, &options, stop)?;
        let mut text = head.as_bytes().chain(&mut dump);
        let upload = Upload::new(store, key.clone(), labels.clone(), *flow, stop.clone());
        let staged = seal(&mut text, &self.order.recipe, upload, &progress).await;
        drop(watch);
        // An encoder that is dropped on an error path writes a valid end of file. So a stream that ended proves nothing yet:
        // until `finish` has judged the dump, the object is only staged and not visible.
        let staged = match staged {
            Ok(staged) => staged,
            // pg_dump stops first, because it holds locks until then.
            Err(broken) => {
                dump.abandon().await;
                return Err(broken.abandon().await.into());
            }
        };
        let finished = dump.finish().await.and_then(|finished| {
            prepared.server.check_sequences(connection, &finished.contents)?;
            Ok(finished)
        });
        // The digests come after pg_dump's verdict: pg_dump needs their snapshot, and its failure is the first cause.
        let ended = match finished {
            Ok(finished) => values.digests().await.map(|digests| (finished, digests)),
            Err(cause) => Err(cause),
        };
        let (finished, generated) = match ended {
            Ok(ended) => ended,
            Err(cause) => {
                // The dump's failure is the cause. A failed abort is only a consequence.
                if let Err(error) = staged.abandon().await {
                    facts.consequences.push(self.edge.sink.redacted(&error.to_string()));
                }
                return Err(cause.into());
            }
        };
        let sealed = staged.sealed().clone();
        let finished_at = self.edge.now();
        let taken = DumpedBackup {
            started_at,
            finished_at,
            sealed: &sealed,
            finished: &finished,
            generated: &generated,
            source: source.as_ref(),
        };
        let description = self.describe(sponsor, facts, prepared, &taken);
        let committed = staged.commit(description).await?;
        for remark in &committed.remarks {
            self.edge.sink.line(&format!("{}: {remark}", sponsor.name));
        }
        Ok((sealed, finished, committed))
    }

    /// Shows pg_dump's notes.
    fn note(&self, sponsor: &Sponsor, notes: &[String]) {
        if !notes.is_empty() {
            let title = format!("{}: backed up", sponsor.name);
            self.edge.sink.annotations(&[annotation(Level::Notice, &title, &notes.join("; "))]);
        }
    }

    fn describe(
        &self,
        sponsor: &Sponsor,
        facts: &BackupState,
        prepared: &PreparedBackup,
        taken: &DumpedBackup<'_>,
    ) -> Vec<u8> {
        let DumpedBackup { started_at, finished_at, sealed, finished, generated, source } = *taken;
        let Database { locale, settings, .. } = &prepared.database;
        let (dump, stored, encoding) = manifest_sizes(sealed, &self.order.recipe);
        let options = &self.order.dump;
        let run = &self.edge.run;
        BackupManifest {
            format_version: FORMAT_VERSION,
            sponsor: sponsor.name.clone(),
            sponsor_code: sponsor.code.clone(),
            environment: self.order.scope.environment.name().to_owned(),
            key: prepared.key.clone(),
            timestamp: facts.started,
            started_at,
            finished_at,
            dump,
            stored,
            encoding,
            contents: Some(manifest_contents(&finished.contents, generated)),
            source: source.cloned(),
            database: Some(document(locale, settings)),
            restore: Some(needs(finished)),
            partial: facts.partial.clone(),
            previous_backup: facts.previous.clone(),
            standby: prepared.standby(finished),
            warnings: Some(prepared.warnings(finished)),
            lc_monetary: Some("C".to_owned()),
            includes_privileges: options.include_privileges,
            tool: Tool::THIS,
            pg_dump_version: finished.pg_dump_version.clone(),
            server_version: finished.server_version.clone(),
            git_sha: run.commit_sha.clone(),
            version: self.order.deployment.version.clone(),
            github_run_id: run.run_id.clone(),
            github_run_attempt: run.run_attempt.clone(),
        }
        .to_bytes()
    }
}

/// The failure of a backup that contains nothing although an earlier one had rows.
pub(super) fn emptied(place: String, finding: String) -> Failure {
    let hint = "Check that DATABASE_URL names the right database. The previous backup is still stored.";
    VerificationError { place, findings: vec![finding], hint: hint.to_owned() }.into()
}

/// What is left out by request.
fn partial(options: &DumpOptions) -> Option<Partial> {
    options.is_partial().then(|| Partial {
        schemas: options.schemas.clone(),
        exclude_schemas: options.exclude_schemas.clone(),
        exclude_table_data: options.exclude_table_data.clone(),
    })
}

impl PreparedBackup {
    /// The time of the data in a dump that begins now.
    fn as_of(&self, now: Timestamp) -> Timestamp {
        self.standby.as_ref().map_or(now, |(standby, asked_at)| standby.as_of(*asked_at))
    }

    /// Warnings about the backup, without data.
    fn warnings(&self, finished: &FinishedDump) -> Vec<String> {
        let standby = self.standby.as_ref().map(|(standby, _)| standby);
        let of_standby = standby.map(|standby| standby.warnings(&standby.without_rows(&finished.contents)));
        of_standby
            .into_iter()
            .flatten()
            .chain(self.lacking.clone())
            .chain(finished.warnings.iter().cloned())
            .collect()
    }

    fn standby(&self, finished: &FinishedDump) -> Option<Standby> {
        let (standby, _) = self.standby.as_ref()?;
        let unlogged = standby.without_rows(&finished.contents).into_iter();
        Some(Standby {
            replayed_at: standby.replayed_at,
            lag_seconds: standby.lag.seconds(),
            unlogged_tables: unlogged.map(|(schema, name)| Name { schema, name }).collect(),
        })
    }
}

/// The smallest versions that can restore the dump. PostgreSQL does not promise that older versions can.
fn needs(finished: &FinishedDump) -> RestoreNeeds {
    let needs = finished.scan.needs();
    let server = major(&finished.server_version).unwrap_or_default();
    RestoreNeeds {
        client_major: major(&finished.pg_dump_version).unwrap_or_default(),
        server_major: server.max(needs.server_major),
        restricted: finished.scan.is_restricted(),
        encoding: needs.encoding.clone(),
        extensions: needs.extensions.iter().cloned().collect(),
        roles: needs.roles.iter().cloned().collect(),
        forces_row_security: Some(needs.forces_row_security),
        locks: Some(needs.locks),
    }
}
