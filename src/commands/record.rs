//! `record`: saves the record of a deployment, whatever its outcome.

use futures_util::future::join;

use super::buckets::{AttributeSource, SponsorBuckets};
use super::github::GitHubLookup;
use super::publish::{Ended, Publisher};
use super::save_record::{self, SavedRecord};
use super::secrets_source::SecretsSource;
use super::session::{Sessions, SponsorSession, contained, in_parallel};
use super::tenancy_guard::TenancyGuard;
use super::{RunContext, sponsor_selection, stored};
use crate::archive::ArchiveError;
use crate::archive::backup_manifest::Excerpt;
use crate::cli::UsageError;
use crate::cli::options::{NamedBackup, RecordOptions};
use crate::failure::Failure;
use crate::layout::key::{Object, manifest_key};
use crate::record::deployment::Heading;
use crate::record::{DeploymentLog, Event, Provenance, RecordError};
use crate::report::Record;
use crate::secrets::S3Backups;
use crate::sponsors::{Environment, Sponsor};
use crate::store::Store;
use crate::store::s3::policy::Purpose;
use crate::verification::Conclusion;
use crate::verification::stored::{MANIFEST_BYTES, StoredFacts, of_another};

/// What all sponsors of a run share.
struct RecordRun<'a> {
    options: &'a RecordOptions,
    context: &'a RunContext,
    sessions: Sessions<'a>,
    github: GitHubLookup<'a>,
}

/// What became of one sponsor's record.
#[derive(Default)]
struct Recorded {
    document: Option<DeploymentLog>,
    saved: SavedRecord,
    is_disabled: bool,
}

pub(super) async fn run(
    options: RecordOptions,
    context: &RunContext,
    publisher: &Publisher<'_>,
) -> Result<u8, Failure> {
    let selected = sponsor_selection::deployed(&options.common, context).await?;
    let sponsors = &selected.sponsors;
    if sponsors.len() > 1 && (options.backup_location.is_some() || options.backup_size.is_some()) {
        let problem = "`backup-location` and `backup-size` describe one sponsor's backup, but several sponsors are selected";
        return Err(UsageError::new(problem)
            .hint("Name one sponsor in `sponsors`, or omit both inputs.")
            .into());
    }
    let secrets = SecretsSource::open(&options.common, context, sponsors).await?;
    let guard = TenancyGuard::of_stores(&secrets, &selected, None, context).await;
    let run = RecordRun {
        sessions: Sessions { common: &options.common, context, guard, publisher },
        github: GitHubLookup::new(options.common.github.as_ref(), context),
        options: &options,
        context,
    };
    let at_once = options.deployment.max_parallel.get();
    publisher.results(
        in_parallel(sponsors, at_once, |sponsor| {
            contained(run.sponsor(sponsor), |failure| run.sessions.end_broken(sponsor, &failure))
        })
        .await,
    )
}

