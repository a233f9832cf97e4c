//! Finds a sponsor's passed drills among its reports: the newest, or the newest of each backup.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;

use super::RecordedOutcome;
use super::entries::RecordEntry;
use crate::layout::key::Object;
use crate::sponsors::Environment;
use crate::store::{Store, StoreError};

/// Number of reports that are read. Older drills say nothing about today.
const REPORTS: usize = 50;
/// A report is some kilobytes long, and longer with thousands of tables.
const REPORT_BYTES: u64 = 16 << 20;
/// Reports that are read in parallel.
const IN_FLIGHT: usize = 16;
/// The newest passed drill of each backup.
#[derive(Debug, Default)]
pub struct PassedDrills {
    by_location: BTreeMap<String, Timestamp>,
    /// All reports of drills that began at or after this time were read. `None` if there are no others.
    read_since: Option<Timestamp>,
}

impl PassedDrills {
    /// When the newest passed drill of the backup at this location began.
    #[must_use]
    pub fn of(&self, location: &str) -> Option<Timestamp> {
        self.by_location.get(location).copied()
    }

    /// Whether every drill of a backup of this time was read. A drill is later than its backup.
    #[must_use]
    pub fn covers(&self, backup: Timestamp) -> bool {
        self.read_since.is_none_or(|since| since <= backup)
    }
}

/// The passed drills that began at or after a time, from the newest reports, `most` of them.
///
/// # Errors
/// The reports cannot be listed or read.
pub async fn passed_since(
    audit_logs: &Store,
    (environment, sponsor): (Environment, &str),
    since: Timestamp,
    most: usize,
) -> Result<PassedDrills, StoreError> {
    let first = Object::DrillReport.key(environment, since);
    let mut listed = audit_logs.list(&format!("{}/", Object::DrillReport.folder(environment))).await?;
    // Keys begin with the date.
    listed.retain(|object| object.key >= first);
    listed.sort_unstable_by(|one, other| other.key.cmp(&one.key));
    let is_cut = listed.len() > most;
    listed.truncate(most);
    let read = |key: String| async move {
        let document = audit_logs.read_small(&key, REPORT_BYTES).await?;
        // Another program's file is passed over.
        Ok::<_, StoreError>(RecordEntry::parse(environment, &key, &document))
    };
    let reports: Vec<Option<RecordEntry>> = futures_util::stream::iter(listed)
        .map(|object| read(object.key))
        .buffered(IN_FLIGHT)
        .try_collect()
        .await?;
    let mut drills = PassedDrills::default();
    for report in reports.into_iter().flatten().filter(|report| report.sponsor == sponsor) {
        drills.read_since = is_cut.then_some(report.at);
        if let (Some(RecordedOutcome::Success), Some(location)) = (report.outcome, report.backup_location) {
            // The newest comes first.
            drills.by_location.entry(location).or_insert(report.at);
        }
    }
    if is_cut && drills.read_since.is_none() {
        drills.read_since = Some(Timestamp::MAX);
    }
    Ok(drills)
}

/// When the sponsor's newest passed drill began. `None` if none of its newest reports is of a passed one.
///
/// # Errors
/// The reports cannot be listed or read.
pub async fn newest_passed(
    audit_logs: &Store,
    environment: Environment,
    sponsor: &str,
) -> Result<Option<Timestamp>, StoreError> {
    let mut listed = audit_logs.list(&format!("{}/", Object::DrillReport.folder(environment))).await?;
    // Keys begin with the date.
    listed.sort_unstable_by(|one, other| other.key.cmp(&one.key));
    for object in listed.into_iter().take(REPORTS) {
        let document = audit_logs.read_small(&object.key, REPORT_BYTES).await?;
        // Another program's file, or another sponsor's report in a shared bucket.
        let Some(report) = RecordEntry::parse(environment, &object.key, &document) else { continue };
        if report.sponsor == sponsor && report.outcome == Some(RecordedOutcome::Success) {
            return Ok(Some(report.at));
        }
    }
    Ok(None)
}
