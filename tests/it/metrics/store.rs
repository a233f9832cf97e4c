//! The command `metrics`: what the runs published is there again from the store alone.

use super::{callisto, lose_database, metrics_file, text, value};
use crate::support::{Run, Sponsor, Trial};

fn printed(run: Run) -> String {
    let outcome = run.run();
    outcome.assert_code(0);
    outcome.stdout.clone()
}

fn derive(trial: &Trial) -> Run {
    trial.wire(Run::terminal()).arg("metrics")
}

/// In buckets and in folders.
#[test]
fn what_the_runs_published_is_derived_from_the_store() {
    for sponsor in
        [Sponsor::named("callisto").diary(2, 3), Sponsor::named("callisto").diary(2, 3).in_folders()]
    {
        let (trial, folder) = (Trial::of([sponsor]), tempfile::tempdir().unwrap());
        let path = metrics_file(&folder);
        let run = |command: &str| trial.run().input("command", command).input("metrics-file", &path);
        for command in ["matrix", "backup", "verify", "drill"] {
            run(command).run().assert_code(0);
        }
        lose_database(&trial, "callisto");
        run("backup").run().assert_code(13);
        let shown = printed(derive(&trial).arg("--storage-budget=1GiB"));
        let published = text(&path);
        for line in published.lines().filter(|line| !line.starts_with('#') && !line.ends_with(" NaN")) {
            assert!(shown.lines().any(|other| other == line), "{line} is missing in:\n{shown}");
        }
        let of = |metric| value(&shown, metric, "callisto", "");
        assert_eq!(of("storage_budget_bytes"), Some(1024.0 * 1024.0 * 1024.0));
        assert!(of("storage_bytes") > of("stored_bytes"), "{shown}");
        assert!(of("expected_duration_seconds").is_some(), "{shown}");

        // It replaces all that the file knows of the sponsor.
        std::fs::write(
            &path,
            published
                .replace("sponsor_backup_rows{", "sponsor_backup_restore_last_success_timestamp_seconds{"),
        )
        .unwrap();
        printed(derive(&trial).arg("--metrics-file").arg(&path).arg("--storage-budget=1GiB"));
        assert_eq!(text(&path), shown);
    }
}

/// Nor does a backup that exceeded a limit: its run failed.
#[test]
fn a_success_that_the_store_lost_does_not_count() {
    let trial = callisto();
    let database = trial.database("callisto");
    database.psql_as_owner("CREATE TABLE lost AS SELECT id FROM generate_series(1, 1000) AS id");
    trial.run().run().assert_code(0);
    let kept = printed(derive(&trial));
    let first = value(&kept, "last_success_timestamp_seconds", "callisto", "").unwrap();
    database.psql_as_owner("DELETE FROM lost");
    trial.run().input("max-row-drop", "1%").run().assert_code(17);
    let failed = printed(derive(&trial));
    assert_eq!(value(&failed, "last_success_timestamp_seconds", "callisto", ""), Some(first));
    assert!(value(&failed, "last_failure_timestamp_seconds", "callisto", "") > Some(first));

    for key in trial.backups("callisto").keys() {
        trial.backups("callisto").delete(&key);
    }
    let lost = printed(derive(&trial));
    for gone in ["last_success_timestamp_seconds", "rows", "stored_bytes", "retain_until_timestamp_seconds"] {
        assert_eq!(value(&lost, gone, "callisto", ""), None, "{lost}");
    }
    assert!(value(&lost, "last_attempt_timestamp_seconds", "callisto", "").is_some(), "{lost}");
}

/// It may be the record of a failure.
#[test]
fn an_unreadable_record_makes_no_success() {
    let trial = callisto();
    trial.run().run().assert_code(0);
    lose_database(&trial, "callisto");
    trial.run().run().assert_code(13);
    let records = trial.records("callisto");
    let newest = records.keys().pop().unwrap();
    records.put(&newest, b"{\"outcome\": ");
    let outcome = derive(&trial).run();
    outcome.assert_code(17);
    assert_eq!(value(&outcome.stdout, "last_success_timestamp_seconds", "callisto", ""), None);
}

/// A sponsor that cannot be asked keeps no other one's metrics back, and fails the command.
#[test]
fn what_cannot_be_asked_is_missing_and_fails() {
    let enabled = ["callisto", "titan"].map(|name| Sponsor::named(name).empty());
    let trial = Trial::of(enabled.into_iter().chain([Sponsor::named("rhea").flag(None).empty()]));
    trial.run().run().assert_code(0);
    trial.secret("titan", "SPONSOR_BACKUPS_BUCKET", Some("no-such-bucket-of-anyone"));
    let outcome = derive(&trial).run();
    outcome.assert_code(14);
    let shown = outcome.stdout.clone();
    assert!(value(&shown, "last_success_timestamp_seconds", "callisto", "").is_some(), "{shown}");
    assert_eq!(value(&shown, "last_success_timestamp_seconds", "titan", ""), None, "{shown}");
    assert!(value(&shown, "expected_within_seconds", "titan", "").is_some(), "{shown}");
    assert_eq!(value(&shown, "last_outcome", "rhea", ",outcome=\"disabled\""), Some(1.0), "{shown}");
}
