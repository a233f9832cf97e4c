use serde_json::json;

use super::*;
use crate::layout::key::Object;
use crate::record::audit::{Audit, AuditFinding, AuditKind};
use crate::sponsors::Environment;

const LOCATION: &str = "s3://b/backups/2026/11/20/backup-prod-20261120-120000.sql.gz";

fn event(object: Object<'_>, time: &str, more: serde_json::Value, stored: Option<bool>) -> HistoryEvent {
    let at: Timestamp = time.parse().unwrap();
    let mut document = json!({
        "sponsor": "callisto", "environment": "production", "tool_version": "0.1.0", "outcome": "success",
        "actor": "mona", "github_run_id": "19876543210", "backup_location": LOCATION,
        "backup_size_bytes": 5_000_000, "duration_seconds": 61.5,
    });
    let fields = document.as_object_mut().unwrap();
    let name = match object {
        Object::DeploymentLog => "deployment",
        Object::DrillReport => "drill",
        Object::RestoreRecord => "restore",
        _ => "hold",
    };
    fields.insert(format!("{name}_timestamp"), json!(at));
    fields.extend(more.as_object().unwrap().clone());
    let key = object.key(Environment::Production, at);
    let entry = RecordEntry::parse(Environment::Production, &key, document.to_string().as_bytes()).unwrap();
    HistoryEvent::of_record(entry, stored, format!("s3://logs/{key}"))
}

fn sample() -> SponsorHistory {
    let log = Object::DeploymentLog;
    let events = vec![
        event(
            Object::RestoreRecord,
            "2026-11-22T08:00:00Z",
            json!({"restored_into": "db.example.org:5432/restored", "state": "proven"}),
            Some(true),
        ),
        event(
            Object::HoldRecord,
            "2026-11-21T08:00:00Z",
            json!({"action": "add", "reason": "an audit\nof the year 2026"}),
            Some(true),
        ),
        event(
            log,
            "2026-11-20T13:00:00Z",
            json!({"event": "deployment", "outcome": "failure", "version": "v2.4.0", "backup_location": null,
                "message": "the migration failed ".repeat(9)}),
            None,
        ),
        event(
            log,
            "2026-11-20T12:00:00Z",
            json!({"event": "pre-deployment-backup", "version": "v2.4.0", "state": "complete"}),
            Some(false),
        ),
    ];
    SponsorHistory {
        sponsor: "callisto".to_owned(),
        environment: "production".to_owned(),
        before_run: Some(BeforeRun {
            run: "19876543210".to_owned(),
            backup: events.last().cloned(),
            is_recorded: true,
        }),
        events,
        more: true,
        check: None,
    }
}

#[test]
fn a_time_line_reads_as_reviewed() {
    let none = SponsorHistory { events: Vec::new(), more: false, before_run: None, ..sample() };
    let lines =
        [sample(), none].iter().flat_map(|one| [vec![one.title()], one.lines()].concat()).collect::<Vec<_>>();
    crate::reviewed::text("history", &format!("{}\n{}", lines.join("\n"), sample().chapter()));
}

#[test]
fn a_check_reads_as_reviewed() {
    let finding = |kind, what: &str| AuditFinding {
        kind,
        at: "2026-11-20T12:00:00Z".parse().unwrap(),
        key: "backups/2026/11/20/backup-prod-20261120-120000.sql.gz".to_owned(),
        record: None,
        what: what.to_owned(),
        is_missing: false,
    };
    let audit = Audit {
        compared: 1_200,
        pruned: 3,
        expired: 1,
        elsewhere: 2,
        findings: vec![
            finding(AuditKind::Vanished, "it is gone"),
            finding(AuditKind::Orphan, "no record names it"),
        ],
    };
    let check = CheckedRecords::new(&audit, ("s3://b/", "s3://logs/"), str::to_owned);
    let checked = SponsorHistory { check: Some(check), events: Vec::new(), ..sample() };
    crate::reviewed::text("history-check", &[vec![checked.title()], checked.lines()].concat().join("\n"));
}

#[test]
fn secrets_and_lines_of_others_stay_out_of_the_table() {
    let mut history = sample();
    history.events[2] = history.events[2].clone().cleaned(|text| text.replace("migration", "***"));
    let lines = history.lines();
    assert!(lines.iter().all(|line| !line.contains('\n') && !line.contains("migration")), "{lines:#?}");
}

#[test]
fn a_location_shows_the_second_of_its_backup() {
    assert_eq!(second_of(LOCATION), Some("20261120-120000"));
    assert_eq!(second_of("s3://b/x"), None);
    assert_eq!(second_of(""), None);
}
