use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::layout::key::Object;
use crate::sponsors::Environment;

/// A record of this minute, of a run with the same number as its tens: 12 and 17 are of one run.
fn record(event: &str, minute: u8, outcome: &str) -> RecordEntry {
    let at: Timestamp = format!("2026-11-20T12:{minute:02}:00Z").parse().unwrap();
    let document = json!({
        "sponsor": "callisto", "environment": "production", "tool_version": "0.2.0", "event": event,
        "deployment_timestamp": at, "outcome": outcome, "github_run_id": (minute / 10).to_string(),
        "stage": "dump", "message": format!("at {minute}"),
    });
    let key = Object::DeploymentLog.key(Environment::Production, at);
    RecordEntry::parse(Environment::Production, &key, document.to_string().as_bytes()).unwrap()
}

fn follows(own: &RecordEntry, others: &[(&str, u8, &str)]) -> bool {
    let others: Vec<_> =
        others.iter().map(|(event, minute, outcome)| record(event, *minute, outcome)).collect();
    EarlierEvents::of(own, &others).follows_failure
}

#[test]
fn the_newest_earlier_event_of_the_same_kind_decides() {
    let own = record("backup", 50, "success");
    for (others, expected) in [
        (&[][..], false),
        (&[("backup", 40, "failure")], true),
        (&[("backup", 30, "failure"), ("backup", 40, "success")], false),
        (&[("backup", 40, "success"), ("backup", 30, "failure")], false),
        // What comes later, and the record itself.
        (&[("backup", 55, "failure"), ("backup", 50, "failure")], false),
        // Neither a failure nor a success.
        (&[("backup", 30, "failure"), ("backup", 40, "cancelled"), ("backup", 45, "disabled")], true),
        (&[("deployment", 40, "failure")], false),
    ] {
        assert_eq!(follows(&own, others), expected, "{others:?}");
    }
}

#[test]
fn a_deployment_without_its_backup_is_a_failure() {
    let skipped = record("deployment", 45, "skipped");
    let failed = [record("backup", 41, "failure"), record("backup", 31, "failure")];
    let found = EarlierEvents::of(&skipped, &failed).failed_backup.unwrap();
    assert_eq!((found.stage.as_deref(), found.message.as_deref()), (Some("dump"), Some("at 41")));
    // The second attempt of the same run succeeded.
    let again = [record("backup", 41, "failure"), record("backup", 43, "success")];
    assert_eq!(EarlierEvents::of(&skipped, &again).failed_backup, None);
    assert_eq!(EarlierEvents::of(&skipped, &[record("backup", 31, "failure")]).failed_backup, None);

    let next = record("deployment", 55, "success");
    let before =
        |outcome| [("deployment", 35, "success"), ("backup", 41, outcome), ("deployment", 45, "skipped")];
    assert!(follows(&next, &before("failure")));
    assert!(!follows(&next, &before("success")));
}
