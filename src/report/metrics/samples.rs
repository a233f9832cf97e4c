//! The samples that follow from records, from the store and from the manifest.

use std::time::Duration;

use jiff::Timestamp;

use super::{Group, Metric, Sample, Update, seconds_in, seconds_of, updated};
use crate::record::RecordedOutcome;
use crate::record::entries::{RecordEntry, RecordedEvent};

/// Backups whose durations make the expected one.
const RECENT: usize = 7;

/// What only the store knows.
#[derive(Debug, Clone, Default)]
pub struct StoreFacts {
    /// Time and location of the newest backup that counts.
    pub newest: Option<(Timestamp, String)>,
    /// Its size.
    pub stored_bytes: Option<u64>,
    /// Rows of all its tables.
    pub rows: Option<u64>,
    /// Whether something was left out of it on purpose.
    pub partial: Option<bool>,
    /// Version that was about to be deployed.
    pub version: Option<String>,
    /// End of its Object Lock.
    pub locked_until: Option<Timestamp>,
    /// Location and status of newer attempts that should be backups and are none.
    pub passed_over: Vec<(String, String)>,
    /// Size of all backups; unknown in a shared bucket.
    pub storage_bytes: Option<u64>,
    /// What they are allowed to come to.
    pub storage_budget: Option<u64>,
    /// Age of the oldest backup that is not replicated yet. `None` if nothing is replicated.
    pub replication_pending: Option<Duration>,
}

/// The samples of one sponsor and environment, as they are added.
struct Samples<'a> {
    whose: (&'a str, &'a str),
    all: Vec<Sample>,
}

impl Samples<'_> {
    /// Gives metrics without a value the value NaN: a gateway would keep that of an earlier run. No comparison with NaN is true.
    fn reset_if_absent(&mut self, metrics: &[Metric]) {
        for metric in metrics {
            if !self.all.iter().any(|sample| sample.metric == *metric) {
                self.add(*metric, Some(f64::NAN));
            }
        }
    }

    fn add(&mut self, metric: Metric, value: Option<f64>) {
        self.all.extend(value.map(|value| Sample::new(metric, self.whose, &[], value)));
    }

    fn time(&mut self, metric: Metric, at: Option<Timestamp>) {
        self.add(metric, at.map(seconds_of));
    }

    fn span(&mut self, metric: Metric, span: Option<Duration>) {
        self.add(metric, span.map(seconds_in));
    }

    #[expect(clippy::cast_precision_loss, reason = "exact up to nine petabytes")]
    fn count(&mut self, metric: Metric, count: Option<u64>) {
        self.add(metric, count.map(|count| count as f64));
    }
}

/// Of whom backups are expected, and how old the newest one of each is allowed to be.
pub fn of_plan<'a>(
    environment: &str,
    sponsors: impl IntoIterator<Item = &'a str>,
    within: Duration,
) -> Update {
    let sample =
        |sponsor: &str| Sample::new(Metric::ExpectedWithin, (environment, sponsor), &[], seconds_in(within));
    Update {
        group: Group::Plan { environment: environment.to_owned() },
        is_whole: true,
        samples: sponsors.into_iter().map(sample).collect(),
    }
}

/// What a run publishes of one record. `None` if no metric is about it.
#[must_use]
pub fn of_record(entry: &RecordEntry) -> Option<Update> {
    let environment = entry.environment.name();
    let mut samples = Samples { whose: (environment, &entry.sponsor), all: Vec::new() };
    let is_success = entry.outcome == Some(RecordedOutcome::Success);
    let succeeded = is_success.then_some(entry.at);
    match entry.event {
        RecordedEvent::Backup => of_backup(entry, &mut samples),
        RecordedEvent::Drill => of_drill(entry, &mut samples),
        RecordedEvent::Verification => {
            samples.time(Metric::VerifyLastSuccess, succeeded);
            let is_failure = entry.outcome == Some(RecordedOutcome::Failure);
            samples.time(Metric::VerifyLastFailure, is_failure.then_some(entry.at));
        }
        RecordedEvent::Restore => samples.time(Metric::RestoreLastSuccess, succeeded),
        // The first of its two records is written before anything is removed.
        RecordedEvent::Prune => samples.time(Metric::PruneLastSuccess, succeeded.filter(|_| !entry.is_begun)),
        RecordedEvent::Deployment | RecordedEvent::Copy | RecordedEvent::Hold => {}
    }
    let group = group(environment, &entry.sponsor);
    (!samples.all.is_empty()).then_some(Update { group, is_whole: false, samples: samples.all })
}

