//! The workflows that read what is stored: lists, verifications, restores.

use serde_json::{Value, json};

use crate::Servers;
use crate::act::{Ran, Repository};
use crate::seen::dumps;
use crate::support::Sponsor;

const SPONSORS: [&str; 2] = ["callisto", "titan"];

pub(crate) fn listed_and_verified(servers: &Servers) {
    let trial = servers.plan().start();
    let repository = Repository::of(&trial, &SPONSORS);
    let list = |age: &str| {
        let inputs = json!({"environment": "production", "sponsors": "", "max-backup-age": age});
        repository.run("list.yml", "workflow_dispatch", &json!({"inputs": inputs}))
    };
    let verify = |event: &str, inputs: &Value| repository.run("verify.yml", event, inputs);
    let verified = |ran: &Ran, ended_well: bool, result| {
        ran.assert_jobs(
            ended_well,
            &[
                ("Environment", "success"),
                ("Sponsors", "success"),
                ("Verification of callisto-1", result),
                ("Verification of titan-2", result),
            ],
        );
    };
    let daily = json!({"schedule": "11 4 * * *"});
    list("8h").assert_jobs(false, &[("Environment", "success"), ("Backups", "failure")]);
    verified(&verify("schedule", &daily), false, "failure");

    repository.run("backup-production.yml", "schedule", &json!({"schedule": "any"}));
    for age in ["8h", ""] {
        list(age).assert_jobs(true, &[("Environment", "success"), ("Backups", "success")]);
    }
    verified(&verify("schedule", &daily), true, "success");
    let inputs = json!({"environment": "production", "sponsors": "", "backup": "latest", "all": "true"});
    let ran = verify("workflow_dispatch", &json!({"inputs": inputs}));
    verified(&ran, true, "success");
    for sponsor in SPONSORS {
        assert!(ran.log().contains(&format!("{sponsor}: 1 backup verified")), "{sponsor}");
    }
}

pub(crate) fn reported(servers: &Servers) {
    let trial = servers.plan().start();
    let repository = Repository::of(&trial, &SPONSORS);
    let daily = || repository.run("backup-report.yml", "schedule", &json!({"schedule": "23 6 * * *"}));
    let page = |ran: &Ran, ended_well: bool, result| {
        ran.assert_jobs(ended_well, &[("Report of all sponsors", result)]);
        std::fs::read_to_string(&ran.artifacts()["backup-report"][0]).unwrap()
    };
    let before = page(&daily(), false, "failure");
    assert!(before.contains("2 sponsors of production: all need attention"), "{before}");
    repository.run("backup-production.yml", "schedule", &json!({"schedule": "any"}));
    repository.run("restore-drill.yml", "schedule", &json!({"schedule": "any"}));
    let after = page(&daily(), true, "success");
    assert!(after.contains("2 sponsors of production: nothing needs attention"), "{after}");
}

pub(crate) fn region_drill(servers: &Servers) {
    let trial = servers.plan().start();
    let repository = Repository::of(&trial, &SPONSORS);
    let quarterly = || repository.run("region-drill.yml", "schedule", &json!({"schedule": "any"}));
    let jobs = |result| {
        let [callisto, titan] = ["Region drill of callisto-1", "Region drill of titan-2"];
        [("Sponsors", "success"), (callisto, result), (titan, result)]
    };
    quarterly().assert_jobs(false, &jobs("failure"));
    repository.run("backup-production.yml", "schedule", &json!({"schedule": "any"}));
    for sponsor in SPONSORS {
        let own = [trial.bucket(sponsor), trial.log_bucket(sponsor)];
        let names = ["SPONSOR_BACKUPS_REPLICA_BUCKET", "SPONSOR_AUDIT_LOGS_REPLICA_BUCKET"];
        for (name, bucket) in names.into_iter().zip(own) {
            let replica = format!("{bucket}-replica");
            trial.store.bucket(&replica);
            for key in trial.store.keys_in(bucket) {
                trial.store.put(&replica, &key, trial.store.get(bucket, &key));
            }
            trial.secret(sponsor, name, Some(&replica));
        }
        trial.secret(sponsor, "SPONSOR_REPLICA_REGION", Some("eu-central-1"));
    }
    let ran = quarterly();
    ran.assert_jobs(true, &jobs("success"));
    ran.assert_artifacts(&["region-drill-reports-callisto-1", "region-drill-reports-titan-1"]);
}

pub(crate) fn restored(servers: &Servers) {
    // Without ganymede, whose database is unknown here.
    let trial = servers.plan_of(SPONSORS.map(Sponsor::named)).start();
    let target = servers.cluster.database("restored");
    let server = target.url().rsplit_once('/').unwrap().0.to_owned();
    let repository = Repository::of(&trial, &SPONSORS).with_secret("RESTORE_SERVER_URL", &server);
    repository.run("backup-production.yml", "schedule", &json!({"schedule": "any"}));
    let backup = dumps(&trial, "callisto").remove(0);
    let backup = format!("s3://{}/{backup}", trial.bucket("callisto"));
    let restore = |into: &str, dry_run: &str| {
        let inputs = json!({
            "environment": "production", "sponsor": "callisto", "backup": backup, "target": into,
            "confirm": "", "dry-run": dry_run
        });
        repository.run("restore.yml", "workflow_dispatch", &json!({"inputs": inputs}))
    };
    // A name that would send the password elsewhere.
    restore("x?host=192.0.2.1", "false").assert_jobs(false, &[("Environment and target", "failure")]);
    let jobs = |result| [("Environment and target", "success"), ("Restore of callisto", result)];
    // Only a sponsor's own backup.
    let live = trial.database("callisto").name.clone();
    restore(&live, "false").assert_jobs(false, &jobs("failure"));
    restore(&target.name, "true").assert_jobs(true, &jobs("success"));
    assert!(target.row_counts().is_empty(), "the plan has restored something");
    let ran = restore(&target.name, "false");
    ran.assert_jobs(true, &jobs("success"));
    assert_eq!(target.content_digest(), trial.database("callisto").content_digest());
    assert!(!ran.log().contains(&target.password), "the log has the password");
}
