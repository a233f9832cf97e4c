//! `list`: it shows what the manifests say and no other sponsor's backups, and programs get JSON alone.

mod ages;
mod hidden;
mod many;
mod texts;
mod with;

use std::time::Duration;

use age::x25519::Identity;
use serde_json::{Value, json};

use super::shelf::{Shelf, at, checksum, manifest, second};
use crate::support::{Moto, Outcome, Proxy, Run, Sponsor, Trial, Trouble, tools};

const DAY: &str = "backups/2026/02/01";

fn callisto() -> Shelf {
    Shelf::of(Trial::of([Sponsor::named("callisto").diary(3, 30)]), "callisto")
}

fn on_a_terminal(trial: &Trial) -> Run {
    trial.wire(Run::terminal()).arg("list")
}

/// The array on standard output, on which nothing else may stand.
#[track_caller]
fn rows(trial: &Trial) -> Vec<Value> {
    let outcome = on_a_terminal(trial).arg("--json").run();
    outcome.assert_code(0);
    array(&outcome)
}

#[track_caller]
pub(super) fn array(outcome: &Outcome) -> Vec<Value> {
    let array: Value = serde_json::from_str(&outcome.stdout)
        .unwrap_or_else(|error| panic!("not JSON alone: {error}\n{}", outcome.transcript()));
    array.as_array().unwrap().clone()
}

// serves: 11.10(b)/readable
#[test]
fn three_backups_are_listed_as_their_manifests_say() {
    let shelf = callisto();
    let recipient = Identity::generate().to_public().to_string();
    let first = shelf.backup(&[]);
    shelf.trial.database("callisto").psql_as_owner("CREATE TABLE more AS SELECT generate_series(1, 7)");
    let second_one = shelf.backup(&[("compression", "zstd")]);
    let third = shelf.backup(&[("age-recipients", &recipient), ("storage-class", "STANDARD_IA")]);

    let rows = rows(&shelf.trial);
    assert_eq!(rows.len(), 3, "{rows:#?}");
    for (row, key) in rows.iter().zip([&third, &second_one, &first]) {
        let told = shelf.manifest(key);
        let encrypted = *key == third;
        let expected = json!({
            "sponsor": "callisto", "environment": "production", "location": shelf.location(key),
            "timestamp": told["timestamp"], "status": "complete", "partial": false, "size_bytes": told["stored"]["bytes"],
            "sha256": told["stored"]["sha256"], "rows": told["rows_total"], "age_seconds": row["age_seconds"],
            "storage_class": if encrypted { "STANDARD_IA" } else { "STANDARD" }, "locked_until": null,
            "encrypted": encrypted, "problem": null, "why": "deployment", "version": null,
            "git_sha": told["git_sha"], "actor": row["actor"], "github_run_id": told["github_run_id"],
            "github_run_attempt": told["github_run_attempt"], "table": null, "table_rows": null,
            "run": told["github_run_id"], "held": false, "hidden": false, "last_drill": null, "unknown": {},
        });
        assert_eq!(*row, expected);
        assert!(row["age_seconds"].as_u64().unwrap() < 600);
    }
    assert_ne!(rows[1]["rows"], rows[2]["rows"]);

    let table = on_a_terminal(&shelf.trial).arg("--outputs").run();
    table.assert_code(0);
    let lines: Vec<&str> = table.stdout.lines().collect();
    assert!(lines[0].starts_with("callisto: 3 backups, "), "{}", table.transcript());
    assert!(lines[1].starts_with("BACKUP (UTC)  "));
    for (line, (row, key)) in lines[2..5].iter().zip(rows.iter().zip([&third, &second_one, &first])) {
        let hash = row["sha256"].as_str().unwrap();
        for cell in
            [&second(key), &row["rows"].to_string(), &hash[..12], row["storage_class"].as_str().unwrap()]
        {
            assert!(line.contains(cell), "{cell} is not in {line}");
        }
        assert!(!line.contains(&hash[..13]));
    }
    let names: Vec<&str> = lines[5..].iter().map(|line| line.split('=').next().unwrap()).collect();
    assert_eq!(names, ["sponsors", "results", "outcome", "state"], "{}", table.transcript());
}

