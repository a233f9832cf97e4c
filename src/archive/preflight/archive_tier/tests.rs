use crate::archive::lifecycle::When;
use crate::archive::preflight::tests::{expected, line, sound_rule, store};
use crate::sponsors::Environment;

use super::*;

fn found(days: u32, class: &str, storage_class: &'static str, max_rto: Option<u64>) -> String {
    let mut rule = sound_rule("r", "backups/", 2557);
    rule.transitions = vec![(When::AfterDays(days), class.to_owned())];
    let mut expected = expected(Environment::Production);
    expected.storage_class = storage_class;
    expected.max_rto = max_rto.map(|hours| Duration::from_secs(hours * 3600));
    let store = store("b");
    line(&check(&Checked { store: &store, which: Bucket::Backups, expected }, &[rule]).unwrap())
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