fn of_backup(entry: &RecordEntry, samples: &mut Samples<'_>) {
    let Some(outcome) = entry.outcome else { return };
    samples.all.extend(outcomes(samples.whose, outcome));
    let at = Some(entry.at);
    let took = entry.seconds.map(Duration::from_secs);
    match outcome {
        RecordedOutcome::Success => {
            let measures = &entry.measures;
            samples.time(Metric::LastAttempt, at);
            samples.time(Metric::LastSuccess, at);
            samples.span(Metric::Duration, took);
            samples.count(Metric::StoredBytes, entry.backup_bytes);
            samples.count(Metric::DumpBytes, measures.dump_bytes);
            samples.count(Metric::Rows, measures.rows);
            samples.count(Metric::Partial, Some(u64::from(entry.is_partial)));
            samples.time(Metric::LockedUntil, measures.locked_until);
            samples.time(Metric::RetainUntil, measures.retained_until);
            let pg_dump = measures.pg_dump_version.as_deref().unwrap_or_default();
            let more = [("version", &*entry.tool_version), ("pg_dump", pg_dump)];
            samples.all.push(Sample::new(Metric::BuildInfo, samples.whose, &more, 1.0));
            samples.reset_if_absent(&Metric::OF_THE_NEWEST);
        }
        RecordedOutcome::Failure => {
            samples.time(Metric::LastAttempt, at);
            samples.time(Metric::LastFailure, at);
            samples.span(Metric::Duration, took);
        }
        RecordedOutcome::Cancelled => {
            samples.time(Metric::LastAttempt, at);
            samples.reset_if_absent(&[Metric::Duration]);
        }
        RecordedOutcome::Disabled | RecordedOutcome::Skipped => {}
    }
}

/// A sample of each outcome, so that the one of an earlier run does not stay.
fn outcomes<'a>(whose: (&'a str, &'a str), outcome: RecordedOutcome) -> impl Iterator<Item = Sample> + 'a {
    RecordedOutcome::OF_A_DEPLOYMENT.into_iter().chain([RecordedOutcome::Disabled]).map(move |one| {
        let value = if one == outcome { 1.0 } else { 0.0 };
        Sample::new(Metric::LastOutcome, whose, &[("outcome", one.name())], value)
    })
}

fn of_drill(entry: &RecordEntry, samples: &mut Samples<'_>) {
    match entry.outcome {
        Some(RecordedOutcome::Success) => samples.time(Metric::DrillLastSuccess, Some(entry.at)),
        Some(RecordedOutcome::Failure) => samples.time(Metric::DrillLastFailure, Some(entry.at)),
        _ => return,
    }
    let ((rpo, rpo_limit), (rto, rto_limit)) = (entry.measures.rpo, entry.measures.rto);
    samples.span(Metric::DrillRpo, rpo);
    samples.span(Metric::DrillRpoLimit, rpo_limit);
    samples.span(Metric::DrillRto, rto);
    samples.span(Metric::DrillRtoLimit, rto_limit);
    let all = [Metric::DrillRpo, Metric::DrillRpoLimit, Metric::DrillRto, Metric::DrillRtoLimit];
    samples.reset_if_absent(&all);
}

/// What is known of a sponsor whose flag is off, without asking its store.
#[must_use]
pub fn of_disabled((environment, sponsor): (&str, &str)) -> Update {
    let samples = outcomes((environment, sponsor), RecordedOutcome::Disabled).collect();
    Update { group: group(environment, sponsor), is_whole: false, samples }
}

/// All that the store and its records say of one sponsor. A backup that a record calls a success counts only if it is the newest
/// one that the store holds.
#[must_use]
pub fn of_store(
    (environment, sponsor): (&str, &str),
    mut entries: Vec<RecordEntry>,
    facts: &StoreFacts,
) -> Update {
    entries.sort_by_key(|entry| entry.at);
    let mut all = Vec::new();
    for update in entries.iter().filter_map(of_record) {
        all = updated(all, &update);
    }
    let location = facts.newest.as_ref().map(|(_, location)| location);
    let is_newest = |entry: &&RecordEntry| location.is_some() && entry.backup_location.as_ref() == location;
    let is_success = |entry: &&RecordEntry| {
        entry.event == RecordedEvent::Backup && entry.outcome == Some(RecordedOutcome::Success)
    };
    let stored = entries.iter().filter(is_success).find(is_newest);
    all.retain(|sample| !Metric::OF_THE_NEWEST.contains(&sample.metric));
    let of_the_newest = stored.and_then(of_record).map(|update| update.samples).unwrap_or_default();
    all.extend(of_the_newest.into_iter().filter(|sample| Metric::OF_THE_NEWEST.contains(&sample.metric)));
    let mut shown = Samples { whose: (environment, sponsor), all: Vec::new() };
    shown.time(Metric::LastSuccess, facts.newest.as_ref().map(|(at, _)| *at));
    shown.count(Metric::StoredBytes, facts.stored_bytes);
    shown.count(Metric::Rows, facts.rows);
    shown.time(Metric::LockedUntil, facts.locked_until);
    shown.count(Metric::StorageBytes, facts.storage_bytes);
    shown.count(Metric::StorageBudget, facts.storage_budget);
    shown.span(Metric::ReplicationPending, facts.replication_pending);
    let recent = entries.iter().rev().filter(is_success).filter_map(|entry| entry.seconds).take(RECENT);
    shown.span(Metric::ExpectedDuration, median(recent.collect()).map(Duration::from_secs));
    let group = group(environment, sponsor);
    let shown = Update { group: group.clone(), is_whole: false, samples: shown.all };
    let mut samples = updated(all, &shown);
    // The whole group is replaced, so that what has no value can be left out.
    samples.retain(|sample| !sample.is_absent());
    Update { samples, group, is_whole: true }
}

fn group(environment: &str, sponsor: &str) -> Group {
    Group::Sponsor { environment: environment.to_owned(), sponsor: sponsor.to_owned() }
}

/// The middle one, of an even number the later of the two.
fn median(mut values: Vec<u64>) -> Option<u64> {
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}
