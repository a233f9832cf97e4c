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

/// - fault: The key of a backup exists already
/// - injected: A file under the key, and a clock that does not move
/// - seen: `exists already and was not overwritten`, with the location. Exit code 14
/// - left: The file with its old content, and a record of the failure
/// - fault: Two runs use the same second
/// - injected: Two runs, one after the other, with a clock that does not move
/// - seen: The second run reports `exists already and was not overwritten`. Exit code 14
/// - left: The first run's complete backup, unchanged
#[test]
fn a_key_that_is_taken_is_never_overwritten() {
    let trial = one();
    trial.backups("callisto").put(KEY, b"another's");
    let outcome = frozen(trial.run()).run();
    assert_message(&outcome, 14, &[KEY, "exists already and was not overwritten"]);
    assert_eq!(outcome.log("callisto")["outcome"], "failure");
    assert_eq!(trial.backups("callisto").keys(), [KEY]);
    assert_eq!(trial.backups("callisto").get(KEY), b"another's");
    let trial = one();
    frozen(trial.run()).run().assert_code(0);
    let first = trial.backups("callisto").get(KEY);
    assert_message(&frozen(trial.run()).run(), 14, &[KEY, "exists already and was not overwritten"]);
    assert_eq!((trial.backups("callisto").get(KEY), trial.backups("callisto").keys().len()), (first, 3));
    trial.run().input("command", "verify").run().assert_code(0);
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
/// - seen: Success, with a warning that names the link. Exit code 0
/// - left: The complete backup, and the file outside as it was
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
    outcome.assert_code(0);
    assert!(outcome.stdout.contains("is a symbolic link, not a file"), "{}", outcome.transcript());
    assert_eq!(std::fs::read_to_string(file).unwrap(), "another's");
    assert_eq!(trial.backups("callisto").keys().len(), 4);
}

/// - fault: One bit of a stored dump flips on the disk
/// - injected: The change of one bit in the middle of the file
/// - seen: `verify`, `drill` and `restore` report a SHA-256 that differs. Exit codes 17, 17 and 17
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
    for command in ["verify", "drill"] {
        assert_message(&trial.run().input("command", command).run(), 17, &["SHA-256"]);
    }
    let target = Cluster::shared().database("target");
    let restore = trial.run().input("command", "restore").env("TARGET_DATABASE_URL", target.url());
    assert_message(&restore.run(), 17, &["SHA-256"]);
    assert_eq!(target.row_counts().len(), 0);
}
