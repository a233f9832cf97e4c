use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::layout::key::Object;
use crate::record::entries::RecordEntry;
use crate::sponsors::Environment;

/// The record of a backup at this minute, with these keys besides.
fn backup(minute: u8, more: &[(&str, Value)]) -> RecordEntry {
    let mut document = json!({
        "sponsor": "callisto", "environment": "production", "tool_version": "0.2.0", "event": "backup",
        "deployment_timestamp": format!("2026-11-20T12:{minute:02}:00Z"), "outcome": "success",
        "duration_seconds": 61.7, "backup_location": location(minute), "backup_size_bytes": 1000,
        "dump_size_bytes": 5000, "rows_total": 42, "pg_dump_version": "15.18",
        "locked_until": "2033-11-20T12:00:00Z", "retained_until": "2033-11-20T12:00:00Z",
    });
    more.iter().for_each(|(name, value)| document[name] = value.clone());
    parsed(Object::DeploymentLog, minute, &document)
}

fn location(minute: u8) -> String {
    format!("s3://b/backups/2026/11/20/backup-prod-20261120-12{minute:02}00.sql.gz")
}

fn failed(minute: u8) -> RecordEntry {
    backup(
        minute,
        &[("outcome", json!("failure")), ("backup_location", Value::Null), ("stage", json!("dump"))],
    )
}

fn drill(minute: u8, status: &str) -> RecordEntry {
    let document = json!({
        "sponsor": "callisto", "environment": "production", "tool_version": "0.2.0", "status": status,
        "drill_timestamp": format!("2026-11-20T12:{minute:02}:00Z"), "backup_age_minutes": 90.5,
        "max_rpo_minutes": 360.0, "restore_duration_minutes": 0.25, "max_rto_minutes": Value::Null,
    });
    parsed(Object::DrillReport, minute, &document)
}

fn parsed(object: Object<'static>, minute: u8, document: &Value) -> RecordEntry {
    let key = object.key(Environment::Production, at(minute));
    RecordEntry::parse(Environment::Production, &key, document.to_string().as_bytes()).unwrap()
}

fn at(minute: u8) -> Timestamp {
    format!("2026-11-20T12:{minute:02}:00Z").parse().unwrap()
}

/// `name{labels besides sponsor and environment} value`, without the common part of all names.
fn lines(update: &Update) -> Vec<String> {
    let whose = "sponsor=\"callisto\",environment=\"production\"";
    let short = |sample: &Sample| {
        let line = sample.line.strip_prefix("sponsor_backup_").unwrap().replace(whose, "");
        line.replace("{}", "").replace("{,", "{")
    };
    update.samples.iter().map(short).collect()
}

const AT_1205: &str = "1795176300";

#[test]
fn a_backup_publishes_what_its_record_says() {
    let update = of_record(&backup(5, &[])).unwrap();
    assert!(!update.is_whole);
    let shown = lines(&update);
    for expected in [
        format!("last_attempt_timestamp_seconds {AT_1205}"),
        format!("last_success_timestamp_seconds {AT_1205}"),
        "last_outcome{outcome=\"success\"} 1".to_owned(),
        "last_outcome{outcome=\"failure\"} 0".to_owned(),
        "last_outcome{outcome=\"disabled\"} 0".to_owned(),
        "duration_seconds 61".to_owned(),
        "stored_bytes 1000".to_owned(),
        "dump_bytes 5000".to_owned(),
        "rows 42".to_owned(),
        "partial 0".to_owned(),
        "locked_until_timestamp_seconds 2016100800".to_owned(),
        "retain_until_timestamp_seconds 2016100800".to_owned(),
        "build_info{version=\"0.2.0\",pg_dump=\"15.18\"} 1".to_owned(),
    ] {
        assert!(shown.contains(&expected), "{expected}: {shown:#?}");
    }
    assert_eq!(shown.len(), 15, "{shown:#?}");
}

#[test]
fn a_partial_backup_and_a_failed_verification_are_told() {
    let partial = backup(5, &[("partial", json!({"tables": ["diary.visits"]}))]);
    assert!(lines(&of_record(&partial).unwrap()).contains(&"partial 1".to_owned()));
    let verified = |outcome: &str| {
        let document = json!({
            "sponsor": "callisto", "environment": "production", "tool_version": "0.2.0",
            "verification_timestamp": "2026-11-20T12:05:00Z", "outcome": outcome,
        });
        lines(&of_record(&parsed(Object::VerificationRecord, 5, &document)).unwrap())
    };
    assert_eq!(verified("success"), [format!("verify_last_success_timestamp_seconds {AT_1205}")]);
    assert_eq!(verified("failure"), [format!("verify_last_failure_timestamp_seconds {AT_1205}")]);
}

