//! Judges what happens to noncurrent versions, delete markers and incomplete uploads. No listing of objects shows them, and
//! all of them cost.

use super::Checked;
use crate::archive::lifecycle::{Fate, Rule, in_days};
use crate::finding::{Check, Finding};

pub(super) const NONCURRENT: Check = Check {
    name: "bucket-noncurrent-versions",
    about: "Lifecycle rules delete noncurrent versions, but not at once",
};
pub(super) const DELETE_MARKERS: Check =
    Check { name: "bucket-delete-markers", about: "Lifecycle rules remove delete markers that hide nothing" };
pub(super) const INCOMPLETE_UPLOADS: Check =
    Check { name: "bucket-incomplete-uploads", about: "Lifecycle rules abort incomplete multipart uploads" };

/// Days in which a mistaken delete is noticed.
const LEAST_DAYS: u32 = 7;

/// Without versions, only incomplete uploads are there.
pub(super) fn check(bucket: &Checked<'_>, rules: &[Rule], versioned: bool) -> Vec<Finding> {
    // The check of the rules has reported it, for all of these.
    if rules.is_empty() {
        return Vec::new();
    }
    let families = bucket.expected.families(bucket.which);
    let fates: Vec<(String, Fate<'_>)> =
        families.iter().map(|family| (family.prefix(), family.fate(rules))).collect();
    let mut findings = Vec::new();
    if versioned {
        findings.extend([noncurrent(bucket, &fates), delete_markers(bucket, &fates)]);
    }
    findings.push(incomplete_uploads(bucket, &fates));
    findings
}

fn noncurrent(bucket: &Checked<'_>, fates: &[(String, Fate<'_>)]) -> Finding {
    let name = bucket.name();
    let kept = without(fates, |fate| fate.all_noncurrent_end);
    if !kept.is_empty() {
        return NONCURRENT.warn(
            format!("noncurrent versions of bucket {name} are never deleted: {kept}"),
            "A versioned bucket keeps the bytes of each expired object as a noncurrent version, forever.",
            format!(
                "Add `NoncurrentVersionExpiration` with `NoncurrentDays` 30 to the rules for {kept}: {}.",
                bucket.put_lifecycle()
            ),
        );
    }
    let shortest = fates.iter().filter_map(|(_, fate)| fate.noncurrent).min_by_key(|(days, _)| *days);
    let Some((days, rule)) = shortest else { return NONCURRENT.ok(format!("bucket {name} has no versions")) };
    let what = format!("noncurrent versions of bucket {name} are deleted after {}", in_days(days));
    if days >= LEAST_DAYS {
        return NONCURRENT.ok(what);
    }
    NONCURRENT.warn(
        format!("{what} ({})", rule.name()),
        "A mistaken delete must be noticed within that time, or the backup is lost.",
        format!("Set `NoncurrentDays` of {} to 30: {}.", rule.name(), bucket.put_lifecycle()),
    )
}

fn delete_markers(bucket: &Checked<'_>, fates: &[(String, Fate<'_>)]) -> Finding {
    let name = bucket.name();
    let kept = without(fates, |fate| fate.markers_end);
    if kept.is_empty() {
        return DELETE_MARKERS.ok(format!("delete markers of bucket {name} are removed"));
    }
    DELETE_MARKERS.warn(
        format!("delete markers of bucket {name} are never removed: {kept}"),
        "Listings become slower with each of them.",
        format!("Add a rule with `ExpiredObjectDeleteMarker` true for {kept}: {}.", bucket.put_lifecycle()),
    )
}

/// A day is enough for any running upload: a backup takes at most `timeout`, and S3 counts from its start.
fn incomplete_uploads(bucket: &Checked<'_>, fates: &[(String, Fate<'_>)]) -> Finding {
    let name = bucket.name();
    let kept = without(fates, |fate| fate.uploads.is_some());
    if kept.is_empty() {
        let days = fates.iter().filter_map(|(_, fate)| fate.uploads).map(|(days, _)| days).max().unwrap_or(0);
        return INCOMPLETE_UPLOADS
            .ok(format!("incomplete uploads of bucket {name} are aborted after {}", in_days(days)));
    }
    INCOMPLETE_UPLOADS.warn(
        format!("incomplete uploads of bucket {name} are never aborted: {kept}"),
        "A run that is killed leaves parts behind. No listing of objects shows them, and they cost as much as objects.",
        format!(
            "Add `AbortIncompleteMultipartUpload` with `DaysAfterInitiation` 7 to the rules for {kept}: {}.",
            bucket.put_lifecycle()
        ),
    )
}

/// The prefixes for which something does not hold.
fn without(fates: &[(String, Fate<'_>)], holds: impl Fn(&Fate<'_>) -> bool) -> String {
    let lacking = fates.iter().filter(|(_, fate)| !holds(fate));
    lacking.map(|(prefix, _)| prefix.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
