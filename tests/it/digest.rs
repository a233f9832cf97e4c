//! `report`: the digest over all sponsors, as a table, as JSON and as a page.

use serde_json::{Value, json};

use super::shelf::{self, Shelf};
use crate::support::{Outcome, Run, Sponsor, StrictS3, Trial, schemas};

mod page;
mod pages;

fn on_a_terminal(trial: &Trial, arguments: &[&str]) -> Run {
    trial.wire(Run::terminal()).arg("report").args(arguments.iter().copied())
}

#[track_caller]
fn document(outcome: &Outcome) -> Value {
    let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
    schemas::check_report("standard output", &document);
    document
}

fn sponsor<'d>(document: &'d Value, name: &str) -> &'d Value {
    let all = document["sponsors"].as_array().unwrap();
    all.iter().find(|one| one["sponsor"] == name).unwrap()
}

fn kinds(sponsor: &Value) -> Vec<&str> {
    sponsor["exceptions"].as_array().unwrap().iter().map(|it| it["kind"].as_str().unwrap()).collect()
}

/// Callisto deploys after a backup and proves it, titan deploys without one, phobos never had one.
#[test]
fn a_digest_names_what_needs_attention() {
    let store = StrictS3::start();
    let sponsors = [
        Sponsor::named("callisto").diary(3, 30),
        Sponsor::named("titan").diary(1, 10),
        Sponsor::named("phobos").diary(1, 1),
    ];
    let trial = Trial::plan(sponsors).store(&store).start();
    let run = |command: &str, sponsor: &str| {
        trial.run().input("command", command).input("sponsors", sponsor).input("version", "v1.4.2")
    };
    let taken = run("backup", "callisto").run();
    taken.assert_code(0);
    run("record", "callisto").input("outcome", "success").run().assert_code(0);
    run("drill", "callisto").run().assert_code(0);
    run("record", "titan").input("outcome", "success").run().assert_code(0);

    let outcome = on_a_terminal(&trial, &["--json"]).run();
    outcome.assert_code(0);
    let found = document(&outcome);
    let callisto = sponsor(&found, "callisto");
    assert_eq!((&callisto["state"], kinds(callisto)), (&json!("ok"), vec![]));
    let deployments = json!({"count": 1, "with_backup": 1, "with_proven_backup": 1, "without_backup": [], "without_proven_backup": []});
    assert_eq!(callisto["deployments"], deployments);
    assert_eq!(
        (&callisto["newest_backup"]["rows"], &callisto["newest_backup"]["version"]),
        (&taken.log("callisto")["rows_total"], &json!("v1.4.2"))
    );
    assert_eq!(callisto["newest_drill"]["outcome"], "success");
    assert_eq!(callisto["stored"].as_array().unwrap().len(), 1);
    let events: Vec<&str> =
        callisto["events"].as_array().unwrap().iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["drill", "deployment", "backup"]);
    assert_eq!(kinds(sponsor(&found, "titan")), ["no-backup", "deployment-without-backup"]);
    assert_eq!(kinds(sponsor(&found, "phobos")), ["no-backup"]);
    assert_eq!(
        (&found["total"]["deployments"], &found["total"]["deployments_with_backup"]),
        (&json!(2), &json!(1))
    );

    // A limit makes what exceeds it a failure.
    let strict = on_a_terminal(&trial, &["--max-backup-age", "8h"]).run();
    strict.assert_code(17);
    assert!(
        strict.stdout.starts_with("2 of 3 sponsors of production need attention\n"),
        "{}",
        strict.transcript()
    );
    assert!(strict.stderr.contains("titan: "), "{}", strict.transcript());
}

