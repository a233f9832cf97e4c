//! Judges from which age on a backup must be thawed before a restore, against `max-rto`.

use std::time::Duration;

use super::Checked;
use crate::archive::key::Bucket;
use crate::archive::lifecycle::{Rule, in_days};
use crate::archive::thaw::{describe_duration, is_frozen_class};
use crate::finding::{Check, Finding};

pub(super) const ARCHIVE_TIER: Check =
    Check { name: "archive-tier", about: "Recent backups can be restored without a thaw" };

/// A restore after an incident, and each drill, needs one of the backups of these days.
const RECENT_DAYS: u32 = 30;

pub(super) fn check(bucket: &Checked<'_>, rules: &[Rule]) -> Option<Finding> {
    if bucket.which != Bucket::Backups {
        return None;
    }
    let expected = &bucket.expected;
    let families = expected.families(bucket.which);
    let moved = families.iter().filter_map(|family| family.fate(rules).archived().map(owned)).min();
    let at_once = is_frozen_class(expected.storage_class).then(|| (0, expected.storage_class.to_owned()));
    Some(judge(bucket, at_once.or(moved)))
}

fn owned((days, class): (u32, &str)) -> (u32, String) {
    (days, class.to_owned())
}

fn judge(bucket: &Checked<'_>, archived: Option<(u32, String)>) -> Finding {
    let name = bucket.name();
    let Some((days, class)) = archived else {
        return ARCHIVE_TIER.ok(format!("no backup of bucket {name} must be thawed before a restore"));
    };
    let duration = describe_duration(&class);
    let which =
        if days == 0 { "all backups".to_owned() } else { format!("backups older than {}", in_days(days)) };
    let what = format!(
        "{which} of bucket {name} are in {class} and must be thawed before a restore, which takes {duration}"
    );
    if days >= RECENT_DAYS {
        return ARCHIVE_TIER.ok(what);
    }
    let thaw = longest_thaw(&class);
    match bucket.expected.max_rto {
        Some(limit) if limit >= thaw => return ARCHIVE_TIER.ok(format!("{what}, within `max-rto`")),
        Some(limit) => {
            let hours = limit.as_secs() / 3600;
            let why = format!("A restore of a recent backup cannot meet `max-rto` ({hours}h).");
            return ARCHIVE_TIER.warn(what, why, fix(bucket, days));
        }
        None => {}
    }
    ARCHIVE_TIER.warn(what, "A restore after an incident waits for the thaw.", fix(bucket, days))
}

fn fix(bucket: &Checked<'_>, days: u32) -> String {
    if days == 0 && is_frozen_class(bucket.expected.storage_class) {
        return "Set `storage-class` to `STANDARD`, and let a lifecycle rule move backups after 90 days."
            .to_owned();
    }
    format!("Set the transition to 90 days: {}.", bucket.put_lifecycle())
}

/// With the standard tier, as `thaw` requests it.
fn longest_thaw(class: &str) -> Duration {
    let hours = if class == "GLACIER" { 5 } else { 12 };
    Duration::from_secs(hours * 3600)
}

#[cfg(test)]
mod tests;
