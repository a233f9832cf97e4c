//! `hold add`, `hold list` and `hold remove`: legal holds in S3, and hold records for folders.

use serde_json::{Value, json};

use crate::list::array;
use crate::shelf::{Shelf, checksum, manifest};
use crate::support::{Action, Moto, Outcome, Proxy, Run, Sponsor, Trial, runtime, tools};

/// A sponsor whose buckets can lock objects.
fn with_object_lock() -> (Shelf, String) {
    let (trial, bucket) = (Trial::of([Sponsor::named("callisto")]), format!("held-{}", tools::unique()));
    let logs = format!("{bucket}-logs");
    for (secret, name) in [("SPONSOR_BACKUPS_BUCKET", &bucket), ("SPONSOR_AUDIT_LOGS_BUCKET", &logs)] {
        Moto::shared().bucket_with_object_lock(name);
        trial.secret("callisto", secret, Some(name));
    }
    let mut shelf = Shelf::of(trial, "callisto");
    shelf.bucket = bucket;
    (shelf, logs)
}

fn objects(key: &str) -> [String; 3] {
    [key.to_owned(), checksum(key), manifest(key)]
}

/// The legal hold of each object, as the server shows it.
fn holds(shelf: &Shelf, key: &str) -> [Option<String>; 3] {
    objects(key).map(|key| {
        let head = Moto::shared().head(&shelf.bucket, &key);
        head.object_lock_legal_hold_status().map(|status| status.as_str().to_owned())
    })
}

fn all(status: &str) -> [Option<String>; 3] {
    [(); 3].map(|()| Some(status.to_owned()))
}

/// The hold records of a bucket, by key.
fn records(logs: &str) -> Vec<Value> {
    let keys = Moto::shared().keys_in(logs).into_iter().filter(|key| key.starts_with("holds/"));
    keys.map(|key| Moto::shared().get_json(logs, &key)).collect()
}

fn on_a_terminal(shelf: &Shelf, words: &[&str]) -> Outcome {
    words.iter().fold(shelf.trial.wire(Run::terminal()), |run, word| run.arg(word)).run()
}

fn listed(shelf: &Shelf, words: &[&str]) -> Vec<Value> {
    let outcome = on_a_terminal(shelf, &[words, &["--json"]].concat());
    outcome.assert_code(0);
    array(&outcome)
}

// serves: 11.10(e)/recorded
#[test]
fn a_hold_is_on_all_three_objects_until_it_is_removed() {
    let (shelf, logs) = with_object_lock();
    let key = shelf.backup(&[]);
    assert_eq!(listed(&shelf, &["hold", "list"]), Vec::<Value>::new());
    assert_eq!(listed(&shelf, &["list"])[0]["held"], false);

    let added = shelf.run("hold add").input("reason", "audit 2026-17").run();
    added.assert_code(0);
    assert_eq!(holds(&shelf, &key), all("ON"));
    assert_eq!(added.result("callisto")["message"], "put a legal hold on 3 objects");
    let record = records(&logs).pop().unwrap();
    assert_eq!((&record["action"], &record["outcome"]), (&json!("add"), &json!("success")));
    assert_eq!((&record["method"], &record["reason"]), (&json!("legal-hold"), &json!("audit 2026-17")));
    assert_eq!(record["backup_location"], shelf.location(&key));
    for (object, key) in record["objects"].as_array().unwrap().iter().zip(objects(&key)) {
        let version = Moto::shared().head(&shelf.bucket, &key).version_id().unwrap().to_owned();
        assert_eq!(*object, json!({"key": key, "version": version, "held_before": false, "held": true}));
    }

    let again = on_a_terminal(&shelf, &["hold", "add", "--reason", "a second one"]);
    again.assert_code(0);
    assert!(again.everything().contains("was under a hold already"), "{}", again.transcript());
    let rows = listed(&shelf, &["hold", "list"]);
    assert_eq!(rows.len(), 1, "{rows:#?}");
    assert_eq!((&rows[0]["held"], &rows[0]["status"]), (&json!(true), &json!("held")));
    assert_eq!(rows[0]["reason"], "audit 2026-17; a second one");
    assert_eq!(rows[0]["location"], shelf.location(&key));
    let table = on_a_terminal(&shelf, &["hold", "list"]);
    assert!(
        table.stdout.starts_with("callisto: 1 backup under a recorded hold, in s3://"),
        "{}",
        table.transcript()
    );
    let row = &listed(&shelf, &["list"])[0];
    assert_eq!((&row["held"], &row["unknown"]), (&json!(true), &json!({})));
    assert!(on_a_terminal(&shelf, &["list"]).stdout.lines().nth(1).unwrap().contains("HELD"));

    let second = crate::shelf::second(&key);
    let remove = |more: &[(&str, &str)]| {
        let run = shelf.run("hold remove").input("reason", "audit closed");
        more.iter().fold(run, |run, (name, value)| run.input(name, *value)).run()
    };
    for refused in [
        remove(&[("confirm", &key)]),
        remove(&[("backup", &second)]),
        remove(&[("backup", &second), ("confirm", &second)]),
        remove(&[("backup", &second), ("confirm", &manifest(&key))]),
    ] {
        refused.assert_code(2);
        assert_eq!(holds(&shelf, &key), all("ON"));
    }
    assert_eq!(records(&logs).len(), 2, "nothing was tried");
    let removed = remove(&[("backup", &second), ("confirm", &shelf.location(&key))]);
    removed.assert_code(0);
    assert_eq!(holds(&shelf, &key), all("OFF"));
    assert_eq!(records(&logs).last().unwrap()["action"], "remove");
    assert_eq!(listed(&shelf, &["hold", "list"]), Vec::<Value>::new());
    assert_eq!(listed(&shelf, &["list"])[0]["held"], false);
}

