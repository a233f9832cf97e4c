//! `metrics-file`: a run replaces what it knows and keeps the rest, and no reader ever sees half of it.

use std::os::unix::fs::PermissionsExt as _;

use super::{callisto, lose_database, metrics_file, text, value};
use crate::support::{Sponsor, Trial, tools};

#[test]
fn a_failure_keeps_the_last_success() {
    let (trial, folder) = (callisto(), tempfile::tempdir().unwrap());
    let path = metrics_file(&folder);
    let run = || trial.run().input("metrics-file", &path);
    run().run().assert_code(0);
    let first = text(&path);
    let success = value(&first, "last_success_timestamp_seconds", "callisto", "").unwrap();
    assert_eq!(value(&first, "last_attempt_timestamp_seconds", "callisto", ""), Some(success));
    assert_eq!(value(&first, "last_failure_timestamp_seconds", "callisto", ""), None);
    assert_eq!(value(&first, "last_outcome", "callisto", ",outcome=\"success\""), Some(1.0));
    assert!(value(&first, "stored_bytes", "callisto", "").unwrap() > 100.0);
    assert!(value(&first, "rows", "callisto", "").unwrap() > 1.0);
    assert!(value(&first, "retain_until_timestamp_seconds", "callisto", "").unwrap() > success);
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);

    lose_database(&trial, "callisto");
    run().run().assert_code(13);
    let second = text(&path);
    let of = |metric| value(&second, metric, "callisto", "");
    assert_eq!(of("last_success_timestamp_seconds"), Some(success));
    assert_eq!(of("stored_bytes"), value(&first, "stored_bytes", "callisto", ""));
    assert!(of("last_failure_timestamp_seconds") > Some(success));
    assert_eq!(of("last_attempt_timestamp_seconds"), of("last_failure_timestamp_seconds"));
    assert_eq!(value(&second, "last_outcome", "callisto", ",outcome=\"success\""), Some(0.0));
    assert_eq!(value(&second, "last_outcome", "callisto", ",outcome=\"failure\""), Some(1.0));
    let left: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["backups.prom"]);
}

/// Whichever sponsors are selected, all enabled ones are expected.
#[test]
fn matrix_says_of_whom_backups_are_expected() {
    let trial = Trial::of(
        ["callisto", "titan"].map(|name| Sponsor::named(name).empty()).into_iter().chain([Sponsor::named(
            "rhea",
        )
        .empty()
        .disabled()]),
    );
    let folder = tempfile::tempdir().unwrap();
    let path = metrics_file(&folder);
    let run = || trial.run().input("command", "matrix").input("metrics-file", &path);
    run().input("sponsors", "titan").run().assert_code(0);
    let expected = |sponsor| value(&text(&path), "expected_within_seconds", sponsor, "");
    assert_eq!(["callisto", "titan", "rhea"].map(expected), [Some(28800.0), Some(28800.0), None]);
    run().input("max-backup-age", "26h").run().assert_code(0);
    assert_eq!(["callisto", "titan"].map(expected), [Some(93600.0), Some(93600.0)]);
    // A plan has nothing to publish.
    std::fs::remove_file(&path).unwrap();
    trial.run().input("metrics-file", &path).input("dry-run", "true").run().assert_code(0);
    assert!(!path.exists());
}

/// Each at a step of writing: the old file is whole, and the next run goes on.
#[test]
fn a_run_that_is_killed_while_writing_leaves_the_old_file() {
    let (trial, folder) = (Trial::of([Sponsor::named("callisto").empty()]), tempfile::tempdir().unwrap());
    let path = metrics_file(&folder);
    let run = |age: &str| {
        trial.run().input("command", "matrix").input("metrics-file", &path).input("max-backup-age", age)
    };
    run("8h").run().assert_code(0);
    let before = text(&path);
    let pending = folder.path().join("backups.prom.pending");
    for call in ["write", "fsync", "rename"] {
        let inject = format!("{call}:signal=KILL");
        let outcome = run("9h").injecting(&inject, &["-P", pending.to_str().unwrap()]).run();
        assert!(outcome.code.is_none_or(|code| code == 137), "{call}: {}", outcome.transcript());
        assert!(pending.exists(), "{call} was not reached: {}", outcome.transcript());
        assert_eq!(text(&path), before, "{call}");
    }
    run("9h").run().assert_code(0);
    assert_eq!(value(&text(&path), "expected_within_seconds", "callisto", ""), Some(32400.0));
    assert!(!pending.exists());
}

#[test]
fn legs_that_write_at_once_lose_nothing() {
    let names = ["callisto", "titan", "rhea", "europa"];
    let (trial, folder) =
        (Trial::of(names.map(|name| Sponsor::named(name).empty())), tempfile::tempdir().unwrap());
    let path = metrics_file(&folder);
    let legs = names.map(|name| trial.run().input("sponsors", name).input("metrics-file", &path).start());
    for leg in legs {
        leg.wait().assert_code(0);
    }
    for name in names {
        assert!(value(&text(&path), "last_success_timestamp_seconds", name, "").is_some(), "{name}");
    }
}

/// The backup counts all the same.
#[test]
fn a_file_that_is_not_ours_is_left_alone() {
    let (trial, folder) = (callisto(), tempfile::tempdir().unwrap());
    let path = metrics_file(&folder);
    std::fs::write(&path, "node_load1 0.5\n").unwrap();
    let outcome = trial.run().input("metrics-file", &path).run();
    outcome.assert_code(0);
    let warnings = outcome.annotations("warning").concat();
    assert!(warnings.contains("it holds something else than metrics of sponsor-backup"), "{warnings}");
    assert_eq!(text(&path), "node_load1 0.5\n");
    let pipe = folder.path().join("pipe.prom");
    tools::run("mkfifo", [pipe.to_str().unwrap()]);
    let outcome = trial.run().input("metrics-file", &pipe).run();
    outcome.assert_code(0);
    assert!(outcome.annotations("warning").concat().contains("it is not a file of this kind"));
    let link = folder.path().join("link.prom");
    std::os::unix::fs::symlink("target.prom", &link).unwrap();
    std::fs::write(folder.path().join("target.prom"), "").unwrap();
    trial.run().input("metrics-file", &link).run().assert_code(0);
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(text(&link).contains("last_success"));
    trial.run().input("metrics-file", folder.path().join("backups.txt")).run().assert_code(2);
    let nowhere = trial.run().input("metrics-file", "/nonexistent/backups.prom").run();
    nowhere.assert_code(0);
    assert!(nowhere.annotations("warning").concat().contains("cannot write `metrics-file`"));
}
