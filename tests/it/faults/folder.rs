//! A file system below a folder of backups that refuses: strace gives its answers to the program's own system calls.

use std::time::Duration;

use crate::support::{Outcome, Run, Sponsor, Trial};

fn one() -> Trial {
    Trial::of([Sponsor::named("callisto").in_folders()])
}

/// Runs a backup while a system call fails.
fn injected(trial: &Trial, inject: &str) -> Outcome {
    trial.run().injecting(inject, &[]).run()
}

/// The run failed with these words, showed nothing, left no file, and recorded its failure in its log at least.
#[track_caller]
fn assert_refused(trial: &Trial, outcome: &Outcome, words: &str) {
    outcome.assert_code(14);
    let result = outcome.result("callisto");
    let message = result["message"].as_str().unwrap();
    assert!(message.contains(words), "{message}");
    assert!(message.contains(trial.folder("callisto").to_str().unwrap()), "{message}");
    assert_eq!(trial.backups("callisto").keys(), [""; 0]);
    let logs = outcome.logs();
    assert!(logs.iter().all(|(_, log)| log["outcome"] == "failure"), "{logs:#?}");
    assert!(outcome.stdout.contains("\"outcome\": \"failure\""), "{}", outcome.transcript());
}

/// - fault: The disk quota of a folder's owner is used up
/// - injected: EDQUOT for each write, or for each sync
/// - seen: The path, what was attempted, and that the quota is exceeded. Exit code 14
/// - left: No file in the folder. A record of the failure in the log
#[test]
fn a_quota_that_is_used_up_is_an_error_with_the_path() {
    for (inject, words) in
        [("pwrite64:error=EDQUOT", "cannot write "), ("fsync:error=EDQUOT", "cannot sync ")]
    {
        let trial = one();
        let outcome = injected(&trial, inject);
        assert_refused(&trial, &outcome, words);
        assert_refused(&trial, &outcome, "disk quota exceeded");
    }
}

/// - fault: The disk of a folder fails when data must reach it
/// - injected: EIO for each sync
/// - seen: The path, the input/output error, and the advice to check the disk. Exit code 14
/// - left: No file in the folder. A record of the failure in the log
#[test]
fn a_disk_that_loses_what_was_written_is_believed() {
    let trial = one();
    let outcome = injected(&trial, "fsync:error=EIO");
    assert_refused(&trial, &outcome, "input/output error");
    assert!(outcome.stdout.contains("dmesg"), "{}", outcome.transcript());
}

/// - fault: A file system cannot rename without replacing
/// - injected: EINVAL for each `renameat2`
/// - seen: Success: the run creates hard links instead. Exit code 0
/// - left: The complete backup and its record, without temporary files
/// - fault: A file system can neither rename without replacing nor create hard links
/// - injected: EINVAL for each `renameat2`, EPERM for each `linkat`
/// - seen: `this file system cannot rename a file without replacing another`, with the path. Exit code 14
/// - left: No file in the folder. A record of the failure in the workspace
#[test]
fn a_file_system_that_can_only_replace_is_not_used() {
    let trial = one();
    injected(&trial, "renameat2:error=EINVAL").assert_code(0);
    assert_eq!((trial.backups("callisto").keys().len(), trial.records("callisto").keys().len()), (3, 1));
    trial.run().input("command", "verify").run().assert_code(0);
    let trial = one();
    let run = trial.run().injecting("linkat:error=EPERM", &[]);
    // One strace injects both.
    let outcome = with_one_more(run, "renameat2:error=EINVAL").run();
    assert_refused(&trial, &outcome, "cannot rename a file without replacing another");
}

fn with_one_more(run: Run, inject: &str) -> Run {
    run.first_arguments(&["-e", &format!("inject={inject}")])
}

/// - fault: A network file system fails to rename
/// - injected: EXDEV for each `renameat2`
/// - seen: `cannot publish …: invalid cross-device link`, with the path. Exit code 14
/// - left: No file in the folder. A record of the failure in the workspace
/// - fault: A network file system finds a name taken that is free
/// - injected: EEXIST for each `renameat2`
/// - seen: `cannot publish …: file exists`, with the path. Exit code 14
/// - left: No file in the folder. A record of the failure in the workspace
/// - fault: The file system of a folder becomes read-only after an error
/// - injected: EROFS for each `mkdirat`
/// - seen: `cannot create …: read-only file system`, with the path. Exit code 14
/// - left: No file in the folder. A record of the failure in the workspace
#[test]
fn a_rename_that_fails_is_an_error_with_the_path() {
    for (inject, words) in [
        ("renameat2:error=EXDEV", "invalid cross-device link"),
        ("renameat2:error=EEXIST", "file exists"),
        ("mkdirat:error=EROFS", "read-only file system"),
    ] {
        let trial = one();
        assert_refused(&trial, &injected(&trial, inject), words);
    }
}

