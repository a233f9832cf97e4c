//! `report`: a digest of all selected sponsors, from their stores and records alone. Changes nothing.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};

use super::backup_attempts::{AttemptStatus, BackupAttempt, BackupHistory, DEFAULT_TIMEOUT};
use super::backup_rows::{BackupRows, counts};
use super::publish::{Ended, Publisher};
use super::record_reads::{FoundRecord, RecordReads};
use super::row_facts::RowFacts;
use super::secrets_source::SecretsSource;
use super::session::{Sessions, SponsorSession, contained};
use super::state_reads::StateReads;
use super::tenancy_guard::TenancyGuard;
use super::timeline_reads::{ReadRecords, TimelineReads};
use super::{RunContext, sponsor_selection};
use crate::archive::catalogue::{BackupEntry, BackupKey};
use crate::cli::UsageError;
use crate::cli::options::ReportOptions;
use crate::failure::Failure;
use crate::layout::key::Object;
use crate::record::entries::RecordEntry;
use crate::record::timeline::Wanted;
use crate::report::digest::{
    Digest, ExceptionKind, Period, SponsorDigest, SponsorFacts, StoredBackup, unread_backups,
};
use crate::report::history::SponsorHistory;
use crate::report::page;
use crate::secrets::Disabled;
use crate::sponsors::Sponsor;
use crate::verification::limits::ahead;
use crate::verification::{Conclusion, VerificationError};

/// A deployment soon after the period's begin may have a backup from before it, and sizes are compared with those of a week.
const BEFORE: SignedDuration = SignedDuration::from_hours(8 * 24);

/// Shared by all sponsors of a run.
struct ReportRun<'a> {
    options: &'a ReportOptions,
    context: &'a RunContext,
    sessions: Sessions<'a>,
    timelines: TimelineReads<'a>,
    period: Period,
}

pub(super) async fn run(
    options: ReportOptions,
    context: &RunContext,
    publisher: &Publisher<'_>,
) -> Result<u8, Failure> {
    let period = period(&options, context.now())?;
    let selected = sponsor_selection::select_some(&options.common, context).await?;
    let secrets = SecretsSource::open(&options.common, context, &selected.sponsors).await?;
    let guard = TenancyGuard::of_secrets(&secrets, &selected, None, context).await;
    let run = ReportRun {
        sessions: Sessions { common: &options.common, context, guard, publisher },
        timelines: TimelineReads {
            context,
            rows: BackupRows::new(context, None),
            records: RecordReads::new(),
            // A drill after the period can prove a backup of it.
            wanted: Wanted { since: period.since.checked_sub(BEFORE).ok(), ..Wanted::default() },
            limit: None,
            with_records: true,
        },
        period,
        options: &options,
        context,
    };
    let (mut ended, mut digests) = (Vec::new(), Vec::new());
    for sponsor in &selected.sponsors {
        let (result, code) = contained(Box::pin(run.sponsor(sponsor, &mut digests)), |failure| {
            run.sessions.end_broken(sponsor, &failure)
        })
        .await;
        if digests.last().is_none_or(|digest: &SponsorDigest| digest.sponsor != sponsor.name) {
            digests
                .push(SponsorDigest::unknown(&sponsor.name, result.message.as_deref().unwrap_or_default()));
        }
        ended.push((result, code));
    }
    let mut digest = Digest::new(options.common.environment.name(), period, options.limits, digests);
    digest.local_flags = local_flags(&options);
    context.sink.table(&digest.headline(), || digest.lines(), options.json);
    if options.json {
        context.sink.document("The report as JSON", digest.json().lines().map(str::to_owned));
    }
    let written =
        options.html.as_ref().map_or(Ok(()), |path| context.sink.page(path, &page::render(&digest)));
    let code = publisher.results_with(ended, Vec::new(), &digest.markdown())?;
    // What was found out is shown first.
    Ok(written.err().map_or(code, |error| publisher.also_failed(&error.into(), code)))
}

/// The inputs that a command on this machine needs besides environment and sponsor.
fn local_flags(options: &ReportOptions) -> String {
    let flag = |name: &str, path: &Option<PathBuf>| {
        let path = path.as_ref().map(|path| path.display().to_string());
        path.map(|path| format!(" --{name} '{}'", path.replace('\'', "'\\''"))).unwrap_or_default()
    };
    flag("manifest", &options.common.manifest) + &flag("secrets-file", &options.common.secrets_file)
}

fn period(options: &ReportOptions, now: Timestamp) -> Result<Period, UsageError> {
    let until = options.until.map_or(now, |until| until.end(now)).min(now);
    let since = options.since.begin(now);
    if since > until {
        return Err(UsageError::new("`since` is later than `until`").hint("Exchange them."));
    }
    Ok(Period { since, until, now })
}

