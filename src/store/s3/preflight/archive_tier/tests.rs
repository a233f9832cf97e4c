use crate::sponsors::Environment;
use crate::store::s3::lifecycle::When;
use crate::store::s3::preflight::tests::{expected, line, sound_rule, store};

use super::*;

fn found(days: u32, class: &str, storage_class: &'static str, max_rto: Option<u64>) -> String {
    line(&finding(days, class, storage_class, max_rto.map(|hours| Duration::from_secs(hours * 3600))))
}

fn finding(days: u32, class: &str, storage_class: &'static str, max_rto: Option<Duration>) -> Finding {
    let mut rule = sound_rule("r", "backups/", 2557);
    rule.transitions = vec![(When::AfterDays(days), class.to_owned())];
    let mut expected = expected(Environment::Production);
    expected.storage_class = storage_class;
    expected.max_rto = max_rto;
    let store = store("b");
    check(&Checked { store: &store, which: Bucket::Backups, expected }, &[rule]).unwrap()
}

#[test]
fn recent_backups_must_not_need_a_thaw() {
    let deep = "of bucket b are in DEEP_ARCHIVE and must be thawed before a restore, which takes up to 12 hours, or 48 with bulk retrieval";
    assert_eq!(
        found(90, "DEEP_ARCHIVE", "STANDARD", Some(1)),
        format!("ok: backups older than 90 days {deep}")
    );
    assert_eq!(
        found(29, "DEEP_ARCHIVE", "STANDARD", None),
        format!("warn: backups older than 29 days {deep}")
    );
    assert_eq!(
        found(29, "DEEP_ARCHIVE", "STANDARD", Some(11)),
        format!("warn: backups older than 29 days {deep}")
    );
    assert_eq!(
        found(29, "DEEP_ARCHIVE", "STANDARD", Some(12)),
        format!("ok: backups older than 29 days {deep}, within `max-rto`")
    );
    assert_eq!(found(90, "GLACIER", "DEEP_ARCHIVE", None), format!("warn: all backups {deep}"));
    assert!(found(1, "GLACIER", "STANDARD", Some(5)).starts_with("ok: "));
    assert!(found(1, "GLACIER", "STANDARD", Some(4)).starts_with("warn: "));
    assert_eq!(
        found(30, "STANDARD_IA", "STANDARD", Some(1)),
        "ok: no backup of bucket b must be thawed before a restore"
    );
}

#[test]
fn the_limit_and_the_rule_are_named() {
    let slow = finding(29, "GLACIER", "STANDARD", Some(Duration::from_mins(30)));
    assert_eq!(slow.why, "A restore of a recent backup cannot meet `max-rto` (30m).");
    let edit = " Set `Transitions` of rule `r` to `[{\"Days\": 90, \"StorageClass\": \"DEEP_ARCHIVE\"}]`. ";
    assert!(slow.fix.contains(edit), "{slow:?}");
    let frozen = finding(90, "GLACIER", "DEEP_ARCHIVE", None);
    assert!(frozen.fix.starts_with("Set `storage-class` to `STANDARD`"), "{frozen:?}");
}

/// S3 rejects a move after the end.
#[test]
fn short_lived_backups_need_no_archive() {
    let mut rule = sound_rule("r", "staging/backups/", 30);
    rule.transitions = vec![(When::AfterDays(1), "GLACIER".to_owned())];
    let store = store("b");
    let expected = expected(Environment::Staging);
    let found = check(&Checked { store: &store, which: Bucket::Backups, expected }, &[rule]).unwrap();
    assert!(found.fix.contains(" Remove `Transitions` from rule `r`. "), "{found:?}");
}