#[test]
fn only_whole_backups_of_this_environment_are_listed() {
    let shelf = callisto();
    let real = shelf.backup(&[]);
    let objects = |key: &str| [key.to_owned(), checksum(key), manifest(key)].map(|key| (key, b"{}".to_vec()));
    let staging = "staging/backups/2026/02/01/backup-staging-20260201-000000.sql.gz";
    shelf.put_all(objects(staging).into());
    shelf.put_all(objects(&format!("{DAY}/backup-staging-20260201-000000.sql.gz")).into());
    shelf.put_all(objects(&format!("{DAY}/backup-prod-20260201-000000.sql.gz.old")).into());
    let half = |second: &str, left: usize| {
        let objects = objects(&format!("{DAY}/backup-prod-{second}.sql.gz"));
        shelf.put_all(objects[..left].to_vec());
    };
    half("20260201-000001", 1);
    half("20260201-000002", 2);

    let rows = rows(&shelf.trial);
    let told: Vec<_> = rows.iter().map(|row| (row["location"].clone(), row["status"].clone())).collect();
    let half = |second: &str| json!(shelf.location(&format!("{DAY}/backup-prod-{second}.sql.gz")));
    let expected = [
        (json!(shelf.location(&real)), json!("complete")),
        (half("20260201-000002"), json!("missing manifest")),
        (half("20260201-000001"), json!("foreign")),
    ];
    assert_eq!(told, expected, "{rows:#?}");
    assert!(on_a_terminal(&shelf.trial).run().stdout.starts_with("callisto: 1 backup, "));
    let step = shelf.run("list").run();
    assert!(step.annotations("warning")[0].starts_with("callisto: warning: 2 of 3 backups with a problem"));
}

/// Whatever is not a whole backup of the whole database has a word of its own, in the table and as JSON.
#[test]
fn each_attempt_is_reported_with_its_result() {
    let shelf = callisto();
    let good = shelf.backup(&[]);
    let copy = |second: &str| shelf.copy(&good, second);
    shelf.put(&checksum(&copy("20260107-000000")), "");
    let other_hash = copy("20260106-000000");
    let line = String::from_utf8(shelf.get(&checksum(&other_hash))).unwrap();
    shelf.put(&checksum(&other_hash), line.replacen(&line[..64], &"0".repeat(64), 1));
    shelf.remove(&checksum(&copy("20260105-000000")));
    shelf.remove(&manifest(&copy("20260104-000000")));
    shelf.remove(&copy("20260103-000000"));
    shelf.edit(&copy("20260102-000000"), |document| {
        document["partial"] =
            json!({"schemas": [], "exclude_schemas": [], "exclude_table_data": ["diary.*"]});
    });
    // According to Moto every upload began in 2010.
    let client = shelf.trial.store.client();
    let open = at(&good, "20260101-000000");
    let upload = client.create_multipart_upload().bucket(&shelf.bucket).key(open).send();
    crate::support::runtime().block_on(upload).unwrap();

    let rows = rows(&shelf.trial);
    let told: Vec<&str> = rows.iter().map(|row| row["status"].as_str().unwrap()).collect();
    let expected = [
        "complete",
        "damaged",
        "damaged",
        "missing checksum file",
        "missing manifest",
        "missing dump",
        "partial",
        "unfinished",
    ];
    assert_eq!(told, expected, "{rows:#?}");
    let partial: Vec<&Value> = rows.iter().map(|row| &row["partial"]).collect();
    assert_eq!((partial[0], partial[6], partial[7]), (&json!(false), &json!(true), &json!(null)));
    assert_eq!(rows[2]["problem"], "its checksum file and its manifest disagree");
    assert!(rows[7]["problem"].as_str().unwrap().contains("its upload was begun at 2010"), "{rows:#?}");
    let table = on_a_terminal(&shelf.trial).arg("--outputs").run();
    assert!(table.stdout.starts_with("callisto: 4 backups, "), "{}", table.transcript());
    for (status, line) in expected.iter().zip(table.stdout.lines().skip(2)) {
        assert!(line.contains(status), "{status} is not in {line}");
    }
}

/// The dump's hash in S3 is not the manifest's: that shows without reading it.
#[test]
fn a_checksum_that_s3_keeps_is_held_against_the_manifest() {
    let shelf = callisto();
    let key = shelf.backup(&[]);
    shelf.edit(&key, |document| document["stored"]["crc64nvme"] = "AAAAAAAAAAA=".into());
    let rows = rows(&shelf.trial);
    assert_eq!(rows[0]["status"], "damaged");
    let problem = rows[0]["problem"].as_str().unwrap();
    assert!(problem.contains(", but its manifest has AAAAAAAAAAA="), "{problem}");
    shelf.run("verify").run().assert_code(17);
}

