use super::{Environment, PruneAction, PrunePhase, StoredPrune};

const KEY: &str = "staging/prunes/2026/11/20/prune-staging-20261120-120000.json";

fn document(phase: &str, fate: &str) -> Vec<u8> {
    format!(
        r#"{{
        "sponsor": "callisto", "environment": "staging", "prune_timestamp": "2026-11-20T12:00:00Z",
        "tool_version": "0.2.0", "action": "remove", "phase": "{phase}", "new_in_a_later_release": 1,
        "backups": [{{
            "key": "staging/backups/2026/11/01/backup-staging-20261101-120000.sql.gz",
            "timestamp": "2026-11-01T12:00:00Z", "size_bytes": null, "fate": "{fate}",
            "objects": [{{"key": "k", "version": "v", "delete_marker": null}}]
        }}]
    }}"#
    )
    .into_bytes()
}

#[test]
fn a_record_is_read_back_by_its_own_sponsor_alone() {
    let document = document("begun", "planned");
    let parse =
        |key, document, sponsor, environment| StoredPrune::parse(key, document, (sponsor, environment));
    let record = parse(KEY, &document, "callisto", Environment::Staging).unwrap();
    assert_eq!((record.action, record.phase), (PruneAction::Remove, PrunePhase::Begun));
    assert_eq!(record.backups[0].objects[0].version.as_deref(), Some("v"));
    assert!(parse(KEY, &document, "titan", Environment::Staging).is_none());
    assert!(parse(KEY, &document, "callisto", Environment::Production).is_none());
    assert!(parse(KEY, b"[]", "callisto", Environment::Staging).is_none());
    assert!(parse("staging/prunes/x.json", &document, "callisto", Environment::Staging).is_none());
}

/// A backup that was kept and lost a part later is not what a prune left.
#[test]
fn only_what_a_run_came_to_can_be_its_rest() {
    for (phase, fate, expected) in [
        ("begun", "planned", true),
        ("ended", "partly-removed", true),
        ("ended", "kept", false),
        ("ended", "planned", false),
        ("ended", "gone-already", false),
    ] {
        let record =
            StoredPrune::parse(KEY, &document(phase, fate), ("callisto", Environment::Staging)).unwrap();
        assert_eq!(record.may_have_left(&record.backups[0]), expected, "{phase} {fate}");
    }
}
