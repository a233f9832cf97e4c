//! `metrics`: derives every metric from the stores and their records, and prints them. What a Pushgateway has forgotten is there
//! again afterwards.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::backup_attempts::{AttemptStatus, BackupAttempt, BackupHistory, DEFAULT_TIMEOUT};
use super::backup_rows::{BackupRows, counts};
use super::metrics_delivery::MetricsDelivery;
use super::publish::{Ended, Publisher};
use super::record_reads::{RecordReads, unreadable};
use super::row_facts::RowFacts;
use super::secrets_source::SecretsSource;
use super::session::{Sessions, SponsorSession, contained};
use super::tenancy_guard::TenancyGuard;
use super::{RunContext, sponsor_selection};
use crate::archive::catalogue::prefix;
use crate::cli::options::MetricsOptions;
use crate::failure::Failure;
use crate::record::RecordedOutcome;
use crate::record::entries::{RecordEntry, RecordedEvent};
use crate::report::lines::count;
use crate::report::listing::ListedBackup;
use crate::report::metrics::{self, StoreFacts, Update};
use crate::secrets::{Disabled, S3Backups};
use crate::sponsors::Sponsor;
use crate::store::s3::policy::Purpose;
use crate::store::{Replicated, StoreError};
use crate::verification::Conclusion;
use crate::verification::limits::ahead;

/// Records of each kind that are read at most. Older ones say nothing about today.
const RECORDS: usize = 50;
/// Backups whose replication is asked for. S3 replicates in about the order of writing.
const REPLICATIONS: usize = 10;
/// What metrics are made of.
const EVENTS: [RecordedEvent; 5] = [
    RecordedEvent::Backup,
    RecordedEvent::Drill,
    RecordedEvent::Verification,
    RecordedEvent::Restore,
    RecordedEvent::Prune,
];

/// Shared by all sponsors of a run.
struct MetricsRun<'a> {
    options: &'a MetricsOptions,
    context: &'a RunContext,
    sessions: Sessions<'a>,
    rows: BackupRows<'a>,
    records: RecordReads,
}

pub(super) async fn run(
    options: MetricsOptions,
    context: &RunContext,
    publisher: &Publisher<'_>,
) -> Result<u8, Failure> {
    let selected = sponsor_selection::select_some(&options.common, context).await?;
    let secrets = SecretsSource::open(&options.common, context, &selected.sponsors).await?;
    let guard = TenancyGuard::of_secrets(&secrets, &selected, None, context).await;
    let run = MetricsRun {
        sessions: Sessions { common: &options.common, context, guard, publisher },
        rows: BackupRows::new(context, None),
        records: RecordReads::new(),
        options: &options,
        context,
    };
    let environment = options.common.environment.name();
    let plan = metrics::of_plan(environment, selected.enabled(), options.expected_within);
    context.note_metrics(plan.clone());
    let mut updates = vec![plan];
    let delivery = MetricsDelivery::new(&options.common, context);
    let (mut ended, mut is_delivered) = (Vec::new(), true);
    for sponsor in &selected.sponsors {
        let broken = |failure| run.sessions.end_broken(sponsor, &failure);
        let before = updates.len();
        ended.push(contained(Box::pin(run.sponsor(sponsor, &mut updates)), broken).await);
        updates.iter().skip(before).for_each(|update| context.note_metrics(update.clone()));
        // At once: it replaces what a run of this sponsor publishes meanwhile. But a gateway that hangs is waited for only twice.
        if is_delivered {
            is_delivered = delivery.deliver(context).await;
        }
    }
    let all: Vec<_> = updates.iter().flat_map(|update| update.samples.iter().cloned()).collect();
    context.sink.result(&metrics::render(&all));
    publisher.results(ended)
}

