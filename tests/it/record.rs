//! `record`: the deployment's own record, whatever its outcome, and the keys that others read.

use serde_json::{Value, json};

use super::shelf::at;
use crate::support::{Action, Moto, Proxy, Run, Sponsor, Trial};

fn one() -> Trial {
    Trial::of([Sponsor::named("callisto").empty()])
}

fn record(trial: &Trial, outcome: &str) -> Run {
    trial.run().input("command", "record").input("outcome", outcome)
}

#[track_caller]
fn stored(trial: &Trial, sponsor: &str) -> Value {
    let bucket = trial.log_bucket(sponsor);
    let keys = trial.store.keys_in(bucket);
    assert_eq!(keys.len(), 1, "{keys:?}");
    trial.store.get_json(bucket, &keys[0])
}

// serves: 11.10(e)/recorded
#[test]
fn every_deployment_outcome_is_recorded_and_the_step_succeeds() {
    for outcome in ["success", "failure", "cancelled", "skipped"] {
        let trial = one();
        let ended = record(&trial, outcome).run();
        ended.assert_code(0);
        let log = stored(&trial, "callisto");
        assert_eq!((&log["outcome"], &log["event"]), (&json!(outcome), &json!("deployment")));
        assert_eq!(log, ended.log("callisto"), "the copy in the workspace");
        assert_eq!(ended.output("outcome"), "success", "the record was kept");
        assert!(
            ended
                .output("deployment_log")
                .starts_with(&format!("s3://{}/deployments/", trial.log_bucket("callisto")))
        );
        assert!(trial.store.objects(trial.bucket("callisto")).is_empty());
    }
}

