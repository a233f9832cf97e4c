//! The published forms of the product's documents: every document that a test reads is held against its own.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;

/// `schemas/deployment-log.v1.json`.
pub(crate) const DEPLOYMENT_LOG: &str = include_str!("../../../schemas/deployment-log.v1.json");
/// `schemas/backup-manifest.v1.json`.
pub(crate) const BACKUP_MANIFEST: &str = include_str!("../../../schemas/backup-manifest.v1.json");
/// `schemas/drill-report.v1.json`.
pub(crate) const DRILL_REPORT: &str = include_str!("../../../schemas/drill-report.v1.json");

/// `schemas/copy.v1.json`.
pub(crate) const COPY: &str = include_str!("../../../schemas/copy.v1.json");
/// `schemas/hold.v1.json`.
pub(crate) const HOLD: &str = include_str!("../../../schemas/hold.v1.json");

/// `schemas/prune.v1.json`.
pub(crate) const PRUNE: &str = include_str!("../../../schemas/prune.v1.json");
/// `schemas/prune-plan.v1.json`.
pub(crate) const PRUNE_PLAN: &str = include_str!("../../../schemas/prune-plan.v1.json");

/// `schemas/restore.v1.json`.
pub(crate) const RESTORE: &str = include_str!("../../../schemas/restore.v1.json");
/// `schemas/verification.v1.json`.
pub(crate) const VERIFICATION: &str = include_str!("../../../schemas/verification.v1.json");
/// `schemas/history.v1.json`.
pub(crate) const HISTORY: &str = include_str!("../../../schemas/history.v1.json");

/// `schemas/report.v1.json`.
pub(crate) const REPORT: &str = include_str!("../../../schemas/report.v1.json");

/// `schemas/diff.v1.json`.
pub(crate) const DIFF: &str = include_str!("../../../schemas/diff.v1.json");

/// `schemas/notification.v1.json`.
pub(crate) const NOTIFICATION: &str = include_str!("../../../schemas/notification.v1.json");

static NOTIFICATIONS: LazyLock<Validator> = LazyLock::new(|| validator(NOTIFICATION));
static LOGS: LazyLock<Validator> = LazyLock::new(|| validator(DEPLOYMENT_LOG));
static MANIFESTS: LazyLock<Validator> = LazyLock::new(|| validator(BACKUP_MANIFEST));
static DRILLS: LazyLock<Validator> = LazyLock::new(|| validator(DRILL_REPORT));
static COPIES: LazyLock<Validator> = LazyLock::new(|| validator(COPY));
static PRUNES: LazyLock<Validator> = LazyLock::new(|| validator(PRUNE));
static PRUNE_PLANS: LazyLock<Validator> = LazyLock::new(|| validator(PRUNE_PLAN));
static HOLDS: LazyLock<Validator> = LazyLock::new(|| validator(HOLD));
static HISTORIES: LazyLock<Validator> = LazyLock::new(|| validator(HISTORY));
static RESTORES: LazyLock<Validator> = LazyLock::new(|| validator(RESTORE));
static VERIFICATIONS: LazyLock<Validator> = LazyLock::new(|| validator(VERIFICATION));
static REPORTS: LazyLock<Validator> = LazyLock::new(|| validator(REPORT));
static DIFFS: LazyLock<Validator> = LazyLock::new(|| validator(DIFF));

/// Panics unless the document has the form of a deployment log.
#[track_caller]
pub(crate) fn check_log(place: &str, document: &Value) {
    check(&LOGS, place, document);
}

/// Panics unless the document has the form of a backup manifest.
#[track_caller]
pub(crate) fn check_manifest(place: &str, document: &Value) {
    check(&MANIFESTS, place, document);
}

/// Panics unless the document has the form of a drill's report.
#[track_caller]
pub(crate) fn check_drill(place: &str, document: &Value) {
    check(&DRILLS, place, document);
}

/// Panics unless the document has the form of the record of a copy.
#[track_caller]
pub(crate) fn check_copy(place: &str, document: &Value) {
    check(&COPIES, place, document);
}

/// Panics unless the document has the form of the record of a prune.
#[track_caller]
pub(crate) fn check_prune(place: &str, document: &Value) {
    check(&PRUNES, place, document);
}

/// Panics unless the document has the form of the plan of a prune.
#[track_caller]
pub(crate) fn check_prune_plan(place: &str, document: &Value) {
    check(&PRUNE_PLANS, place, document);
}

/// Panics unless the document is what `history --json` prints.
#[track_caller]
pub(crate) fn check_history(place: &str, document: &Value) {
    check(&HISTORIES, place, document);
}

/// Panics unless the document is what `report --json` prints.
#[track_caller]
pub(crate) fn check_report(place: &str, document: &Value) {
    check(&REPORTS, place, document);
}

/// Panics unless the document has the form of the record of a restore.
#[track_caller]
pub(crate) fn check_restore(place: &str, document: &Value) {
    check(&RESTORES, place, document);
}

/// Panics unless the document has the form of the record of a verification.
#[track_caller]
pub(crate) fn check_verification(place: &str, document: &Value) {
    check(&VERIFICATIONS, place, document);
}

/// Panics unless the document has the form of a comparison of two backups.
#[track_caller]
pub(crate) fn check_diff(place: &str, document: &Value) {
    check(&DIFFS, place, document);
}

/// Panics unless the document has the form of a notification.
#[track_caller]
pub(crate) fn check_notification(place: &str, document: &Value) {
    check(&NOTIFICATIONS, place, document);
}

/// Panics unless an object of a bucket has the form that its key promises.
#[track_caller]
pub(crate) fn check_object(key: &str, document: &Value) {
    if key.ends_with(".manifest.json") {
        check_manifest(key, document);
    } else if key.contains("deployments/") {
        check_log(key, document);
    } else if key.contains("drills/") {
        check_drill(key, document);
    } else if key.contains("copies/") {
        check_copy(key, document);
    } else if key.contains("holds/") {
        check(&HOLDS, key, document);
    } else if key.contains("prunes/") {
        check_prune(key, document);
    } else if key.contains("restores/") {
        check_restore(key, document);
    } else if key.contains("verifications/") {
        check_verification(key, document);
    }
}

fn validator(schema: &str) -> Validator {
    let schema = serde_json::from_str(schema).unwrap();
    // `format` is only a remark unless one insists.
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

#[track_caller]
fn check(validator: &Validator, place: &str, document: &Value) {
    let wrong: Vec<String> =
        validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "{place} breaks its schema:\n{}\n{document:#}", wrong.join("\n"));
}
