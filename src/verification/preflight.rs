//! What `preflight` finds out about sponsors that share something, and about the age of backups and drills. Pure.

use std::time::Duration;

use jiff::Timestamp;

use super::limits::{Measured, freshness, words};
use super::previous::PreviousSearch;
use super::source::{is_one, words as words_of};
use crate::archive::ArchiveError;
use crate::archive::backup_manifest::SourceDatabase;
use crate::databases::postgres::PostgresError;
use crate::databases::postgres::identity::Unidentified;
use crate::finding::{Check, Finding};
use crate::secrets::SecretsError;
use crate::sponsors::Environment;

const TENANCY: Check =
    Check { name: "tenancy", about: "No other sponsor uses the sponsor's stores or database" };
const BACKUP_AGE: Check =
    Check { name: "last-backup", about: "The newest complete backup is not older than `max-backup-age`" };
const DRILL_AGE: Check =
    Check { name: "last-drill", about: "The newest passed drill is not older than `max-drill-age`" };

const SOURCE: Check =
    Check { name: "same-database", about: "`DATABASE_URL` leads to the database of the previous backup" };

/// What this module checks.
pub const CHECKS: &[Check] = &[TENANCY, SOURCE, BACKUP_AGE, DRILL_AGE];

/// Stores and database that another sponsor uses, too, and what is odd about them. `was_compared`: whether the database
/// answered at all.
#[must_use]
pub fn tenancy(
    conflicts: impl IntoIterator<Item = SecretsError>,
    odd: Vec<String>,
    was_compared: bool,
) -> Vec<Finding> {
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
    if !was_compared {
        let what = "the database was not asked for its identity, so it was not compared with others";
        findings.push(TENANCY.unknown(what, "Fix the other findings about the database, then run again."));
    } else if findings.is_empty() {
        findings.push(TENANCY.ok("no other sponsor of this run uses these stores or this database"));
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

/// The newest backup cannot be found or read. If its age is limited, the limit counts as exceeded.
#[must_use]
pub fn unread_backups(error: impl std::fmt::Display, fix: Option<String>, is_limited: bool) -> Finding {
    unread(BACKUP_AGE, error, fix, is_limited)
}

/// The same for the drill reports.
#[must_use]
pub fn unread_drills(error: impl std::fmt::Display, fix: Option<String>, is_limited: bool) -> Finding {
    unread(DRILL_AGE, error, fix, is_limited)
}

fn unread(check: Check, error: impl std::fmt::Display, fix: Option<String>, is_limited: bool) -> Finding {
    let fix = fix.unwrap_or_else(|| "Run `sponsor-backup list` for details.".to_owned());
    if is_limited {
        return check.fail(
            format!("unknown: {error}"),
            "A limit that cannot be checked counts as exceeded.",
            fix,
        );
    }
    check.unknown(error, fix)
}

/// Whether the database is that of the previous backup. `is` is the database, why it has no identity, or why it was not asked.
#[must_use]
pub fn source(
    sponsor: &str,
    is: Result<Result<SourceDatabase, &Unidentified>, &PostgresError>,
    previous: &Result<PreviousSearch, ArchiveError>,
) -> Finding {
    const GRANT: &str = "Grant EXECUTE on pg_control_system() to the role.";
    let was = match previous {
        Err(error) => return SOURCE.unknown(error, error.hint().unwrap_or_default()),
        Ok(PreviousSearch::Unknown(reason)) => {
            return SOURCE.unknown(reason, "Run `sponsor-backup list` for details.");
        }
        Ok(PreviousSearch::AnotherSponsors { owner }) => {
            let what = format!("the newest backup in the store is of sponsor {owner}");
            let fix = format!("Set SPONSOR_BACKUPS_BUCKET to a bucket or folder of {sponsor}'s own.");
            return TENANCY.fail(what, "One sponsor's data would be stored with another's.", fix);
        }
        Ok(PreviousSearch::None) => None,
        Ok(found @ PreviousSearch::Backup { .. }) => Some(found.source()),
    };
    match (is, was) {
        (Err(error), _) => SOURCE.fail(
            error.to_string(),
            "A backup asks the same, and fails.",
            error.hint().unwrap_or_default(),
        ),
        (Ok(Err(Unidentified(reason))), _) => {
            SOURCE.unknown(format!("the database's identity: {reason}"), GRANT)
        }
        (Ok(Ok(_)), None) => SOURCE.ok("no previous backup to compare with"),
        (Ok(Ok(_)), Some(None)) => {
            SOURCE.ok("the previous backup does not record its database, so it was not compared")
        }
        (Ok(Ok(is)), Some(Some(was))) if is_one(&is, was) => {
            SOURCE.ok(format!("the previous backup is of the same database, {}", is.place))
        }
        (Ok(Ok(is)), Some(Some(was))) => {
            let (sponsor, is, was) = (sponsor.to_owned(), words_of(&is), words_of(was));
            let error = SecretsError::OtherSource { sponsor, is, was };
            SOURCE.fail(error.to_string(), "A backup of another database fails.", error.hint())
        }
    }
}

fn age(at: Timestamp, now: Timestamp) -> String {
    words(elapsed(at, now))
}

fn elapsed(at: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(at)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
