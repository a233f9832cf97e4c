//! One sponsor's part of a prune: plan, record, removal, record.

use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::backups::{self, FoundBackup};
use super::hiding::{self, Hiding};
use super::looking::Looking;
use super::{PruneRun, PruneState, undo};
use crate::archive::ArchiveError;
use crate::archive::catalogue::prefix;
use crate::cli::options::{PruneTask, RemoveOptions};
use crate::commands::backup_attempts::{BackupHistory, DEFAULT_TIMEOUT};
use crate::commands::buckets::AttributeSource;
use crate::commands::publish::Ended;
use crate::commands::save_record;
use crate::commands::session::{Completed, SponsorSession};
use crate::failure::Failure;
use crate::layout::key::Object;
use crate::record::prune::{PruneAction, PruneFate, PrunePhase, PrunePolicy, PruneRecord, PrunedBackup};
use crate::report::pruning::{GoneOn, PlannedBackup, PrunePlan, Step};
use crate::secrets::{AwsAccess, AwsCredentials, S3Backups, SponsorSecrets};
use crate::sponsors::Sponsor;
use crate::store::s3::policy::Purpose;
use crate::store::{Store, Versioning};
use crate::verification::Conclusion;
use crate::verification::retention::{Decision, Kind, Question, Verdict};

/// The purposes of the keys that may remove, and that may bring back.
const TO_REMOVE: [&str; 1] = ["PRUNE"];
const TO_UNDO: [&str; 2] = ["UNDO", "PRUNE"];