/// A manifest that cannot be read, or that belongs elsewhere, is said in its row; its neighbors are whole.
#[test]
fn a_manifest_with_a_problem_does_not_end_the_list() {
    let shelf = callisto();
    let good = shelf.backup(&[]);
    let spoiled = |second: &str, change: &dyn Fn(&mut Value)| {
        let key = shelf.copy(&good, second);
        shelf.edit(&key, change);
        key
    };
    spoiled("20260107-000000", &|document| document["sponsor"] = "titan".into());
    spoiled("20260106-000000", &|document| document["environment"] = "staging".into());
    spoiled("20260105-000000", &|document| document["key"] = good.clone().into());
    spoiled("20260104-000000", &|document| document["stored"]["bytes"] = 5.into());
    spoiled("20260103-000000", &|document| document["format_version"] = 2.into());
    let nonsense = shelf.copy(&good, "20260102-000000");
    shelf.put(&manifest(&nonsense), "no\nmanifest");
    let frozen = shelf.copy(&good, "20260101-000000");
    shelf.freeze(&manifest(&frozen));

    let rows = rows(&shelf.trial);
    assert_eq!((rows.len(), &rows[0]["problem"]), (8, &json!(null)));
    let bytes = rows[0]["size_bytes"].to_string();
    let expected = [
        "its manifest belongs to another backup: sponsor titan, expected callisto".to_owned(),
        "its manifest belongs to another backup: environment staging, expected production".to_owned(),
        format!("its manifest belongs to another backup: key {good}, expected {}", at(&good, "20260105-000000")),
        format!("it has {bytes} bytes, but its manifest has 5"),
        "its manifest has format version 2, but this sponsor-backup reads versions up to 1".to_owned(),
        "its manifest is not a backup manifest: expected ident at line 1 column 2".to_owned(),
        "its manifest is in storage class DEEP_ARCHIVE and must be thawed before it can be read, which takes up to 12 hours, or 48 with bulk retrieval".to_owned(),
    ];
    for (row, expected) in rows[1..].iter().zip(expected) {
        assert_eq!(row["problem"], expected);
        let is_frozen = expected.contains("DEEP_ARCHIVE");
        assert_eq!(row["status"], if is_frozen { "unknown" } else { "damaged" });
        assert_eq!((&row["sha256"], &row["rows"]), (&json!(null), &json!(null)));
        assert_eq!(row["size_bytes"], rows[0]["size_bytes"]);
    }
    let step = shelf.run("list").run();
    step.assert_code(0);
    let warnings = step.annotations("warning");
    assert!(warnings[0].starts_with("callisto: warning: 7 of 8 backups with a problem"), "{warnings:?}");
    assert!(step.visible().contains("sponsor titan, expected callisto"));
}

#[test]
fn a_lock_is_reported() {
    let moto = Moto::shared();
    let shelf = callisto();
    let bucket = format!("locked-{}", tools::unique());
    moto.bucket_with_object_lock(&bucket);
    moto.bucket_with_object_lock(&format!("{bucket}-logs"));
    shelf.trial.secret("callisto", "SPONSOR_BACKUPS_BUCKET", Some(&bucket));
    shelf.trial.secret("callisto", "SPONSOR_AUDIT_LOGS_BUCKET", Some(&format!("{bucket}-logs")));
    shelf.trial.run().input("object-lock", "governance").run().assert_code(0);
    let key = moto.keys_in(&bucket)[0].clone();
    let until = moto.head(&bucket, &key).object_lock_retain_until_date.unwrap().secs();
    let rows = rows(&shelf.trial);
    let told: jiff::Timestamp = rows[0]["locked_until"].as_str().unwrap().parse().unwrap();
    assert_eq!(told.as_second(), until);
    let year = told.strftime("%Y-%m-%d").to_string();
    assert!(on_a_terminal(&shelf.trial).run().stdout.lines().nth(2).unwrap().ends_with(&year));
}

