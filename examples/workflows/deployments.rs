//! The four deployments, and what becomes of them when something in them fails.

use serde_json::{Value, json};

use crate::Servers;
use crate::act::{Ran, Repository};
use crate::seen::{dumps, record, records};
use crate::support::{Keyless, Sponsor, Trial};

const SPONSORS: [&str; 2] = ["callisto", "titan"];
const REASON: &str = "release 1.4.2: \"diary\" screen; $(second) `try`";

fn dispatched(sponsors: &str) -> Value {
    json!({"inputs": {"version": "v1.4.2", "reason": REASON, "sponsors": sponsors}})
}

fn deploy_production(repository: &Repository) -> Ran {
    repository.run("deploy-production.yml", "workflow_dispatch", &dispatched(""))
}

pub(crate) fn production(servers: &Servers) {
    let trial = servers.plan().start();
    let repository = Repository::of(&trial, &SPONSORS);
    let ran = deploy_production(&repository);
    assert_deployed(&trial, &repository, &ran, "deploy production");
    for sponsor in SPONSORS {
        let dumps = dumps(&trial, sponsor);
        assert_eq!(trial.store.tags(trial.bucket(sponsor), &dumps[0])["pre-migration"], "true");
    }
    let leaked = SPONSORS.iter().map(|name| trial.token(name)).chain([trial.core_token.as_str()]);
    for token in leaked {
        assert!(!ran.log().contains(token), "a token stands in the log");
    }
}

/// On a stage of its own: its S3 knows sessions of roles, and no tags.
pub(crate) fn keyless(_: &Servers) {
    let keyless = Keyless::of(&SPONSORS);
    let repository = Repository::without_secrets(&keyless);
    let ran = repository.run("deploy-production-keyless.yml", "workflow_dispatch", &dispatched(""));
    assert_deployed(&keyless, &repository, &ran, "deploy production without stored secrets");
    let lent = keyless.doppler.lent();
    assert_eq!(lent.len(), 4, "one for the plan, one for each backup, one for the record: {lent:?}");
    assert!(lent.iter().all(|lent| lent.revoked), "a token was not given back: {lent:?}");
    let asked = keyless.doppler.requests();
    assert!(asked.iter().all(|asked| lent.iter().any(|lent| lent.token == asked.token)), "{asked:?}");
    for (what, canary) in keyless.canaries() {
        assert!(!ran.log().contains(&canary), "{what} stands in the log");
    }
}