/// A gateway would keep the lock of an earlier backup.
#[test]
fn what_a_backup_does_not_have_is_reset() {
    let absent = ["locked_until", "retained_until", "rows_total"].map(|name| (name, Value::Null));
    let entry = backup(5, &absent);
    let shown = lines(&of_record(&entry).unwrap());
    for metric in ["locked_until_timestamp_seconds", "retain_until_timestamp_seconds", "rows"] {
        assert!(shown.contains(&format!("{metric} NaN")), "{shown:#?}");
    }
    assert!(derived(vec![entry], &facts(Some(5))).iter().all(|line| !line.ends_with("NaN")));
}

#[test]
fn a_failure_says_nothing_of_successes() {
    let shown = lines(&of_record(&failed(5)).unwrap());
    let [attempt, failure, duration] = ["last_attempt_timestamp", "last_failure_timestamp", "duration"]
        .map(|name| format!("{name}_seconds"));
    let other: Vec<&String> = shown
        .iter()
        .filter(|line| [&attempt, &failure, &duration].iter().all(|name| !line.starts_with(&***name)))
        .collect();
    assert!(other.iter().all(|line| line.starts_with("last_outcome{")), "{shown:#?}");
    assert_eq!((shown.len(), other.len()), (8, 5), "{shown:#?}");
    let cancelled = backup(5, &[("outcome", json!("cancelled"))]);
    assert_eq!(lines(&of_record(&cancelled).unwrap()).len(), 7);
    let disabled = backup(5, &[("outcome", json!("disabled"))]);
    assert_eq!(lines(&of_record(&disabled).unwrap()).len(), 5);
    // The record of a deployment is not about a backup.
    assert_eq!(of_record(&backup(5, &[("event", json!("deployment"))])), None);
}

#[test]
fn a_drill_publishes_its_limits_where_it_has_them() {
    let passed = lines(&of_record(&drill(5, "passed")).unwrap());
    let expected = [
        format!("drill_last_success_timestamp_seconds {AT_1205}"),
        "drill_rpo_seconds 5430".to_owned(),
        "drill_rpo_limit_seconds 21600".to_owned(),
        "drill_rto_seconds 15".to_owned(),
        "drill_rto_limit_seconds NaN".to_owned(),
    ];
    assert_eq!(passed, expected);
    for status in ["failed", "incomplete", "error"] {
        let failed = lines(&of_record(&drill(5, status)).unwrap());
        assert_eq!(failed[0], format!("drill_last_failure_timestamp_seconds {AT_1205}"), "{status}");
    }
    assert_eq!(of_record(&drill(5, "cancelled")), None);
}

fn facts(minute: Option<u8>) -> StoreFacts {
    StoreFacts {
        newest: minute.map(|minute| (at(minute), location(minute))),
        stored_bytes: minute.map(|_| 1000),
        storage_bytes: Some(7000),
        ..StoreFacts::default()
    }
}

fn derived(entries: Vec<RecordEntry>, facts: &StoreFacts) -> Vec<String> {
    lines(&of_store(("production", "callisto"), entries, facts))
}

/// In whatever order the records come.
#[test]
fn the_store_shows_what_the_runs_would_have_published() {
    let entries = vec![drill(9, "passed"), failed(7), backup(5, &[]), backup(3, &[("rows_total", json!(1))])];
    let mut replayed = Vec::new();
    for entry in entries.iter().rev() {
        replayed = updated(replayed, &of_record(entry).unwrap());
    }
    let whole = of_store(("production", "callisto"), entries.clone(), &facts(Some(5)));
    assert!(whole.is_whole);
    let only_derived = [Metric::StorageBytes, Metric::ExpectedDuration];
    let mut shown = parse(&render(&whole.samples)).unwrap();
    shown.retain(|sample| !only_derived.contains(&sample.metric));
    let mut published = parse(&render(&replayed)).unwrap();
    published.retain(|sample| !sample.is_absent());
    assert_eq!(shown, published);
    let mut other_order = entries;
    other_order.reverse();
    assert_eq!(
        render(&of_store(("production", "callisto"), other_order, &facts(Some(5))).samples),
        render(&whole.samples)
    );
}

