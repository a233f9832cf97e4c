use proptest::prelude::{any, prop_assert, proptest};
use serde_json::{Value, json};

use super::*;

const KEY: &str = "deployments/2026/11/20/deployment-prod-20261120-125955.json";

fn parse(key: &str, document: &Value) -> Option<RecordEntry> {
    RecordEntry::parse(Environment::Production, key, document.to_string().as_bytes())
}

fn record(event: &str) -> Value {
    json!({
        "event": event, "sponsor": "callisto", "environment": "production", "tool_version": "0.1.0",
        "deployment_timestamp": "2026-11-20T12:59:55.7Z", "outcome": "failure",
    })
}

fn with(mut document: Value, name: &str, value: Value) -> Value {
    document[name] = value;
    document
}

/// Of each kind, what release 0.1 or this one writes.
fn samples() -> Vec<(&'static str, Value)> {
    let of = |name: &str, more: Value| {
        let mut document = record("");
        let fields = document.as_object_mut().unwrap();
        fields.remove("event");
        fields.remove("deployment_timestamp");
        fields.insert(format!("{name}_timestamp"), json!("2026-11-20T12:59:55Z"));
        fields.extend(more.as_object().unwrap().clone());
        document
    };
    vec![
        (KEY, record("pre-deployment-backup")),
        (KEY, record("backup")),
        (KEY, record("deployment")),
        ("drills/2026/11/20/drill-prod-20261120-125955.json", of("drill", json!({"status": "passed"}))),
        (
            "verifications/2026/11/20/verification-prod-20261120-125955.json",
            of("verification", json!({"outcome": "success", "state": "verified"})),
        ),
        (
            "restores/2026/11/20/restore-prod-20261120-125955.json",
            of("restore", json!({"restored_into": "db.example.org/app", "target": "created"})),
        ),
        ("copies/2026/11/20/copy-prod-20261120-125955.json", of("copy", json!({"target": "s3://second/"}))),
        ("holds/2026/11/20/hold-prod-20261120-125955.json", of("hold", json!({"action": "add"}))),
        ("prunes/2026/11/20/prune-prod-20261120-125955.json", of("prune", json!({}))),
    ]
}

#[test]
fn each_kind_of_record_is_read() {
    let read: Vec<RecordEntry> = samples().iter().map(|(key, record)| parse(key, record).unwrap()).collect();
    let events: Vec<RecordedEvent> = read.iter().map(|entry| entry.event).collect();
    assert_eq!(events[1..], RecordedEvent::ALL);
    assert_eq!(events[0], RecordedEvent::Backup);
    assert!(read.iter().all(|entry| entry.at.to_string() == "2026-11-20T12:59:55Z"));
    assert_eq!(read[3].outcome, Some(RecordedOutcome::Success));
    assert_eq!(read[4].state.as_deref(), Some("verified"));
    assert_eq!(read[5].target.as_deref(), Some("db.example.org/app"));
    assert_eq!(read[6].target.as_deref(), Some("s3://second/"));
    assert_eq!(read[7].action.as_deref(), Some("add"));
    assert!(read[0].is_of_backup("callisto", read[0].at));
    assert!(!read[0].is_of_backup("titan", read[0].at));
    assert!(!read[2].is_of_backup("callisto", read[2].at));
}

#[test]
fn a_record_of_release_0_1_is_read() {
    const OLD: &str = "deployments/2026/11/28/deployment-prod-20261128-131532.json";
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/released/0.1.0");
    let document = std::fs::read(folder.join(OLD)).unwrap();
    let entry = RecordEntry::parse(Environment::Production, OLD, &document).unwrap();
    assert_eq!((entry.event, entry.outcome), (RecordedEvent::Backup, Some(RecordedOutcome::Success)));
    assert_eq!((entry.version.as_deref(), entry.seconds), (Some("v2.3.0"), Some(1)));
    assert_eq!(entry.backup_bytes, Some(3348));
    assert!(entry.backup_location.unwrap().ends_with("/backup-prod-20261128-131532.sql.gz"));
}

