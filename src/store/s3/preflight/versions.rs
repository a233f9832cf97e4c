//! Judges what happens to noncurrent versions, delete markers and incomplete uploads. No listing of objects shows them, and
//! all of them cost.

use super::Checked;
use super::rules_fix;
use crate::finding::{Check, Finding, Level};
use crate::store::s3::lifecycle::{Fate, ObjectFamily, Rule, in_days};

pub(super) const NONCURRENT: Check = Check {
    name: "bucket-noncurrent-versions",
    about: "Lifecycle rules delete noncurrent versions, but not at once",
};
pub(super) const DELETE_MARKERS: Check =
    Check { name: "bucket-delete-markers", about: "Lifecycle rules remove expired delete markers" };
pub(super) const INCOMPLETE_UPLOADS: Check =
    Check { name: "bucket-incomplete-uploads", about: "Lifecycle rules abort incomplete multipart uploads" };

/// Days in which a mistaken delete is noticed.
const LEAST_DAYS: u32 = 7;

/// The objects of one kind, and what the rules do to them.
type Fated<'a> = (ObjectFamily<'a>, Fate<'a>);

/// Without versions, only incomplete uploads remain.
pub(super) fn check(bucket: &Checked<'_>, rules: &[Rule], versioned: bool) -> Vec<Finding> {
    let families = bucket.expected.families(bucket.which);
    let all = families.len();
    let fates = families.into_iter().map(|family| (family, family.fate(rules)));
    // The check of the rules has reported the others, and its fix is complete.
    let fates: Vec<Fated<'_>> =
        fates.filter(|(family, fate)| fate.is_covered || family.own_rule(rules).is_some()).collect();
    let mut findings = Vec::new();
    if versioned {
        findings.extend([noncurrent(bucket, &fates, rules), delete_markers(bucket, &fates, rules)]);
    }
    findings.push(incomplete_uploads(bucket, &fates, rules));
    // All is well only if it is for all objects.
    findings.retain(|finding| finding.level != Level::Ok || fates.len() == all);
    findings
}

fn noncurrent(bucket: &Checked<'_>, fates: &[Fated<'_>], rules: &[Rule]) -> Finding {
    let name = bucket.name();
    let kept: Vec<&Fated<'_>> = fates.iter().filter(|(_, fate)| !fate.all_noncurrent_end).collect();
    if !kept.is_empty() {
        let edits = kept.iter().map(|(family, _)| {
            let days = rules_fix::noncurrent(family);
            rules_fix::set(bucket, family, rules, ("NoncurrentVersionExpiration", &days))
        });
        return NONCURRENT.warn(
            format!("noncurrent versions of bucket {name} are never deleted: {}", prefixes(&kept)),
            "A versioned bucket keeps the bytes of each expired object as a noncurrent version, forever.",
            rules_fix::change(bucket, &edits.collect::<Vec<_>>().join(" ")),
        );
    }
    let shortest = fates.iter().filter_map(|(family, fate)| Some((family, fate.noncurrent?)));
    let Some((family, (days, rule))) = shortest.min_by_key(|(_, (days, _))| *days) else {
        return NONCURRENT.ok(format!("bucket {name} has no versions"));
    };
    let what = format!("noncurrent versions of bucket {name} are deleted after {}", in_days(days));
    if days >= LEAST_DAYS {
        return NONCURRENT.ok(what);
    }
    let needed = rules_fix::noncurrent_days(family);
    let edit = format!("Set `NoncurrentVersionExpiration.NoncurrentDays` of {} to {needed}.", rule.name());
    NONCURRENT.warn(
        format!("{what} ({})", rule.name()),
        "A mistaken delete must be noticed within that time, or the backup is lost.",
        rules_fix::change(bucket, &edit),
    )
}

fn delete_markers(bucket: &Checked<'_>, fates: &[Fated<'_>], rules: &[Rule]) -> Finding {
    let name = bucket.name();
    let kept: Vec<&Fated<'_>> = fates.iter().filter(|(_, fate)| !fate.markers_end).collect();
    if kept.is_empty() {
        return DELETE_MARKERS.ok(format!("expired delete markers of bucket {name} are removed"));
    }
    // S3 accepts this only in a rule without days.
    let part = ("Expiration", r#"{"ExpiredObjectDeleteMarker": true}"#);
    let edit = rules_fix::add_rule("remove-expired-delete-markers", "", &[part], rules);
    DELETE_MARKERS.warn(
        format!("expired delete markers of bucket {name} are never removed: {}", prefixes(&kept)),
        "Listings become slower with each of them.",
        rules_fix::change(bucket, &edit),
    )
}

/// A day is enough for any running upload: a backup takes at most `timeout`, and S3 counts from its start.
fn incomplete_uploads(bucket: &Checked<'_>, fates: &[Fated<'_>], rules: &[Rule]) -> Finding {
    let name = bucket.name();
    let kept: Vec<&Fated<'_>> = fates.iter().filter(|(_, fate)| fate.uploads.is_none()).collect();
    if kept.is_empty() {
        let days = fates.iter().filter_map(|(_, fate)| fate.uploads).map(|(days, _)| days).max().unwrap_or(0);
        return INCOMPLETE_UPLOADS
            .ok(format!("incomplete uploads of bucket {name} are aborted after {}", in_days(days)));
    }
    let part = ("AbortIncompleteMultipartUpload", rules_fix::ABORT);
    let edit = rules_fix::add_rule("abort-incomplete-uploads", "", &[part], rules);
    INCOMPLETE_UPLOADS.warn(
        format!("incomplete uploads of bucket {name} are never aborted: {}", prefixes(&kept)),
        "A run that is killed leaves parts behind. No listing of objects shows them, and they cost as much as objects.",
        rules_fix::change(bucket, &edit),
    )
}

fn prefixes(fates: &[&Fated<'_>]) -> String {
    fates.iter().map(|(family, _)| family.prefix()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
