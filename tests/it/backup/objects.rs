//! What is in the buckets afterwards: keys, tags and metadata to the letter, and a dump that standard tools read.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use sha2::{Digest as _, Sha256};

use super::{dump_key, restored, stored_log};
use crate::support::{REGION, Sponsor, Trial, tools};

fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `prefix2026/11/20/stem-20261120-130950` for a time such as `2026-11-20T13:09:50Z`.
fn key(prefix: &str, stem: &str, timestamp: &str) -> String {
    let day = timestamp[..10].replace('-', "/");
    let second = timestamp[..19].replace(['-', ':'], "").replace('T', "-");
    format!("{prefix}{day}/{stem}-{second}")
}

// serves: 11.10(e)/who-and-when, REQ-o00041/per-environment
#[test]
fn keys_tags_and_metadata_match_the_contract_per_environment() {
    let kept = [
        ("production", "", "prod", vec![("retention-years", "7"), ("fda-compliant", "true")]),
        ("staging", "staging/", "staging", vec![("retention-days", "30")]),
        ("development", "development/", "dev", vec![("retention-days", "7")]),
    ];
    for (environment, prefix, short, kept) in kept {
        let trial = Trial::plan([Sponsor::named("callisto").diary(2, 5)]).environment(environment).start();
        let outcome = trial.run().input("version", "v1.4.2-é").run();
        outcome.assert_code(0);
        let (bucket, logs) = (trial.bucket("callisto"), trial.log_bucket("callisto"));
        let log = stored_log(&trial, "callisto");
        let timestamp = log["deployment_timestamp"].as_str().unwrap();
        let dump = key(&format!("{prefix}backups/"), &format!("backup-{short}"), timestamp) + ".sql.gz";
        let record =
            key(&format!("{prefix}deployments/"), &format!("deployment-{short}"), timestamp) + ".json";
        let beside = ["", ".manifest.json", ".sha256"].map(|end| format!("{dump}{end}"));
        assert_eq!(trial.store.keys_in(bucket), beside);
        assert_eq!(trial.store.keys_in(logs), std::slice::from_ref(&record));
        assert_eq!(outcome.output("backup_location"), format!("s3://{bucket}/{dump}"));
        assert_eq!(outcome.output("deployment_log"), format!("s3://{logs}/{record}"));
        let common = [
            ("environment", environment),
            ("sponsor", "callisto"),
            ("pre-migration", "true"),
            ("object-lock", "none"),
        ];
        for (bucket, key) in beside.iter().map(|key| (bucket, key)).chain([(logs, &record)]) {
            let kind = if bucket == logs { "deployment-log" } else { "database-backup" };
            assert_eq!(
                trial.store.tags(bucket, key),
                tags(&[&common[..], &kept, &[("type", kind)]].concat()),
                "{key}"
            );
            let head = trial.store.head(bucket, key);
            let metadata = head.metadata().unwrap();
            assert_eq!(metadata["git-sha"], "8d3b3ff0c7a1e5d24be1a07b8d9c6f5e4a3b2c1d");
            assert_eq!(metadata["deployer"], "octocat");
            assert_eq!(metadata["timestamp"], timestamp);
            assert_eq!(metadata["version"], "v1.4.2-%C3%A9");
        }
    }
}

#[test]
fn a_nightly_backup_is_not_tagged_as_one_before_a_deployment() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let outcome = trial.run().input("pre-migration", "false").input("retention-years", "3").run();
    outcome.assert_code(0);
    let expected = [
        ("environment", "production"),
        ("type", "database-backup"),
        ("sponsor", "callisto"),
        ("retention-years", "3"),
        ("fda-compliant", "false"),
        ("object-lock", "none"),
    ];
    assert_eq!(trial.store.tags(trial.bucket("callisto"), &dump_key(&trial, "callisto")), tags(&expected));
    assert_eq!(outcome.log("callisto")["event"], "backup");
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Everything in a bucket, as the AWS CLI fetches it.
fn fetched(trial: &Trial, bucket: &str) -> tempfile::TempDir {
    let folder = tools::open_folder("fetched");
    let mut aws = Command::new(tools::python_tool("aws"));
    aws.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", folder.path()).env("AWS_DEFAULT_REGION", REGION);
    aws.env("AWS_ACCESS_KEY_ID", trial.store.access_key());
    aws.env("AWS_SECRET_ACCESS_KEY", trial.store.secret_key());
    aws.args(["s3", "cp", "--recursive", "--endpoint-url", trial.store.endpoint()]);
    tools::succeed(aws.arg(format!("s3://{bucket}/")).arg(folder.path()));
    folder
}

