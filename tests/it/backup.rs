//! `backup`, from manifest to summary: what several sponsors of one run get, and what each of them is spared of the
//! others' troubles.

mod addresses;
mod dry_run;
mod encodings;
mod flag;
pub(crate) mod jobs;
mod lacking;
mod messages;
mod multipart;
mod objects;
mod proxies;
mod stages;
mod throttling;
mod warnings;

use std::process::{Command, Stdio};

use serde_json::json;

use crate::support::{Cluster, Database, Outcome, Sponsor, Trial, tools};

/// The key of the one dump in a bucket.
#[track_caller]
fn dump_key(trial: &Trial, sponsor: &str) -> String {
    let beside = |key: &String| key.ends_with(".sha256") || key.ends_with(".manifest.json");
    let mut keys = trial.store.keys_in(trial.bucket(sponsor));
    keys.retain(|key| !beside(key));
    assert_eq!(keys.len(), 1, "dumps of {sponsor}: {keys:?}");
    keys.remove(0)
}

/// The one record in a sponsor's bucket of logs.
#[track_caller]
fn stored_log(trial: &Trial, sponsor: &str) -> serde_json::Value {
    let keys = trial.store.keys_in(trial.log_bucket(sponsor));
    assert_eq!(keys.len(), 1, "records of {sponsor}: {keys:?}");
    trial.store.get_json(trial.log_bucket(sponsor), &keys[0])
}

/// An empty database into which plain SQL was read with psql alone, as its owner, which stops at the first error.
fn restored(sql: impl Into<Stdio>) -> Database {
    let database = Cluster::shared().database("restored");
    let mut psql = Command::new(tools::distribution_bin_dir().join("psql"));
    psql.env_clear().env("PGPASSWORD", &database.password).stdin(sql.into());
    psql.args(["-Xq", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", &database.port.to_string()]);
    psql.args(["-U", &database.user, "-d", &database.name]);
    tools::succeed(&mut psql);
    database
}

/// The same from bytes.
pub(crate) fn restored_from(sql: &[u8]) -> Database {
    use std::io::{Seek as _, Write as _};
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(sql).unwrap();
    file.rewind().unwrap();
    restored(file)
}

fn four_sponsors() -> Trial {
    Trial::of([
        Sponsor::named("callisto"),
        Sponsor::named("rhea").diary(3, 50),
        Sponsor::named("titan").flag(Some("false")).empty(),
        Sponsor::named("europa").disabled().empty(),
    ])
}

fn assert_backed_up(trial: &Trial, outcome: &Outcome, sponsor: &str) {
    let key = dump_key(trial, sponsor);
    let location = format!("s3://{}/{key}", trial.bucket(sponsor));
    let result = outcome.result(sponsor);
    assert_eq!(result["outcome"], "success");
    assert_eq!((&result["stage"], &result["message"]), (&json!(null), &json!(null)));
    assert_eq!(result["backup_location"], location);
    let log = stored_log(trial, sponsor);
    assert_eq!(log["outcome"], "success");
    assert_eq!(log["backup_location"], location);
    assert_eq!(log, outcome.log(sponsor), "the copy in the workspace");
    let plain = trial.store.get(trial.bucket(sponsor), &key);
    assert_eq!(result["backup_size"], plain.len());
}

#[test]
fn enabled_sponsors_are_backed_up_and_others_left_untouched() {
    let trial = four_sponsors();
    let outcome = trial.run().run();
    outcome.assert_code(0);
    assert_backed_up(&trial, &outcome, "callisto");
    assert_backed_up(&trial, &outcome, "rhea");
    assert_eq!(outcome.log("titan")["outcome"], "disabled");
    assert_eq!(outcome.log("titan")["s3_archival_enabled"], false);
    assert_eq!(outcome.logs().len(), 3, "and none of europa");
    for untouched in ["titan", "europa"] {
        assert!(trial.store.objects(trial.bucket(untouched)).is_empty());
        assert!(trial.store.objects(trial.log_bucket(untouched)).is_empty());
    }
    assert_eq!(outcome.output("sponsors"), r#"["callisto","rhea","titan"]"#);
    assert_eq!(outcome.output("outcome"), "success");
    for of_one in ["backup_location", "backup_size", "backup_sha256", "deployment_log"] {
        assert_eq!(outcome.output(of_one), "", "{of_one}: several ran");
    }
    let titan = outcome.result("titan");
    assert_eq!(titan["outcome"], "disabled");
    assert_eq!((&titan["backup_location"], &titan["backup_size"]), (&json!("not-configured"), &json!(0)));
    assert!(titan["deployment_log"].as_str().unwrap().starts_with("deployment-logs/titan/deployment-prod-"));
    let summary = outcome.summary();
    assert!(summary.starts_with("## ⚠️ Backup, production: 2 of 3 backed up, 1 not enabled"), "{summary}");
}

#[test]
fn one_sponsors_wrong_password_costs_no_other_backup() {
    let trial = four_sponsors();
    let wrong = Database { password: "wrong".into(), ..trial.database("rhea").clone() };
    trial.secret("rhea", "DATABASE_URL", Some(&wrong.url()));
    let outcome = trial.run().run();
    outcome.assert_code(13);
    assert_backed_up(&trial, &outcome, "callisto");
    assert!(trial.store.objects(trial.bucket("rhea")).is_empty());
    let rhea = outcome.result("rhea");
    assert_eq!((&rhea["outcome"], &rhea["stage"]), (&json!("failure"), &json!("dump")));
    let message = rhea["message"].as_str().unwrap();
    assert!(message.contains("password authentication failed"), "{message}");
    let log = stored_log(&trial, "rhea");
    assert_eq!((&log["outcome"], &log["stage"]), (&json!("failure"), &json!("dump")));
    assert_eq!(log["message"], message);
    assert_eq!(log["backup_location"], json!(null));
    assert_eq!(outcome.output("outcome"), "failure");
    let errors = outcome.annotations("error");
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(
        errors[0].starts_with("rhea: dump failed: ") && errors[0].contains("Correct the user and password")
    );
    assert!(outcome.summary().starts_with("## ❌ Backup, production: 1 of 3 failed"));
}

#[test]
fn failures_in_different_stages_have_a_code_of_their_own() {
    let trial = Trial::of(["callisto", "rhea", "titan"].map(|name| Sponsor::named(name).diary(2, 5)));
    trial.secret("rhea", "DATABASE_URL", Some("postgresql://nobody:x@127.0.0.1:1/none"));
    trial.secret("titan", "SPONSOR_BACKUPS_BUCKET", Some("hht-diary-backups-nowhere"));
    let outcome = trial.run().run();
    outcome.assert_code(20);
    assert_backed_up(&trial, &outcome, "callisto");
    assert_eq!(outcome.result("rhea")["stage"], "dump");
    assert_eq!(outcome.result("titan")["stage"], "archive");
}