/// Approved, backed up, deployed, and recorded, in this order and for every sponsor.
#[track_caller]
fn assert_deployed(trial: &Trial, repository: &Repository, ran: &Ran, workflow: &str) {
    ran.assert_jobs(
        true,
        &[
            ("Approval", "success"),
            ("Sponsors", "success"),
            ("Backup of callisto-1", "success"),
            ("Backup of titan-2", "success"),
            ("Deployment", "success"),
            ("Record", "success"),
        ],
    );
    ran.assert_artifacts(&["backup-logs-callisto-1", "backup-logs-titan-1", "deployment-logs-1"]);
    let deployed = repository.deployed();
    let [line] = &deployed[..] else { panic!("deployed: {deployed:?}") };
    let (time, with) = line.split_once(' ').unwrap();
    // The outputs of the job `matrix` have arrived in the last job that reads them.
    assert_eq!(with, r#"v1.4.2 ["callisto","titan"]"#);
    for sponsor in SPONSORS {
        let dumps = dumps(trial, sponsor);
        assert_eq!(dumps.len(), 1, "{dumps:?}");
        let (before, after) =
            (record(trial, sponsor, "pre-deployment-backup"), record(trial, sponsor, "deployment"));
        let at = |record: &Value| record["deployment_timestamp"].as_str().unwrap().to_owned();
        assert!(at(&before).as_str() <= time && time < at(&after).as_str(), "{before:#}\n{time}\n{after:#}");
        for record in [&before, &after] {
            assert_eq!(record["outcome"], "success");
            assert_eq!((&record["version"], &record["reason"]), (&json!("v1.4.2"), &json!(REASON)));
            assert_eq!(record["workflow"], workflow);
        }
    }
}

pub(crate) fn failing(servers: &Servers) {
    let trial = servers.plan().start();
    let repository = Repository::of(&trial, &SPONSORS);
    repository.let_deployments_fail();
    let ran = deploy_production(&repository);
    ran.assert_jobs(
        false,
        &[
            ("Approval", "success"),
            ("Sponsors", "success"),
            ("Backup of callisto-1", "success"),
            ("Backup of titan-2", "success"),
            ("Deployment", "failure"),
            ("Record", "success"),
        ],
    );
    assert_eq!(repository.deployed().len(), 1);
    for sponsor in SPONSORS {
        assert_eq!(dumps(&trial, sponsor).len(), 1);
        assert_eq!(record(&trial, sponsor, "pre-deployment-backup")["outcome"], "success");
        assert_eq!(record(&trial, sponsor, "deployment")["outcome"], "failure");
    }
}

pub(crate) fn no_backup(servers: &Servers) {
    let trial = servers.plan().start();
    trial.secret("titan", "DATABASE_URL", Some("postgresql://app:no@127.0.0.1:1/titan"));
    let repository = Repository::of(&trial, &SPONSORS);
    let ran = deploy_production(&repository);
    ran.assert_jobs(
        false,
        &[
            ("Approval", "success"),
            ("Sponsors", "success"),
            ("Backup of callisto-1", "success"),
            ("Backup of titan-2", "failure"),
            ("Record", "success"),
        ],
    );
    // The log of what failed is kept, too.
    ran.assert_artifacts(&["backup-logs-callisto-1", "backup-logs-titan-1", "deployment-logs-1"]);
    assert!(repository.deployed().is_empty(), "deployed without titan's backup");
    assert_eq!((dumps(&trial, "callisto").len(), dumps(&trial, "titan").len()), (1, 0));
    assert_eq!(record(&trial, "callisto", "pre-deployment-backup")["outcome"], "success");
    assert_eq!(record(&trial, "titan", "pre-deployment-backup")["outcome"], "failure");
    for sponsor in SPONSORS {
        assert_eq!(record(&trial, sponsor, "deployment")["outcome"], "skipped");
    }
}

/// The record is tried all the same: what kept the first job from its work may be over by then.
pub(crate) fn no_manifest(servers: &Servers) {
    let trial = servers.plan().start();
    trial.manifest(None);
    let repository = Repository::of(&trial, &SPONSORS);
    let ran = deploy_production(&repository);
    ran.assert_jobs(false, &[("Approval", "success"), ("Sponsors", "failure"), ("Record", "failure")]);
    assert!(repository.deployed().is_empty(), "deployed without a manifest");
}

pub(crate) fn nobody(servers: &Servers) {
    let trial = servers.plan_of([Sponsor::named("callisto").disabled()]).start();
    let repository = Repository::of(&trial, &["callisto"]);
    let ran = deploy_production(&repository);
    ran.assert_jobs(true, &[("Approval", "success"), ("Sponsors", "success")]);
    ran.assert_artifacts(&[]);
    assert!(repository.deployed().is_empty(), "deployed for nobody");
    assert!(dumps(&trial, "callisto").is_empty());
}

pub(crate) fn staging(servers: &Servers) {
    let trial = servers.plan().environment("staging").start();
    let repository = Repository::of(&trial, &SPONSORS);
    let ran = repository.run("deploy-staging.yml", "push", &json!({"ref": "refs/heads/main"}));
    ran.assert_jobs(
        true,
        &[
            ("Sponsors", "success"),
            ("Backup of callisto-1", "success"),
            ("Backup of titan-2", "success"),
            ("Deployment", "success"),
            ("Record", "success"),
        ],
    );
    for sponsor in SPONSORS {
        assert_recorded(&trial, sponsor, "staging/");
        let record = record(&trial, sponsor, "deployment");
        assert_eq!(record["reason"], "push to main");
        assert_eq!(record["version"], record["commit_sha"]);
    }
}

pub(crate) fn development(servers: &Servers) {
    let trial = servers.plan().environment("development").start();
    let repository = Repository::of(&trial, &SPONSORS);
    let ran = repository.run("deploy-development.yml", "workflow_dispatch", &dispatched("titan"));
    ran.assert_jobs(
        true,
        &[
            ("Sponsors", "success"),
            ("Backup of titan", "success"),
            ("Deployment", "success"),
            ("Record", "success"),
        ],
    );
    assert_recorded(&trial, "titan", "development/");
    assert!(repository.deployed()[0].ends_with(r#" v1.4.2 ["titan"]"#), "{:?}", repository.deployed());
    assert!(dumps(&trial, "callisto").is_empty() && records(&trial, "callisto", "deployment").is_empty());
}

#[track_caller]
fn assert_recorded(trial: &Trial, sponsor: &str, prefix: &str) {
    let dumps = dumps(trial, sponsor);
    assert_eq!(dumps.len(), 1, "{dumps:?}");
    assert!(dumps[0].starts_with(&format!("{prefix}backups/")), "{dumps:?}");
    assert_eq!(record(trial, sponsor, "pre-deployment-backup")["outcome"], "success");
    assert_eq!(record(trial, sponsor, "deployment")["outcome"], "success");
}