// serves: 11.10(b)/electronic, REQ-p00012/open-formats
#[test]
fn standard_tools_alone_get_the_data_back() {
    let trial = Trial::of([Sponsor::named("callisto").diary(40, 900)]);
    let outcome = trial.run().run();
    outcome.assert_code(0);
    let folder = fetched(&trial, trial.bucket("callisto"));
    let dump = folder.path().join(dump_key(&trial, "callisto"));
    let (place, name) = (dump.parent().unwrap(), dump.file_name().unwrap().to_str().unwrap());
    let checked =
        tools::succeed(Command::new("sha256sum").args(["-c", &format!("{name}.sha256")]).current_dir(place));
    assert_eq!(checked, format!("{name}: OK\n"));

    let mut gunzip = Command::new("gunzip").arg("-c").arg(&dump).stdout(Stdio::piped()).spawn().unwrap();
    let copy = restored(gunzip.stdout.take().unwrap());
    assert!(gunzip.wait().unwrap().success());
    let original = trial.database("callisto");
    assert_eq!(copy.content_digest(), original.content_digest());
    assert_eq!(copy.row_counts()["public.diary_events"], 900);
    assert_eq!(copy.psql("SELECT sum(events) FROM events_by_site"), "900", "views come back too");

    let stored = std::fs::read(&dump).unwrap();
    let plain = Command::new("gunzip").arg("-c").arg(&dump).output().unwrap().stdout;
    let manifest: serde_json::Value =
        serde_json::from_slice(&std::fs::read(place.join(format!("{name}.manifest.json"))).unwrap()).unwrap();
    crate::support::schemas::check_manifest(name, &manifest);
    assert_eq!(manifest["stored"]["bytes"], stored.len());
    assert_eq!(manifest["stored"]["sha256"], sha256(&stored));
    assert_eq!(manifest["dump"]["bytes"], plain.len());
    assert_eq!(manifest["dump"]["sha256"], sha256(&plain));
    assert_eq!(manifest["key"], dump_key(&trial, "callisto"));
    assert_eq!(manifest["git_sha"], "8d3b3ff0c7a1e5d24be1a07b8d9c6f5e4a3b2c1d");
    assert_eq!(
        (&manifest["github_run_id"], &manifest["github_run_attempt"]),
        (&"17342009911".into(), &"2".into())
    );
    let named = |list: &serde_json::Value| -> BTreeMap<String, String> {
        let pair = |it: &serde_json::Value| (text(&it["name"]), text(&it["value"]));
        list.as_array().unwrap().iter().map(pair).collect()
    };
    let head = trial.store.head(trial.bucket("callisto"), &dump_key(&trial, "callisto"));
    let mut metadata: BTreeMap<_, _> = head.metadata().unwrap().clone().into_iter().collect();
    metadata.remove("write-id");
    assert_eq!(named(&manifest["metadata"]), metadata);
    let mut set = trial.store.tags(trial.bucket("callisto"), &dump_key(&trial, "callisto"));
    set.remove("object-lock");
    assert_eq!(named(&manifest["tags"]), set);
    let told = manifest["tables"].as_array().unwrap().iter();
    let told: BTreeMap<String, i64> = told
        .map(|table| {
            let name = format!("{}.{}", table["schema"].as_str().unwrap(), table["name"].as_str().unwrap());
            (name, table["rows"].as_i64().unwrap())
        })
        .collect();
    assert_eq!(told, original.row_counts());
    assert_eq!(manifest["rows_total"], told.values().sum::<i64>());
    let log = outcome.log("callisto");
    assert_eq!(
        (&log["backup_sha256"], &log["dump_sha256"]),
        (&manifest["stored"]["sha256"], &manifest["dump"]["sha256"])
    );
    assert_eq!(
        (&log["backup_size_bytes"], &log["dump_size_bytes"]),
        (&manifest["stored"]["bytes"], &manifest["dump"]["bytes"])
    );
    assert_eq!(outcome.output("backup_sha256"), sha256(&stored));
    assert_eq!(outcome.output("backup_size"), stored.len().to_string());
    let text = String::from_utf8(plain).unwrap();
    assert!(!text.contains("OWNER TO") && !text.contains("GRANT "), "--no-owner --no-acl");
    assert!(text.contains("DROP TABLE IF EXISTS"), "--clean --if-exists");
}
