//! The schemas themselves: they describe every key, admit no other, and refuse what they must. That the product's
//! documents keep to them is proved wherever a test reads one: the support validates.

use std::time::Duration;

use serde_json::{Value, json};
use sponsor_backup::databases::postgres::proof::Side;
use sponsor_backup::databases::postgres::restore::LeftOut;
use sponsor_backup::databases::postgres::sql::{Columns, Scan};
use sponsor_backup::record::RunIdentity;
use sponsor_backup::record::drill::{DrillContext, DrillReport};
use sponsor_backup::sponsors::{Environment, Sponsor as Selected};
use sponsor_backup::verification::Comparison;
use sponsor_backup::verification::drill::{
    Backup, Check, DrillCourse, DrillFindings, Phases, Status, Target,
};

use crate::support::schemas::{
    BACKUP_MANIFEST, COPY, DEPLOYMENT_LOG, DIFF, DRILL_REPORT, HISTORY, HOLD, NOTIFICATION, RESTORE,
    VERIFICATION, check_drill, check_log, check_manifest,
};
use crate::support::{Sponsor, Trial};

fn parse(schema: &str) -> Value {
    serde_json::from_str(schema).unwrap()
}

/// The keys that older deployment logs do not have.
const NEWER: [&&str; 14] = [
    &"approvals",
    &"backup_location_verified",
    &"changes",
    &"jobs",
    &"locked_until",
    &"object_lock",
    &"partial",
    &"previous_backup",
    &"pull_requests",
    &"retained_until",
    &"rows_total",
    &"state",
    &"tables_total",
    &"warnings",
];

/// The keys that older manifests do not have, or that say what most backups are not.
const NEWER_OF_BACKUPS: [&&str; 15] = [
    &"changes",
    &"database",
    &"large_objects",
    &"lc_monetary",
    &"metadata",
    &"objects",
    &"tags",
    &"partial",
    &"pieces",
    &"previous_backup",
    &"sequences",
    &"source",
    &"standby",
    &"trigger",
    &"warnings",
];

/// The keys that older drill reports do not have.
const NEWER_OF_DRILLS: [&&str; 6] =
    [&"not_compared", &"outcome", &"partial", &"passed_over", &"state", &"warnings"];

/// Every subschema of an object's properties, with its path.
fn properties(path: &str, schema: &Value, found: &mut Vec<(String, Value)>) {
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}/{name}");
        found.push((path.clone(), inner.clone()));
        properties(&path, inner, found);
        if let Some(items) = inner.get("items") {
            found.push((format!("{path}[]"), items.clone()));
            properties(&format!("{path}[]"), items, found);
        }
    }
}

