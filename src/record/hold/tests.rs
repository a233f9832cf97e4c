use proptest::prelude::*;
use serde_json::json;

use super::*;

const KEY: &str = "holds/2026/11/20/hold-prod-20261120-120000.json";

fn told(action: &str, outcome: &str, key: &str, reason: &str) -> ToldHold {
    let document = json!({
        "sponsor": "callisto", "environment": "production", "outcome": outcome, "action": action,
        "method": "record", "objects": [], "hold_timestamp": "2026-11-20T12:00:00Z", "reason": reason,
        "actor": "mona", "github_run_id": null, "backup_key": key, "backup_location": format!("s3://b/{key}"),
        "a key of a later release": 1,
    });
    let owner = ("callisto", Environment::Production);
    ToldHold::parse(KEY, document.to_string().as_bytes(), owner).unwrap().unwrap()
}

fn now() -> Timestamp {
    "2026-11-30T00:00:00Z".parse().unwrap()
}

fn reasons(records: Vec<ToldHold>) -> Vec<(String, String)> {
    held(records, now()).into_iter().map(|(key, told)| (key, told.reason)).collect()
}

#[test]
fn additions_count_until_they_are_removed() {
    let is = |records, expected: &[(&str, &str)]| {
        let expected: Vec<_> =
            expected.iter().map(|(key, why)| ((*key).to_owned(), (*why).to_owned())).collect();
        assert_eq!(reasons(records), expected);
    };
    is(vec![], &[]);
    is(vec![told("add", "success", "a", "1"), told("add", "success", "a", "2")], &[("a", "1; 2")]);
    is(vec![told("add", "success", "a", "1"), told("remove", "success", "a", "2")], &[]);
    is(vec![told("add", "success", "a", "1"), told("remove", "failure", "a", "2")], &[("a", "1")]);
    is(
        vec![
            told("add", "success", "a", "1"),
            told("remove", "success", "a", "2"),
            told("add", "success", "a", "3"),
            told("add", "success", "b", "4"),
        ],
        &[("a", "3"), ("b", "4")],
    );
}

/// Half a hold does not count as a success, and is recorded.
#[test]
fn an_addition_that_failed_counts_if_it_held_something() {
    let mut failed = told("add", "failure", "a", "1");
    assert!(held([failed.clone()], now()).is_empty());
    let object = |held| HeldObject { key: "a".to_owned(), version: None, held_before: None, held };
    failed.objects = vec![object(None), object(Some(false))];
    assert!(held([failed.clone()], now()).is_empty());
    failed.objects.push(object(Some(true)));
    assert_eq!(held([failed], now()).len(), 1);
}

#[test]
fn a_record_of_another_sponsor_or_environment_is_none() {
    let mut document = json!({
        "sponsor": "titan", "environment": "production", "outcome": "success", "action": "add", "method": null,
        "objects": [], "hold_timestamp": "2026-11-20T12:00:00Z", "reason": "", "actor": null,
        "github_run_id": null, "backup_key": "a", "backup_location": "s3://b/a",
    });
    let parse = |document: &serde_json::Value, sponsor, environment| {
        ToldHold::parse(KEY, document.to_string().as_bytes(), (sponsor, environment))
    };
    document["hold_timestamp"] = json!("2026-11-20T11:59:58Z");
    let is_read = |found: Result<Option<ToldHold>, String>| found.unwrap().is_some();
    assert!(is_read(parse(&document, "titan", Environment::Production)));
    assert!(!is_read(parse(&document, "callisto", Environment::Production)));
    assert!(!is_read(parse(&document, "titan", Environment::Staging)));
    document["hold_timestamp"] = json!("2026-11-19T12:00:00Z");
    assert!(parse(&document, "titan", Environment::Production).is_err(), "it was copied to this key");
    document["hold_timestamp"] = json!("2026-11-20T12:00:00Z");
    document["action"] = json!("extend");
    assert!(parse(&document, "titan", Environment::Production).is_err(), "what it means is not known");
}

/// A removal from a clock that is ahead would end every hold that is added until then.
#[test]
fn a_removal_of_the_future_does_not_count() {
    let mut removal = told("remove", "success", "a", "2");
    removal.hold_timestamp = "2026-12-01T00:00:00Z".parse().unwrap();
    assert_eq!(held([told("add", "success", "a", "1"), removal], now()).len(), 1);
}

proptest! {
    #[test]
    fn no_bytes_break_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let owner = ("callisto", Environment::Production);
        prop_assert!(ToldHold::parse(KEY, &bytes, owner).is_err());
        prop_assert_eq!(ToldHold::parse("holds/notes.txt", &bytes, owner), Ok(None));
    }
}
