//! `history --check`: what is gone, hidden, replaced or without a record is found, and nothing else is.

use serde_json::{Value, json};

use super::super::shelf::{Shelf, checksum, manifest};
use super::{callisto, document, on_a_terminal};
use crate::support::{Action, Proxy, Sponsor, Trial};

fn records(shelf: &Shelf) -> Vec<String> {
    shelf.trial.store.keys_in(shelf.trial.log_bucket("callisto"))
}

/// What a check finds, as kind, location and words.
#[track_caller]
fn check(shelf: &Shelf, arguments: &[&str], code: i32) -> Value {
    let arguments = [&["--check"], arguments].concat();
    let outcome = on_a_terminal(&shelf.trial, &arguments).arg("--json").run();
    outcome.assert_code(code);
    document(&outcome)["check"].clone()
}

#[track_caller]
fn assert_found(shelf: &Shelf, kind: &str, key: &str, words: &str) {
    let found = check(shelf, &[], 17);
    let all: usize =
        ["vanished", "orphans", "unknown"].iter().map(|kind| found[*kind].as_array().unwrap().len()).sum();
    assert_eq!(all, 1, "{found:#}");
    let finding = &found[kind][0];
    assert_eq!(finding["backup_location"], shelf.location(key), "{found:#}");
    assert!(finding["what"].as_str().unwrap().contains(words), "{found:#}");
    let table = on_a_terminal(&shelf.trial, &["--check"]).run();
    table.assert_code(17);
    assert!(table.visible().contains(&shelf.location(key)), "{}", table.transcript());
}

#[test]
fn nothing_is_found_where_all_is_well() {
    let shelf = callisto();
    shelf.backup(&[]);
    shelf.run("backup").env("GITHUB_RUN_ID", "7").run().assert_code(0);
    shelf.run("verify").run().assert_code(0);
    let found = check(&shelf, &[], 0);
    assert_eq!(
        (&found["compared"], &found["vanished"], &found["orphans"]),
        (&json!(2), &json!([]), &json!([]))
    );
}

// serves: 11.10(c)/missed
#[test]
fn a_removed_dump_is_found() {
    let shelf = callisto();
    let (key, other) = (shelf.backup(&[]), shelf.backup(&[]));
    shelf.remove(&key);
    assert_found(&shelf, "vanished", &key, "its dump is missing");
    shelf.remove(&checksum(&key));
    shelf.remove(&manifest(&key));
    assert_found(&shelf, "vanished", &key, "it is gone");
    // Only the other one is asked for.
    let since = super::second(&other);
    assert_eq!(check(&shelf, &["--since", &since], 0)["compared"], 1);
}

// serves: 11.10(c)/missed
#[test]
fn a_marker_over_the_manifest_is_found() {
    let shelf = callisto();
    let bucket = shelf.bucket.clone();
    let request = shelf.trial.store.client().put_bucket_versioning().bucket(&bucket);
    let configuration = aws_sdk_s3::types::VersioningConfiguration::builder()
        .status(aws_sdk_s3::types::BucketVersioningStatus::Enabled)
        .build();
    crate::support::runtime().block_on(request.versioning_configuration(configuration).send()).unwrap();
    let key = shelf.backup(&[]);
    shelf.remove(&manifest(&key));
    assert_found(&shelf, "vanished", &key, "its manifest is hidden by a delete marker");
}

// serves: 11.10(a)/altered, 11.10(c)/missed
#[test]
fn a_replaced_object_is_found() {
    let shelf = callisto();
    let key = shelf.backup(&[]);
    let logs = shelf.trial.log_bucket("callisto").to_owned();
    let record = records(&shelf)[0].clone();
    let told = shelf.trial.store.get_json(&logs, &record);
    // All three objects of another backup, which agree with each other.
    let mut other = told.clone();
    other["backup_sha256"] = json!("0".repeat(64));
    shelf.trial.store.put(&logs, &record, other.to_string());
    assert_found(&shelf, "vanished", &key, "it was replaced: its SHA-256 is ");
    shelf.trial.store.put(&logs, &record, told.to_string());
    let mut bytes = shelf.get(&key);
    bytes.push(0);
    shelf.put(&key, bytes);
    assert_found(&shelf, "vanished", &key, "bytes, but its manifest has");
}

// serves: 11.10(e)/reviewable
#[test]
fn a_backup_without_a_record_is_an_orphan() {
    let shelf = callisto();
    let key = shelf.backup(&[]);
    let orphan = shelf.copy(&key, "20260101-000000");
    assert_found(&shelf, "orphans", &orphan, "no record names it");
}

#[test]
fn what_cannot_be_read_is_no_success() {
    let shelf = callisto();
    shelf.backup(&[]);
    let proxy = Proxy::before(shelf.trial.store.endpoint());
    proxy.rule(|seen| {
        let is_record = seen.method == "GET" && seen.path.contains("/deployments/");
        let denied = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>".to_owned();
        if is_record { Action::Status(403, denied) } else { Action::Pass }
    });
    let run = on_a_terminal(&shelf.trial, &["--check"]).input("s3-endpoint-url", proxy.endpoint());
    run.run().assert_code(14);
}

/// The lifecycle of the bucket removes backups of staging after 30 days, and their records stay for years.
#[test]
fn a_backup_older_than_its_retention_may_be_gone() {
    let trial = Trial::plan([Sponsor::named("callisto").diary(3, 30)]).environment("staging").start();
    let shelf = Shelf::of(trial, "callisto");
    let key = shelf.backup(&[]);
    let logs = shelf.trial.log_bucket("callisto").to_owned();
    let store = &shelf.trial.store;
    let told = store.get_json(&logs, &records(&shelf)[0]);
    let old = |year: &str| {
        let mut record = told.clone();
        record["deployment_timestamp"] = json!(format!("{year}-01-01T00:00:00Z"));
        let backup = format!("staging/backups/{year}/01/01/backup-staging-{year}0101-000000.sql.gz");
        record["backup_location"] = json!(shelf.location(&backup));
        let key = format!("staging/deployments/{year}/01/01/deployment-staging-{year}0101-000000.json");
        store.put(&logs, &key, record.to_string());
        backup
    };
    old("2024");
    let found = check(&shelf, &[], 0);
    assert_eq!((&found["compared"], &found["expired"]), (&json!(1), &json!(1)));
    // This one is not due before years.
    let future = old("2124");
    assert_found(&shelf, "vanished", &future, "it is gone");
    assert!(key.starts_with("staging/"));
}
