//! Backups of earlier releases stay readable: each one below `tests/fixtures/released` goes through every command that reads.

use std::path::{Path, PathBuf};

use crate::support::{Cluster, Database, Outcome, Sponsor, Trial};

/// Every file below a folder, with its path below it.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for path in std::fs::read_dir(&next).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                let key = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.push((key, std::fs::read(&path).unwrap()));
            }
        }
    }
    found
}

/// A sponsor whose buckets hold what a release wrote.
fn trial_of(release: &Path) -> Trial {
    let trial = Trial::of([Sponsor::named("callisto").diary(1, 1)]);
    for (key, bytes) in files(release) {
        let bucket = if key.starts_with("deployments/") {
            trial.log_bucket("callisto")
        } else {
            trial.bucket("callisto")
        };
        trial.store.put(bucket, &key, bytes);
    }
    trial
}

fn releases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/released");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let releases: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    assert!(!releases.is_empty());
    releases
}

fn well(outcome: &Outcome, state: &str) {
    outcome.assert_code(0);
    assert_eq!((outcome.output("outcome").as_str(), outcome.output("state").as_str()), ("success", state));
}

// serves: 11.10(c)/retrievable
#[test]
fn backups_of_earlier_releases_still_pass_every_command() {
    for release in releases() {
        let trial = trial_of(&release);
        let run = |command: &str| trial.run().input("command", command);
        let list = run("list").run();
        well(&list, "");
        assert!(list.stdout.contains("220"), "the rows of the manifest: {}", list.transcript());
        well(&run("show").run(), "");
        well(&run("verify").run(), "verified");
        well(&run("verify").input("all", "true").run(), "verified");
        well(&run("drill").run(), "proven");
        let role = Cluster::shared().database("released");
        role.psql(&format!("ALTER ROLE \"{}\" CREATEDB", role.user));
        let target = Database { name: format!("{}_new", role.name), ..role.clone() };
        // What release 0.1 stored does not say which database it came from.
        let confirm = target.name.clone();
        let run = run("restore").env("TARGET_DATABASE_URL", target.url()).input("confirm", confirm);
        let restored = run.run();
        well(&restored, "proven");
        assert_eq!(restored.result("callisto")["target"], "created");
        // It has no index, so one table is found by reading it through.
        let one = trial.run().input("command", "restore").env("TARGET_DATABASE_URL", target.url());
        let one = one.input("tables", "diary.entries").input("into", "recovered").run();
        well(&one, "proven");
        assert!(one.stdout.contains("the whole backup, once"), "{}", one.transcript());
        assert_eq!(target.psql("SELECT count(*) FROM recovered.entries"), "200");
    }
}
