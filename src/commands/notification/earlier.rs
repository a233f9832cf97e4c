//! Asks a sponsor's records what happened before, when a record is saved. Nothing depends on the answer but notifications.

use std::time::Duration;

use super::super::RunContext;
use super::super::backup_attempts::{BackupHistory, DEFAULT_TIMEOUT};
use super::super::buckets::SponsorBuckets;
use super::super::record_reads::RecordReads;
use crate::record::RecordedOutcome;
use crate::record::entries::{RecordEntry, RecordedEvent};
use crate::record::recovery::EarlierEvents;
use crate::sponsors::Sponsor;

/// Time limit of all requests for one sponsor.
const LIMIT: Duration = Duration::from_secs(5);
/// Records of the same kind that are enough, the newest first.
const RECORDS: usize = 100;

/// Notes what earlier records say, if it is wanted. What cannot be read is unknown, and is only a line of more detail.
pub(in crate::commands) async fn note(
    own: &RecordEntry,
    sponsor: &Sponsor,
    buckets: &SponsorBuckets,
    context: &RunContext,
) {
    let is_telling = own.outcome == Some(RecordedOutcome::Success) || own.event == RecordedEvent::Deployment;
    if !context.notifications.wants_earlier() || !is_telling || own.is_begun {
        return;
    }
    let place = BackupHistory {
        backups: buckets.backups.clone(),
        audit_logs: buckets.audit_logs.clone(),
        sponsor,
        environment: own.environment,
        upload_timeout: DEFAULT_TIMEOUT,
        context,
    };
    let reads = RecordReads::new();
    let is_enough = |entry: &RecordEntry| EarlierEvents::is_decided_by(own, entry);
    let asked = tokio::select! {
        asked = tokio::time::timeout(LIMIT, reads.newest(&place, (own.event, RECORDS), is_enough)) => {
            asked.map_err(|_| "no answer in time".to_owned()).and_then(|read| read.map_err(|error| error.to_string()))
        }
        () = context.stop.requested() => Err("the run was stopped".to_owned()),
    };
    match asked {
        Ok(newest) => {
            context.notifications.note_earlier(&sponsor.name, EarlierEvents::of(own, &newest.entries));
        }
        Err(why) => context.sink.debug(|| format!("{}: earlier records were not read: {why}", sponsor.name)),
    }
}