#[test]
fn a_recorded_success_that_the_store_lost_is_none() {
    let entries = || vec![backup(3, &[("rows_total", json!(1))]), backup(5, &[])];
    let older = derived(entries(), &facts(Some(3)));
    assert!(older.contains(&"last_success_timestamp_seconds 1795176180".to_owned()), "{older:#?}");
    assert!(older.contains(&"rows 1".to_owned()), "{older:#?}");
    let none = derived(entries(), &facts(None));
    assert!(
        !none.iter().any(|line| line.starts_with("last_success") || line.starts_with("rows")),
        "{none:#?}"
    );
    assert!(none.contains(&format!("last_attempt_timestamp_seconds {AT_1205}")), "{none:#?}");
    // A backup without a record: what the store shows of it counts.
    let unrecorded = derived(Vec::new(), &facts(Some(5)));
    let expected = [
        format!("last_success_timestamp_seconds {AT_1205}"),
        "stored_bytes 1000".to_owned(),
        "storage_bytes 7000".to_owned(),
    ];
    assert_eq!(unrecorded, expected);
}

#[test]
fn the_expected_duration_is_the_median_of_seven() {
    let took = |minute, seconds: f64| backup(minute, &[("duration_seconds", json!(seconds))]);
    let mut entries: Vec<_> = (1..=7).map(|minute| took(minute, f64::from(minute) * 10.0)).collect();
    let of = |entries: &[RecordEntry]| {
        let shown = derived(entries.to_vec(), &facts(Some(7)));
        shown.into_iter().find(|line| line.starts_with("expected_duration"))
    };
    assert_eq!(of(&entries).unwrap(), "expected_duration_seconds 40");
    // Neither the oldest of eight nor a failure counts.
    entries.push(took(8, 1000.0));
    entries.push(failed(9));
    assert_eq!(of(&entries).unwrap(), "expected_duration_seconds 50");
    assert_eq!(of(&[]), None);
}

#[test]
fn an_update_replaces_its_own_metrics_or_its_whole_group() {
    let both = [backup(3, &[]), failed(5)].map(|entry| of_record(&entry).unwrap());
    let plan = |names: &[&str]| of_plan("production", names.iter().copied(), Duration::from_secs(60));
    let mut samples = updated(Vec::new(), &plan(&["callisto", "titan"]));
    for update in &both {
        samples = updated(samples, update);
    }
    let text = render(&samples);
    assert!(text.contains("last_success_timestamp_seconds{"), "{text}");
    assert!(
        text.contains("last_outcome{sponsor=\"callisto\",environment=\"production\",outcome=\"failure\"} 1"),
        "{text}"
    );
    assert_eq!(text.matches("last_attempt_timestamp_seconds{").count(), 1, "{text}");
    // The manifest no longer has titan. The samples of callisto stay.
    let later = updated(samples.clone(), &plan(&["callisto"]));
    assert_eq!(later.len(), samples.len() - 1);
    let whole = of_store(("production", "callisto"), Vec::new(), &facts(None));
    assert_eq!(updated(later, &whole).len(), 2);
}

#[test]
fn a_text_of_another_program_is_not_ours() {
    let ours = render(&of_record(&backup(5, &[])).unwrap().samples);
    assert!(parse(&ours).is_some());
    assert_eq!(parse(""), Some(Vec::new()));
    for other in
        ["node_load1 0.5", "sponsor_backup_rows 5", "sponsor_backup_other{sponsor=\"a\",environment=\"b\"} 1"]
    {
        assert_eq!(parse(&format!("{ours}{other}\n")), None, "{other}");
    }
}

#[test]
fn every_metric_has_a_name_a_help_and_a_unit() {
    for metric in Metric::ALL {
        let (name, help) = (metric.name(), metric.help());
        assert_eq!(Metric::named(name), Some(metric));
        assert!(name.starts_with("sponsor_backup_") && !name.ends_with("_total"), "{name}");
        let has_unit = ["_seconds", "_bytes", "_rows", "_partial", "_outcome", "_info"]
            .iter()
            .any(|end| name.ends_with(end));
        assert!(has_unit && help.ends_with('.') && !help.contains(['\\', '\n']), "{name}: {help}");
    }
}

proptest! {
    /// Whatever a record says of versions, one line stays one line, and is found again.
    #[test]
    fn a_hostile_version_stays_in_its_label(version in any::<String>()) {
        let entry = backup(5, &[("pg_dump_version", json!(version))]);
        let samples = of_record(&entry).unwrap().samples;
        let text = render(&samples);
        prop_assert_eq!(text.matches('\n').count(), samples.len() + 2 * 11);
        let mut expected = samples;
        expected.sort();
        prop_assert_eq!(parse(&text), Some(expected));
    }
}