impl PruneRun<'_> {
    pub(super) async fn sponsor(&self, sponsor: &Sponsor, plans: &mut Vec<PrunePlan>) -> Ended {
        let session = self.sessions.begin(sponsor, None);
        let mut state = PruneState::default();
        let mut done = session.run(Box::pin(self.steps(&session, &mut state))).await;
        done = self.save_end(&session, &mut state, done).await;
        plans.extend(state.plan.take());
        let mut result = session.result(match (&done, &state.record_place) {
            (Ok(Completed::Done), Some(place)) => Conclusion::of_record(place),
            (Ok(Completed::Done), None) => Conclusion::of_listing(0),
            (Ok(Completed::Planned), _) => Conclusion::planned(),
            (Ok(Completed::Disabled(_)), _) => Conclusion::disabled(),
            (Err(_), _) => Conclusion::failed(None),
        });
        result.message = match &done {
            Ok(Completed::Disabled(why)) => Some(why.to_string()),
            _ => state.message.take(),
        };
        result.deployment_log = state.record_place.take();
        result.warnings.append(&mut state.warnings);
        session.end(result, done.err().map(|failure| session.redacted(&failure)))
    }

    async fn steps(
        &self,
        session: &SponsorSession<'_>,
        state: &mut PruneState,
    ) -> Result<Completed, Failure> {
        let secrets = session.limit.unless_stopped(async { Ok(session.secrets().await?) }).await?;
        let secrets = match secrets {
            S3Backups::Disabled(why) => return Ok(Completed::Disabled(why.clone())),
            S3Backups::Enabled(secrets) => secrets,
        };
        let buckets = session.open_buckets(secrets, &self.options.endpoint, Purpose::Prune)?;
        let place = session.history(&buckets, DEFAULT_TIMEOUT);
        state.buckets = Some(buckets);
        let removing = match &self.options.task {
            PruneTask::Remove(removing) => *removing,
            PruneTask::Undo(record) => {
                let store = || self.store_of_own(session, secrets, &place, &TO_UNDO);
                return Box::pin(undo::undo(self, session, (&place, store), record, state)).await;
            }
            PruneTask::Local(_) => return Ok(Completed::Done),
        };
        // Before anything is read, so that a run that cannot act does not seem to plan.
        let own = if self.options.apply {
            Some(self.store_of_own(session, secrets, &place, &TO_REMOVE)?)
        } else {
            None
        };
        Box::pin(self.remove(session, (&place, own), removing, state)).await
    }

    async fn remove(
        &self,
        session: &SponsorSession<'_>,
        (place, own): (&BackupHistory<'_>, Option<Store>),
        removing: RemoveOptions,
        state: &mut PruneState,
    ) -> Result<Completed, Failure> {
        let versioning = session.limit.unless_stopped(versioning(place, removing)).await?;
        let found = Box::pin(async {
            let (mut found, deployed) = backups::find(place).await?;
            let versions = backups::versions(place, versioning).await?;
            let RemoveOptions { policy, floors, foreign, .. } = removing;
            let looking = Looking::at(place).await?;
            let deployed = deployed.as_ref().map(|deployed| (&*deployed.version, deployed.at));
            let question = Question { policy: &policy, floors, foreign, deployed, now: session.started };
            let decisions = looking.decide(&mut found, question).await?;
            let gone = gone_on(place, versioning, session).await?;
            Ok::<_, Failure>((found, versions, looking, decisions, gone))
        });
        let (found, versions, looking, decisions, gone) = session.limit.unless_stopped(found).await?;
        let plan = self.plan(session, (place, removing, gone), &found, &decisions);
        self.show(&plan);
        let acting = plan.acting().0;
        state.message = Some(plan.count());
        state.plan = Some(plan);
        let Some(store) = own else {
            return Ok(Completed::Planned);
        };
        if acting == 0 {
            return Ok(Completed::Done);
        }
        let removed =
            found.iter().zip(&decisions).filter(|(_, decision)| decision.verdict == Verdict::Remove);
        let mut removed: Vec<(&FoundBackup, PrunedBackup)> = removed
            .map(|(found, decision)| (found, hiding::planned(found, &decision.reasons, &versions)))
            .collect();
        let record = PruneRecord {
            policy: Some(PrunePolicy::new(removing.policy, removing.floors, removing.foreign)),
            kept: u64::try_from(found.len() - removed.len()).ok(),
            gone_on: gone.day(),
            ..self.record(
                session,
                place,
                PruneAction::Remove,
                removed.iter().map(|(_, it)| it.clone()).collect(),
            )
        };
        self.save_begin(session, state, record).await?;
        let hiding = Hiding { looking: &looking, session, store, reading: &place.backups, versioning };
        let done = hiding.remove(&mut removed).await;
        let removed: Vec<PrunedBackup> = removed.into_iter().map(|(_, backup)| backup).collect();
        state.message = Some(outcome(&removed));
        if let Some(record) = &mut state.record {
            record.backups = removed;
        }
        done.map(|()| Completed::Done)
    }

    /// The store, opened with keys that have this purpose alone. A folder needs none.
    fn store_of_own(
        &self,
        session: &SponsorSession<'_>,
        secrets: &SponsorSecrets,
        place: &BackupHistory<'_>,
        purposes: &[&str],
    ) -> Result<Store, Failure> {
        let Some(aws) = secrets.aws.as_ref().filter(|_| secrets.backups.needs_aws()) else {
            return Ok(place.backups.clone());
        };
        let keys = self.options.common.credentials.keys_for(&session.sponsor.name, purposes)?;
        let credentials = AwsCredentials::Keys(keys);
        self.context.mask(credentials.masks());
        let words = format!("{}: removes with {}", session.sponsor.name, credentials.describe());
        self.context.sink.line(&words);
        let own = secrets.with_aws(AwsAccess { region: aws.region.clone(), credentials });
        Ok(session.open_buckets(&own, &self.options.endpoint, Purpose::Prune)?.backups)
    }

    fn plan(
        &self,
        session: &SponsorSession<'_>,
        (place, removing, gone): (&BackupHistory<'_>, RemoveOptions, GoneOn),
        found: &[FoundBackup],
        decisions: &[Decision],
    ) -> PrunePlan {
        let now = session.started;
        let row = |(found, decision): (&FoundBackup, &Decision)| {
            let goes = decision.verdict == Verdict::Remove;
            PlannedBackup {
                sponsor: session.sponsor.name.clone(),
                environment: place.environment.name(),
                action: if goes { Step::Remove } else { Step::Keep },
                location: place.location(&found.backup),
                timestamp: found.backup.at,
                status: status(found.candidate.kind),
                size_bytes: found.bytes,
                age_seconds: u64::try_from(now.duration_since(found.backup.at).as_secs()).unwrap_or_default(),
                reasons: decision.reasons.iter().map(ToString::to_string).collect(),
                gone_on: gone.day().filter(|_| goes),
            }
        };
        PrunePlan {
            sponsor: session.sponsor.name.clone(),
            place: place.backups.location(&prefix(place.environment)),
            rows: found.iter().zip(decisions).map(row).collect(),
            gone,
            floor: Some(removing.floors.min_keep),
        }
    }

    pub(super) fn record(
        &self,
        session: &SponsorSession<'_>,
        place: &BackupHistory<'_>,
        action: PruneAction,
        backups: Vec<PrunedBackup>,
    ) -> PruneRecord {
        PruneRecord {
            head: session.record_head(Conclusion::planned(), None),
            prune_timestamp: session.started,
            action,
            phase: PrunePhase::Begun,
            begun_record: None,
            undone_record: None,
            policy: None,
            place: place.backups.location(&prefix(place.environment)),
            kept: None,
            gone_on: None,
            backups,
        }
    }

    /// Keeps the record of a plan. Without it, nothing is done.
    pub(super) async fn save_begin(
        &self,
        session: &SponsorSession<'_>,
        state: &mut PruneState,
        record: PruneRecord,
    ) -> Result<(), Failure> {
        self.save(session, state, &record, Ok(Completed::Planned)).await?;
        state.record = Some(PruneRecord {
            phase: PrunePhase::Ended,
            begun_record: state.record_place.clone(),
            ..record
        });
        Ok(())
    }

    /// Keeps the record of what was done. If that failed, its failure stays the cause.
    async fn save_end(
        &self,
        session: &SponsorSession<'_>,
        state: &mut PruneState,
        done: Result<Completed, Failure>,
    ) -> Result<Completed, Failure> {
        let Some(mut record) = state.record.take() else { return done };
        let conclusion = match &done {
            Ok(_) => Conclusion::of_listing(record.backups.len()),
            Err(_) => Conclusion::failed(None),
        };
        record.head =
            session.record_head(conclusion, done.as_ref().err().map(|failure| session.redacted(failure)));
        record.head.warnings.clone_from(&state.warnings);
        self.save(session, state, &record, done).await
    }

    async fn save(
        &self,
        session: &SponsorSession<'_>,
        state: &mut PruneState,
        record: &PruneRecord,
        done: Result<Completed, Failure>,
    ) -> Result<Completed, Failure> {
        let source = AttributeSource {
            deployment: &self.recording,
            context: self.context,
            environment: self.options.common.environment,
            pre_migration: false,
            partial: false,
            at: session.started,
        };
        let entry = (Object::PruneRecord, &*record.to_bytes());
        let kept = save_record::save(entry, session.sponsor, state.buckets.as_ref(), &source).await;
        kept.settle(done, self.context, (&mut state.record_place, &mut state.warnings))
    }
}

/// Whether the store keeps what is removed. One that does not needs the consent of `unversioned`.
async fn versioning(place: &BackupHistory<'_>, removing: RemoveOptions) -> Result<Versioning, Failure> {
    let versioning = place.backups.versioning().await?;
    if versioning != Versioning::Enabled && !removing.unversioned {
        let place = place.backups.location("");
        let suspended = versioning == Versioning::Suspended;
        return Err(ArchiveError::Unversioned { place, suspended }.into());
    }
    Ok(versioning)
}

/// S3 counts from the midnight after an object became noncurrent.
async fn gone_on(
    place: &BackupHistory<'_>,
    versioning: Versioning,
    session: &SponsorSession<'_>,
) -> Result<GoneOn, Failure> {
    if versioning != Versioning::Enabled {
        return Ok(GoneOn::Now);
    }
    match place.backups.noncurrent_days(place.environment, &session.sponsor.name).await {
        Ok(Some(days)) => {
            let today: Date = session.started.to_zoned(TimeZone::UTC).date();
            let day = today.checked_add((i64::from(days) + 1).days());
            Ok(day.map_or(GoneOn::Never, GoneOn::Day))
        }
        Ok(None) => Ok(GoneOn::Never),
        Err(error) if error.affects_every_request() => Err(error.into()),
        Err(_) => Ok(GoneOn::Unknown),
    }
}

fn status(kind: Kind) -> &'static str {
    match kind {
        Kind::Complete => "complete",
        Kind::Partial => "partial",
        Kind::Foreign => "foreign",
        Kind::Leftover | Kind::HalfRemoved => "leftover",
        Kind::Broken => "damaged",
        Kind::Unreadable => "unreadable",
    }
}

/// `removed 3 of 4 backups, 1 stays`
fn outcome(backups: &[PrunedBackup]) -> String {
    let removed = backups.iter().filter(|backup| backup.fate == PruneFate::Removed).count();
    let all = crate::report::lines::count(backups.len(), "backup");
    format!("removed {removed} of {all}")
}