#[test]
fn a_reason_is_required_and_a_dry_run_changes_nothing() {
    let (shelf, logs) = with_object_lock();
    let key = shelf.backup(&[]);
    for command in ["hold add", "hold remove"] {
        let refused = shelf.run(command).run();
        refused.assert_code(2);
        assert!(refused.visible().contains("`reason` is not set"), "{}", refused.transcript());
    }
    let planned = shelf.run("hold add").input("reason", "audit").input("dry-run", "true").run();
    planned.assert_code(0);
    assert_eq!(planned.output("outcome"), "planned");
    assert_eq!(holds(&shelf, &key), [None, None, None]);
    assert!(records(&logs).is_empty());
}

/// Nothing that looks like a hold is made.
#[test]
fn a_bucket_without_object_lock_is_refused() {
    let shelf = Shelf::of(Trial::of([Sponsor::named("callisto")]), "callisto");
    let key = shelf.backup(&[]);
    let refused = shelf.run("hold add").input("reason", "audit").run();
    refused.assert_code(14);
    let words = "has no Object Lock, so it cannot put a legal hold on objects";
    assert!(
        refused.result("callisto")["message"].as_str().unwrap().contains(words),
        "{}",
        refused.transcript()
    );
    assert_eq!(shelf.trial.records("callisto").keys().iter().filter(|key| key.contains("holds/")).count(), 0);
    assert_eq!(listed(&shelf, &["list"])[0]["held"], false);
    assert_eq!(shelf.trial.store.tags(&shelf.bucket, &key).get("hold"), None);
}

#[test]
fn in_a_folder_the_record_is_the_hold() {
    let trial = Trial::of([Sponsor::named("callisto").in_folders()]);
    let backup = trial.run().run();
    backup.assert_code(0);
    let location = backup.output("backup_location");
    let shown = |words: &[&str]| {
        let run =
            words.iter().fold(trial.wire(Run::terminal()), |run, word| run.arg(word)).arg("--json").run();
        run.assert_code(0);
        array(&run)
    };
    assert_eq!(shown(&["list"])[0]["held"], false);
    let added = trial.run().input("command", "hold add").input("reason", "audit").run();
    added.assert_code(0);
    let message = added.result("callisto")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("only `prune` obeys it"), "{message}");
    let records = trial.records("callisto");
    let key = records.keys().into_iter().find(|key| key.starts_with("holds/")).unwrap();
    let record = records.get_json(&key);
    assert_eq!((&record["method"], &record["outcome"]), (&json!("record"), &json!("success")));
    assert_eq!(shown(&["list"])[0]["held"], true);
    let rows = shown(&["hold", "list"]);
    assert_eq!((&rows[0]["location"], &rows[0]["reason"]), (&json!(location), &json!("audit")));
    let removed = trial.run().input("command", "hold remove").input("reason", "closed");
    removed.input("backup", &location).input("confirm", &location).run().assert_code(0);
    assert_eq!(shown(&["list"])[0]["held"], false);
    assert!(shown(&["hold", "list"]).is_empty());
}

// serves: 11.10(e)/recorded
/// Two of three objects held is a failure that names them, and the next run finishes.
#[test]
fn a_hold_that_stops_half_way_names_what_is_held() {
    let (shelf, logs) = with_object_lock();
    let key = shelf.backup(&[]);
    let proxy = Proxy::before(Moto::shared().endpoint());
    let denied = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
    proxy.spoil(1, Action::Status(403, denied.into()), |seen| {
        seen.method == "PUT" && seen.has("legal-hold") && seen.path.ends_with(".sha256")
    });
    let stopped =
        shelf.run("hold add").input("reason", "audit").input("s3-endpoint-url", proxy.endpoint()).run();
    stopped.assert_code(14);
    let on = Some("ON".to_owned());
    assert_eq!(holds(&shelf, &key), [on, None, None]);
    let words = format!("under a legal hold now: {key}; not under one: ");
    assert!(stopped.visible().contains(&words), "{}", stopped.transcript());
    assert!(stopped.visible().contains("Grant s3:PutObjectLegalHold"), "{}", stopped.transcript());
    let record = records(&logs).pop().unwrap();
    assert_eq!((&record["outcome"], &record["objects"][0]["held"]), (&json!("failure"), &json!(true)));
    assert_eq!(record["objects"][2]["held"], json!(null));
    let rows = listed(&shelf, &["hold", "list"]);
    assert_eq!((&rows[0]["held"], &rows[0]["status"]), (&json!(false), &json!("partly")));
    shelf.run("hold add").input("reason", "audit").run().assert_code(0);
    assert_eq!(holds(&shelf, &key), all("ON"));
}