impl ReportRun<'_> {
    async fn sponsor(&self, sponsor: &Sponsor, digests: &mut Vec<SponsorDigest>) -> Ended {
        let session = self.sessions.begin(sponsor, None);
        let digest = match session.run(session.limit.unless_stopped(Box::pin(self.look(&session)))).await {
            Ok(Ok(digest)) => digest,
            Ok(Err(disabled)) => SponsorDigest::disabled(&sponsor.name, &disabled.to_string()),
            Err(failure) => return session.end_failed(&failure),
        };
        let judged = self.judge(&digest);
        let is_disabled = digest.exceptions.iter().any(|it| it.kind == ExceptionKind::Disabled);
        let mut result = session.result(match &judged {
            Ok(()) if is_disabled => Conclusion::disabled(),
            Ok(()) => Conclusion::of_listing(digest.stored.len()),
            Err(_) => Conclusion::failed(None),
        });
        result.message = Some(digest.stored_words());
        digests.push(digest);
        session.end(result, judged.err().map(|failure| session.redacted(&failure)))
    }

    /// A limit that was set and is exceeded is a failure.
    fn judge(&self, digest: &SponsorDigest) -> Result<(), Failure> {
        let limits = &self.options.limits;
        let findings: Vec<String> = digest
            .exceptions
            .iter()
            .filter(|exception| exception.is_failure(limits))
            .map(|exception| exception.message.clone())
            .collect();
        if findings.is_empty() {
            return Ok(());
        }
        let place = format!("backups of {}", self.options.common.environment.name());
        let hint = "`list` and `history` show the backups and runs behind it. A new backup or drill meets a limit again.".to_owned();
        Err(VerificationError { place, findings, hint }.into())
    }

    async fn look(&self, session: &SponsorSession<'_>) -> Result<Result<SponsorDigest, Disabled>, Failure> {
        let place = match session.history_to_read(&self.options.endpoint, DEFAULT_TIMEOUT).await? {
            Ok(place) => place,
            Err(disabled) => return Ok(Err(disabled)),
        };
        let state = StateReads {
            context: self.context,
            rows: &self.timelines.rows,
            records: &self.timelines.records,
            storage_budget: self.options.limits.storage_budget_bytes,
        };
        let mut entries = state.newest_records(&place).await?;
        let mut timeline = SponsorHistory::default();
        let ReadRecords { entries: read, unread } =
            Box::pin(self.timelines.fill(&place, &mut timeline)).await?;
        entries.extend(read);
        // A wrong clock wrote them, and they would seem new for ever.
        entries.retain(|entry| ahead(entry.at, self.context.now()).is_none());
        entries.extend(self.records_of_backups(&place, &entries).await?);
        entries.sort_by(|one, other| one.key.cmp(&other.key));
        entries.dedup_by(|one, other| one.key == other.key);
        let attempts = place.attempts().await?;
        let stored = self.stored(&place, &attempts).await?;
        let store = state.facts(&place, attempts, &entries).await?;
        let facts = SponsorFacts {
            sponsor: session.sponsor.name.clone(),
            entries,
            unread,
            events: timeline.events,
            store,
            stored,
        };
        let digest = SponsorDigest::of(facts, self.period, &self.options.limits);
        Ok(Ok(digest.cleaned(|text| self.context.sink.redacted(text))))
    }

    /// The backups of the store. In a shared bucket only the manifest shows whose a backup is.
    async fn stored(
        &self,
        place: &BackupHistory<'_>,
        attempts: &[BackupAttempt],
    ) -> Result<Vec<StoredBackup>, Failure> {
        let mut all = Vec::new();
        for attempt in attempts {
            let AttemptStatus::Whole(entry) = &attempt.standing else { continue };
            let location = place.location(&attempt.backup);
            if !place.sponsor.partners.is_empty() && !self.is_own(place, entry).await? {
                continue;
            }
            all.push(StoredBackup { location, timestamp: attempt.backup.at, size_bytes: entry.bytes });
        }
        Ok(all)
    }

    /// Whether the manifest of a backup shows that it is this sponsor's.
    async fn is_own(&self, place: &BackupHistory<'_>, entry: &BackupEntry) -> Result<bool, Failure> {
        let standing = AttemptStatus::Whole(entry.clone());
        let attempt = BackupAttempt { backup: entry.backup.clone(), standing };
        let row = self.timelines.rows.row(place, attempt, &RowFacts::of_a_watcher()).await?;
        Ok(row.is_some_and(|row| counts(&row)))
    }

    /// The records of backups that deployments name, however old these are. Their keys have the times of the backups.
    async fn records_of_backups(
        &self,
        place: &BackupHistory<'_>,
        entries: &[RecordEntry],
    ) -> Result<Vec<RecordEntry>, Failure> {
        let root = place.backups.location("");
        let mut found = Vec::new();
        for location in unread_backups(entries, self.period) {
            let key = location.strip_prefix(&root);
            let Some(backup) = key.and_then(|key| BackupKey::parse(place.environment, key)) else { continue };
            let key = Object::DeploymentLog.key(place.environment, backup.at);
            for listed in &Box::pin(place.audit_logs.list(&key)).await? {
                if let FoundRecord::Own(entry) = self.timelines.records.read(place, listed).await? {
                    found.push(*entry);
                }
            }
        }
        Ok(found)
    }
}
