//! `max-backup-age`: a backup that was never taken is as visible as one that failed.

use serde_json::Value;

use super::callisto;
use crate::shelf::manifest;
use crate::support::{Run, Sponsor, Trial};

fn watch(trial: &Trial, limit: &str) -> Run {
    trial.run().input("command", "list").input("max-backup-age", limit)
}

// serves: 11.10(c)/missed, REQ-o00008/every-six-hours
/// One sponsor has a new backup, one an old one, one none at all, and the archival of one is off.
#[test]
fn a_sponsor_without_a_new_backup_is_named_and_ends_with_17() {
    let names = ["callisto", "titan", "rhea"];
    let sponsors = names.map(|name| Sponsor::named(name).diary(1, 3)).into_iter();
    let trial = Trial::of(sponsors.chain([Sponsor::named("europa").flag(None).empty()]));
    trial.run().input("sponsors", "callisto").run().assert_code(0);
    // An old backup is what is left of `titan`: its new one is put under a time of January.
    let shelf = crate::shelf::Shelf::of(trial, "titan");
    let new = shelf.backup(&[]);
    shelf.copy(&new, "20260101-000000");
    for key in [new.clone(), format!("{new}.sha256"), manifest(&new)] {
        shelf.remove(&key);
    }

    let outcome = watch(&shelf.trial, "8h").run();
    outcome.assert_code(17);
    let of = |sponsor: &str| outcome.result(sponsor);
    assert_eq!(of("callisto")["outcome"], "success");
    for (sponsor, words) in [
        ("titan", "the newest backup is "),
        ("rhea", "no backup found"),
        ("europa", "no backups are taken, so their age was not checked"),
    ] {
        let result = of(sponsor);
        assert_eq!((&result["outcome"], &result["stage"]), (&"failure".into(), &"proof".into()));
        assert!(result["message"].as_str().unwrap().contains(words), "{result}");
        let lines = outcome.visible();
        let line = format!("error: {sponsor}: ");
        assert_eq!(lines.lines().filter(|shown| shown.starts_with(&line)).count(), 1, "{lines}");
    }
    assert!(of("titan")["message"].as_str().unwrap().contains("more than `max-backup-age` (8h)"));

    let young = watch(&shelf.trial, "8h").input("sponsors", "callisto").run();
    young.assert_code(0);
    let words = of("callisto")["message"].as_str().unwrap().to_owned();
    assert!(words.starts_with("newest backup ") && words.ends_with(" old, limit 8h"), "{words}");
    assert!(young.visible().contains("callisto: newest backup "), "{}", young.visible());
    let wide = watch(&shelf.trial, "100000h").input("sponsors", "callisto,titan").run();
    wide.assert_code(0);
}

/// What cannot be restored must not keep a watcher quiet.
#[test]
fn a_broken_backup_and_one_from_the_future_do_not_count() {
    let shelf = callisto();
    let good = shelf.backup(&[]);
    let spoiled = shelf.copy(&good, "20260301-000000");
    for key in [good.clone(), format!("{good}.sha256"), manifest(&good)] {
        shelf.remove(&key);
    }
    watch(&shelf.trial, "100000h").run().assert_code(0);
    shelf.edit(&spoiled, |document| document["sponsor"] = "titan".into());
    let outcome = watch(&shelf.trial, "100000h").run();
    outcome.assert_code(17);
    assert!(outcome.result("callisto")["message"].as_str().unwrap().ends_with("no backup found"));

    shelf.edit(&spoiled, |document| document["sponsor"] = "callisto".into());
    let ahead = shelf.copy(&spoiled, "20990101-000000");
    let outcome = watch(&shelf.trial, "8h").run();
    outcome.assert_code(17);
    let message = outcome.result("callisto")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("the newest backup is "), "{message}, with {ahead}");
}

/// Of thousands of backups, a watcher reads one.
#[test]
fn only_the_newest_backup_is_looked_at() {
    let shelf = callisto();
    let good = shelf.backup(&[]);
    shelf.many(&good, (1..=30).map(|day| format!("202601{day:02}-000000")));
    let proxy = crate::support::Proxy::before(shelf.trial.store.endpoint());
    let outcome = watch(&shelf.trial, "8h").input("s3-endpoint-url", proxy.endpoint()).run();
    outcome.assert_code(0);
    // Of 31 backups, each of which takes three.
    assert!(proxy.requests().len() < 10, "{} requests", proxy.requests().len());
    let json = shelf.trial.wire(Run::terminal()).arg("list").arg("--json").arg("--max-backup-age=8h").run();
    json.assert_code(0);
    let rows: Vec<Value> = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(rows.len(), 1, "{rows:?}");
}

/// Age and record go by the key, which a copy by hand can change.
#[test]
fn a_backup_whose_manifest_has_another_time_does_not_count() {
    let shelf = callisto();
    let key = shelf.backup(&[]);
    watch(&shelf.trial, "8h").run().assert_code(0);
    shelf.edit(&key, |document| document["timestamp"] = "2026-01-01T00:00:00Z".into());
    let outcome = watch(&shelf.trial, "8h").run();
    outcome.assert_code(17);
    assert!(outcome.result("callisto")["message"].as_str().unwrap().ends_with("no backup found"));
    let words = "its manifest belongs to another backup: time 2026-01-01T00:00:00Z, expected ";
    assert!(outcome.visible().contains(words), "{}", outcome.transcript());
    let record = shelf.run("record").input("outcome", "success");
    let record = record.input("backup-location", shelf.location(&key)).run();
    assert!(record.code != Some(0) && record.visible().contains(words), "{}", record.transcript());
}
