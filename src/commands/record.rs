//! `record`: saves the record of a deployment, whatever its outcome.

use std::time::Instant;

use futures_util::StreamExt as _;
use futures_util::future::join;

use super::buckets::{AttributeSource, BucketAccess, SponsorBuckets};
use super::github::GitHubLookup;
use super::publish::{Ended, Publisher, RedactedFailure};
use super::scope::{self, SecretsSource};
use super::survey::TenancyGuard;
use super::{RunContext, records, stored};
use crate::archive::backup_manifest::Excerpt;
use crate::archive::key::{Object, manifest_key};
use crate::archive::s3::policy::Purpose;
use crate::archive::{ArchiveError, Store};
use crate::cli::UsageError;
use crate::cli::order::{NamedBackup, RecordOptions};
use crate::failure::Failure;
use crate::record::deployment::Heading;
use crate::record::{DeploymentLog, Event, RecordError};
use crate::report::workflow::{Level, annotation};
use crate::report::{Record, SponsorResult};
use crate::secrets::S3Backups;
use crate::sponsors::{Environment, Sponsor};
use crate::verification::Conclusion;
use crate::verification::stored::{StoredFacts, of_another};

/// What all sponsors of a run share.
struct RecordRun<'a> {
    order: &'a RecordOptions,
    edge: &'a RunContext,
    survey: TenancyGuard,
    asking: GitHubLookup<'a>,
}

pub(super) async fn run(
    order: RecordOptions,
    edge: &RunContext,
    publisher: &Publisher<'_>,
) -> Result<u8, Failure> {
    let selected = scope::deployed(&order.scope, edge).await?;
    let sponsors = &selected.sponsors;
    if sponsors.len() > 1 && (order.backup_location.is_some() || order.backup_size.is_some()) {
        let problem = "`backup-location` and `backup-size` describe one sponsor's backup, but several sponsors are selected";
        return Err(UsageError::new(problem)
            .hint("Name one sponsor in `sponsors`, or omit both inputs.")
            .into());
    }
    let secrets = SecretsSource::open(&order.scope, edge, sponsors).await?;
    let survey = TenancyGuard::of_secrets(&secrets, &selected, None, edge).await;
    let asking = GitHubLookup::new(order.github.as_ref(), edge);
    let run = RecordRun { order: &order, edge, survey, asking };
    let ended: Vec<Ended> = futures_util::stream::iter(sponsors)
        .map(|sponsor| Box::pin(run.sponsor(sponsor, publisher)))
        .buffered(order.deployment.max_parallel.get())
        .collect()
        .await;
    publisher.results(ended)
}