// serves: 11.10(e)/who-and-when
#[test]
fn the_known_keys_hold_what_the_runner_says() {
    let trial = one();
    let run = record(&trial, "success").input("version", "v1.4.2").input("reason", "Release");
    let backup = trial.run().run();
    let (location, size) = (backup.output("backup_location"), backup.output("backup_size"));
    let outcome = run.input("backup-location", &location).input("backup-size", &size).run();
    outcome.assert_code(0);
    let log = outcome.log("callisto");
    let expected = json!({
        "format_version": 1, "environment": "production", "sponsor": "callisto", "sponsor_code": "CAL",
        "version": "v1.4.2", "reason": "Release", "commit_sha": "8d3b3ff0c7a1e5d24be1a07b8d9c6f5e4a3b2c1d",
        "deployer": "octocat", "actor": "octocat", "triggering_actor": "hubot",
        "repository": "cure-hht/hht_diary", "ref": "refs/heads/main", "workflow": "Deploy production",
        "github_run_id": "17342009911", "github_run_number": "482", "github_run_attempt": "2",
        "github_run_url": "https://github.example/cure-hht/hht_diary/actions/runs/17342009911",
        "s3_archival_enabled": true, "backup_location": location,
        "backup_size_bytes": size.parse::<u64>().unwrap(), "backup_location_verified": true,
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(log[name], *value, "{name}");
    }
    let key = outcome.output("deployment_log");
    let key = key.strip_prefix(&format!("s3://{}/", trial.log_bucket("callisto"))).unwrap();
    assert_eq!(trial.store.get_json(trial.log_bucket("callisto"), key), log);
    let head = trial.store.head(trial.log_bucket("callisto"), key);
    assert_eq!(head.metadata().unwrap()["timestamp"], log["deployment_timestamp"].as_str().unwrap());
}

#[test]
fn one_sponsors_failure_does_not_cost_other_records() {
    let names = ["callisto", "rhea", "titan", "europa"];
    let trial = Trial::of(names.map(|name| match name {
        "titan" => Sponsor::named(name).flag(None).empty(),
        _ => Sponsor::named(name).empty(),
    }));
    trial.doppler.revoke(trial.token("europa"));
    let outcome = record(&trial, "success").run();
    outcome.assert_code(12);
    for name in ["callisto", "rhea"] {
        assert_eq!(stored(&trial, name)["sponsor"], name);
        assert_eq!(outcome.result(name)["outcome"], "success");
    }
    assert_eq!(outcome.result("titan")["outcome"], "disabled");
    let titan = outcome.log("titan");
    assert_eq!((&titan["outcome"], &titan["s3_archival_enabled"]), (&json!("success"), &json!(false)));
    assert!(
        outcome.visible().contains("titan: S3 audit log archival not yet enabled - log saved locally only")
    );
    assert_eq!(outcome.result("europa")["stage"], "secrets");
    assert_eq!(
        outcome.log("europa")["s3_archival_enabled"],
        json!(null),
        "the local copy is kept all the same"
    );
    for name in ["titan", "europa"] {
        assert!(trial.store.objects(trial.log_bucket(name)).is_empty());
    }
}

#[test]
fn a_disabled_sponsors_record_stays_local_and_s3_is_not_called() {
    let trial = Trial::of([Sponsor::named("callisto").flag(Some("no")).empty()]);
    let proxy = Proxy::before(trial.store.endpoint());
    let outcome = record(&trial, "failure").input("s3-endpoint-url", proxy.endpoint()).run();
    outcome.assert_code(0);
    assert!(proxy.requests().is_empty());
    assert_eq!(outcome.output("outcome"), "disabled");
    assert_eq!(outcome.log("callisto")["outcome"], "failure");
    assert!(outcome.workspace.join(outcome.output("deployment_log")).is_file());
}

#[test]
fn a_record_rejected_by_s3_fails_and_the_local_copy_stays() {
    let trial = one();
    trial.secret("callisto", "SPONSOR_AUDIT_LOGS_BUCKET", Some("hht-diary-audit-logs-nowhere"));
    let outcome = record(&trial, "success").run();
    outcome.assert_code(15);
    let result = outcome.result("callisto");
    assert_eq!((&result["outcome"], &result["stage"]), (&json!("failure"), &json!("record")));
    assert!(result["message"].as_str().unwrap().contains("NoSuchBucket"), "{result}");
    assert_eq!(outcome.log("callisto")["outcome"], "success");
    assert!(outcome.workspace.join(outcome.output("deployment_log")).is_file());
}

#[test]
fn a_workspace_without_write_access_fails_and_s3_has_the_record() {
    let trial = one();
    let outcome = record(&trial, "success").file("deployment-logs", "a file in the way").run();
    outcome.assert_code(15);
    assert!(outcome.result("callisto")["message"].as_str().unwrap().contains("deployment-logs/callisto"));
    assert_eq!(stored(&trial, "callisto")["outcome"], "success");
}

// serves: 11.10(e)/who-and-when, 11.10(e)/not-replaced
#[test]
fn a_long_reason_is_recorded_whole_and_metadata_stays_ascii() {
    let reason =
        "He said: \"it's 100% fine\" {\\n} \u{7f}\n\tZweite Zeile – 日本語 🩸 ${{ x }} ::error::no\n"
            .repeat(150);
    assert!(reason.len() > 10_000);
    let trial = one();
    for run in [record(&trial, "success"), trial.run()] {
        let outcome = run.input("reason", &reason).run();
        outcome.assert_code(0);
        assert_eq!(outcome.log("callisto")["reason"], reason.trim());
        assert!(outcome.annotations("error").is_empty());
    }
    let bucket = trial.log_bucket("callisto");
    let keys = trial.store.keys_in(bucket);
    assert_eq!(keys.len(), 2, "two records, even within one second");
    for key in keys {
        assert_eq!(trial.store.get_json(bucket, &key)["reason"], reason.trim());
        let head = trial.store.head(bucket, &key);
        let metadata = head.metadata().unwrap();
        assert!(metadata.values().all(|value| value.is_ascii() && value.len() <= 256), "{metadata:?}");
        assert!(metadata["reason"].starts_with("He said: \"it's 100%25 fine\""), "{metadata:?}");
    }
}

/// What is deployed need not be what the workflow file came with.
#[test]
fn the_record_and_the_backup_name_the_commit_that_is_deployed() {
    let trial = one();
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let outcome = record(&trial, "success").input("commit-sha", commit).run();
    outcome.assert_code(0);
    assert_eq!(stored(&trial, "callisto")["commit_sha"], commit);
    let outcome = trial.run().input("commit-sha", commit).run();
    outcome.assert_code(0);
    assert_eq!(outcome.log("callisto")["commit_sha"], commit);
    let key = outcome.output("backup_location").replace(&format!("s3://{}/", trial.bucket("callisto")), "");
    let head = trial.store.head(trial.bucket("callisto"), &key);
    assert_eq!(head.metadata().unwrap()["git-sha"], commit);

    for wrong in ["v1.4.2", "8d3b3ff", "0123456789abcdef0123456789abcdef0123456g"] {
        let outcome = record(&trial, "success").input("commit-sha", wrong).run();
        outcome.assert_code(2);
        assert!(outcome.visible().contains("not a full commit SHA"), "{}", outcome.transcript());
    }
}

/// Between `matrix` and `record`, titan is disabled, io is taken out and europa is new.
#[test]
fn sponsors_that_matrix_listed_are_recorded_after_a_change() {
    let names = ["callisto", "titan", "io", "europa"];
    let trial = Trial::of(names.map(|name| Sponsor::named(name).empty()));
    let entry = |name: &str, enabled: bool| {
        let code = &name.to_uppercase()[..2];
        format!("- {{name: {name}, code: {code}X, enabled: {enabled}, region: eu-west-1}}\n")
    };
    trial.manifest(Some(&format!(
        "sponsors:\n{}{}{}",
        entry("callisto", true),
        entry("titan", false),
        entry("europa", true)
    )));
    let listed = r#"["callisto","titan","io"]"#;
    let outcome = record(&trial, "success").input("sponsors", listed).run();
    outcome.assert_code(0);
    for (name, code) in [("callisto", json!("CAX")), ("titan", json!("TIX")), ("io", Value::Null)] {
        let log = stored(&trial, name);
        assert_eq!((&log["sponsor"], &log["sponsor_code"]), (&json!(name), &code));
    }
    assert!(trial.store.objects(trial.log_bucket("europa")).is_empty(), "europa was not deployed");
    let warnings = outcome.annotations("warning");
    assert!(warnings.iter().any(|warning| warning.contains("no longer enables io, titan")), "{warnings:?}");

    trial.manifest(Some("not: a manifest"));
    let outcome = record(&trial, "failure").input("sponsors", r#"["titan"]"#).run();
    outcome.assert_code(0);
    assert_eq!(trial.store.keys_in(trial.log_bucket("titan")).len(), 2);
    assert!(outcome.annotations("warning").iter().any(|warning| warning.contains("has no list under")));
}

/// A mistyped sponsor was not deployed, and neither was an empty list.
#[test]
fn unknown_sponsor_names_and_an_empty_list_are_refused() {
    let trial = one();
    for (sponsors, words) in [
        ("calisto", "sponsor calisto is not in the manifest"),
        (r#"["calli/../sto"]"#, "sponsor calli/../sto is not in the manifest"),
        ("[]", "`sponsors` is an empty list"),
    ] {
        let outcome = record(&trial, "success").input("sponsors", sponsors).run();
        outcome.assert_code(11);
        assert!(outcome.visible().contains(words), "{}", outcome.transcript());
        assert!(outcome.logs().is_empty());
    }
    for command in ["backup", "list"] {
        trial.run().input("command", command).input("sponsors", "[]").run().assert_code(11);
        let listed = trial.run().input("command", command).input("sponsors", r#"["callisto"]"#).run();
        listed.assert_code(0);
    }
}

#[test]
fn what_belongs_to_one_sponsor_is_refused_for_several() {
    let trial = Trial::of([Sponsor::named("callisto").empty(), Sponsor::named("rhea").empty()]);
    let outcome = record(&trial, "success").input("backup-size", "5").run();
    outcome.assert_code(2);
    assert!(outcome.visible().contains("`backup-location` and `backup-size` describe one sponsor's backup"));
    assert!(outcome.logs().is_empty() && trial.store.objects(trial.log_bucket("callisto")).is_empty());
    assert_eq!(outcome.output("outcome"), "failure");
}

#[test]
fn a_backup_step_feeds_its_outputs_to_the_record_step() {
    let trial = one();
    let backup = trial.run().run();
    backup.assert_code(0);
    let step = trial.wire(Run::step_after(&backup)).input("command", "record").input("outcome", "success");
    let location = backup.output("backup_location");
    let step = step.input("backup-location", &location).input("backup-size", backup.output("backup_size"));
    let outcome = step.run();
    outcome.assert_code(0);
    let logs = outcome.logs();
    assert_eq!(logs.len(), 2, "both records are in the workspace");
    let deployment = logs.iter().find(|(_, log)| log["event"] == "deployment").unwrap();
    let before = logs.iter().find(|(_, log)| log["event"] == "pre-deployment-backup").unwrap();
    for key in ["backup_location", "backup_size_bytes", "commit_sha", "github_run_id"] {
        assert_eq!(deployment.1[key], before.1[key], "{key}");
    }
}

/// What a record would assert, and what S3 shows: nothing is recorded as a backup that was not seen.
#[test]
fn a_foreign_location_is_refused_and_the_deployment_recorded() {
    let trial = Trial::of([Sponsor::named("callisto").empty(), Sponsor::named("titan").empty()]);
    let [ours, theirs] = ["callisto", "titan"].map(|name| {
        let backup = trial.run().input("sponsors", name).run();
        backup.assert_code(0);
        backup.output("backup_location")
    });
    let bucket = trial.bucket("callisto");
    let key = ours.strip_prefix(&format!("s3://{bucket}/")).unwrap().to_owned();
    let size = trial.store.get(bucket, &key).len().to_string();
    // Titan's backup under a key of callisto's.
    let foreign = theirs.strip_prefix(&format!("s3://{}/", trial.bucket("titan"))).unwrap();
    let misplaced = at(foreign, "20260101-000000");
    for end in ["", ".sha256", ".manifest.json"] {
        let bytes = trial.store.get(trial.bucket("titan"), &format!("{foreign}{end}"));
        trial.store.put(bucket, &format!("{misplaced}{end}"), bytes);
    }
    let foreign_size = trial.store.get(trial.bucket("titan"), foreign).len().to_string();
    let run = |location: &str, size: &str| {
        let run = record(&trial, "success").input("sponsors", "callisto");
        run.input("backup-location", location).input("backup-size", size).run()
    };
    let nowhere = format!("s3://{bucket}/{}", at(&key, "20010101-000000"));
    for (location, size, told) in [
        (&theirs, &*size, "which holds the backups of callisto"),
        (&nowhere, &size, "does not exist"),
        (&ours, "5", "`backup-size` is 5"),
        (&format!("s3://{bucket}/{misplaced}"), &foreign_size, "sponsor titan, expected callisto"),
    ] {
        let outcome = run(location, size);
        outcome.assert_code(15);
        let log = outcome.log("callisto");
        assert_eq!((&log["event"], &log["outcome"]), (&json!("deployment"), &json!("success")));
        for field in ["backup_location", "backup_size_bytes"] {
            assert_eq!(log[field], Value::Null, "{location}: {log}");
        }
        assert_eq!(log["backup_location_verified"], false);
        assert!(log["message"].as_str().unwrap().contains(told), "{told}: {log}");
        assert_eq!(outcome.output("backup_location"), "");
        let kept = outcome.output("deployment_log");
        assert!(kept.starts_with(&format!("s3://{}/", trial.log_bucket("callisto"))), "{kept}");
    }
    let staging = ours.replace("/backups/", "/staging/backups/").replace("-prod-", "-staging-");
    for location in
        [format!("{ours}.sha256"), format!("{ours}.manifest.json"), staging, "yesterday".to_owned()]
    {
        let outcome = run(&location, &size);
        outcome.assert_code(2);
        assert!(outcome.visible().contains("`backup-location` is `"), "{}", outcome.transcript());
    }
    trial.store.delete(bucket, &format!("{key}.manifest.json"));
    let outcome = run(&ours, &size);
    outcome.assert_code(15);
    assert_eq!(outcome.log("callisto")["backup_location"], Value::Null);
}

#[test]
fn a_location_that_s3_does_not_show_is_recorded_as_not_verified() {
    let trial = one();
    let backup = trial.run().run();
    let proxy = Proxy::before(trial.store.endpoint());
    let path = format!("/{}/", trial.bucket("callisto"));
    let denied = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
    proxy.rule(move |seen| match seen.path.starts_with(&path) {
        true => Action::Status(403, denied.to_owned()),
        false => Action::Pass,
    });
    let run = record(&trial, "success").input("s3-endpoint-url", proxy.endpoint());
    let outcome = run.input("backup-location", backup.output("backup_location")).run();
    outcome.assert_code(0);
    let log = outcome.log("callisto");
    assert_eq!(log["backup_location"], backup.output("backup_location"));
    assert_eq!(log["backup_location_verified"], false);
    let warnings = outcome.annotations("warning").join("\n");
    assert!(warnings.contains("backup-location not verified"), "{warnings}");
}

#[test]
fn what_a_disabled_backup_step_gives_is_recorded() {
    let trial = Trial::of([Sponsor::named("callisto").flag(None).empty()]);
    let backup = trial.run().run();
    let run = record(&trial, "success").input("backup-location", backup.output("backup_location"));
    let outcome = run.input("backup-size", backup.output("backup_size")).run();
    outcome.assert_code(0);
    assert_eq!(outcome.logs().last().unwrap().1["backup_location"], "not-configured");
}

#[test]
fn what_record_prints_reads_as_reviewed() {
    let moto = Moto::start();
    let trial = Trial::plan([Sponsor::named("callisto").empty()]).store(&moto).plain_names().start();
    let terminal = |arguments: &[&str]| {
        let all = ["record", "--outcome", "success"].iter().chain(arguments).copied();
        trial.wire(Run::terminal()).args(all).run()
    };
    terminal(&["--dry-run"]).assert_log_reviewed("record-planned");
    let backup = trial.run().run();
    let location = backup.output("backup_location");
    let untrue = terminal(&["--backup-location", &location, "--backup-size", "5"]);
    untrue.assert_code(15).assert_log_reviewed("record-untrue");
    trial.secret("callisto", "ENABLE_S3_BACKUP_ARCHIVAL", Some("false"));
    terminal(&["--backup-location", &location]).assert_code(0).assert_log_reviewed("record-not-verified");
}