/// A sponsor that cannot be looked at is in the report, and fails it.
#[test]
fn what_cannot_be_read_is_an_exception() {
    let store = StrictS3::start();
    let trial = Trial::plan([Sponsor::named("callisto").diary(1, 3), Sponsor::named("titan").diary(1, 3)]);
    let trial = trial.store(&store).start();
    trial.run().run().assert_code(0);
    let logs = trial.log_bucket("titan");
    let record = trial.store.keys_in(logs).remove(0);
    trial.store.put(logs, &record, "{");
    let outcome = on_a_terminal(&trial, &["--json"]).run();
    outcome.assert_code(17);
    let found = document(&outcome);
    assert_eq!(
        (kinds(sponsor(&found, "callisto")), kinds(sponsor(&found, "titan"))),
        (vec![], vec!["unknown"])
    );
    assert_eq!(sponsor(&found, "titan")["storage_bytes"], json!(null));
    assert!(outcome.stderr.contains("it is not JSON"), "{}", outcome.transcript());
}

/// An older backup that is whole must not hide that the newest one is not.
#[test]
fn a_newest_backup_that_is_none_is_an_exception() {
    let store = StrictS3::start();
    let trial = Trial::plan([Sponsor::named("callisto").diary(1, 3)]).store(&store).start();
    let backup = || {
        trial.run().run().assert_code(0);
        let keys = trial.store.keys_in(trial.bucket("callisto"));
        keys.into_iter().rfind(|key| key.ends_with(".sql.gz")).unwrap()
    };
    let (_, newest) = (backup(), backup());
    let report = |expected: &str| {
        let outcome = on_a_terminal(&trial, &["--json", "--max-backup-age", "8h"]).run();
        outcome.assert_code(17);
        let found = document(&outcome);
        let callisto = sponsor(&found, "callisto");
        assert_eq!(kinds(callisto), ["backup-damaged"]);
        let message = callisto["exceptions"][0]["message"].as_str().unwrap();
        assert!(message.contains(&newest) && message.ends_with(expected), "{message}");
    };
    trial.store.put(trial.bucket("callisto"), &newest, "cut");
    report(" is damaged");
    for piece in ["", ".sha256", ".manifest.json"] {
        trial.store.delete(trial.bucket("callisto"), &format!("{newest}{piece}"));
    }
    report(" is recorded as a success and is not in the store");
}

/// Its record is older than the period, and older than what is read before it.
#[test]
fn the_record_of_an_older_backup_is_looked_up() {
    let trial = Trial::of([Sponsor::named("callisto").diary(1, 3)]);
    let shelf = Shelf::of(trial, "callisto");
    let key = shelf.backup(&[]);
    let logs = shelf.trial.log_bucket("callisto").to_owned();
    let record = shelf.trial.store.keys_in(&logs).remove(0);
    let mut document = shelf.trial.store.get_json(&logs, &record);
    let second = "20260101-000000";
    let old = shelf.copy(&key, second);
    document["deployment_timestamp"] = json!(shelf::timestamp(second));
    document["backup_location"] = json!(shelf.location(&old));
    let moved =
        old.replace("backups/", "deployments/").replace("backup-", "deployment-").replace(".sql.gz", ".json");
    shelf.trial.store.put(&logs, &moved, document.to_string());
    let deploy = shelf.run("record").input("outcome", "success");
    deploy.input("backup-location", shelf.location(&old)).run().assert_code(0);
    let with_backup = || {
        let outcome = on_a_terminal(&shelf.trial, &["--json", "--since", "1d"]).run();
        self::document(&outcome)["total"]["deployments_with_backup"].clone()
    };
    assert_eq!(with_backup(), 1);
    document["outcome"] = json!("failure");
    shelf.trial.store.put(&logs, &moved, document.to_string());
    assert_eq!(with_backup(), 0);
}

#[test]
fn a_period_ends_after_it_begins() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let outcome = on_a_terminal(&trial, &["--since", "1d", "--until", "2d"]).run();
    outcome.assert_code(2);
    assert!(outcome.stderr.contains("`since` is later than `until`"), "{}", outcome.transcript());
    on_a_terminal(&trial, &["--since", "9999-12-31"]).run().assert_code(2);
}
