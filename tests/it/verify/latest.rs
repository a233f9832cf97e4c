//! `latest` is the newest attempt: one that does not count as a backup is named and fails, unless an older one may stand in for it.

use serde_json::json;

use super::super::shelf::{Shelf, at, checksum, manifest};
use super::{OLD, assert_verified, callisto, finding};
use crate::support::{Action, Cluster, Outcome, Proxy, Run, runtime};

const NEWER: &str = "20991231-235959";

/// A backup, and an older one.
fn two() -> (Shelf, String, String) {
    let shelf = callisto();
    let newest = shelf.backup(&[]);
    let older = shelf.copy(&newest, OLD);
    (shelf, newest, older)
}

/// Each command that takes `latest`. Their targets are their own.
fn commands(shelf: &Shelf) -> [(Run, &'static str); 3] {
    let target = Cluster::shared().database("target").url();
    let restore = shelf.run("restore").env("TARGET_DATABASE_URL", target);
    [(shelf.run("verify"), "verified"), (shelf.run("drill"), "proven"), (restore, "proven")]
}

fn location(outcome: &Outcome) -> String {
    outcome.result("callisto")["backup_location"].as_str().unwrap_or_default().to_owned()
}

/// Every command fails with this finding about the newest one, and takes the older one where it may.
#[track_caller]
fn assert_newest_counts(shelf: &Shelf, newest: &str, older: &str, found: &str) {
    for (run, _) in commands(shelf) {
        let outcome = run.run();
        outcome.assert_code(17);
        let message = outcome.result("callisto")["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with(&shelf.location(newest)), "{message}");
        assert!(message.contains(found), "{message}");
    }
    for (run, state) in commands(shelf) {
        let outcome = run.input("allow-older", "true").run();
        outcome.assert_code(0);
        assert_eq!(location(&outcome), shelf.location(older), "{}", outcome.transcript());
        assert_eq!(outcome.output("state"), state);
        let warnings = outcome.annotations("warning").join("\n");
        assert!(warnings.contains("passed over"), "{warnings}");
        assert!(outcome.summary().starts_with("## ⚠️"), "{}", outcome.summary());
        assert!(warnings.contains(&shelf.location(newest)) && warnings.contains(found), "{warnings}");
    }
}

#[test]
fn a_newest_backup_without_its_manifest_counts() {
    let (shelf, newest, older) = two();
    shelf.remove(&manifest(&newest));
    assert_newest_counts(&shelf, &newest, &older, "its manifest is missing");
    // Without its checksum file it looks as another program's does, but for the id of our own write.
    shelf.remove(&checksum(&newest));
    let outcome = shelf.run("verify").run();
    let found = finding(&shelf, &newest, &outcome);
    assert!(found.starts_with("it is unfinished: its checksum file and its manifest are missing"), "{found}");
}

#[test]
fn a_newest_backup_without_its_checksum_file_or_its_dump_counts() {
    for (part, found) in [(1, "its checksum file is missing"), (0, "its dump is missing")] {
        let (shelf, newest, older) = two();
        shelf.remove(&[newest.clone(), checksum(&newest)][part]);
        let outcome = shelf.run("verify").run();
        assert_eq!(finding(&shelf, &newest, &outcome), found);
        assert_verified_at(&shelf, &older, shelf.run("verify").input("allow-older", "true"));
    }
}

#[track_caller]
fn assert_verified_at(shelf: &Shelf, key: &str, run: Run) {
    let outcome = run.run();
    outcome.assert_code(0);
    assert_eq!(location(&outcome), shelf.location(key));
}

/// What only reading shows fails as it always did, and may be passed over, too.
#[test]
fn a_newest_backup_that_is_damaged_counts() {
    let (shelf, newest, older) = two();
    let mut bytes = shelf.get(&newest);
    bytes[4] ^= 1;
    shelf.put(&newest, bytes);
    assert_newest_counts(&shelf, &newest, &older, "its SHA-256 is");
    shelf.put(&manifest(&newest), "no manifest");
    assert_newest_counts(&shelf, &newest, &older, "its manifest is not a JSON document");
}

#[test]
fn an_abandoned_upload_fails_and_a_running_one_does_not() {
    let (shelf, newest, _) = two();
    let open = at(&newest, NEWER);
    let client = shelf.trial.store.client();
    let upload = client.create_multipart_upload().bucket(&shelf.bucket).key(&open).send();
    runtime().block_on(upload).unwrap();
    // According to Moto it began in 2010.
    let outcome = shelf.run("verify").run();
    let found = finding(&shelf, &open, &outcome);
    assert!(found.starts_with("it is unfinished: its upload was begun at 2010-11-10"), "{found}");
    assert_verified_at(&shelf, &newest, shelf.run("verify").input("allow-older", "true"));

    let proxy = Proxy::before(shelf.trial.store.endpoint());
    let now = jiff::Timestamp::now();
    let list = format!(
        "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated><Upload><Key>{open}</Key>\
         <UploadId>x</UploadId><Initiated>{now:.3}</Initiated></Upload></ListMultipartUploadsResult>"
    );
    proxy.rule(move |seen| match seen.method == "GET" && seen.has("uploads") {
        true => Action::Status(200, list.clone()),
        false => Action::Pass,
    });
    let outcome = shelf.run("verify").input("s3-endpoint-url", proxy.endpoint()).run();
    outcome.assert_code(0);
    assert_eq!(location(&outcome), shelf.location(&newest));
    assert!(outcome.visible().contains("another run may be writing it"), "{}", outcome.transcript());
}

/// A clock that was wrong once must not decide for years which backup is the newest.
#[test]
fn a_whole_backup_from_the_future_is_not_the_latest() {
    let (shelf, newest, _) = two();
    let ahead = shelf.copy(&newest, NEWER);
    assert_newest_counts(&shelf, &ahead, &newest, "ahead of this machine's clock");
    // Named, it is read. Its age is unknown.
    shelf.edit(&ahead, |document| document["started_at"] = "2099-12-31T23:59:59Z".into());
    assert_verified_at(&shelf, &ahead, shelf.run("verify").input("backup", NEWER));
    let drill = shelf.run("drill").input("backup", NEWER).input("max-rpo", "24h").run();
    drill.assert_code(17);
    assert_eq!(
        (drill.output("rpo_compliant"), drill.output("backup_age_minutes")),
        ("false".to_owned(), String::new())
    );
    let list = shelf.run("list").run();
    list.assert_code(0);
    assert!(list.visible().contains("ahead of this machine's clock"), "{}", list.transcript());
    // The next backup is compared with the one before it.
    let next = shelf.backup(&[]);
    assert_eq!(shelf.manifest(&next)["previous_backup"]["location"], shelf.location(&newest));
}

/// As the shell step of before wrote them: under our keys, and with nothing of ours next to it.
#[test]
fn a_foreign_dump_is_newest_only_if_records_are_unreadable() {
    let (shelf, newest, _) = two();
    let foreign = at(&newest, NEWER);
    shelf.put(&foreign, "a dump of the shell step");
    let outcome = shelf.run("verify").run();
    outcome.assert_code(0);
    assert_eq!(location(&outcome), shelf.location(&newest));
    let warnings = outcome.annotations("warning").join("\n");
    assert!(warnings.contains(&foreign) && warnings.contains("not a backup of ours"), "{warnings}");
    let all = shelf.run("verify").input("all", "true").run();
    all.assert_code(0);
    assert!(all.visible().contains(&foreign), "{}", all.transcript());

    let logs = format!("/{}", shelf.trial.log_bucket("callisto"));
    let proxy = Proxy::before(shelf.trial.store.endpoint());
    let denied = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
    proxy.rule(move |seen| match seen.path.starts_with(&logs) {
        true => Action::Status(403, denied.to_owned()),
        false => Action::Pass,
    });
    let outcome = shelf.run("verify").input("s3-endpoint-url", proxy.endpoint()).run();
    let found = finding(&shelf, &foreign, &outcome);
    assert!(found.contains("whether a run of ours left it was not seen"), "{found}");

    // A record of ours of that second makes it a run of ours that did not finish.
    let record = json!({"format_version": 1, "event": "backup", "outcome": "failure", "sponsor": "callisto",
        "environment": "production", "deployment_timestamp": "2099-12-31T23:59:59Z", "tool_version": "0.1.0"});
    let key = "deployments/2099/12/31/deployment-prod-20991231-235959.json";
    shelf.trial.store.put(shelf.trial.log_bucket("callisto"), key, record.to_string());
    let outcome = shelf.run("verify").run();
    assert!(finding(&shelf, &foreign, &outcome).starts_with("it is unfinished"));
}

#[test]
fn a_whole_newest_backup_passes_despite_damaged_older_ones() {
    let (shelf, newest, older) = two();
    shelf.put(&older, "spoiled");
    assert_verified(&shelf, &newest, shelf.run("verify"));
}

#[test]
fn older_ones_are_for_latest_alone() {
    let (shelf, _, _) = two();
    for (input, value) in [("backup", OLD), ("all", "true")] {
        let outcome = shelf.run("verify").input("allow-older", "true").input(input, value).run();
        outcome.assert_code(2);
        assert!(outcome.visible().contains("`allow-older`"), "{}", outcome.transcript());
    }
}

/// If nothing whole is left, each that was passed over is named.
#[test]
fn where_no_whole_backup_is_left_all_are_named() {
    let (shelf, newest, older) = two();
    shelf.remove(&manifest(&newest));
    shelf.remove(&checksum(&older));
    let outcome = shelf.run("verify").input("allow-older", "true").run();
    outcome.assert_code(17);
    let message = outcome.result("callisto")["message"].as_str().unwrap().to_owned();
    assert!(message.contains(&newest) && message.contains(&older), "{message}");
}
