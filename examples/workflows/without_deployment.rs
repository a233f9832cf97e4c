//! Backups by hand and on a schedule, and the drill of what they stored.

use serde_json::{Value, json};

use crate::Servers;
use crate::act::{Ran, Repository};
use crate::seen::{dumps, record};
use crate::support::Trial;

const SPONSORS: [&str; 2] = ["callisto", "titan"];
const AGES: &str = "Backup ages";
const PRODUCTION: &str = "backup-production.yml";
const NIGHTLY: &str = "backup-nightly.yml";

pub(crate) fn by_hand(servers: &Servers) {
    let trial = servers.plan().environment("staging").start();
    let repository = Repository::of(&trial, &SPONSORS);
    // As in GitHub's event, where every value is text.
    let dispatch = |dry_run: &str| {
        let inputs = json!({"environment": "staging", "sponsors": "titan", "reason": "before a test", "dry-run": dry_run});
        let workflow = "backup-databases-multi-sponsor.yml";
        let ran = repository.run(workflow, "workflow_dispatch", &json!({"inputs": inputs}));
        let jobs = [
            ("Environment", "success"),
            ("Sponsors", "success"),
            ("Backup of titan", "success"),
            (AGES, "success"),
        ];
        ran.assert_jobs(true, if dry_run == "true" { &jobs[..3] } else { &jobs });
        ran
    };
    dispatch("true").assert_artifacts(&[]);
    assert!(dumps(&trial, "titan").is_empty(), "the plan has stored something");
    dispatch("false").assert_artifacts(&["backup-logs-staging-titan-1"]);
    assert_backed_up(&trial, "titan", "staging/", "before a test");
    assert!(dumps(&trial, "callisto").is_empty(), "callisto was not selected");
}

pub(crate) fn scheduled(servers: &Servers) {
    let trial = servers.plan().start();
    let repository = Repository::of(&trial, &SPONSORS);
    scheduled_at(&repository, PRODUCTION)
        .assert_artifacts(&["backup-logs-production-callisto-1", "backup-logs-production-titan-1"]);
    for sponsor in SPONSORS {
        assert_backed_up(&trial, sponsor, "", "scheduled, every six hours");
    }

    let trial = servers.plan().environment("staging").also("development").start();
    // GitHub has other secrets in each environment; act has one of each name, which here opens both configs.
    let repository = Repository::of(&trial, &SPONSORS).all_tokens(&trial.doppler.service_account());
    scheduled_at(&repository, NIGHTLY).assert_artifacts(&[
        "backup-logs-development-callisto-1",
        "backup-logs-development-titan-1",
        "backup-logs-staging-callisto-1",
        "backup-logs-staging-titan-1",
    ]);
    for sponsor in SPONSORS {
        let dumps = dumps(&trial, sponsor);
        let of = |prefix: &str| dumps.iter().filter(|dump| dump.starts_with(prefix)).count();
        assert_eq!((of("staging/backups/"), of("development/backups/"), dumps.len()), (1, 1, 2), "{dumps:?}");
    }
}

/// The cron text is not the template's: no job may depend on it.
#[track_caller]
fn scheduled_at(repository: &Repository, workflow: &str) -> Ran {
    let ran = repository.run(workflow, "schedule", &json!({"schedule": "5 0,6,12,18 * * *"}));
    assert_eq!(ran.code, Some(0));
    ran
}

/// The jobs that back up are skipped, as if GitHub had cancelled them while they waited.
pub(crate) fn cancelled(servers: &Servers) {
    let trial = servers.plan().start();
    let workflow = "backup-databases-multi-sponsor.yml";
    let guard = "    if: needs.matrix.outputs.count != '0'\n";
    let repository = Repository::of(&trial, &SPONSORS).changed(workflow, guard, "    if: false\n");
    let ran = repository.run(PRODUCTION, "schedule", &json!({"schedule": "any"}));
    ran.assert_jobs(false, &[("Environment", "success"), ("Sponsors", "success"), (AGES, "failure")]);
    for sponsor in SPONSORS {
        assert!(ran.log().contains(&format!("error: {sponsor}: ")), "{sponsor} is not named");
    }
}

/// Environments that do not exist, and that GitHub would create.
pub(crate) fn misspelt(servers: &Servers) {
    let trial = servers.plan().environment("staging").start();
    let repository = Repository::of(&trial, &SPONSORS)
        .changed(NIGHTLY, "[staging, development]", "[stagign]")
        .changed("deploy-staging.yml", "environment: staging", "environment: stagign");
    let ran = repository.run(NIGHTLY, "schedule", &json!({"schedule": "any"}));
    ran.assert_jobs(false, &[("Environment", "failure")]);
    let ran = repository.run("deploy-staging.yml", "push", &json!({"ref": "refs/heads/main"}));
    ran.assert_jobs(false, &[("Environment and version", "failure")]);
    assert!(trial.doppler.requests().is_empty(), "tokens were used");
}

pub(crate) fn watcher(servers: &Servers) {
    let trial = servers.plan().start();
    let repository = Repository::of(&trial, &SPONSORS);
    let watch = || repository.run("watch-backups.yml", "schedule", &json!({"schedule": "any"}));
    let job = |result| [("Backup ages of all sponsors", result)];
    let ran = watch();
    ran.assert_jobs(false, &job("failure"));
    assert!(ran.log().contains("error: titan: "), "titan is not named");
    scheduled_at(&repository, PRODUCTION);
    watch().assert_jobs(true, &job("success"));
}

pub(crate) fn drill(servers: &Servers) {
    let trial = servers.plan().start();
    let repository = Repository::of(&trial, &SPONSORS);
    let weekly = || repository.run("restore-drill.yml", "schedule", &json!({"schedule": "41 3 * * 6"}));
    let jobs =
        |result| [("Sponsors", "success"), ("Drill of callisto-1", result), ("Drill of titan-2", result)];
    let artifacts = ["drill-reports-callisto-1", "drill-reports-titan-1"];
    let ran = weekly();
    ran.assert_jobs(false, &jobs("failure"));
    ran.assert_artifacts(&artifacts);
    scheduled_at(&repository, PRODUCTION);
    let ran = weekly();
    ran.assert_jobs(true, &jobs("success"));
    ran.assert_artifacts(&artifacts);
    for sponsor in SPONSORS {
        let bucket = trial.log_bucket(sponsor);
        let keys = trial.store.keys_in(bucket).into_iter().filter(|key| key.starts_with("drills/"));
        let reports: Vec<Value> = keys.map(|key| trial.store.get_json(bucket, &key)).collect();
        let passed = reports.iter().filter(|report| report["status"] == "passed").count();
        assert_eq!((passed, reports.len()), (1, 2), "{reports:#?}");
    }
}

#[track_caller]
fn assert_backed_up(trial: &Trial, sponsor: &str, prefix: &str, reason: &str) {
    let dumps = dumps(trial, sponsor);
    assert_eq!(dumps.len(), 1, "{dumps:?}");
    assert!(dumps[0].starts_with(&format!("{prefix}backups/")), "{dumps:?}");
    let tags = trial.store.tags(trial.bucket(sponsor), &dumps[0]);
    assert!(!tags.contains_key("pre-migration") && tags["type"] == "database-backup", "{tags:?}");
    let record = record(trial, sponsor, "backup");
    assert_eq!((&record["outcome"], &record["reason"]), (&json!("success"), &json!(reason)));
}
