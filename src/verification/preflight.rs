//! What `preflight` finds out about sponsors that share something, and about the age of backups and drills. Pure.

use std::time::Duration;

use jiff::Timestamp;

use super::limits::{Measured, freshness, words};
use crate::finding::{Check, Finding};
use crate::secrets::SecretsError;
use crate::sponsors::Environment;

const TENANCY: Check =
    Check { name: "tenancy", about: "No other sponsor uses the sponsor's buckets or database" };
const BACKUP_AGE: Check =
    Check { name: "last-backup", about: "The newest complete backup is not older than `max-backup-age`" };
const DRILL_AGE: Check =
    Check { name: "last-drill", about: "The newest passed drill is not older than `max-drill-age`" };

/// What this module checks.
pub const CHECKS: &[Check] = &[TENANCY, BACKUP_AGE, DRILL_AGE];

/// Buckets and database that another sponsor uses, too, and what is odd about them.
#[must_use]
pub fn tenancy(conflicts: impl IntoIterator<Item = SecretsError>, odd: Vec<String>) -> Vec<Finding> {
    let conflict = |error: SecretsError| {
        TENANCY.fail(error.to_string(), "One sponsor's data would be stored with another's.", error.hint())
    };
    let odd = odd.into_iter().map(|what| {
        TENANCY.warn(
            what,
            "Both backups would hold the same data if it is one database.",
            "Compare `DATABASE_URL` of both sponsors.",
        )
    });
    let mut findings: Vec<Finding> = conflicts.into_iter().map(conflict).chain(odd).collect();
    if findings.is_empty() {
        findings.push(TENANCY.ok("no other sponsor of this run uses these buckets or this database"));
    }
    findings
}

/// The newest backup at `place`, out of the times at which backups were `taken`.
#[must_use]
pub fn last_backup(
    (place, environment): (&str, Environment),
    taken: Vec<Timestamp>,
    now: Timestamp,
    limit: Option<Duration>,
) -> Finding {
    let Some(limit) = limit else {
        return match taken.into_iter().filter(|at| *at <= now).max() {
            Some(newest) => BACKUP_AGE.ok(format!("the newest backup is {} old", age(newest, now))),
            None => BACKUP_AGE.warn(
                format!("{place} has no complete backup"),
                "Nothing can be restored yet.",
                format!("Run `sponsor-backup backup --environment {environment}`."),
            ),
        };
    };
    match freshness(place, taken, now, limit) {
        Ok(Measured { took, .. }) => BACKUP_AGE.ok(format!("the newest backup is {} old", words(took))),
        Err(error) => {
            BACKUP_AGE.fail(error.to_string(), "Changes since that backup would be lost.", error.hint)
        }
    }
}

/// The newest passed drill, if there is one.
#[must_use]
pub fn last_drill(
    passed: Option<Timestamp>,
    now: Timestamp,
    limit: Option<Duration>,
    environment: Environment,
) -> Finding {
    const WHY: &str = "Only a drill shows that a backup restores.";
    let fix = format!("Run `sponsor-backup drill --environment {environment}`, and schedule it.");
    let old = passed.filter(|at| *at <= now).map(|at| elapsed(at, now));
    match (old, limit) {
        (Some(old), Some(limit)) if old > limit => DRILL_AGE.fail(
            format!(
                "the newest passed drill is {} old, more than `max-drill-age` ({})",
                words(old),
                words(limit)
            ),
            WHY,
            fix,
        ),
        (Some(old), _) => DRILL_AGE.ok(format!("the newest passed drill is {} old", words(old))),
        (None, Some(_)) => DRILL_AGE.fail("no passed drill found", WHY, fix),
        (None, None) => DRILL_AGE.warn("no passed drill found", WHY, fix),
    }
}

/// The backups cannot be listed or read.
#[must_use]
pub fn unread_backups(error: impl std::fmt::Display, fix: Option<String>) -> Finding {
    BACKUP_AGE.unknown(error, fix.unwrap_or_default())
}

/// The drill reports cannot be listed or read.
#[must_use]
pub fn unread_drills(error: impl std::fmt::Display, fix: Option<String>) -> Finding {
    DRILL_AGE.unknown(error, fix.unwrap_or_default())
}

fn age(at: Timestamp, now: Timestamp) -> String {
    words(elapsed(at, now))
}

fn elapsed(at: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(at)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