impl RecordRun<'_> {
    async fn sponsor(&self, sponsor: &Sponsor) -> Ended {
        let session = self.sessions.begin(sponsor, None);
        let mut recorded = Recorded::default();
        let done = session.run(Box::pin(self.record(&session, &mut recorded))).await;
        let Recorded { document, saved, is_disabled } = recorded;
        let dry_run = self.options.common.dry_run;
        let mut result = session.result(match &saved.place {
            _ if dry_run => Conclusion::planned(),
            _ if is_disabled => Conclusion::disabled(),
            Some(log) => Conclusion::of_record(log),
            None => Conclusion::failed(None),
        });
        result.deployment_log = saved.place;
        result.warnings.extend(saved.warning);
        if let Some(document) = document {
            let text = String::from_utf8_lossy(&document.to_bytes()).into_owned();
            result.record = (!dry_run).then_some(Record { text, is_in_s3: saved.is_in_s3 });
            result.backup_location = document.backup_location;
            result.backup_size = document.backup_size_bytes;
        }
        session.end(result, done.err().map(|failure| session.redacted(&failure)))
    }

    /// Makes the record and saves it, as far as that is possible. Whatever keeps it from S3, the workspace has it.
    async fn record(&self, session: &SponsorSession<'_>, recorded: &mut Recorded) -> Result<(), Failure> {
        let opened = session.limit.unless_stopped(self.open_buckets(session));
        let (provenance, opened) = join(self.github.provenance(), opened).await;
        let mut document =
            DeploymentLog::of_deployment(self.heading(session, provenance), self.options.outcome);
        document.s3_archival_enabled = opened.as_ref().ok().map(Option::is_some);
        let (buckets, failed) = match opened {
            Ok(buckets) => (buckets, None),
            Err(failure) => (None, Some(failure)),
        };
        let untrue = self.name_backup(session, buckets.as_ref(), &mut document).await;
        recorded.saved = self.save(session, &document, buckets.as_ref()).await;
        recorded.document = Some(document);
        recorded.is_disabled = buckets.is_none() && failed.is_none();
        if recorded.is_disabled && !self.options.common.dry_run {
            save_record::show_saved_locally_only(self.context, &session.sponsor.name);
        }
        let failure = failed.or(untrue.map(Failure::from)).or(recorded.saved.failure.take());
        failure.map_or(Ok(()), Err)
    }

    fn heading<'s>(&'s self, session: &SponsorSession<'s>, provenance: &'s Provenance) -> Heading<'s> {
        let deployment = &self.options.deployment;
        Heading {
            event: Event::Deployment,
            sponsor: session.sponsor,
            environment: self.options.common.environment,
            at: session.started,
            version: deployment.version.as_ref().map(|text| text.redacted(&self.context.sink)),
            reason: deployment.reason.as_ref().map(|text| text.redacted(&self.context.sink)),
            run: &self.context.run,
            provenance,
        }
    }

    /// Where the sponsor's records go. `None` if its backups are disabled: then only the workspace has them.
    async fn open_buckets(&self, session: &SponsorSession<'_>) -> Result<Option<SponsorBuckets>, Failure> {
        let S3Backups::Enabled(secrets) = session.secrets().await? else { return Ok(None) };
        let endpoint = &self.options.deployment.endpoint;
        Ok(Some(session.open_buckets(secrets, endpoint, Purpose::Record)?))
    }

    /// Saves the record. A dry run shows it, and checks whether it could be saved.
    async fn save(
        &self,
        session: &SponsorSession<'_>,
        document: &DeploymentLog,
        buckets: Option<&SponsorBuckets>,
    ) -> SavedRecord {
        let sponsor = session.sponsor;
        let source = AttributeSource {
            deployment: &self.options.deployment,
            context: self.context,
            environment: self.options.common.environment,
            pre_migration: false,
            partial: false,
            at: session.started,
        };
        if !self.options.common.dry_run {
            let entry = (Object::DeploymentLog, &*document.to_bytes());
            return save_record::save(entry, sponsor, buckets, &source).await;
        }
        let document = String::from_utf8_lossy(&document.to_bytes()).into_owned();
        let title = format!("{}: would be recorded", sponsor.name);
        let lines = document.lines().map(str::to_owned);
        self.context.sink.block(&std::iter::once(title).chain(lines).collect::<Vec<_>>());
        let could = save_record::check_save(sponsor, buckets, Object::DeploymentLog, &source).await;
        SavedRecord { failure: could.err(), ..SavedRecord::default() }
    }

    /// Adds the named backup to the record if S3 shows it. Otherwise the step fails, and the deployment is recorded
    /// without a backup but with the reason.
    async fn name_backup(
        &self,
        session: &SponsorSession<'_>,
        buckets: Option<&SponsorBuckets>,
        document: &mut DeploymentLog,
    ) -> Option<RecordError> {
        let options = self.options;
        document.backup_location.clone_from(&options.backup_location);
        document.backup_size_bytes = options.backup_size;
        let named = options.backup.as_ref()?;
        let whose = (session.sponsor, options.common.environment);
        let checked = match buckets {
            None => NamedBackupCheck::NotAsked("its store was not queried".to_owned()),
            Some(buckets) => tokio::select! {
                checked = check(&buckets.backups, whose, named, options.backup_size) => checked,
                () = self.context.stop.requested() => {
                    NamedBackupCheck::NotAsked("the run was stopped".to_owned())
                }
            },
        };
        document.backup_location_verified = Some(matches!(checked, NamedBackupCheck::Seen));
        match checked {
            NamedBackupCheck::Seen => None,
            NamedBackupCheck::NotAsked(why) => {
                let title = format!("{}: backup-location not verified", session.sponsor.name);
                let why = self.context.sink.redacted(&why);
                self.context.sink.line(&format!("{title}: {why}"));
                self.context.annotate(&title, &why);
                None
            }
            NamedBackupCheck::Refused(error) => {
                (document.backup_location, document.backup_size_bytes) = (None, None);
                document.stage = Some("record");
                document.message = Some(self.context.sink.redacted(&error.to_string()));
                Some(error)
            }
        }
    }
}

/// The result of checking the backup that a record names: the record asserts only what was seen.
enum NamedBackupCheck {
    /// It is this sponsor's backup in this environment, complete and of the given size.
    Seen,
    /// S3 could not be queried, with the reason.
    NotAsked(String),
    /// The record would be untrue.
    Refused(RecordError),
}

/// Checks a backup.
async fn check(
    store: &Store,
    (sponsor, environment): (&Sponsor, Environment),
    named: &NamedBackup,
    bytes: Option<u64>,
) -> NamedBackupCheck {
    let NamedBackup { location, backup } = named;
    let refused =
        |why: String| NamedBackupCheck::Refused(RecordError::Untrue { location: location.to_string(), why });
    if stored::key_in(store, location) != Some(&*backup.key) {
        let place = store.location("");
        return refused(format!("it is not in {place}, which holds the backups of {}", sponsor.name));
    }
    match problem(store, (sponsor, environment), &backup.key, bytes).await {
        Ok(None) => NamedBackupCheck::Seen,
        Ok(Some(why)) => refused(why),
        Err(error) if error.is_finding() => refused(stored::in_words(store, &backup.key, &error)),
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
    let document = store.read_small(&beside, MANIFEST_BYTES).await?;
    let told = Excerpt::parse(&store.location(&beside), &document)?;
    let others = of_another(
        [&sponsor.name, environment.name(), key],
        [&told.sponsor, &told.environment, &told.key],
        told.timestamp,
    );
    if !others.is_empty() {
        return Ok(Some(others.join("; ")));
    }
    let sha256 = stored::checksum_of(store, key).await?;
    let problems = StoredFacts { bytes: stored, crc64: examined.crc64, sha256 }.differing(&told.stored);
    Ok((!problems.is_empty()).then(|| problems.join("; ")))
}