impl MetricsRun<'_> {
    async fn sponsor(&self, sponsor: &Sponsor, updates: &mut Vec<Update>) -> Ended {
        let session = self.sessions.begin(sponsor, None);
        match session.run(session.limit.unless_stopped(Box::pin(self.derive(&session)))).await {
            Ok(Ok(update)) => {
                let mut result = session.result(Conclusion::of_listing(update.samples.len()));
                result.message = Some(count(update.samples.len(), "sample"));
                updates.push(update);
                session.end(result, None)
            }
            Ok(Err(disabled)) => {
                updates.push(metrics::of_disabled((session.environment().name(), &sponsor.name)));
                session.end_disabled(&disabled)
            }
            Err(failure) => session.end_failed(&failure),
        }
    }

    async fn derive(&self, session: &SponsorSession<'_>) -> Result<Result<Update, Disabled>, Failure> {
        let secrets = match session.secrets().await? {
            S3Backups::Disabled(why) => return Ok(Err(why.clone())),
            S3Backups::Enabled(secrets) => secrets,
        };
        let buckets = session.open_buckets(secrets, &self.options.endpoint, Purpose::Read { thaw: false })?;
        let place = session.history(&buckets, DEFAULT_TIMEOUT);
        let mut entries = Vec::new();
        for event in EVENTS {
            // Of the other events only times are published, so that records before a success say nothing more.
            let is_enough = |entry: &RecordEntry| {
                !matches!(event, RecordedEvent::Backup | RecordedEvent::Drill)
                    && entry.outcome == Some(RecordedOutcome::Success)
            };
            let newest = self.records.newest(&place, (event.object(), RECORDS), is_enough);
            let newest = Box::pin(newest).await?;
            if let Some(location) = newest.unreadable.into_iter().next() {
                // It may be the record of a failure.
                return Err(unreadable(location, "is unknown").into());
            }
            entries.extend(newest.entries);
        }
        // A wrong clock wrote them, and they would seem new for ever.
        entries.retain(|entry| ahead(entry.at, self.context.now()).is_none());
        let facts = self.facts(&place, &entries).await?;
        Ok(Ok(metrics::of_store((place.environment.name(), &place.sponsor.name), entries, &facts)))
    }

    async fn facts(&self, place: &BackupHistory<'_>, entries: &[RecordEntry]) -> Result<StoreFacts, Failure> {
        let mut attempts = place.attempts().await?;
        let replication_pending = self.replication_pending(place, &attempts).await?;
        let failed: BTreeSet<&str> = entries
            .iter()
            .filter(|entry| entry.event == RecordedEvent::Backup)
            .filter(|entry| entry.outcome != Some(RecordedOutcome::Success))
            .filter_map(|entry| entry.backup_location.as_deref())
            .collect();
        // One that exceeded a limit is stored all the same. Its run failed.
        attempts.retain(|attempt| !failed.contains(&*place.location(&attempt.backup)));
        let rows = self.rows.newest(place, attempts, &RowFacts::of_a_watcher()).await?;
        let is_newest =
            |row: &&ListedBackup| counts(row) && ahead(row.timestamp, self.context.now()).is_none();
        let newest = rows.iter().find(is_newest);
        Ok(StoreFacts {
            newest: newest.map(|row| (row.timestamp, row.location.clone())),
            stored_bytes: newest.and_then(|row| row.size_bytes),
            rows: newest.and_then(|row| row.rows),
            locked_until: newest.and_then(|row| row.locked_until),
            storage_bytes: storage_bytes(place).await?,
            storage_budget: self.options.storage_budget,
            replication_pending,
        })
    }

    /// The age of the oldest backup that is not replicated yet; `None` if the bucket replicates nothing.
    async fn replication_pending(
        &self,
        place: &BackupHistory<'_>,
        attempts: &[BackupAttempt],
    ) -> Result<Option<Duration>, StoreError> {
        let is_whole = |attempt: &&BackupAttempt| matches!(attempt.standing, AttemptStatus::Whole(_));
        let mut seen = Vec::new();
        for attempt in attempts.iter().filter(is_whole).take(REPLICATIONS) {
            let Some(state) = place.backups.examine(&attempt.backup.key).await?.replication else { continue };
            seen.push((attempt.backup.at, state));
        }
        Ok(oldest_pending(&seen, self.context.now()))
    }
}

/// Zero if all of these backups are replicated; `None` if there are none.
fn oldest_pending(seen: &[(Timestamp, Replicated)], now: Timestamp) -> Option<Duration> {
    let pending = seen.iter().filter(|(_, state)| *state == Replicated::NotYet).map(|(at, _)| *at).min();
    let age =
        pending.map_or(Duration::ZERO, |at| Duration::try_from(now.duration_since(at)).unwrap_or_default());
    (!seen.is_empty()).then_some(age)
}

/// The size of everything below the environment's prefix, with what was replaced or hidden: S3 charges for it. Without the right to
/// list versions, of what listings show.
async fn storage_bytes(place: &BackupHistory<'_>) -> Result<u64, StoreError> {
    let below = prefix(place.environment);
    match Box::pin(place.backups.versions(&below)).await {
        Ok(versions) => return Ok(versions.iter().map(|version| version.bytes).sum()),
        Err(StoreError::Unsupported { .. }) => {}
        Err(error) if error.is_access_denied() || error.is_not_implemented() => {}
        Err(error) => return Err(error),
    }
    Ok(Box::pin(place.backups.list(&below)).await?.iter().map(|object| object.bytes).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_longest_for_its_replica_is_measured() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let (yes, not_yet) = (Replicated::Yes, Replicated::NotYet);
        let age = |seen: &[(Timestamp, Replicated)]| oldest_pending(seen, at(1000)).map(|age| age.as_secs());
        assert_eq!(age(&[]), None);
        assert_eq!(age(&[(at(900), yes), (at(800), yes)]), Some(0));
        assert_eq!(age(&[(at(900), not_yet), (at(800), not_yet), (at(700), yes)]), Some(200));
        assert_eq!(age(&[(at(900), yes), (at(300), not_yet)]), Some(700));
        // Another machine's clock may be ahead.
        assert_eq!(age(&[(at(1001), not_yet)]), Some(0));
    }
}
