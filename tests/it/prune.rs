//! `prune`: the plan is what `--apply` does; what it hides can be brought back; what must stay stays.

mod folders;
mod many;
mod retention;
mod rights;
mod stays;

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::shelf::{Shelf, at, checksum, manifest, second, timestamp};
use crate::support::{Moto, Outcome, Run, Sponsor, Store, Trial, runtime, schemas};

const SECOND: &str = "%Y%m%d-%H%M%S";

/// A sponsor in staging, with a versioned bucket.
pub(super) fn callisto() -> Shelf {
    on(&Store::clone(Moto::shared()))
}

fn on(store: &Store) -> Shelf {
    let plan = Trial::plan([Sponsor::named("callisto").diary(3, 30)]);
    let shelf = Shelf::of(plan.store(store).environment("staging").start(), "callisto");
    versioned(store, &shelf.bucket);
    shelf
}

fn versioned(store: &Store, bucket: &str) {
    use aws_sdk_s3::types::{BucketVersioningStatus::Enabled, VersioningConfiguration};
    let versioning = VersioningConfiguration::builder().status(Enabled).build();
    let request = store.client().put_bucket_versioning().bucket(bucket).versioning_configuration(versioning);
    runtime().block_on(request.send()).unwrap();
}

/// The days before the time in a key, as keys write it.
fn days_before(key: &str, days: i64) -> String {
    let at = DateTime::strptime(SECOND, second(key)).unwrap().to_zoned(TimeZone::UTC).unwrap();
    (at.timestamp() - SignedDuration::from_hours(24 * days))
        .to_zoned(TimeZone::UTC)
        .strftime(SECOND)
        .to_string()
}

/// A backup of now, and copies of it that are older by these days; gives the keys in that order.
pub(super) fn aged(shelf: &Shelf, days: &[i64]) -> Vec<String> {
    let newest = shelf.backup(&[]);
    let older = shelf.many(&newest, days.iter().map(|days| days_before(&newest, *days)));
    std::iter::once(newest).chain(older).collect()
}

/// On a terminal, with keys of its own for the removal.
pub(super) fn prune(trial: &Trial, policy: &[&str]) -> Run {
    with_keys(trial, trial.wire(Run::terminal()).arg("prune").args(policy.iter().copied()), "PRUNE")
}

fn with_keys(trial: &Trial, run: Run, purpose: &str) -> Run {
    run.env(format!("AWS_ACCESS_KEY_ID_CALLISTO_{purpose}"), trial.store.access_key())
        .env(format!("AWS_SECRET_ACCESS_KEY_CALLISTO_{purpose}"), trial.store.secret_key())
}

/// What a run printed of each backup: what happens to it, by its time.
#[track_caller]
fn told(outcome: &Outcome) -> BTreeMap<String, String> {
    let is_row = |line: &&str| ["KEEP", "REMOVE", "RESTORE"].iter().any(|word| line.starts_with(word));
    let rows = outcome.stdout.lines().filter(is_row).map(|line| {
        let mut words = line.split_whitespace();
        let (action, second) = (words.next().unwrap(), words.next().unwrap());
        (second.to_owned(), action.to_owned())
    });
    let rows: BTreeMap<String, String> = rows.collect();
    assert!(!rows.is_empty(), "{}", outcome.transcript());
    rows
}

/// The reason that a run printed for the backup with this key.
#[track_caller]
pub(super) fn reason(outcome: &Outcome, key: &str) -> String {
    let second = second(key);
    let line = outcome.stdout.lines().find(|line| line.contains(&second));
    line.unwrap_or_else(|| panic!("{second} is not in {}", outcome.transcript())).to_owned()
}

/// The objects of these backups, sorted.
pub(super) fn objects(keys: &[String]) -> Vec<String> {
    let mut all: Vec<String> =
        keys.iter().flat_map(|key| [key.clone(), checksum(key), manifest(key)]).collect();
    all.sort();
    all
}

/// The records of prunes, in the order of their keys.
pub(super) fn records(trial: &Trial) -> Vec<Value> {
    let place = trial.records("callisto");
    let keys = place.keys().into_iter().filter(|key| key.contains("prunes/"));
    keys.map(|key| {
        let record = place.get_json(&key);
        schemas::check_prune(&key, &record);
        record
    })
    .collect()
}

/// Where the last record is.
fn last_record(trial: &Trial) -> String {
    let place = trial.records("callisto");
    let key = place.keys().into_iter().rfind(|key| key.contains("prunes/")).unwrap();
    place.location(&key)
}

#[test]
fn without_a_policy_nothing_is_planned() {
    let shelf = callisto();
    let outcome = prune(&shelf.trial, &["--apply"]).run();
    outcome.assert_code(2);
    assert!(outcome.visible().contains("no retention policy is set"), "{}", outcome.transcript());
    for both in [["--undo", "s3://records/prunes/a.json"], ["--local", "--apply"]] {
        prune(&shelf.trial, &["--keep-last", "3"]).args(both).run().assert_code(2);
    }
}

