//! What is known about one sponsor's backup. It grows with each step, and the record and the result are made from it.

use std::sync::Arc;

use jiff::Timestamp;

use crate::archive::backup_manifest::{Partial, PreviousBackup};
use crate::archive::pending::Sealed;
use crate::commands::RunContext;
use crate::commands::buckets::{SponsorBuckets, locked_until};
use crate::commands::publish::RedactedFailure;
use crate::commands::session::{Completed, SponsorSession};
use crate::failure::Failure;
use crate::record::DeploymentLog;
use crate::report::{Record, SponsorResult};
use crate::store::LockState;
use crate::verification::Conclusion;
use crate::verification::conclusion::BackupFacts;
use crate::verification::previous::ComparedBackup;

pub(super) struct BackupState {
    /// The second in keys and documents.
    pub(super) started: Timestamp,
    /// Whether the flag is on. `None` until it has been read.
    pub(super) enabled: Option<bool>,
    pub(super) buckets: Option<Arc<SponsorBuckets>>,
    pub(super) server_version: Option<String>,
    pub(super) pg_dump_version: Option<String>,
    /// The stored backup.
    pub(super) backup: Option<(String, Sealed)>,
    /// What it contains.
    pub(super) taken: Option<BackupFacts>,
    /// What was left out by request.
    pub(super) partial: Option<Partial>,
    /// Connections that read the database, if several did.
    pub(super) jobs: Option<u64>,
    /// The previous backup.
    pub(super) previous: Option<PreviousBackup>,
    /// The comparison with it.
    pub(super) compared: ComparedBackup,
    /// Its lock, as S3 reports it.
    pub(super) lock: Option<LockState>,
    /// Warnings for people to read.
    pub(super) warnings: Vec<String>,
    /// What follows from a failure, or became of the record, each in words. The record itself does not hold them.
    pub(super) consequences: Vec<String>,
    /// What enables a disabled sponsor.
    pub(super) next_step: Option<String>,
    /// The deployment record.
    pub(super) record: Option<Record>,
    /// Where it was saved.
    pub(super) record_location: Option<String>,
    /// The plan of a dry run, each fact with its label.
    pub(super) plan: Vec<(&'static str, String)>,
}

impl BackupState {
    pub(super) fn begin(started: Timestamp) -> Self {
        Self {
            started,
            enabled: None,
            buckets: None,
            server_version: None,
            pg_dump_version: None,
            backup: None,
            taken: None,
            partial: None,
            jobs: None,
            previous: None,
            compared: ComparedBackup::default(),
            lock: None,
            warnings: Vec::new(),
            consequences: Vec::new(),
            next_step: None,
            record: None,
            record_location: None,
            plan: Vec::new(),
        }
    }

    /// The outcome so far. After a failure, what is known about a stored backup remains known.
    pub(super) fn conclusion(&self, done: &Result<Completed, Failure>, dry_run: bool) -> Conclusion {
        let known = self.taken.as_ref().map(Conclusion::of_backup);
        match done {
            Ok(Completed::Done) => known.unwrap_or(Conclusion::failed(None)),
            Ok(Completed::Disabled(_)) if !dry_run => Conclusion::disabled(),
            Ok(Completed::Disabled(_) | Completed::Planned) => Conclusion::planned(),
            Err(_) => known.map_or(Conclusion::failed(None), Conclusion::but_failed),
        }
    }

    /// Notes what a stopped upload left behind. The reader learns from it what the failure itself does not say.
    pub(super) fn note_left_behind(&mut self, failure: &Failure, context: &RunContext) {
        if let Failure::Archive(error) = failure
            && let Some(Some(left)) = error.stopped()
        {
            self.consequences.push(context.sink.redacted(left));
        }
    }

    /// Fills in the record.
    pub(super) fn fill(
        &self,
        document: &mut DeploymentLog,
        session: &SponsorSession<'_>,
        done: &Result<Completed, Failure>,
    ) {
        document.s3_archival_enabled = self.enabled;
        document.server_version.clone_from(&self.server_version);
        document.pg_dump_version.clone_from(&self.pg_dump_version);
        document.duration_seconds = Some((session.took().as_secs_f64() * 1000.0).round() / 1000.0);
        if let Some((location, sealed)) = &self.backup {
            document.backup_location = Some(location.clone());
            document.backup_size_bytes = Some(sealed.stored.bytes);
            document.backup_sha256 = Some(sealed.stored.sha256.clone());
            document.dump_size_bytes = Some(sealed.plain.bytes);
            document.dump_sha256 = Some(sealed.plain.sha256.clone());
        }
        if let Some(taken) = &self.taken {
            document.tables_total = Some(taken.held.tables);
            document.rows_total = Some(taken.held.rows);
        }
        document.partial.clone_from(&self.partial);
        document.jobs = self.jobs;
        document.previous_backup.clone_from(&self.previous);
        document.changes.clone_from(&self.compared.changes);
        document.warnings.clone_from(&self.warnings);
        if let Some(lock) = &self.lock {
            (document.object_lock, document.locked_until) = (Some(lock.name()), lock.until());
        }
        match done {
            Ok(Completed::Disabled(why)) => {
                document.backup_location = Some(NOT_CONFIGURED.to_owned());
                document.backup_size_bytes = Some(0);
                document.message = Some(why.to_string());
            }
            Ok(_) => {}
            Err(failure) => {
                let RedactedFailure { stage, message, .. } = session.redacted(failure);
                (document.stage, document.message) = (Some(stage), Some(message));
            }
        }
    }

    /// The result, without the failure.
    pub(super) fn into_result(
        self,
        session: &SponsorSession<'_>,
        done: &Result<Completed, Failure>,
        dry_run: bool,
    ) -> SponsorResult {
        let mut result = session.result(self.conclusion(done, dry_run));
        result.deployment_log = self.record_location;
        result.warnings = self.warnings.into_iter().chain(self.consequences).collect();
        result.locked_until = self.lock.as_ref().and_then(locked_until);
        result.plan = self.plan;
        result.record = self.record;
        if let Some((location, sealed)) = self.backup {
            result.backup_location = Some(location);
            result.backup_size = Some(sealed.stored.bytes);
            result.backup_sha256 = Some(sealed.stored.sha256);
            result.dump_size = Some(sealed.plain.bytes);
        }
        if let Ok(Completed::Disabled(why)) = done {
            result.message = Some(why.to_string());
            result.hint = self.next_step;
            result.backup_location = Some(NOT_CONFIGURED.to_owned());
            result.backup_size = Some(0);
        }
        result
    }
}

const NOT_CONFIGURED: &str = "not-configured";