impl RecordRun<'_> {
    async fn sponsor(&self, sponsor: &Sponsor, publisher: &Publisher<'_>) -> Ended {
        let (begun, at) = (Instant::now(), self.edge.now());
        let stop = self.edge.stop.child();
        let vault = async {
            tokio::select! {
                vault = self.vault(sponsor) => vault,
                () = stop.cancelled() => Err(scope::stopped(self.edge)),
            }
        };
        let (provenance, vault) = join(self.asking.answer(), vault).await;
        let order = self.order;
        let heading = Heading {
            event: Event::Deployment,
            sponsor,
            environment: order.scope.environment,
            at,
            version: order.deployment.version.as_deref(),
            reason: order.deployment.reason.as_deref(),
            run: &self.edge.run,
            provenance,
        };
        let mut document = DeploymentLog::of_deployment(heading, order.outcome);
        document.s3_archival_enabled = vault.as_ref().ok().map(Option::is_some);
        let (vault, failed) = match vault {
            Ok(vault) => (vault, None),
            Err(failure) => (None, Some(failure)),
        };
        let untrue = self.name_backup(sponsor, vault.as_ref(), &mut document).await;
        let labelling = AttributeSource {
            deployment: &order.deployment,
            edge: self.edge,
            environment: order.scope.environment,
            pre_migration: false,
            partial: false,
            at,
        };
        let kept = if order.dry_run {
            let document = String::from_utf8_lossy(&document.to_bytes()).into_owned();
            let title = format!("{}: would be recorded", sponsor.name);
            let lines = document.lines().map(str::to_owned);
            self.edge.sink.block(&std::iter::once(title).chain(lines).collect::<Vec<_>>());
            let could = records::could_keep(sponsor, vault.as_ref(), Object::DeploymentLog, &labelling).await;
            records::SavedRecord { failure: could.err(), ..records::SavedRecord::default() }
        } else {
            let entry = (Object::DeploymentLog, &*document.to_bytes());
            records::keep(entry, sponsor, vault.as_ref(), &labelling).await
        };
        let is_disabled = vault.is_none() && failed.is_none();
        if is_disabled && !order.dry_run {
            records::say_saved_locally_only(self.edge, &sponsor.name);
        }
        let conclusion = match &kept.place {
            _ if order.dry_run => Conclusion::planned(),
            _ if is_disabled => Conclusion::disabled(),
            Some(log) => Conclusion::of_record(log),
            None => Conclusion::failed(None),
        };
        let mut result = SponsorResult::new(&sponsor.name, conclusion, begun.elapsed().as_secs_f64());
        result.deployment_log = kept.place;
        result.warnings.extend(kept.warning);
        let text = String::from_utf8_lossy(&document.to_bytes()).into_owned();
        result.record = (!order.dry_run).then_some(Record { text, is_in_s3: kept.is_in_s3 });
        result.backup_location.clone_from(&document.backup_location);
        result.backup_size = document.backup_size_bytes;
        let failure = failed.or(untrue.map(Failure::from)).or(kept.failure);
        let code = failure.map(|failure| RedactedFailure::of(&failure, self.edge).fail(&mut result));
        publisher.sponsor(&result);
        (result, code)
    }

    /// Adds the named backup to the record if S3 shows it. Otherwise the step fails, and the deployment is recorded
    /// without a backup but with the reason.
    async fn name_backup(
        &self,
        sponsor: &Sponsor,
        vault: Option<&SponsorBuckets>,
        document: &mut DeploymentLog,
    ) -> Option<RecordError> {
        let order = self.order;
        document.backup_location.clone_from(&order.backup_location);
        document.backup_size_bytes = order.backup_size;
        let named = order.backup.as_ref()?;
        let stop = self.edge.stop.child();
        let whose = (sponsor, order.scope.environment);
        let checked = match vault {
            None => NamedBackupCheck::NotAsked("S3 was not queried".to_owned()),
            Some(vault) => tokio::select! {
                checked = check(&vault.backups, whose, named, order.backup_size) => checked,
                () = stop.cancelled() => NamedBackupCheck::NotAsked("the run was stopped".to_owned()),
            },
        };
        document.backup_location_verified = Some(matches!(checked, NamedBackupCheck::Seen));
        match checked {
            NamedBackupCheck::Seen => None,
            NamedBackupCheck::NotAsked(why) => {
                let (sink, title) =
                    (&self.edge.sink, format!("{}: backup-location not verified", sponsor.name));
                let why = sink.redacted(&why);
                sink.line(&format!("{title}: {why}"));
                sink.annotations(&[annotation(Level::Warning, &title, &why)]);
                None
            }
            NamedBackupCheck::Refused(error) => {
                (document.backup_location, document.backup_size_bytes) = (None, None);
                (document.stage, document.message) =
                    (Some("record"), Some(self.edge.sink.redacted(&error.to_string())));
                Some(error)
            }
        }
    }

    /// Where the sponsor's records go. `None` if its backups are disabled: then only the workspace has them.
    async fn vault(&self, sponsor: &Sponsor) -> Result<Option<SponsorBuckets>, Failure> {
        match self.survey.secrets_of_its_own(sponsor).await? {
            S3Backups::Disabled(_) => Ok(None),
            S3Backups::Enabled(secrets) => {
                let way = BucketAccess {
                    scope: &self.order.scope,
                    edge: self.edge,
                    endpoint: &self.order.deployment.endpoint,
                    sponsor: &sponsor.name,
                    purpose: Purpose::Record,
                };
                Ok(Some(SponsorBuckets::open(&way, secrets)))
            }
        }
    }
}

// Checks the backup that a deployment record names against S3, so that the record asserts only what was seen.

/// The result of a check.
pub(super) enum NamedBackupCheck {
    /// It is this sponsor's backup in this environment, complete and of the given size.
    Seen,
    /// S3 could not be queried, with the reason.
    NotAsked(String),
    /// The record would be untrue.
    Refused(RecordError),
}

/// Checks a backup.
pub(super) async fn check(
    store: &Store,
    (sponsor, environment): (&Sponsor, Environment),
    named: &NamedBackup,
    bytes: Option<u64>,
) -> NamedBackupCheck {
    let refused = |why: String| {
        let location = format!("s3://{}/{}", named.bucket, named.backup.key);
        NamedBackupCheck::Refused(RecordError::Untrue { location, why })
    };
    if named.bucket != store.bucket() {
        return refused(format!("it is not in {}, the backup bucket of {}", store.bucket(), sponsor.name));
    }
    match problem(store, (sponsor, environment), &named.backup.key, bytes).await {
        Ok(None) => NamedBackupCheck::Seen,
        Ok(Some(why)) => refused(why),
        Err(error) if error.is_finding() => refused(stored::in_words(store, &named.backup.key, &error)),
        Err(error) => NamedBackupCheck::NotAsked(error.to_string()),
    }
}

/// What is wrong with it. A missing backup, or one without a readable manifest, is an error.
async fn problem(
    store: &Store,
    (sponsor, environment): (&Sponsor, Environment),
    key: &str,
    bytes: Option<u64>,
) -> Result<Option<String>, ArchiveError> {
    let examined = store.examine(key).await?;
    let stored = examined.bytes;
    if let Some(bytes) = bytes.filter(|bytes| *bytes != stored) {
        return Ok(Some(format!("it has {stored} bytes, but `backup-size` is {bytes}")));
    }
    let beside = manifest_key(key);
    let document = store.read_small(&beside, stored::MANIFEST_BYTES).await?;
    let told = Excerpt::parse(&store.location(&beside), &document)?;
    let others =
        of_another([&sponsor.name, environment.name(), key], [&told.sponsor, &told.environment, &told.key]);
    if !others.is_empty() {
        return Ok(Some(others.join("; ")));
    }
    let sha256 = stored::checksum_of(store, key).await?;
    let problems = StoredFacts { bytes: stored, crc64: examined.crc64, sha256 }.differing(&told.stored);
    Ok((!problems.is_empty()).then(|| problems.join("; ")))
}