#[test]
fn a_plan_names_each_backup_and_changes_nothing() {
    let shelf = callisto();
    let keys = aged(&shelf, &[1, 8, 9, 40]);
    let plan = prune(&shelf.trial, &["--keep-last", "1", "--json"]).run();
    plan.assert_code(0);
    let rows: Value = serde_json::from_str(&plan.stdout).unwrap();
    schemas::check_prune_plan("the plan", &rows);
    let actions: Vec<&str> =
        rows.as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["keep", "keep", "keep", "remove", "remove"]);
    let table = prune(&shelf.trial, &["--keep-last", "1"]).arg("--outputs").run();
    table.assert_code(0);
    assert!(table.stdout.contains("outcome=planned"), "{}", table.transcript());
    assert!(
        reason(&table, &keys[0]).contains("newest complete, min-keep 3, keep-last 1"),
        "{}",
        table.stdout
    );
    assert!(reason(&table, &keys[1]).contains("min-age 7d"), "{}", table.stdout);
    assert!(reason(&table, &keys[4]).contains("no rule keeps it"), "{}", table.stdout);
    assert!(table.stdout.contains("the bytes go never: no rule"), "{}", table.stdout);
    assert!(table.stdout.contains("keeps 3, removes 2 ("), "{}", table.stdout);
    assert_eq!(shelf.trial.store.keys_in(&shelf.bucket), objects(&keys));
    assert!(records(&shelf.trial).is_empty());
}

// serves: REQ-p00012/no-early-deletion
#[test]
fn what_was_hidden_comes_back_and_verifies() {
    let shelf = callisto();
    let keys = aged(&shelf, &[8, 9, 40, 50]);
    let removed = prune(&shelf.trial, &["--keep-last", "1", "--apply"]).run();
    removed.assert_code(0);
    assert_eq!(shelf.trial.store.keys_in(&shelf.bucket), objects(&keys[..3]));
    let told_of_removal = records(&shelf.trial);
    let phases: Vec<_> = told_of_removal.iter().map(|record| record["phase"].as_str().unwrap()).collect();
    assert_eq!(phases, ["begun", "ended"]);
    assert_eq!(told_of_removal[1]["backups"][1]["fate"], "removed");
    assert_eq!(told_of_removal[1]["policy"]["keep_last"], 1);
    // The one before the removal names the versions, so it is enough.
    let place = shelf.trial.records("callisto");
    let begun = place.keys().into_iter().find(|key| key.contains("prunes/")).unwrap();
    let begun = place.location(&begun);
    let undo = ["--undo", begun.as_str()];
    let planned = prune(&shelf.trial, &undo).run();
    planned.assert_code(0);
    assert_eq!(told(&planned).values().collect::<Vec<_>>(), ["RESTORE", "RESTORE"]);
    assert_eq!(shelf.trial.store.keys_in(&shelf.bucket), objects(&keys[..3]));
    let done = prune(&shelf.trial, &undo).arg("--apply").run();
    done.assert_code(0);
    assert_eq!(shelf.trial.store.keys_in(&shelf.bucket), objects(&keys));
    let verified = shelf.trial.wire(Run::terminal()).args(["verify", "--backup", &second(&keys[4])]).run();
    verified.assert_code(0);
    assert_eq!(records(&shelf.trial).last().unwrap()["action"], "undo");
    let again = prune(&shelf.trial, &undo).arg("--apply").run();
    again.assert_code(0);
    assert!(again.stdout.contains("it is visible"), "{}", again.transcript());
}

#[test]
fn the_day_on_which_bytes_go_comes_from_the_buckets_rules() {
    use aws_sdk_s3::types::{
        BucketLifecycleConfiguration, ExpirationStatus, LifecycleRule, LifecycleRuleFilter,
        NoncurrentVersionExpiration,
    };
    let shelf = callisto();
    aged(&shelf, &[8, 9, 40]);
    let rule = LifecycleRule::builder()
        .id("hidden")
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix("staging/backups/").build())
        .noncurrent_version_expiration(NoncurrentVersionExpiration::builder().noncurrent_days(30).build())
        .build()
        .unwrap();
    let rules = BucketLifecycleConfiguration::builder().rules(rule).build().unwrap();
    let client = shelf.trial.store.client();
    let request = client.put_bucket_lifecycle_configuration().bucket(&shelf.bucket);
    runtime().block_on(request.lifecycle_configuration(rules).send()).unwrap();
    let plan = prune(&shelf.trial, &["--keep-last", "1", "--json"]).run();
    plan.assert_code(0);
    let rows: Value = serde_json::from_str(&plan.stdout).unwrap();
    assert!(rows[0]["gone_on"].is_null(), "{rows}");
    // Thirty-one days after the day of the run, which began no later than now.
    let age = rows[3]["age_seconds"].as_i64().unwrap();
    let taken: jiff::Timestamp = rows[3]["timestamp"].as_str().unwrap().parse().unwrap();
    let day = (taken + SignedDuration::from_secs(age)).to_zoned(TimeZone::UTC).date();
    let gone = day.checked_add(jiff::Span::new().days(31)).unwrap();
    assert_eq!(rows[3]["gone_on"].as_str(), Some(gone.to_string().as_str()));
}

