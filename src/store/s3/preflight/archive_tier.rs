//! Judges from which age on a backup must be thawed before a restore, against `max-rto`.

use std::time::Duration;

use jiff::SignedDuration;

use super::Checked;
use super::rules_fix;
use crate::finding::{Check, Finding};
use crate::layout::key::Bucket;
use crate::store::s3::lifecycle::{Rule, in_days};
use crate::store::thaw::{describe_duration, is_frozen_class};

pub(super) const ARCHIVE_TIER: Check =
    Check { name: "archive-tier", about: "Recent backups can be restored without a thaw" };

/// A restore after an incident, and each drill, needs one of the backups of these days.
const RECENT_DAYS: u32 = 30;

pub(super) fn check(bucket: &Checked<'_>, rules: &[Rule]) -> Option<Finding> {
    if bucket.which != Bucket::Backups {
        return None;
    }
    let expected = &bucket.expected;
    if is_frozen_class(expected.storage_class) {
        let fix = "Set `storage-class` to `STANDARD`, and let a lifecycle rule move backups after 90 days.";
        return Some(judge(bucket, expected.storage_class, 0, fix.to_owned()));
    }
    let families = expected.families(bucket.which).into_iter();
    let moved = families.filter_map(|family| Some((family, family.fate(rules).archived()?)));
    let Some((family, first)) = moved.min_by_key(|(_, first)| first.when.least_days()) else {
        let what = format!("no backup of bucket {} must be thawed before a restore", bucket.name());
        return Some(ARCHIVE_TIER.ok(what));
    };
    let rule = first.rule.name();
    let edit = if rules_fix::is_archived(bucket, &family) {
        format!("Set `Transitions` of {rule} to `{}`.", rules_fix::ARCHIVE)
    } else {
        format!("Remove `Transitions` from {rule}.")
    };
    Some(judge(bucket, first.class, first.when.least_days(), rules_fix::change(bucket, &edit)))
}

fn judge(bucket: &Checked<'_>, class: &str, days: u32, fix: String) -> Finding {
    let name = bucket.name();
    let duration = describe_duration(class);
    let which =
        if days == 0 { "all backups".to_owned() } else { format!("backups older than {}", in_days(days)) };
    let what = format!(
        "{which} of bucket {name} are in {class} and must be thawed before a restore, which takes {duration}"
    );
    if days >= RECENT_DAYS {
        return ARCHIVE_TIER.ok(what);
    }
    let thaw = longest_thaw(class);
    match bucket.expected.max_rto {
        Some(limit) if limit >= thaw => return ARCHIVE_TIER.ok(format!("{what}, within `max-rto`")),
        Some(limit) => {
            let limit = SignedDuration::try_from(limit).unwrap_or(SignedDuration::MAX);
            let why = format!("A restore of a recent backup cannot meet `max-rto` ({limit:#}).");
            return ARCHIVE_TIER.warn(what, why, fix);
        }
        None => {}
    }
    ARCHIVE_TIER.warn(what, "A restore after an incident waits for the thaw.", fix)
}

/// With the standard tier, as `thaw` requests it.
fn longest_thaw(class: &str) -> Duration {
    let hours = if class == "GLACIER" { 5 } else { 12 };
    Duration::from_secs(hours * 3600)
}

#[cfg(test)]
mod tests;