#[test]
fn what_another_program_wrote_is_not_ours() {
    let ours = record("backup");
    assert!(parse(KEY, &ours).is_some());
    // The record of the shell step that came before this program.
    let shell = json!({"deployment_timestamp": "2026-11-20T12:59:55Z", "environment": "production"});
    for foreign in [
        shell,
        json!([]),
        json!(null),
        record("rollback"),
        with(ours.clone(), "tool_version", json!("")),
        with(ours.clone(), "sponsor", json!(7)),
        with(ours.clone(), "environment", json!("staging")),
        with(ours.clone(), "deployment_timestamp", json!("2026-11-20T12:59:56Z")),
        with(ours.clone(), "deployment_timestamp", json!("2026-11-20T12:58:55Z")),
        with(ours.clone(), "deployment_timestamp", json!("yesterday")),
    ] {
        assert_eq!(parse(KEY, &foreign), None, "{foreign}");
    }
    for key in [
        "deployments/2026/11/20/deployment-prod-20261120-125954.json",
        "deployments/2026/11/21/deployment-prod-20261120-125955.json",
        "deployments/2026/11/20/deployment-staging-20261120-125955.json",
        "drills/2026/11/20/drill-prod-20261120-125955.json",
        "deployments/2026/11/20/deployment-prod-20261120-125955.json.old",
        "",
    ] {
        assert_eq!(parse(key, &ours), None, "{key}");
    }
    // Two records of one second: the later one has the next second in its key.
    assert!(parse("deployments/2026/11/20/deployment-prod-20261120-130054.json", &ours).is_some());
}

#[test]
fn a_fact_of_another_type_counts_as_absent() {
    let odd = with(with(record("backup"), "version", json!({"major": 2})), "backup_size_bytes", json!(-1));
    let entry = parse(KEY, &with(odd, "outcome", json!("splendid"))).unwrap();
    assert_eq!((entry.version, entry.backup_bytes, entry.outcome), (None, None, None));
}

#[test]
fn what_ended_early_is_not_a_success() {
    let (drill, report) = samples().remove(3);
    let outcome = |report: Value| parse(drill, &report).unwrap().outcome;
    for (status, expected) in [
        ("incomplete", RecordedOutcome::Failure),
        ("failed", RecordedOutcome::Failure),
        ("error", RecordedOutcome::Failure),
        ("cancelled", RecordedOutcome::Cancelled),
    ] {
        let told = with(with(report.clone(), "status", json!(status)), "outcome", json!("success"));
        assert_eq!(outcome(told), Some(expected), "{status}");
    }
    let stopped = with(record("backup"), "stage", json!("cancelled"));
    assert_eq!(parse(KEY, &stopped).unwrap().outcome, Some(RecordedOutcome::Cancelled));
    assert_eq!(parse(KEY, &record("backup")).unwrap().outcome, Some(RecordedOutcome::Failure));
}

proptest! {
    #[test]
    fn no_bytes_panic(document in any::<Vec<u8>>(), text in "\\PC*") {
        drop(RecordEntry::parse(Environment::Production, KEY, &document));
        drop(RecordEntry::parse(Environment::Production, KEY, text.as_bytes()));
        drop(RecordEntry::parse(Environment::Staging, &text, record("backup").to_string().as_bytes()));
    }

    /// One field of a record replaced by anything: it is ours with the same time, or not ours.
    #[test]
    fn any_field_can_be_anything(at in 0_usize..9, field in any::<proptest::sample::Index>(), number in any::<f64>(), text in "\\PC*") {
        let (key, document) = samples().swap_remove(at);
        let names: Vec<String> = document.as_object().unwrap().keys().cloned().collect();
        for value in [json!(number), json!(text), json!([text]), json!({"a": number}), Value::Null] {
            let entry = parse(key, &with(document.clone(), &names[field.index(names.len())], value));
            prop_assert!(entry.is_none_or(|entry| entry.key == key && entry.at.to_string() == "2026-11-20T12:59:55Z"));
        }
    }
}