/// A hold without a record is a failure, and the hold is named.
#[test]
fn a_hold_without_a_record_is_reported() {
    let (shelf, logs) = with_object_lock();
    let key = shelf.backup(&[]);
    let proxy = Proxy::before(Moto::shared().endpoint());
    proxy.rule(|seen| {
        let is_record = seen.method == "PUT" && seen.path.contains("/holds/");
        let denied = "<Error><Code>AccessDenied</Code></Error>";
        if is_record { Action::Status(403, denied.into()) } else { Action::Pass }
    });
    let failed =
        shelf.run("hold add").input("reason", "audit").input("s3-endpoint-url", proxy.endpoint()).run();
    failed.assert_code(15);
    assert_eq!(holds(&shelf, &key), all("ON"));
    assert!(failed.visible().contains("under a legal hold now: "), "{}", failed.transcript());
    assert!(records(&logs).is_empty());
    // The store shows the hold all the same.
    assert_eq!(listed(&shelf, &["list"])[0]["held"], true);
}

#[test]
fn another_sponsors_backup_is_not_held() {
    let (shelf, logs) = with_object_lock();
    let key = shelf.backup(&[]);
    shelf.edit(&key, |document| document["sponsor"] = "titan".into());
    let refused = shelf.run("hold add").input("reason", "audit").input("backup", &key).run();
    refused.assert_code(17);
    assert!(refused.visible().contains("sponsor titan, expected callisto"), "{}", refused.transcript());
    assert_eq!(holds(&shelf, &key), [None, None, None]);
    assert!(records(&logs).is_empty());
}

/// A hold that the credentials cannot see is unknown, not absent.
#[test]
fn what_is_not_shown_is_unknown() {
    let (shelf, logs) = with_object_lock();
    let key = shelf.backup(&[]);
    let proxy = Proxy::before(Moto::shared().endpoint());
    proxy.rule(|seen| {
        let denied = "<Error><Code>AccessDenied</Code></Error>";
        let is_denied = seen.has("legal-hold") || seen.has("versions");
        if is_denied { Action::Status(403, denied.into()) } else { Action::Pass }
    });
    let at = |run: Run| run.input("s3-endpoint-url", proxy.endpoint()).run();
    let refused = at(shelf.run("hold add").input("reason", "audit"));
    refused.assert_code(14);
    assert!(refused.visible().contains("Grant s3:PutObjectLegalHold"), "{}", refused.transcript());
    assert_eq!(records(&logs)[0]["objects"][0]["held_before"], json!(null));
    assert_eq!(holds(&shelf, &key), [None, None, None]);
    let list = || shelf.trial.wire(Run::terminal()).arg("list");
    let rows = array(&at(list().arg("--json")));
    let row = &rows[0];
    assert_eq!((&row["held"], &row["hidden"]), (&json!(null), &json!(null)), "{row:#}");
    assert!(row["unknown"]["held"].as_str().unwrap().contains("s3:GetObjectLegalHold"), "{row:#}");
    assert!(row["unknown"]["hidden"].as_str().unwrap().contains("s3:ListBucketVersions"), "{row:#}");
    assert!(at(list()).stdout.lines().nth(2).unwrap().ends_with("unknown"));
}

#[test]
fn a_hold_that_others_lifted_is_not_shown_as_held() {
    let (shelf, _) = with_object_lock();
    let key = shelf.backup(&[]);
    shelf.run("hold add").input("reason", "audit").run().assert_code(0);
    for key in objects(&key) {
        let off = aws_sdk_s3::types::ObjectLockLegalHold::builder()
            .status(aws_sdk_s3::types::ObjectLockLegalHoldStatus::Off)
            .build();
        let request = Moto::shared().client().put_object_legal_hold().bucket(&shelf.bucket).key(key);
        runtime().block_on(request.legal_hold(off).send()).unwrap();
    }
    let rows = listed(&shelf, &["hold", "list"]);
    assert_eq!((&rows[0]["held"], &rows[0]["status"]), (&json!(false), &json!("lifted")));
    assert!(rows[0]["problem"].as_str().unwrap().contains("no record lifted it"), "{rows:#?}");
}
