//! What is in a folder of backups that this program did not put there, and what changed after it did.

use std::os::unix::fs::symlink;

use crate::support::{Cluster, Outcome, Run, Sponsor, Trial, tools};

/// The key of a backup at the second of [`frozen`].
const KEY: &str = "backups/2026/06/01/backup-prod-20260601-100000.sql.gz";

fn one() -> Trial {
    Trial::of([Sponsor::named("callisto").in_folders()])
}

/// A run whose clock always shows 2026-06-01 10:00:00.
fn frozen(run: Run) -> Run {
    let run = run.env("LD_PRELOAD", tools::libfaketime()).env("FAKETIME", "2026-06-01 10:00:00");
    run.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("TZ", "UTC")
}

#[track_caller]
fn assert_message(outcome: &Outcome, code: i32, words: &[&str]) {
    outcome.assert_code(code);
    let message = outcome.result("callisto")["message"].as_str().unwrap().to_owned();
    assert!(words.iter().all(|word| message.contains(word)), "{message}");
}

// serves: 11.10(e)/not-replaced
/// - fault: The key of a backup is taken during the dump
/// - injected: A file for each second since the start, while the dump waits for a lock
/// - seen: `exists already and was not overwritten`, with the location. Exit code 14
/// - left: The files with their old content, and a record of the failure
#[test]
fn a_key_that_is_taken_is_never_overwritten() {
    let trial = one();
    let (backups, database) = (trial.backups("callisto"), trial.database("callisto"));
    let migration = database.hold("LOCK TABLE patients IN ACCESS EXCLUSIVE MODE");
    let start = jiff::Timestamp::now();
    let running = trial.run().start();
    database.wait_until_a_dump_waits();
    let end = jiff::Timestamp::now();
    for second in start.as_second()..=end.as_second() {
        let at = jiff::Timestamp::from_second(second).unwrap().strftime("%Y%m%d-%H%M%S").to_string();
        backups.put(&at_second(&at), b"another's");
    }
    let before = backups.keys();
    drop(migration);
    let outcome = running.wait();
    assert_message(&outcome, 14, &[&backups.location(""), "exists already and was not overwritten"]);
    assert_eq!(outcome.log("callisto")["outcome"], "failure");
    assert_eq!(backups.keys(), before);
    assert!(before.iter().all(|key| backups.get(key) == b"another's"));
}

fn at_second(second: &str) -> String {
    super::super::shelf::at(KEY, second)
}

/// - fault: Two runs use the same second
/// - injected: Two runs at once
/// - seen: Success for both under different keys, or one run reports `exists already and was not overwritten`
/// - left: A complete backup of each run that succeeded
#[test]
fn two_runs_in_one_second_do_not_meet() {
    let trial = one();
    let runs = [trial.run().start(), trial.run().start()].map(|running| running.wait());
    let succeeded: Vec<_> = runs.iter().filter(|run| run.code == Some(0)).collect();
    for run in runs.iter().filter(|run| run.code != Some(0)) {
        assert_message(run, 14, &["exists already and was not overwritten"]);
    }
    let locations: std::collections::BTreeSet<_> =
        succeeded.iter().map(|run| run.output("backup_location")).collect();
    assert!(!succeeded.is_empty() && locations.len() == succeeded.len(), "{locations:?}");
    assert_eq!(trial.backups("callisto").keys().len(), 3 * succeeded.len());
    for location in locations {
        trial.run().input("command", "verify").input("backup", location).run().assert_code(0);
    }
}

/// - fault: A directory is at the place of a backup
/// - injected: A directory under the key, and a clock that does not move
/// - seen: `is a directory, not a file`, with the path. Exit code 14
/// - left: The empty directory, and a record of the failure
#[test]
fn a_directory_in_the_place_of_a_backup_stays() {
    let trial = one();
    let place = trial.folder("callisto").join(KEY);
    std::fs::create_dir_all(&place).unwrap();
    let outcome = frozen(trial.run()).run();
    assert_message(&outcome, 14, &[place.to_str().unwrap(), "is a directory, not a file"]);
    assert_eq!(std::fs::read_dir(&place).unwrap().count(), 0);
    assert_eq!(trial.backups("callisto").keys(), [""; 0]);
}