#[test]
fn a_step_shows_the_table_and_sets_three_outputs() {
    let shelf = callisto();
    let key = shelf.backup(&[]);
    let step = shelf.run("list").run();
    step.assert_code(0);
    assert!(step.visible().contains("callisto: 1 backup, "), "{}", step.transcript());
    assert!(step.visible().contains(&second(&key)) && step.summary().contains(&second(&key)));
    assert!(step.summary().starts_with("## ✅ Backups, production: 1 of 1 listed"));
    let outputs = step.outputs();
    assert_eq!(outputs.keys().collect::<Vec<_>>(), ["outcome", "results", "sponsors", "state"]);
    assert_eq!((outputs["outcome"].as_str(), outputs["sponsors"].as_str()), ("success", "[\"callisto\"]"));
    assert_eq!(step.result("callisto")["message"], "1 backup");

    let step = shelf.run("list").input("json", "true").run();
    step.assert_code(0);
    let line = step.visible().lines().find(|line| line.starts_with('{')).unwrap().to_owned();
    let row: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((row["location"].as_str(), step.outputs().len()), (Some(&*shelf.location(&key)), 4));
}

#[test]
fn several_sponsors_share_one_array_and_one_failure_stays_alone() {
    let names = ["callisto", "rhea", "titan", "europa"];
    let trial = Trial::of(names.map(|name| match name {
        "titan" => Sponsor::named(name).flag(None).empty(),
        _ => Sponsor::named(name).empty(),
    }));
    trial.run().input("sponsors", "callisto,rhea").run().assert_code(0);
    // A secret copied from another sponsor's project.
    trial.secret("europa", "SPONSOR_BACKUPS_BUCKET", Some(trial.bucket("callisto")));
    let outcome = on_a_terminal(&trial).arg("--json").run();
    outcome.assert_code(12);
    let rows = array(&outcome);
    let told: Vec<&str> = rows.iter().map(|row| row["sponsor"].as_str().unwrap()).collect();
    assert_eq!(told, ["callisto", "rhea"]);
    assert!(outcome.stderr.contains("titan: not enabled"), "{}", outcome.transcript());
    assert!(outcome.stderr.contains("error: europa: "), "{}", outcome.transcript());

    let step = trial.run().input("command", "list").run();
    step.assert_code(12);
    assert_eq!(step.result("titan")["outcome"], "disabled");
    assert_eq!(step.result("europa")["stage"], "secrets");
    assert!(step.summary().contains("### callisto: 1 backup") && !step.summary().contains("### europa"));
}

#[test]
fn a_flag_that_is_off_asks_s3_for_nothing() {
    let trial = Trial::of([Sponsor::named("callisto").flag(Some("no")).empty()]);
    let proxy = Proxy::before(trial.store.endpoint());
    let step = trial.run().input("command", "list").input("s3-endpoint-url", proxy.endpoint()).run();
    step.assert_code(0);
    assert!(proxy.requests().is_empty());
    assert_eq!(step.output("outcome"), "disabled");
    let json = on_a_terminal(&trial).arg("--json").run();
    assert_eq!((json.assert_code(0).stdout.as_str(), json.code), ("[]\n", Some(0)));
}

#[test]
fn a_right_that_is_missing_is_named() {
    let moto = Moto::with_policy(&json!({"Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}));
    let trial = Trial::plan([Sponsor::named("callisto").empty()]).store(&moto).start();
    let step = trial.run().input("command", "list").run();
    step.assert_code(14);
    let result = step.result("callisto");
    assert!(result["message"].as_str().unwrap().contains("AccessDenied"), "{result}");
    assert_eq!(result["stage"], "archive");
    assert!(step.visible().contains("Grant s3:ListBucket on this bucket"), "{}", step.transcript());
    assert!(step.summary().contains("Grant s3:ListBucket on this bucket"));
}

#[test]
fn a_failed_list_as_json_leaves_standard_output_empty() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    trial.manifest(None);
    let outcome = on_a_terminal(&trial).arg("--json").run();
    outcome.assert_code(12);
    assert_eq!(outcome.stdout, "");
    assert!(outcome.stderr.starts_with("error: "), "{}", outcome.transcript());
    let plain = on_a_terminal(&trial).arg("--outputs").run();
    assert_eq!(plain.assert_code(12).stdout, "results=[]\noutcome=failure\nstate=\n");
}

#[test]
fn a_signal_ends_it() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    trial.doppler.trouble_for(trial.token("callisto"), &Trouble::Slow(Duration::from_secs(600)), 9);
    let run = trial.run().input("command", "list").deadline(Duration::from_secs(60)).start();
    tools::wait_for("the request", Duration::from_secs(30), || {
        trial.doppler.requests().iter().any(|asked| asked.token == trial.token("callisto")).then_some(())
    });
    run.signal("TERM");
    let outcome = run.wait();
    outcome.assert_code(143);
    assert_eq!(outcome.result("callisto")["stage"], "cancelled");
}
