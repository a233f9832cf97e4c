use serde_json::{Value, json};

use super::*;

const ROOT: &str = "s3://b/";

fn day(day: u8) -> Timestamp {
    format!("2026-11-{day:02}T12:00:00Z").parse().unwrap()
}

fn backup(at: Timestamp) -> BackupKey {
    let key = Object::Backup { suffix: ".sql.gz" }.key(Environment::Production, at);
    BackupKey::parse(Environment::Production, &key).unwrap()
}

fn record(at: Timestamp, more: Value) -> RecordEntry {
    let mut document = json!({
        "sponsor": "callisto", "environment": "production", "tool_version": "0.1.0", "outcome": "success",
        "event": "backup", "deployment_timestamp": at, "backup_sha256": "aa", "backup_size_bytes": 7,
        "backup_location": format!("{ROOT}{}", backup(at).key),
    });
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let key = Object::DeploymentLog.key(Environment::Production, at);
    RecordEntry::parse(Environment::Production, &key, document.to_string().as_bytes()).unwrap()
}

fn prune(at: Timestamp, phase: &str, backups: &[(Timestamp, &str)]) -> RecordEntry {
    let backups: Vec<Value> = backups
        .iter()
        .map(|(at, fate)| json!({"key": backup(*at).key, "size_bytes": 7, "fate": fate}))
        .collect();
    let document = json!({
        "sponsor": "callisto", "environment": "production", "tool_version": "0.1.0", "outcome": "success",
        "prune_timestamp": at, "action": "remove", "phase": phase, "backups": backups,
    });
    let later = if phase == "begun" { 0 } else { 1 };
    let key = Object::PruneRecord.key(Environment::Production, at + SignedDuration::from_secs(later));
    RecordEntry::parse(Environment::Production, &key, document.to_string().as_bytes()).unwrap()
}

fn whole(at: Timestamp) -> HeldBackup {
    held(at, HeldState::Whole { bytes: Some(7), sha256: Some("aa".to_owned()), is_identified: true })
}

fn held(at: Timestamp, state: HeldState) -> HeldBackup {
    HeldBackup { backup: backup(at), state }
}

fn scene() -> Scene<'static> {
    Scene { environment: Environment::Production, root: ROOT, now: day(30) }
}

fn findings(audit: &Audit) -> Vec<(AuditKind, &str)> {
    audit.findings.iter().map(|finding| (finding.kind, finding.what.as_str())).collect()
}

#[test]
fn what_is_as_its_record_says_is_no_finding() {
    let records = [
        record(day(20), json!({})),
        record(day(21), json!({})),
        prune(day(25), "begun", &[(day(20), "planned")]),
    ];
    let found = audit(scene(), &records, &[whole(day(21))]);
    assert_eq!(found, Audit { compared: 1, pruned: 1, ..Audit::default() });
}

#[test]
fn a_backup_that_is_gone_or_replaced_has_vanished() {
    let records: Vec<RecordEntry> = (20..=23).map(|at| record(day(at), json!({}))).collect();
    let replaced = HeldState::Whole { bytes: Some(7), sha256: Some("bb".to_owned()), is_identified: true };
    let longer = HeldState::Whole { bytes: Some(8), sha256: None, is_identified: true };
    let there = [
        held(day(21), replaced),
        held(day(22), longer),
        held(day(23), HeldState::Missing("its manifest is missing".to_owned())),
    ];
    let found = audit(scene(), &records, &there);
    let expected = [
        (AuditKind::Vanished, "its manifest is missing"),
        (AuditKind::Vanished, "it was replaced: it has 8 bytes, but its record has 7"),
        (AuditKind::Vanished, "it was replaced: its SHA-256 is bb, but its record has aa"),
        (AuditKind::Vanished, "it is gone"),
    ];
    assert_eq!(findings(&found), expected);
    assert_eq!(found.findings[3].record.as_deref(), Some(records[0].key.as_str()));
}

