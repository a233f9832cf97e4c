//! `copy`: one sponsor's backup, from its own store to the one that `to` names.

mod manifest;
mod sponsor;
mod target;

use super::buckets::{AttributeSource, SponsorBuckets, locked_until};
use super::publish::{Ended, Publisher};
use super::secrets_source::SecretsSource;
use super::session::{Completed, Sessions, SponsorSession, contained};
use super::tenancy_guard::TenancyGuard;
use super::{RunContext, save_record, sponsor_selection, stored};
use crate::archive::Identities;
use crate::archive::backup_manifest::{BackupManifest, Partial};
use crate::cli::UsageError;
use crate::cli::options::{CopyOptions, Deployment};
use crate::failure::{Doing, Failure, TimedOut};
use crate::layout::key::Object;
use crate::record::copy::CopyRecord;
use crate::report::SponsorResult;
use crate::sponsors::Sponsor;
use crate::store::{LockChoice, LockState};
use crate::verification::Conclusion;
use crate::verification::conclusion::{CopyFacts, CopyProof};

/// Everything that a copy needs.
struct CopyRun<'a> {
    options: &'a CopyOptions,
    context: &'a RunContext,
    secrets: SecretsSource<'a>,
    sessions: Sessions<'a>,
    identities: Identities,
    /// All sponsors of the manifest.
    known: Vec<String>,
    /// How the record is stored: `object-lock` is about the copy.
    recording: Deployment,
}

/// Facts about the copy so far.
#[derive(Default)]
struct CopyState {
    buckets: Option<SponsorBuckets>,
    /// Location and description of the backup to copy.
    source: Option<(String, BackupManifest)>,
    copied: Option<CopiedBackup>,
    /// What is odd, each in words.
    warnings: Vec<String>,
    plan: Vec<(&'static str, String)>,
    record_location: Option<String>,
}

/// A copy that is stored.
struct CopiedBackup {
    location: String,
    description: BackupManifest,
    facts: CopyFacts,
    lock: LockState,
    /// Whether an earlier run had stored it.
    was_there: bool,
}

pub(super) async fn run(
    options: CopyOptions,
    context: &RunContext,
    publisher: &Publisher<'_>,
) -> Result<u8, Failure> {
    let identities = stored::identities(&options.reading, context).await?;
    let selected = sponsor_selection::select_some(&options.common, context).await?;
    let [sponsor] = selected.sponsors.as_slice() else {
        let problem = format!("`copy` takes one sponsor, but {} are selected", selected.sponsors.len());
        return Err(UsageError::new(problem).hint("Name one in `sponsors`.").into());
    };
    let secrets = SecretsSource::open(&options.common, context, &selected.sponsors).await?;
    let timeout = options.reading.timeout;
    let guard = TenancyGuard::of_stores(&secrets, &selected, Some(timeout), context).await;
    let run = CopyRun {
        sessions: Sessions { common: &options.common, context, guard, publisher },
        secrets,
        context,
        identities,
        known: selected.known.clone(),
        recording: Deployment { lock: LockChoice::Auto, ..options.deployment.clone() },
        options: &options,
    };
    let broken = |failure| run.sessions.end_broken(sponsor, &failure);
    let ended = contained(Box::pin(run.sponsor(sponsor)), broken).await;
    publisher.results(vec![ended])
}

impl CopyRun<'_> {
    async fn sponsor(&self, sponsor: &Sponsor) -> Ended {
        let limit = TimedOut::new(self.options.reading.timeout, Doing::Copy);
        let session = self.sessions.begin(sponsor, Some(limit));
        let mut state = CopyState::default();
        let mut done = session.run(Box::pin(self.copy(&session, &mut state))).await;
        if let Err(Failure::Archive(error)) = &done
            && let Some(Some(left)) = error.stopped()
        {
            state.warnings.push(left.to_owned());
        }
        for warning in &mut state.warnings {
            *warning = self.context.sink.redacted(warning);
        }
        done = self.save_record(&session, &mut state, done).await;
        let result = state.into_result(&session, &done);
        session.end(result, done.err().map(|failure| session.redacted(&failure)))
    }

