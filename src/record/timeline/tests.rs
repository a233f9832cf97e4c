use serde_json::json;

use super::*;

const PRODUCTION: Environment = Environment::Production;

fn at(text: &str) -> Timestamp {
    format!("2026-11-{text}Z").parse().unwrap()
}

fn listed(key: String) -> ListedObject {
    ListedObject { key, bytes: 7, storage_class: None, modified: None }
}

fn entry(event: &str, time: &str, run: &str, more: &[(&str, &str)]) -> RecordEntry {
    let time = at(time);
    let mut document = json!({
        "sponsor": "callisto", "environment": "production", "tool_version": "0.1.0", "outcome": "success",
        "event": event, "deployment_timestamp": time, "github_run_id": run,
        "backup_location": (event != "deployment").then_some("s3://b/k"),
    });
    more.iter().for_each(|(name, value)| document[name] = json!(value));
    let key = Object::DeploymentLog.key(PRODUCTION, time);
    RecordEntry::parse(PRODUCTION, &key, document.to_string().as_bytes()).unwrap()
}

#[test]
fn the_newest_comes_first_and_a_backup_after_its_record() {
    let (one, two) = (at("20T12:00:00"), at("21T12:00:00"));
    let key =
        |time| BackupKey::parse(PRODUCTION, &Object::Backup { suffix: ".sql.gz" }.key(PRODUCTION, time));
    let records = vec![
        listed(Object::DeploymentLog.key(PRODUCTION, one)),
        listed(Object::DrillReport.key(PRODUCTION, two)),
        listed("deployments/2026/11/20/another-programs.json".to_owned()),
        listed(Object::DeploymentLog.key(Environment::Staging, two)),
    ];
    let found = |wanted: &Wanted| -> Vec<String> {
        let backups = vec![(key(one).unwrap(), "backup")];
        let all = candidates(wanted, PRODUCTION, records.clone(), backups);
        all.into_iter()
            .map(|candidate| match candidate.what {
                Found::Record(object) => object.key.split('/').next().unwrap_or_default().to_owned(),
                Found::Backup(name) => name.to_owned(),
            })
            .collect()
    };
    assert_eq!(found(&Wanted::default()), ["drills", "deployments", "backup"]);
    assert_eq!(found(&Wanted { since: Some(two), ..Wanted::default() }), ["drills"]);
    // The record of the last second can be a few seconds later.
    let before = one.checked_sub(SignedDuration::from_secs(30)).unwrap();
    assert_eq!(found(&Wanted { until: Some(before), ..Wanted::default() }), ["deployments"]);
    let drills = Wanted { event: Some(RecordedEvent::Drill), ..Wanted::default() };
    assert_eq!(found(&drills), ["drills", "backup"]);
    assert!(!drills.has_unrecorded());
}

#[test]
fn every_filter_narrows() {
    let entry = entry("backup", "20T12:00:00", "123", &[("version", "v2")]);
    let all = || Wanted::default();
    let fitting = [
        all(),
        Wanted { version: Some("v2".to_owned()), ..all() },
        Wanted { run: Some("123".to_owned()), ..all() },
        Wanted { event: Some(RecordedEvent::Backup), ..all() },
        Wanted { outcome: Some(RecordedOutcome::Success), ..all() },
        Wanted { since: Some(entry.at), until: Some(entry.at), ..all() },
    ];
    assert!(fitting.iter().all(|wanted| wanted.fits(&entry)));
    let others = [
        Wanted { version: Some("v3".to_owned()), ..all() },
        Wanted { run: Some("12".to_owned()), ..all() },
        Wanted { event: Some(RecordedEvent::Deployment), ..all() },
        Wanted { outcome: Some(RecordedOutcome::Failure), ..all() },
        Wanted { since: Some(at("20T12:00:01")), ..all() },
        Wanted { until: Some(at("20T11:59:59")), ..all() },
    ];
    assert!(others.iter().all(|wanted| !wanted.fits(&entry)));
}

#[test]
fn the_backup_before_a_run_is_its_own_first_one() {
    let entries = [
        entry("deployment", "20T15:00:00", "123", &[]),
        // A second attempt backs up what the first one has left.
        entry("pre-deployment-backup", "20T14:00:00", "123", &[("github_run_attempt", "2")]),
        entry("deployment", "20T13:00:00", "123", &[("outcome", "failure")]),
        entry("pre-deployment-backup", "20T12:00:00", "123", &[]),
        entry("backup", "20T11:00:00", "122", &[]),
    ];
    assert_eq!(preceding("123", &entries), Some(&entries[3]));
    assert_eq!(preceding("124", &entries), None);
}

#[test]
fn a_run_without_a_backup_of_its_own_has_the_newest_before_it() {
    let failed = [("outcome", "failure")];
    let entries = [
        entry("backup", "20T16:00:00", "125", &[]),
        entry("deployment", "20T15:00:00", "123", &[]),
        entry("pre-deployment-backup", "20T12:30:00", "123", &failed),
        entry("backup", "20T12:00:00", "121", &failed),
        entry("backup", "20T11:00:00", "120", &[]),
        entry("backup", "20T10:00:00", "119", &[]),
    ];
    assert_eq!(preceding("123", &entries), Some(&entries[4]));
    assert!(!is_settled("123", &entries, at("20T10:00:00")), "the run may have begun earlier");
    let long_ago = at("20T10:00:00").checked_sub(SignedDuration::from_hours(24 * 66)).unwrap();
    assert!(is_settled("123", &entries, long_ago));
    assert!(!is_settled("124", &entries, long_ago));
}
