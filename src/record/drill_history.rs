//! Finds a sponsor's newest passed drill among its reports in S3.

use jiff::Timestamp;
use serde::Deserialize;

use crate::layout::key::Object;
use crate::sponsors::Environment;
use crate::store::{Store, StoreError};

/// Number of reports that are read. Older drills say nothing about today.
const REPORTS: usize = 50;
/// A report is some kilobytes long, and longer with thousands of tables.
const REPORT_BYTES: u64 = 16 << 20;
/// Of a report, the value of `status` that counts.
const PASSED: &str = "passed";

/// What is read of a report.
#[derive(Deserialize)]
struct ReportExcerpt {
    sponsor: String,
    status: String,
    drill_timestamp: Timestamp,
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
        let Ok(report) = serde_json::from_slice::<ReportExcerpt>(&document) else { continue };
        if report.sponsor == sponsor && report.status == PASSED {
            return Ok(Some(report.drill_timestamp));
        }
    }
    Ok(None)
}
