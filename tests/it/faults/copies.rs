//! Copies to another store: killed at any step, into a store of others, and again.

use std::path::{Path, PathBuf};

use crate::support::{Run, Sponsor, Trial, tools};

fn backed_up(names: &[&str]) -> Trial {
    let trial = Trial::of(names.iter().map(|name| Sponsor::named(name).in_folders()));
    trial.run().run().assert_code(0);
    trial
}

fn copy(trial: &Trial, sponsor: &str, target: &Path) -> Run {
    let to = format!("file://{}", target.display());
    trial.wire(Run::terminal()).args(["copy", "--to", &to]).input("sponsors", sponsor)
}

/// Every file below a folder, hidden ones too.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// - fault: The kernel kills a copy to a folder at any step
/// - injected: SIGKILL at the first, second, third, … `pwrite64`, `fsync` and `renameat2` of a thread
/// - seen: The next copy succeeds, or names what a killed one left: `exists already, and is not shown to be a whole copy`. Exit code 0 or 14
/// - left: The source. No temporary file after the next copy. A dump without its manifest stays until the user removes it
#[test]
fn a_killed_copy_is_made_again_or_named() {
    let trial = backed_up(&["callisto"]);
    let source = trial.backups("callisto").keys();
    let mut codes = std::collections::BTreeSet::new();
    for call in ["pwrite64", "fsync", "renameat2"] {
        for at in 1.. {
            let target = tools::open_folder("copy");
            let killed = copy(&trial, "callisto", target.path());
            let killed = killed.injecting(&format!("{call}:signal=KILL:when={at}"), &[]).run();
            if killed.signal.is_none() {
                killed.assert_code(0);
                assert!(at > 1, "{call} was never called");
                break;
            }
            let step = format!("{call} {at}");
            let mut next = copy(&trial, "callisto", target.path()).run();
            codes.insert(next.code.unwrap());
            if next.code == Some(14) {
                let words = "exists already, and is not shown to be a whole copy";
                assert!(next.visible().contains(words), "{step}: {}", next.transcript());
                assert!(!files(target.path()).is_empty(), "{step}");
                std::fs::remove_dir_all(target.path().join("backups")).unwrap();
                next = copy(&trial, "callisto", target.path()).run();
            }
            next.assert_code(0);
            let left = files(target.path());
            assert_eq!(left.len(), 3, "{step}: {left:?}");
            assert_eq!(trial.backups("callisto").keys(), source, "{step}");
        }
    }
    assert_eq!(codes, [0, 14].into(), "the kills came at different steps");
}

/// - fault: Two sponsors' backups are copied to one folder
/// - injected: `copy` of callisto, then of rhea, with the same `to`
/// - seen: For the second, `… appears to belong to sponsor callisto`. Exit code 12
/// - left: callisto's copy alone
/// - fault: The target of a copy holds another sponsor's records
/// - injected: A record of rhea in an otherwise empty folder
/// - seen: `… appears to belong to sponsor rhea`. Exit code 12
/// - left: That record alone
#[test]
fn a_copy_does_not_go_to_what_holds_another_sponsors_objects() {
    let trial = backed_up(&["callisto", "rhea"]);
    let target = tools::open_folder("copy");
    copy(&trial, "callisto", target.path()).run().assert_code(0);
    let before = files(target.path());
    let second = copy(&trial, "rhea", target.path()).run();
    second.assert_code(12);
    assert!(second.visible().contains("appears to belong to sponsor callisto"), "{}", second.transcript());
    assert_eq!(files(target.path()), before);

    let records = tools::open_folder("copy");
    let key = trial.records("rhea").keys().remove(0);
    let record = records.path().join(&key);
    std::fs::create_dir_all(record.parent().unwrap()).unwrap();
    std::fs::write(&record, trial.records("rhea").get(&key)).unwrap();
    let refused = copy(&trial, "callisto", records.path()).run();
    refused.assert_code(12);
    assert!(refused.visible().contains("appears to belong to sponsor rhea"), "{}", refused.transcript());
    assert_eq!(files(records.path()), [record]);
    copy(&trial, "rhea", records.path()).run().assert_code(0);
}
