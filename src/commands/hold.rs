//! `hold add` and `hold remove`: the legal hold of one backup, on all three of its objects.
//!
//! The order is: look at the three objects, change their holds by version, read each back, then write the record. So a
//! record never claims a hold that was not made. If it cannot be saved, the run fails and names what is held. In a folder the
//! record itself is the hold, which only `prune` obeys.

mod list;
mod objects;

pub(super) use list::run as list;

use super::backup_attempts::{BackupHistory, DEFAULT_TIMEOUT, Latest};
use super::buckets::{AttributeSource, SponsorBuckets};
use super::publish::{Ended, Publisher};
use super::secrets_source::SecretsSource;
use super::session::{Completed, Sessions, SponsorSession, contained};
use super::tenancy_guard::TenancyGuard;
use super::{RunContext, save_record, sponsor_selection, stored, which_backup};
use crate::archive::backup_manifest::Excerpt;
use crate::archive::catalogue::BackupKey;
use crate::cli::UsageError;
use crate::cli::options::{HoldChange, HoldOptions, WhichBackup};
use crate::failure::Failure;
use crate::layout::key::{Object, manifest_key};
use crate::record::hold::{HeldObject, HoldAction, HoldMethod, HoldRecord};
use crate::report::SponsorResult;
use crate::secrets::S3Backups;
use crate::sponsors::Sponsor;
use crate::store::Store;
use crate::store::s3::policy::Purpose;
use crate::verification::Conclusion;
use crate::verification::conclusion::HoldFacts;
use crate::verification::stored::{MANIFEST_BYTES, of_another};

struct HoldRun<'a> {
    options: &'a HoldOptions,
    context: &'a RunContext,
    sessions: Sessions<'a>,
}

/// Facts about the hold so far.
#[derive(Default)]
struct HoldState {
    buckets: Option<SponsorBuckets>,
    /// The backup, and its location.
    backup: Option<(BackupKey, String)>,
    method: Option<HoldMethod>,
    objects: Vec<HeldObject>,
    warnings: Vec<String>,
    plan: Vec<(&'static str, String)>,
    record_location: Option<String>,
}

pub(super) async fn run(
    options: HoldOptions,
    context: &RunContext,
    publisher: &Publisher<'_>,
) -> Result<u8, Failure> {
    let selected = sponsor_selection::select_some(&options.common, context).await?;
    let [sponsor] = selected.sponsors.as_slice() else {
        let problem = format!("a hold is for one sponsor, but {} are selected", selected.sponsors.len());
        return Err(UsageError::new(problem).hint("Name one in `sponsors`.").into());
    };
    let secrets = SecretsSource::open(&options.common, context, &selected.sponsors).await?;
    let guard = TenancyGuard::of_stores(&secrets, &selected, None, context).await;
    let sessions = Sessions { common: &options.common, context, guard, publisher };
    let run = HoldRun { options: &options, context, sessions };
    let broken = |failure| run.sessions.end_broken(sponsor, &failure);
    let ended = contained(Box::pin(run.sponsor(sponsor)), broken).await;
    publisher.results(vec![ended])
}

impl HoldRun<'_> {
    async fn sponsor(&self, sponsor: &Sponsor) -> Ended {
        let session = self.sessions.begin(sponsor, None);
        let mut state = HoldState::default();
        let change = session.limit.unless_stopped(Box::pin(self.change(&session, &mut state)));
        let done = session.run(change).await;
        if done.is_err() {
            state.warnings.extend(objects::left(&state.objects));
        }
        let done = self.save_record(&session, &mut state, done).await;
        let result = self.result(&session, state, &done);
        session.end(result, done.err().map(|failure| session.redacted(&failure)))
    }

    fn action(&self) -> HoldAction {
        match self.options.change {
            HoldChange::Add => HoldAction::Add,
            HoldChange::Remove { .. } => HoldAction::Remove,
        }
    }

