//! Disks below folders of backups: full, read-only, removed or unmounted, before or during a run.

use crate::support::{Disk, Outcome, Run, Sponsor, Trial};

fn two() -> Trial {
    Trial::of(["callisto", "rhea"].map(|name| Sponsor::named(name).in_folders()))
}

/// Callisto's backup failed with these words and is recorded as failed; rhea's is complete.
#[track_caller]
fn assert_only_callisto_failed(trial: &Trial, outcome: &Outcome, words: &str) {
    outcome.assert_code(14);
    let message = outcome.result("callisto")["message"].as_str().unwrap().to_owned();
    assert!(message.contains(words), "{message}");
    assert!(message.contains(trial.folder("callisto").to_str().unwrap()), "{message}");
    assert_eq!(outcome.log("callisto")["outcome"], "failure");
    let records = trial.records("callisto");
    let stored = records.keys();
    assert_eq!(stored.len(), 1, "{stored:?}");
    assert_eq!(records.get_json(&stored[0])["outcome"], "failure");
    assert_eq!(outcome.result("rhea")["outcome"], "success");
    assert_eq!(trial.backups("rhea").keys().len(), 3);
}

/// - fault: The disk of a folder is full, at any of 22 places in a backup
/// - injected: A file system in memory with 0, 20, 40, … pages left, and with room for the dump alone and for the dump and one more file
/// - seen: `cannot …: no space left on device`, with the path. Exit code 14
/// - left: No temporary file. `list` never shows a dump without its other files as complete. Each run's record in the other folder says failure
#[test]
fn a_disk_that_is_full_at_any_place_fails_the_backup() {
    let trial = Trial::of([Sponsor::named("callisto").empty().in_folders()]);
    trial.database("callisto").load_noise(3);
    trial.run().run().assert_code(0);
    let backups = trial.backups("callisto");
    let dump = backups.dumps().remove(0);
    let pages = backups.get(&dump).len().div_ceil(4096);
    assert!(pages > 400, "{pages}");
    let disk = Disk::private(trial.folder("callisto"), "16m");
    let offsets = (0..20).map(|step| step * 20).chain([pages, pages + 1]);
    let mut visible = 0;
    for free in offsets {
        let before = trial.records("callisto").keys();
        disk.leave(free);
        let outcome = trial.run().run();
        outcome.assert_code(14);
        let message = outcome.result("callisto")["message"].as_str().unwrap().to_owned();
        assert!(message.contains("no space left on device"), "{free}: {message}");
        assert!(message.contains(trial.folder("callisto").to_str().unwrap()), "{free}: {message}");
        let keys = backups.keys();
        assert!(!keys.iter().any(|key| key.contains("/.") || key.ends_with(".manifest.json")), "{keys:?}");
        if free < 400 {
            assert_eq!(keys, [""; 0], "{free}");
        }
        visible += keys.len();
        let list = trial.wire(Run::terminal()).args(["list", "--json"]).run();
        let rows: Vec<serde_json::Value> = serde_json::from_str(&list.stdout).unwrap();
        let rest = ["unfinished", "missing manifest", "foreign"];
        assert!(rows.iter().all(|row| rest.contains(&row["status"].as_str().unwrap())), "{rows:#?}");
        assert_eq!(rows.len(), backups.dumps().len());
        let records = trial.records("callisto");
        let new: Vec<_> = records.keys().into_iter().filter(|key| !before.contains(key)).collect();
        assert_eq!(new.len(), 1, "{free}: {new:?}");
        assert_eq!(records.get_json(&new[0])["outcome"], "failure");
        keys.iter().for_each(|key| backups.delete(key));
    }
    assert!(visible > 0, "no disk was full after the dump");
}

/// - fault: The file system of a folder is mounted read-only
/// - injected: A file system in memory, mounted read-only
/// - seen: `read-only file system`, with the path. Exit code 14
/// - left: Nothing in the folder. The other sponsor's backup, and a record of the failure
#[test]
fn a_read_only_folder_fails_its_sponsor_alone() {
    let trial = two();
    let disk = Disk::private(trial.folder("callisto"), "8m");
    disk.make_read_only();
    let outcome = trial.run().run();
    assert_only_callisto_failed(&trial, &outcome, "read-only file system");
    assert_eq!(trial.backups("callisto").keys(), [""; 0]);
}

/// What becomes of callisto's folder while its dump waits for a lock.
fn during_the_dump(trial: &Trial, change: impl FnOnce()) -> Outcome {
    let database = trial.database("callisto");
    let migration = database.hold("LOCK TABLE patients IN ACCESS EXCLUSIVE MODE");
    let running = trial.run().start();
    database.wait_until_a_dump_waits();
    change();
    drop(migration);
    running.wait()
}

/// - fault: The file system of a folder becomes read-only during the dump
/// - injected: A new mount option, while the dump waits for a lock
/// - seen: `read-only file system`, with the path. Exit code 14
/// - left: Nothing in the folder. The other sponsor's backup, and a record of the failure
#[test]
fn a_folder_that_becomes_read_only_fails_its_sponsor_alone() {
    let trial = two();
    let disk = Disk::private(trial.folder("callisto"), "8m");
    let outcome = during_the_dump(&trial, || disk.make_read_only());
    assert_only_callisto_failed(&trial, &outcome, "read-only file system");
    assert_eq!(trial.backups("callisto").keys(), [""; 0]);
}

/// - fault: The file system of a folder is unmounted during the dump
/// - injected: A lazy unmount, while the dump waits for a lock
/// - seen: `was removed, moved or unmounted during the run`, with the path. Exit code 14
/// - left: Nothing in the empty directory below the mount. The other sponsor's backup, and a record of the failure
#[test]
fn a_folder_that_is_unmounted_fails_its_sponsor_alone() {
    let trial = two();
    let disk = Disk::private(trial.folder("callisto"), "8m");
    let outcome = during_the_dump(&trial, || drop(disk));
    assert_only_callisto_failed(&trial, &outcome, "was removed, moved or unmounted during the run");
    assert_eq!(std::fs::read_dir(trial.folder("callisto")).unwrap().count(), 0);
}

/// - fault: A folder is removed during the dump
/// - injected: The removal, while the dump waits for a lock
/// - seen: `was removed, moved or unmounted during the run`, with the path. Exit code 14
/// - left: No new folder. The other sponsor's backup, and a record of the failure
/// - fault: A folder is moved during the dump
/// - injected: A new name, while the dump waits for a lock
/// - seen: `was removed, moved or unmounted during the run`, with the path. Exit code 14
/// - left: Nothing in the moved folder. The other sponsor's backup, and a record of the failure
#[test]
fn a_folder_that_is_removed_fails_its_sponsor_alone() {
    let trial = two();
    let folder = trial.folder("callisto");
    let outcome = during_the_dump(&trial, || std::fs::remove_dir_all(folder).unwrap());
    assert_only_callisto_failed(&trial, &outcome, "was removed, moved or unmounted during the run");
    assert!(!folder.exists());
    let trial = two();
    let folder = trial.folder("callisto");
    let moved = folder.with_file_name("moved");
    let outcome = during_the_dump(&trial, || std::fs::rename(folder, &moved).unwrap());
    assert_only_callisto_failed(&trial, &outcome, "was removed, moved or unmounted during the run");
    assert!(!folder.exists());
    assert_eq!(std::fs::read_dir(moved).unwrap().count(), 0);
}