#[test]
fn a_bucket_without_versions_is_refused() {
    let plan = Trial::plan([Sponsor::named("callisto").diary(3, 30)]).environment("staging");
    let shelf = Shelf::of(plan.start(), "callisto");
    let keys = aged(&shelf, &[8, 9, 40]);
    for more in [&[][..], &["--apply"]] {
        let refused = prune(&shelf.trial, &["--keep-last", "1"]).args(more.iter().copied()).run();
        refused.assert_code(14);
        assert!(refused.visible().contains("keeps no versions"), "{}", refused.transcript());
    }
    assert_eq!(shelf.trial.store.keys_in(&shelf.bucket), objects(&keys));
    let done = prune(&shelf.trial, &["--keep-last", "1", "--unversioned", "--apply"]).run();
    done.assert_code(0);
    assert!(done.stdout.contains("at once, for good"), "{}", done.transcript());
    assert_eq!(shelf.trial.store.keys_in(&shelf.bucket), objects(&keys[..3]));
    let undo = prune(&shelf.trial, &["--undo", &last_record(&shelf.trial), "--apply"]).run();
    undo.assert_code(14);
}

/// Facts from records: what a drill proved, and the way back from what is deployed.
#[test]
fn the_proven_one_and_the_one_before_the_deployment_stay() {
    let shelf = callisto();
    let keys = aged(&shelf, &[8, 9, 30, 40, 50]);
    let drill = shelf.trial.wire(Run::terminal()).args(["drill", "--backup", &second(&keys[4])]).run();
    drill.assert_code(0);
    let recorded = shelf.trial.run().input("command", "record").input("outcome", "success");
    let recorded = recorded.input("version", "v2.4.0").input("backup-location", shelf.location(&keys[5]));
    recorded.run().assert_code(0);
    let plan = prune(&shelf.trial, &["--keep-last", "1"]).run();
    plan.assert_code(0);
    assert!(reason(&plan, &keys[3]).starts_with("REMOVE"), "{}", plan.stdout);
    assert!(reason(&plan, &keys[4]).contains("newest proven by a drill"), "{}", plan.stdout);
    assert!(reason(&plan, &keys[5]).contains("before deployed version v2.4.0"), "{}", plan.stdout);
}

// serves: REQ-o00049/production, REQ-p00012/no-early-deletion
/// In production, no policy undercuts seven years.
#[test]
fn production_keeps_its_own_retention() {
    let plan = Trial::plan([Sponsor::named("callisto").diary(3, 30)]);
    let shelf = Shelf::of(plan.start(), "callisto");
    versioned(&shelf.trial.store, &shelf.bucket);
    let keys = aged(&shelf, &[8, 9, 365, 365 * 6, 365 * 8]);
    let done = prune(&shelf.trial, &["--keep-last", "1", "--apply"]).run();
    done.assert_code(0);
    assert!(reason(&done, &keys[4]).contains("retained until"), "{}", done.stdout);
    assert_eq!(shelf.trial.store.keys_in(&shelf.bucket), objects(&keys[..5]));
}

#[test]
fn a_partial_a_foreign_and_a_leftover_one_are_distinguished() {
    let shelf = callisto();
    let keys = aged(&shelf, &[8, 9, 10, 40]);
    shelf.edit(&keys[3], |document| {
        document["partial"] =
            serde_json::json!({"schemas": ["diary"], "exclude_schemas": [], "exclude_table_data": []});
    });
    let foreign = at(&keys[0], &days_before(&keys[0], 60));
    shelf.put(&foreign, b"not ours".to_vec());
    let leftover = at(&keys[0], &days_before(&keys[0], 70));
    shelf.put(&leftover, shelf.get(&keys[0]));
    // Its record shows that a run began it.
    let (logs, taken) = (shelf.trial.log_bucket("callisto"), days_before(&keys[0], 70));
    let mut record = shelf.trial.store.get_json(logs, &shelf.trial.store.keys_in(logs)[0]);
    record["deployment_timestamp"] = timestamp(&taken).into();
    (record["outcome"], record["backup_location"]) = ("failure".into(), Value::Null);
    let key = leftover.replace("backups/", "deployments/").replace("backup-", "deployment-");
    shelf.trial.store.put(logs, &key.replace(".sql.gz", ".json"), record.to_string());
    let policy = ["--keep-last", "1", "--min-keep", "1"];
    let plan = prune(&shelf.trial, &policy).run();
    plan.assert_code(0);
    assert!(reason(&plan, &keys[3]).contains("partial: min-keep 1, keep-last 1"), "{}", plan.stdout);
    assert!(reason(&plan, &foreign).contains("foreign: kept without `foreign`"), "{}", plan.stdout);
    assert!(reason(&plan, &leftover).starts_with("REMOVE"), "{}", plan.stdout);
    let done = prune(&shelf.trial, &policy).args(["--foreign", "--apply"]).run();
    done.assert_code(0);
    let mut left = objects(&[keys[0].clone(), keys[3].clone()]);
    left.push(foreign);
    left.sort();
    assert_eq!(
        shelf.trial.store.keys_in(&shelf.bucket),
        left,
        "the newest foreign one is the last of its series"
    );
}