#[test]
fn a_backup_that_no_record_names_is_an_orphan() {
    let failed = record(day(21), json!({"outcome": "failure", "backup_location": null}));
    let copied = record(day(22), json!({}));
    let there = [
        whole(day(20)),
        held(day(21), HeldState::Missing("its manifest is missing".to_owned())),
        held(day(23), HeldState::InProgress),
        held(day(24), HeldState::Unknown("access denied".to_owned())),
    ];
    let found = audit(scene(), &[failed, copied.clone()], &there);
    let expected = [
        (AuditKind::Unknown, "access denied"),
        (AuditKind::Vanished, "it is gone"),
        (AuditKind::Orphan, "no record names it"),
    ];
    assert_eq!(findings(&found), expected);
    // Another backup of the same second has its own record.
    let mut other = whole(day(22));
    other.backup.key.push_str(".age");
    let found = audit(scene(), &[copied], &[whole(day(22)), other]);
    assert_eq!(findings(&found), [(AuditKind::Orphan, "no record names it")]);
}

#[test]
fn what_may_be_gone_is_counted() {
    let staging = Scene { environment: Environment::Staging, ..scene() };
    let of = |at: Timestamp, root: &str| {
        let key = Object::Backup { suffix: ".sql.gz" }.key(Environment::Staging, at);
        let document = json!({
            "sponsor": "callisto", "environment": "staging", "tool_version": "0.1.0", "outcome": "success",
            "event": "backup", "deployment_timestamp": at, "backup_location": format!("{root}{key}"),
        });
        let key = Object::DeploymentLog.key(Environment::Staging, at);
        RecordEntry::parse(Environment::Staging, &key, document.to_string().as_bytes()).unwrap()
    };
    let (old, new) = ("2026-10-30T12:00:00Z".parse().unwrap(), day(1));
    let found = audit(staging, &[of(old, ROOT), of(new, ROOT), of(new, "s3://former/")], &[]);
    assert_eq!((found.expired, found.elsewhere), (1, 1));
    assert_eq!(findings(&found), [(AuditKind::Vanished, "it is gone")]);
}

/// It stopped at the first backup that is whole. What is gone behind that one is not its doing.
#[test]
fn a_prune_that_was_cut_off_explains_what_it_came_to() {
    let records: Vec<RecordEntry> = (20..=23).map(|at| record(day(at), json!({}))).collect();
    let plan = [23, 22, 21, 20].map(|at| (day(at), "planned"));
    let records = [records, vec![prune(day(25), "begun", &plan)]].concat();
    let half = held(day(22), HeldState::Missing("its manifest is missing".to_owned()));
    let found = audit(scene(), &records, &[half, whole(day(21))]);
    assert_eq!((found.pruned, found.compared), (2, 1));
    assert_eq!(findings(&found), [(AuditKind::Vanished, "it is gone")]);
}

/// The later of two prunes at once finds that the other one has removed a backup.
#[test]
fn what_another_prune_removed_meanwhile_did_not_come_back() {
    let records = [
        record(day(20), json!({})),
        prune(day(25), "begun", &[(day(20), "planned")]),
        prune(day(25), "ended", &[(day(20), "removed")]),
        prune(day(26), "begun", &[(day(20), "planned")]),
        prune(day(26), "ended", &[(day(20), "gone-already")]),
    ];
    assert_eq!(audit(scene(), &records, &[]).pruned, 1);
    let kept = [&records[..4], &[prune(day(26), "ended", &[(day(20), "kept")])]].concat();
    assert_eq!(findings(&audit(scene(), &kept, &[])), [(AuditKind::Vanished, "it is gone")]);
}

#[test]
fn a_dump_that_nothing_identifies_is_unknown() {
    let unidentified =
        HeldState::Whole { bytes: Some(7), sha256: Some("aa".to_owned()), is_identified: false };
    let found = audit(scene(), &[record(day(20), json!({}))], &[held(day(20), unidentified)]);
    assert_eq!(found.findings.iter().map(|finding| finding.kind).collect::<Vec<_>>(), [AuditKind::Unknown]);
}