/// - fault: A named pipe is at the place of a backup
/// - injected: `mkfifo` under the key, and a clock that does not move
/// - seen: `is a named pipe, not a file`, with the path. Exit code 14
/// - left: The pipe, and no other file
#[test]
fn a_pipe_in_the_place_of_a_backup_does_not_block() {
    let trial = one();
    let place = trial.folder("callisto").join(KEY);
    std::fs::create_dir_all(place.parent().unwrap()).unwrap();
    tools::run("mkfifo", [place.to_str().unwrap()]);
    let outcome = frozen(trial.run()).run();
    assert_message(&outcome, 14, &[place.to_str().unwrap(), "is a named pipe, not a file"]);
    assert_eq!(trial.backups("callisto").keys(), [KEY]);
}

/// - fault: The folder of a date is a symbolic link
/// - injected: A link to a folder outside, for the folder of the day
/// - seen: `is a symbolic link, not a directory`, with the path. Exit code 14
/// - left: Nothing in the folder that the link leads to
#[test]
fn a_link_in_the_place_of_a_date_is_not_followed() {
    let trial = one();
    let outside = tools::open_folder("outside");
    let day = trial.folder("callisto").join("backups/2026/06/01");
    std::fs::create_dir_all(day.parent().unwrap()).unwrap();
    symlink(outside.path(), &day).unwrap();
    let outcome = frozen(trial.run()).run();
    assert_message(&outcome, 14, &[day.to_str().unwrap(), "is a symbolic link, not a directory"]);
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
}

/// - fault: A symbolic link has the name of a temporary file
/// - injected: A link to a file outside, in the folder of the day
/// - seen: `is a symbolic link, not a file`, with the path. Exit code 14
/// - left: The link, and the file outside as it was
#[test]
fn a_link_with_a_temporary_name_is_not_followed() {
    let trial = one();
    let outside = tools::open_folder("outside");
    let file = outside.path().join("file");
    std::fs::write(&file, "another's").unwrap();
    let day = trial.folder("callisto").join("backups/2026/06/01");
    std::fs::create_dir_all(&day).unwrap();
    let name = ".backup-prod-20260601-100000.sql.gz.0123456789abcdef0123456789abcdef.partial";
    symlink(&file, day.join(name)).unwrap();
    let outcome = frozen(trial.run()).run();
    assert_message(&outcome, 14, &[name, "is a symbolic link, not a file"]);
    assert_eq!(std::fs::read_to_string(file).unwrap(), "another's");
    assert_eq!(trial.backups("callisto").keys().len(), 1);
}

/// - fault: One bit of a stored dump flips on the disk
/// - injected: The change of one bit in the middle of the file
/// - seen: `verify`, `drill` and `restore` name the backup and what was altered. Exit code 17
/// - left: The target database of the restore as it was
#[test]
fn a_bit_that_flips_on_the_disk_is_found_by_every_reader() {
    let trial = one();
    trial.run().run().assert_code(0);
    let backups = trial.backups("callisto");
    let key = backups.dumps().remove(0);
    let mut bytes = backups.get(&key);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    backups.put(&key, &bytes);
    let location = backups.location(&key);
    for command in ["verify", "drill"] {
        assert_message(&trial.run().input("command", command).run(), 17, &[&location]);
    }
    let target = Cluster::shared().database("target");
    let restore = trial.run().input("command", "restore").env("TARGET_DATABASE_URL", target.url());
    assert_message(&restore.run(), 17, &[&location]);
    assert_eq!(target.row_counts().len(), 0);
}
