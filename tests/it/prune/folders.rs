//! `prune` of folders, where what is removed is gone for good, and of this machine's disk.

use std::time::Duration;

use super::{days_before, reason, records, told};
use crate::shelf::{at, checksum, manifest, second, timestamp};
use crate::support::{Place, Run, Sponsor, Trial, tools};

pub(super) fn folders() -> (Trial, String) {
    let sponsor = Sponsor::named("callisto").diary(3, 30).in_folders();
    let trial = Trial::plan([sponsor]).environment("staging").start();
    let taken = trial.run().run();
    taken.assert_code(0);
    let key = trial.backups("callisto").key(&taken.output("backup_location"));
    (trial, key)
}

/// The same backup, this number of days earlier.
pub(super) fn copy(place: &Place, key: &str, days: i64) -> String {
    let second_then = days_before(key, days);
    let copy = at(key, &second_then);
    let text = |key: &str| String::from_utf8(place.get(key)).unwrap();
    let name = |key: &str| key.rsplit('/').next().unwrap().to_owned();
    place.put(&copy, &place.get(key));
    place.put(&checksum(&copy), text(&checksum(key)).replace(&name(key), &name(&copy)).as_bytes());
    let described = text(&manifest(key)).replace(key, &copy);
    let described = described.replacen(&timestamp(&second(key)), &timestamp(&second_then), 1);
    place.put(&manifest(&copy), described.as_bytes());
    copy
}

pub(super) fn run(trial: &Trial, arguments: &[&str]) -> Run {
    trial.run().unset("GITHUB_ACTIONS").arg("prune").args(arguments.iter().copied())
}

#[test]
fn a_folder_is_pruned_key_for_key_as_planned() {
    let (trial, newest) = folders();
    let place = trial.backups("callisto");
    let older: Vec<String> = (1..1100).map(|days| copy(place, &newest, days)).collect();
    run(&trial, &["--keep-within", "900d"]).run().assert_code(14);
    let policy = ["--keep-within", "900d", "--unversioned"];
    let plan = run(&trial, &policy).run();
    plan.assert_code(0);
    let done = run(&trial, &[&policy[..], &["--apply"][..]].concat()).run();
    done.assert_code(0);
    let planned = told(&plan);
    assert_eq!(told(&done), planned);
    let dumps: Vec<String> =
        place.keys().into_iter().filter(|key| key.ends_with(".sql.gz")).map(|key| second(&key)).collect();
    let mut kept: Vec<String> =
        planned.into_iter().filter(|(_, action)| action == "KEEP").map(|(second, _)| second).collect();
    kept.sort();
    assert_eq!(dumps, kept);
    assert_eq!(place.keys().len(), 3 * kept.len());
    assert_eq!(records(&trial).len(), 2);
    assert!(older.iter().any(|key| !kept.contains(&second(key))));
}

/// What stays whatever it is costs nothing, and what goes is looked at one at a time.
#[test]
fn memory_does_not_grow_with_10000_backups() {
    let (trial, newest) = folders();
    let place = trial.backups("callisto");
    for days in 1..10_000 {
        copy(place, &newest, days);
    }
    let run = run(&trial, &["--keep-daily", "100", "--unversioned"]).deadline(Duration::from_secs(600));
    let plan = run.run();
    plan.assert_code(0);
    assert_eq!(told(&plan).len(), 10_000);
    println!("peak memory {} MiB", plan.peak_memory >> 20);
    assert!(plan.peak_memory < 100 << 20, "{} MiB", plan.peak_memory >> 20);
}

/// A hold in a folder is its record.
#[test]
fn a_held_backup_in_a_folder_stays() {
    let (trial, newest) = folders();
    let place = trial.backups("callisto");
    let keys: Vec<String> = [8, 9, 40, 50].map(|days| copy(place, &newest, days)).into();
    let mut hold = trial.run().unset("GITHUB_ACTIONS").arg("hold");
    hold = hold.args(["add", "--reason", "audit", "--backup", &second(&keys[2])]);
    hold.run().assert_code(0);
    let done = run(&trial, &["--keep-last", "1", "--unversioned", "--apply"]).run();
    done.assert_code(0);
    assert!(reason(&done, &keys[2]).contains("held"), "{}", done.stdout);
    assert!(place.keys().contains(&keys[2]) && !place.keys().contains(&keys[3]));
}

/// Only what is ours by its marker goes: the server of a killed drill, and an old record that the store has, too.
#[test]
fn own_leftovers_on_disk_are_listed_and_removed() {
    let (trial, _) = folders();
    let job = trial.run().workspace();
    let scratch = tools::open_folder("local");
    let dead = scratch.path().join("sponsor-backup-drill-0123456789ab");
    let other = scratch.path().join("sponsor-backup-drill-notes");
    for folder in [&dead, &other] {
        std::fs::create_dir_all(folder.join("data")).unwrap();
    }
    std::fs::write(dead.join("owner"), "").unwrap();
    let local = |arguments: &[&str]| {
        let run = run(&trial, &[&["--local", "--min-age", "1s"][..], arguments].concat());
        run.env("TMPDIR", scratch.path())
    };
    let records = || files(&job.join("deployment-logs/callisto"));
    let record = records().pop().unwrap();
    let changed = record.with_file_name("deployment-staging-20260101-000000.json");
    let text = std::fs::read_to_string(&record).unwrap();
    let stamp = timestamp(&second(&format!("{}.sql", record.file_stem().unwrap().to_str().unwrap())));
    std::fs::write(&changed, text.replace(&stamp, "2026-01-01T00:00:00Z")).unwrap();

    let listed = local(&[]).run();
    listed.assert_code(0);
    assert!(dead.exists() && record.exists(), "{}", listed.transcript());
    let done = local(&["--apply"]).run();
    done.assert_code(0);
    assert!(!dead.exists() && other.exists(), "{}", done.transcript());
    assert!(!record.exists(), "{}", done.transcript());
    assert!(changed.exists(), "its only copy\n{}", done.transcript());
    assert_eq!(trial.records("callisto").keys().len(), 1, "the store keeps it");
}

fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}