    /// Saves the record of a copy that was begun. After a failed copy, that failure stays the cause.
    async fn save_record(
        &self,
        session: &SponsorSession<'_>,
        state: &mut CopyState,
        done: Result<Completed, Failure>,
    ) -> Result<Completed, Failure> {
        let source = self.attribute_source(session, &self.recording);
        let buckets = state.buckets.as_ref();
        match &done {
            Ok(Completed::Disabled(_)) => return done,
            Ok(Completed::Planned) => {
                save_record::check_save(session.sponsor, buckets, Object::CopyRecord, &source).await?;
                return done;
            }
            Err(_) if self.options.common.dry_run => return done,
            Ok(Completed::Done) | Err(_) => {}
        }
        let document = self.record(session, state, &done).to_bytes();
        let kept =
            save_record::save((Object::CopyRecord, &document), session.sponsor, buckets, &source).await;
        kept.settle(done, self.context, (&mut state.record_location, &mut state.warnings))
    }

    fn record(
        &self,
        session: &SponsorSession<'_>,
        state: &CopyState,
        done: &Result<Completed, Failure>,
    ) -> CopyRecord {
        let failure = done.as_ref().err().map(|failure| session.redacted(failure));
        let mut head = session.record_head(state.conclusion(done), failure);
        head.warnings.clone_from(&state.warnings);
        let mut record = CopyRecord::new(head, session.started, self.options.target.location());
        if let Some((location, source)) = &state.source {
            record.source_location = Some(location.clone());
            record.source_size_bytes = Some(source.stored.bytes);
            record.source_sha256 = Some(source.stored.sha256.clone());
            record.source_age_recipients.clone_from(&source.encoding.age_recipients);
        }
        if let Some(copied) = &state.copied {
            let told = &copied.description;
            record.backup_location = Some(copied.location.clone());
            record.backup_size_bytes = Some(told.stored.bytes);
            record.backup_sha256 = Some(told.stored.sha256.clone());
            record.dump_sha256 = Some(told.dump.sha256.clone());
            record.age_recipients.clone_from(&told.encoding.age_recipients);
            record.already_copied = copied.was_there;
            record.proof = Some(copied.facts.proof);
            (record.object_lock, record.locked_until) = (Some(copied.lock.name()), copied.lock.until());
        }
        record
    }

    fn attribute_source<'s>(
        &'s self,
        session: &SponsorSession<'_>,
        deployment: &'s Deployment,
    ) -> AttributeSource<'s> {
        AttributeSource {
            deployment,
            context: self.context,
            environment: self.options.common.environment,
            pre_migration: false,
            partial: false,
            at: session.started,
        }
    }
}

impl CopyState {
    fn conclusion(&self, done: &Result<Completed, Failure>) -> Conclusion {
        let known = self.copied.as_ref().map(|copied| Conclusion::of_copy(&copied.facts));
        match done {
            Ok(Completed::Done) => known.unwrap_or(Conclusion::failed(None)),
            Ok(Completed::Disabled(_)) => Conclusion::disabled(),
            Ok(Completed::Planned) => Conclusion::planned(),
            Err(_) => known.map_or(Conclusion::failed(None), Conclusion::but_failed),
        }
    }

    /// The result, without the failure.
    fn into_result(self, session: &SponsorSession<'_>, done: &Result<Completed, Failure>) -> SponsorResult {
        let mut result = session.result(self.conclusion(done));
        result.deployment_log = self.record_location;
        result.warnings = self.warnings;
        result.plan = self.plan;
        if let Ok(Completed::Disabled(why)) = done {
            result.message = Some(why.to_string());
        }
        if let Some(copied) = self.copied {
            let partial = copied.description.partial.as_ref().map(Partial::words);
            result.warnings.extend(partial);
            result.message = Some(message(&copied));
            result.was_there = copied.was_there;
            result.locked_until = locked_until(&copied.lock);
            result.backup_size = Some(copied.description.stored.bytes);
            result.dump_size = Some(copied.description.dump.bytes);
            result.backup_sha256 = Some(copied.description.stored.sha256);
            result.backup_location = Some(copied.location);
        }
        if let Some((location, _)) = self.source {
            result.labels.push(("copied from", location));
        }
        result
    }
}

fn message(copied: &CopiedBackup) -> String {
    let what = if copied.was_there { "copied already" } else { "copied" };
    let proof = match copied.facts.proof {
        CopyProof::Contents => "read back and compared with its manifest",
        CopyProof::Bytes => "its bytes read back and compared, but not decrypted without an age identity",
        CopyProof::Upload => "compared by the store's checksum, since an archive tier cannot be read back",
    };
    format!("{what}, {proof}")
}