    async fn change(
        &self,
        session: &SponsorSession<'_>,
        state: &mut HoldState,
    ) -> Result<Completed, Failure> {
        let secrets = match session.secrets().await? {
            S3Backups::Disabled(why) => return Ok(Completed::Disabled(why.clone())),
            S3Backups::Enabled(secrets) => secrets,
        };
        let endpoint = &self.options.deployment.endpoint;
        let buckets = state.buckets.insert(session.open_buckets(secrets, endpoint, Purpose::Hold)?);
        let place = session.history(buckets, DEFAULT_TIMEOUT);
        let backup = self.find(&place).await?;
        let (store, location) = (&place.backups, place.location(&backup));
        state.backup = Some((backup.clone(), location.clone()));
        if let HoldChange::Remove { confirm } = &self.options.change
            && ![&backup.key, &location].contains(&confirm)
        {
            let problem = format!("`confirm` is `{confirm}`, but `backup` is {location}");
            return Err(UsageError::new(problem)
                .hint(format!("Write `{}`, or that location.", backup.key))
                .into());
        }
        check_owner(store, &place, &backup).await?;
        let holds = store.capabilities().locks;
        state.method = Some(if holds { HoldMethod::LegalHold } else { HoldMethod::Record });
        state.objects = Box::pin(objects::examine(store, &backup, holds)).await?;
        if !holds {
            let records = place.hold_records();
            let held = records.held(&records.keys().await?, session.started).await?;
            let is_held = held.contains_key(&backup.key);
            state.objects.iter_mut().for_each(|object| object.held_before = Some(is_held));
        }
        if self.options.common.dry_run {
            state.plan = self.plan(&location, state.method);
            return Ok(Completed::Planned);
        }
        if holds {
            Box::pin(objects::change(store, self.action(), &mut state.objects)).await?;
        }
        Ok(Completed::Done)
    }

    async fn find(&self, place: &BackupHistory<'_>) -> Result<BackupKey, Failure> {
        match &self.options.which {
            WhichBackup::Latest => Latest::of(place.clone(), false).await?.newest().await,
            which => Box::pin(which_backup::find(place, which)).await,
        }
    }

    fn plan(&self, location: &str, method: Option<HoldMethod>) -> Vec<(&'static str, String)> {
        let what = match (self.action(), method) {
            (HoldAction::Add, Some(HoldMethod::LegalHold)) => "put a legal hold on its three objects",
            (HoldAction::Remove, Some(HoldMethod::LegalHold)) => "lift the legal hold of its three objects",
            (HoldAction::Add, _) => "record a hold, which `prune` obeys",
            (HoldAction::Remove, _) => "record that the hold ends",
        };
        vec![
            ("object", location.to_owned()),
            ("hold", what.to_owned()),
            ("reason", self.options.reason.clone()),
        ]
    }

    /// Saves the record of what was tried. After a failure, that stays the cause.
    async fn save_record(
        &self,
        session: &SponsorSession<'_>,
        state: &mut HoldState,
        done: Result<Completed, Failure>,
    ) -> Result<Completed, Failure> {
        let source = AttributeSource {
            deployment: &self.options.deployment,
            context: self.context,
            environment: self.options.common.environment,
            pre_migration: false,
            partial: false,
            at: session.started,
        };
        let buckets = state.buckets.as_ref();
        match &done {
            Ok(Completed::Disabled(_)) => return done,
            Ok(Completed::Planned) => {
                save_record::check_save(session.sponsor, buckets, Object::HoldRecord, &source).await?;
                return done;
            }
            // Nothing was looked at yet, so nothing can have been changed.
            Err(_) if self.options.common.dry_run || state.objects.is_empty() => return done,
            Ok(Completed::Done) | Err(_) => {}
        }
        let document = self.record(session, state, &done).to_bytes();
        let kept =
            save_record::save((Object::HoldRecord, &document), session.sponsor, buckets, &source).await;
        if done.is_ok() && kept.failure.is_some() {
            state.warnings.extend(objects::left(&state.objects));
        }
        kept.settle(done, self.context, (&mut state.record_location, &mut state.warnings))
    }