// serves: 11.10(b)/readable
#[test]
fn schemas_are_valid_describe_every_key_and_admit_no_other() {
    let all = [
        DEPLOYMENT_LOG,
        BACKUP_MANIFEST,
        DRILL_REPORT,
        COPY,
        DIFF,
        HISTORY,
        HOLD,
        NOTIFICATION,
        RESTORE,
        VERIFICATION,
    ];
    for text in all {
        let schema = parse(text);
        assert!(jsonschema::meta::is_valid(&schema), "{text}");
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        let mut found = vec![(String::new(), schema.clone())];
        properties("", &schema, &mut found);
        assert!(found.len() > 20, "{found:?}");
        for (path, inner) in found {
            let described = inner["description"].as_str().is_some_and(|text| text.len() > 8);
            assert!(described, "{path} is not described");
            let typed = ["type", "enum", "const"].iter().any(|word| inner.get(word).is_some());
            assert!(typed, "{path} may be anything");
            if inner["type"] == "object" || inner["type"] == json!(["object", "null"]) {
                assert_eq!(inner["additionalProperties"], false, "{path}");
                let required: Vec<&str> =
                    inner["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
                let named: Vec<&str> =
                    inner["properties"].as_object().unwrap().keys().map(String::as_str).collect();
                let missing: Vec<_> = named.iter().filter(|name| !required.contains(name)).collect();
                let optional: &[&&str] = match schema["title"].as_str().filter(|_| path.is_empty()) {
                    Some("Backup manifest") => &[
                        &"changes",
                        &"copied_from",
                        &"database",
                        &"exceeded_limits",
                        &"jobs",
                        &"large_objects",
                        &"lc_monetary",
                        &"metadata",
                        &"objects",
                        &"partial",
                        &"pieces",
                        &"previous_backup",
                        &"rows_total",
                        &"sequences",
                        &"source",
                        &"standby",
                        &"statements",
                        &"statements_digest",
                        &"tables",
                        &"tags",
                        &"trigger",
                        &"warnings",
                    ],
                    Some("Deployment log") => &NEWER,
                    Some("Drill report") => &NEWER_OF_DRILLS,
                    // Only backups with several levels name them.
                    _ if path == "/encoding" => &[&"levels"],
                    // What a backup of release 0.1 does not say of its restore.
                    _ if path == "/restore" => &[&"forces_row_security", &"locks"],
                    // Statements belong to no table.
                    _ if path == "/pieces[]" => &[&"name", &"schema"],
                    _ if path == "/tables[]" && named.contains(&"generated_digest") => &[&"generated_digest"],
                    _ => &[],
                };
                assert_eq!(missing, optional, "{path}");
            }
        }
    }
}

/// Whether a check panics.
fn refuses(check: fn(&str, &Value), document: &Value) -> bool {
    let document = document.clone();
    std::panic::catch_unwind(move || check("a document", &document)).is_err()
}

#[test]
fn a_document_with_extra_missing_or_wrong_keys_is_refused() {
    let trial = Trial::of([Sponsor::named("callisto").diary(2, 5)]);
    let outcome = trial.run().run();
    outcome.assert_code(0);
    let log = outcome.log("callisto");
    let bucket = trial.bucket("callisto");
    let key = trial.store.keys_in(bucket).into_iter().find(|key| key.ends_with(".manifest.json")).unwrap();
    let manifest = trial.store.get_json(bucket, &key);
    for (check, document, newer) in [
        (check_log as fn(&str, &Value), log.clone(), NEWER.as_slice()),
        (check_manifest, manifest.clone(), &NEWER_OF_BACKUPS),
        (check_drill, passed(), &NEWER_OF_DRILLS),
    ] {
        for name in document.as_object().unwrap().keys() {
            let mut changed = document.clone();
            changed.as_object_mut().unwrap().remove(name);
            let is_optional = newer.iter().any(|optional| **optional == name);
            assert_eq!(refuses(check, &changed), !is_optional, "{name}");
            changed = document.clone();
            changed[name] = json!([["neither"]]);
            assert!(refuses(check, &changed), "{name} may be anything");
        }
        let mut changed = document.clone();
        changed["surprise"] = json!(1);
        assert!(refuses(check, &changed));
    }
    for (name, value) in [
        ("deployment_timestamp", json!("2026-02-30T00:00:00Z")),
        ("backup_sha256", json!("ABC")),
        ("backup_location", Value::Null),
        ("outcome", json!("failure")),
        ("outcome", json!("skipped")),
        ("backup_size_bytes", json!(-1)),
        // No approval, and no answer about approvals: never the same.
        ("approvals", json!({"status": "not_asked", "reason": "x", "entries": [], "omitted": null})),
        ("approvals", json!({"status": "unavailable", "reason": null, "entries": null, "omitted": null})),
        ("approvals", json!({"status": "read", "reason": null, "entries": null, "omitted": 0})),
        ("pull_requests", json!({"status": "read", "reason": "x", "entries": [], "omitted": 0})),
    ] {
        let mut changed = log.clone();
        changed[name] = value.clone();
        assert!(refuses(check_log, &changed), "{name} may be {value}");
    }
    for (path, value) in [
        ("/key", json!("backups/backup-prod.sql.gz")),
        ("/dump/bytes", json!(0)),
        ("/stored/sha256", json!("x")),
        ("/encoding/codec", json!("brotli")),
        ("/started_at", json!("yesterday")),
    ] {
        let mut changed = manifest.clone();
        *changed.pointer_mut(path).unwrap() = value.clone();
        assert!(refuses(check_manifest, &changed), "{path} may be {value}");
    }
}

const DUMP: &str = "CREATE TABLE s.a;\nCOPY s.a (x) FROM stdin;\n1\n2\n\\.\n";

/// All that a drill finds that goes well, but for what the dump of the restored database holds.
fn findings(restored: &str, is_partial: bool) -> DrillFindings {
    let scan = |text: &str| {
        let mut scan = Scan::detailed(Columns::default());
        scan.feed(text.as_bytes());
        scan
    };
    let (before, after) = (scan(DUMP), scan(restored));
    let (contents, restored) = (before.contents().unwrap(), after.contents().unwrap());
    let backup = Side { contents: &contents, inventory: before.inventory(), majors: (15, 15) };
    let restored = Side { contents: &restored, inventory: after.inventory(), majors: (15, 15) };
    let took = Some(Duration::from_millis(40));
    let left_out = LeftOut { statement: "CREATE EXTENSION".to_owned(), reason: "not there".to_owned() };
    DrillFindings {
        backup: Some(Backup {
            location: "s3://b/backups/2026/11/20/backup-prod-20261120-120000.sql.gz".to_owned(),
            snapshot_at: "2026-11-20T12:00:00.25Z".parse().unwrap(),
            bytes: 1,
            sha256: "0".repeat(64),
            partial: None,
        }),
        target: Some(Target {
            kind: "throwaway",
            place: None,
            server_version: "15.18".to_owned(),
            removed: true,
        }),
        passed: Vec::new(),
        phases: Phases { fetch: took, decrypt: took, load: took, verify: took },
        comparison: Some(Comparison::new(&backup, &restored, is_partial.then(Default::default).as_ref())),
        checks: vec![Check { statement: "SELECT true;".to_owned(), passed: true, answer: "true".to_owned() }],
        left_out: if is_partial { vec![left_out] } else { Vec::new() },
        roles_made: vec!["reader".to_owned()],
    }
}

fn report(findings: &DrillFindings, broken: Option<(&'static str, &str, bool)>) -> (Status, Value) {
    let sponsor = Selected {
        name: "callisto".to_owned(),
        code: "CAL".to_owned(),
        region: None,
        partners: Default::default(),
    };
    let run = RunIdentity::default();
    let whose = DrillContext { sponsor: &sponsor, environment: Environment::Production, run: &run };
    let course = DrillCourse {
        at: "2026-11-20T13:00:00Z".parse().unwrap(),
        took: Duration::from_secs(120),
        max_rpo: Some(Duration::from_secs(3600)),
        max_rto: None,
        broken,
    };
    let document = DrillReport::new(whose, &course, findings).to_bytes();
    (course.status(findings), serde_json::from_slice(&document).unwrap())
}

fn passed() -> Value {
    report(&findings(DUMP, false), None).1
}

#[test]
fn a_drill_report_of_every_status_keeps_to_its_schema() {
    let different = DUMP.replace('2', "3");
    for (findings, broken, expected) in [
        (findings(DUMP, false), None, Status::Passed),
        (findings(DUMP, true), None, Status::Incomplete),
        (findings(&different, false), None, Status::Failed),
        (DrillFindings::default(), Some(("proof", "its SHA-256 is another one", false)), Status::Failed),
        (DrillFindings::default(), Some(("secrets", "no token", false)), Status::Error),
        (findings(DUMP, false), Some(("restore", "the server cannot be removed", false)), Status::Error),
        (findings(DUMP, false), Some(("cancelled", "cancelled by SIGTERM", true)), Status::Cancelled),
    ] {
        let (status, document) = report(&findings, broken);
        assert_eq!(status, expected);
        check_drill(expected.name(), &document);
    }
}

#[test]
fn a_drill_report_that_calls_well_what_is_not_is_refused() {
    for (path, value) in [
        ("/verdict", json!("not equal")),
        ("/verdict", json!("incomplete")),
        ("/verdict", Value::Null),
        ("/status", json!("incomplete")),
        ("/status", json!("failed")),
        ("/status", json!("error")),
        ("/findings", json!(["table s.a is missing"])),
        ("/checks/0/passed", json!(false)),
        ("/rpo_compliant", json!(false)),
        ("/rto_compliant", json!(false)),
        ("/left_out", json!([{"statement": "CREATE", "reason": "not there"}])),
        ("/target", Value::Null),
        ("/target/removed", json!(false)),
        ("/target/surprise", json!(1)),
        ("/backup_location", Value::Null),
        ("/durations_ms/load", Value::Null),
        ("/tables/0/rows_found", json!(-1)),
        ("/drill_timestamp", json!("2026-02-30T00:00:00Z")),
    ] {
        let mut changed = passed();
        let (parent, name) = path.rsplit_once('/').unwrap();
        changed.pointer_mut(parent).unwrap()[name] = value.clone();
        assert!(refuses(check_drill, &changed), "{path} may be {value}");
    }
}
