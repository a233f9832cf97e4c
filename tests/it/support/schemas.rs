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

static LOGS: LazyLock<Validator> = LazyLock::new(|| validator(DEPLOYMENT_LOG));
static MANIFESTS: LazyLock<Validator> = LazyLock::new(|| validator(BACKUP_MANIFEST));
static DRILLS: LazyLock<Validator> = LazyLock::new(|| validator(DRILL_REPORT));
static COPIES: LazyLock<Validator> = LazyLock::new(|| validator(COPY));

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