    fn record(
        &self,
        session: &SponsorSession<'_>,
        state: &HoldState,
        done: &Result<Completed, Failure>,
    ) -> HoldRecord {
        let failure = done.as_ref().err().map(|failure| session.redacted(failure));
        let mut head = session.record_head(self.conclusion(state, done), failure);
        head.warnings.clone_from(&state.warnings);
        let (backup, location) = state.backup.clone().unzip();
        HoldRecord {
            head,
            hold_timestamp: session.started,
            action: self.action(),
            reason: self.context.sink.redacted(&self.options.reason),
            method: state.method,
            backup_key: backup.map(|backup| backup.key),
            backup_location: location,
            objects: state.objects.clone(),
        }
    }

    fn conclusion(&self, state: &HoldState, done: &Result<Completed, Failure>) -> Conclusion {
        let read_back: Vec<Option<bool>> = state.objects.iter().map(|object| object.held).collect();
        match (done, state.method) {
            (Ok(Completed::Done), Some(HoldMethod::LegalHold)) => {
                let wanted = self.action() == HoldAction::Add;
                Conclusion::of_hold(HoldFacts::ReadBack { wanted, read_back: &read_back })
            }
            (Ok(Completed::Done), Some(HoldMethod::Record)) => Conclusion::of_hold(HoldFacts::ByRecord),
            (Ok(Completed::Disabled(_)), _) => Conclusion::disabled(),
            (Ok(Completed::Planned), _) => Conclusion::planned(),
            (Err(_), _) | (Ok(Completed::Done), None) => Conclusion::failed(None),
        }
    }

    fn result(
        &self,
        session: &SponsorSession<'_>,
        state: HoldState,
        done: &Result<Completed, Failure>,
    ) -> SponsorResult {
        let mut result = session.result(self.conclusion(&state, done));
        result.message = match done {
            Ok(Completed::Done) => Some(self.message(&state)),
            Ok(Completed::Disabled(why)) => Some(why.to_string()),
            Ok(Completed::Planned) | Err(_) => None,
        };
        result.warnings = state.warnings;
        result.plan = state.plan;
        result.deployment_log = state.record_location;
        result.backup_location = state.backup.map(|(_, location)| location);
        result
    }

    fn message(&self, state: &HoldState) -> String {
        let was_so = |on: bool| state.objects.iter().all(|object| object.held_before == Some(on));
        match (self.action(), state.method) {
            (HoldAction::Add, _) if was_so(true) => {
                "was under a hold already, and a further reason was recorded: one `hold remove` ends both"
            }
            (HoldAction::Add, Some(HoldMethod::LegalHold)) => "put a legal hold on 3 objects",
            (HoldAction::Remove, _) if was_so(false) => "was not under a hold, and nothing changed",
            (HoldAction::Remove, Some(HoldMethod::LegalHold)) => "lifted the legal hold of 3 objects",
            (HoldAction::Add, _) => "recorded a hold. In a folder only `prune` obeys it",
            (HoldAction::Remove, _) => "recorded that the hold ended",
        }
        .to_owned()
    }
}

/// Checks that a backup is this sponsor's own, by its manifest.
async fn check_owner(store: &Store, place: &BackupHistory<'_>, backup: &BackupKey) -> Result<(), Failure> {
    let beside = manifest_key(&backup.key);
    let document = Box::pin(store.read_small(&beside, MANIFEST_BYTES)).await?;
    let told = Excerpt::parse(&store.location(&beside), &document)?;
    let findings = of_another(
        [&place.sponsor.name, place.environment.name(), &backup.key],
        [&told.sponsor, &told.environment, &told.key],
        told.timestamp,
    );
    if findings.is_empty() { Ok(()) } else { Err(stored::proof(&place.location(backup), findings)) }
}
