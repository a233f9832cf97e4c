//! Each command on each kind of store: one good and two bad runs, from one body.

use serde_json::Value;

use crate::support::{Cluster, Outcome, Place, Run, Sponsor, Trial};

const KINDS: [fn(Sponsor) -> Sponsor; 2] = [|sponsor| sponsor, Sponsor::in_folders];

/// The same sponsor with buckets, and with folders.
fn each() -> impl Iterator<Item = Trial> {
    KINDS.into_iter().map(|kind| Trial::of([kind(Sponsor::named("callisto"))]))
}

fn run(trial: &Trial, command: &str) -> Run {
    trial.run().input("command", command)
}

/// Takes a backup; gives its place and key.
#[track_caller]
fn backed_up(trial: &Trial) -> (&Place, String) {
    let outcome = run(trial, "backup").run();
    outcome.assert_code(0);
    let place = trial.backups("callisto");
    let key = place.key(&outcome.output("backup_location"));
    assert_eq!(place.keys().len(), 3, "{:?}", place.keys());
    (place, key)
}

/// A secret that names no store, and one that names a store that does not exist.
fn nowhere(place: &Place) -> [(String, i32); 2] {
    let missing = format!("{}-nowhere", place.secret());
    [("no store".to_owned(), 12), (missing, 14)]
}

/// Changes one byte of an object.
fn spoil(place: &Place, key: &str) {
    let mut bytes = place.get(key);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    place.put(key, &bytes);
}

#[track_caller]
fn message(outcome: &Outcome, code: i32) -> String {
    outcome.assert_code(code);
    outcome.result("callisto")["message"].as_str().unwrap().to_owned()
}

// serves: 11.10(a)/reliable
#[test]
fn backup_stores_three_objects_or_none() {
    for trial in each() {
        let (place, key) = backed_up(&trial);
        assert_eq!(place.get_json(&format!("{key}.manifest.json"))["key"], key);
        let records = trial.records("callisto");
        let [record] = &records.keys()[..] else { panic!("{:?}", records.keys()) };
        assert_eq!(records.get_json(record)["backup_location"], place.location(&key));
        for (secret, code) in nowhere(place) {
            trial.secret("callisto", "SPONSOR_BACKUPS_BUCKET", Some(&secret));
            run(&trial, "backup").run().assert_code(code);
            assert_eq!(place.keys().len(), 3);
        }
    }
}

#[test]
fn record_stores_one_object_or_fails() {
    for trial in each() {
        let records = trial.records("callisto");
        let record = || run(&trial, "record").input("outcome", "success").run();
        let outcome = record();
        outcome.assert_code(0);
        let key = records.key(&outcome.output("deployment_log"));
        assert_eq!(
            (records.keys(), &records.get_json(&key)["outcome"]),
            (vec![key.clone()], &"success".into())
        );
        for (secret, _) in nowhere(records) {
            trial.secret("callisto", "SPONSOR_AUDIT_LOGS_BUCKET", Some(&secret));
            assert_ne!(record().code, Some(0), "{secret}");
            assert_eq!(records.keys().len(), 1);
        }
    }
}

#[test]
fn list_shows_what_is_there_or_fails() {
    for trial in each() {
        let (place, key) = backed_up(&trial);
        let list = || trial.wire(Run::terminal()).args(["list", "--json"]).run();
        let rows = |outcome: &Outcome| serde_json::from_str::<Vec<Value>>(&outcome.stdout).unwrap();
        let outcome = list();
        outcome.assert_code(0);
        let found = rows(&outcome);
        assert_eq!((found.len(), &found[0]["status"]), (1, &"complete".into()));
        assert_eq!(found[0]["location"], place.location(&key));
        place.delete(&format!("{key}.manifest.json"));
        let found = rows(&list());
        assert_eq!((found.len(), &found[0]["status"]), (1, &"missing manifest".into()));
        let (secret, code) = nowhere(place)[1].clone();
        trial.secret("callisto", "SPONSOR_BACKUPS_BUCKET", Some(&secret));
        list().assert_code(code);
    }
}

#[test]
fn verify_reads_every_byte() {
    for trial in each() {
        let (place, key) = backed_up(&trial);
        run(&trial, "verify").run().assert_code(0);
        spoil(place, &key);
        assert!(message(&run(&trial, "verify").run(), 17).contains(&place.location(&key)));
        place.delete(&format!("{key}.sha256"));
        assert!(message(&run(&trial, "verify").run(), 17).contains("its checksum file is missing"));
    }
}

#[test]
fn restore_fills_the_target_or_leaves_it() {
    for trial in each() {
        let (place, key) = backed_up(&trial);
        let restore = || {
            let target = Cluster::shared().database("target");
            let outcome = run(&trial, "restore").env("TARGET_DATABASE_URL", target.url()).run();
            (outcome, target)
        };
        let (outcome, target) = restore();
        outcome.assert_code(0);
        assert_eq!(target.content_digest(), trial.database("callisto").content_digest());
        spoil(place, &key);
        let (outcome, target) = restore();
        assert_ne!(outcome.code, Some(0));
        assert_eq!(target.row_counts().len(), 0, "{}", outcome.transcript());
        place.delete(&format!("{key}.manifest.json"));
        let (outcome, target) = restore();
        assert_ne!(outcome.code, Some(0));
        assert_eq!(target.row_counts().len(), 0, "{}", outcome.transcript());
    }
}

#[test]
fn drill_proves_a_backup_or_reports_why_not() {
    for trial in each() {
        let (place, key) = backed_up(&trial);
        let status = |outcome: &Outcome| outcome.output("drill_report");
        let outcome = run(&trial, "drill").run();
        outcome.assert_code(0);
        assert!(!status(&outcome).is_empty(), "{}", outcome.transcript());
        assert_eq!(outcome.output("outcome"), "success");
        spoil(place, &key);
        run(&trial, "drill").run().assert_code(17);
        place.keys().iter().for_each(|key| place.delete(key));
        assert_ne!(run(&trial, "drill").run().code, Some(0));
    }
}

#[test]
fn preflight_looks_at_both_stores() {
    for trial in each() {
        let preflight = || trial.wire(Run::terminal()).args(["preflight", "--json"]).run();
        let good = preflight();
        let findings: Vec<Value> = serde_json::from_str(&good.stdout).unwrap();
        assert!(findings.iter().all(|finding| finding["check"] != "secrets" || finding["level"] != "fail"));
        assert!(findings.iter().any(|finding| finding["sponsor"] == "callisto"), "{findings:#?}");
        for (secret, _) in nowhere(trial.backups("callisto")) {
            trial.secret("callisto", "SPONSOR_BACKUPS_BUCKET", Some(&secret));
            let outcome = preflight();
            assert_ne!(outcome.code, Some(0), "{secret}: {}", outcome.transcript());
            let words = format!("{}{}", outcome.stdout, outcome.stderr);
            let path = secret.trim_start_matches("file://");
            let is_named = words.contains("SPONSOR_BACKUPS_BUCKET") || words.contains(path);
            assert!(is_named, "{secret}: {}", outcome.transcript());
        }
    }
}