/// - fault: The file system of a folder does not answer, as a mount whose server is gone
/// - injected: Each call with the path of callisto's folder for records takes 30 seconds
/// - seen: The path, and `does not answer within 20 seconds`. Exit code 14
/// - left: Nothing of callisto. The other sponsor's backup
#[test]
fn a_folder_that_never_answers_fails_its_sponsor_alone() {
    let trial = Trial::of(["callisto", "rhea"].map(|name| Sponsor::named(name).in_folders()));
    let folder = trial.log_folder("callisto").to_str().unwrap().to_owned();
    // strace itself ends only after the last delay.
    let frozen = "statx,newfstatat,readlink,openat:delay_enter=30000000";
    let outcome = trial.run().injecting(frozen, &["-P", &folder]).deadline(Duration::from_secs(120)).run();
    outcome.assert_code(14);
    let message = outcome.result("callisto")["message"].as_str().unwrap().to_owned();
    assert_eq!(message, format!("{folder} does not answer within 20 seconds"));
    assert_eq!(outcome.result("rhea")["outcome"], "success");
    assert_eq!(trial.backups("callisto").keys(), [""; 0]);
}

/// - fault: A run is killed while it writes a record to a folder
/// - injected: A temporary file of a record, whose writer is gone
/// - seen: `removed an unfinished record of an earlier run`, with its location. Exit code 0
/// - left: The new record, and no temporary file
#[test]
fn the_next_record_removes_what_a_killed_run_left() {
    let trial = one();
    let day = trial.log_folder("callisto").join("deployments/2026/01/01");
    std::fs::create_dir_all(&day).unwrap();
    let name = "deployment-prod-20260101-000000.json";
    let left = day.join(format!(".{name}.{}.partial", "0a".repeat(16)));
    std::fs::write(&left, "{").unwrap();
    let outcome = trial.run().run();
    outcome.assert_code(0);
    assert!(!left.exists());
    let words = "callisto: removed an unfinished record of an earlier run: file://";
    assert!(outcome.visible().contains(words), "{}", outcome.transcript());
    assert_eq!(trial.records("callisto").keys().len(), 1);
}

/// - fault: The kernel kills a backup to a folder at any step
/// - injected: SIGKILL at the first, second, third, … `mkdirat`, `pwrite64`, `fsync` and `renameat2` of a thread
/// - seen: `list` shows nothing, or what is left as unfinished, without a manifest or foreign, and `verify` fails. The next backup succeeds
/// - left: The next backup removes or names temporary files. A dump without its manifest stays, and is never called a backup
#[test]
fn a_killed_run_is_unfinished_and_the_next_one_succeeds() {
    let mut seen = std::collections::BTreeSet::new();
    for call in ["mkdirat", "pwrite64", "fsync", "renameat2"] {
        for at in 1.. {
            let trial = one();
            let outcome = injected(&trial, &format!("{call}:signal=KILL:when={at}"));
            if outcome.signal.is_none() {
                outcome.assert_code(0);
                assert!(at > 1, "{call} was never called");
                break;
            }
            assert_eq!(outcome.signal, Some(9));
            seen.insert(assert_recovers(&trial, &format!("{call} {at}")));
        }
    }
    // Nothing, a temporary file, the dump alone: the kills came at different steps.
    assert!(seen.len() >= 3, "{seen:?}");
}

/// Checks what a killed run left, and gives the number of files and whether a dump is visible.
fn assert_recovers(trial: &Trial, step: &str) -> (usize, usize) {
    let backups = trial.backups("callisto");
    let left = (backups.keys().len(), backups.dumps().len());
    let is_whole =
        backups.keys().iter().any(|key| key.ends_with(".sql.gz.manifest.json") && !key.contains("/."));
    let list = trial.wire(Run::terminal()).args(["list", "--json"]).run();
    list.assert_code(0);
    let rows: Vec<serde_json::Value> = serde_json::from_str(&list.stdout).unwrap();
    let rest = ["unfinished", "missing manifest", "foreign"];
    let expected: &[&str] = if is_whole { &["complete"] } else { &rest };
    assert!(rows.iter().all(|row| expected.contains(&row["status"].as_str().unwrap())), "{step}: {rows:#?}");
    assert_eq!(rows.len(), usize::from(left.0 > 0), "{step}: {rows:#?}");
    let verify = trial.run().input("command", "verify").run();
    assert_eq!(verify.code == Some(0), is_whole, "{step}: {}", verify.transcript());
    let next = trial.run().run();
    next.assert_code(0);
    let temporary = |key: &String| key.ends_with(".partial");
    assert!(!backups.keys().iter().any(temporary), "{step}: {:?}", backups.keys());
    trial.run().input("command", "verify").run().assert_code(0);
    left
}
