//! The four deployments, and what becomes of them when something in them fails.

use serde_json::{Value, json};

use crate::Servers;
use crate::act::{Ran, Repository};
use crate::seen::{dumps, record, records};
use crate::support::{Keyless, Sponsor, Trial};

const SPONSORS: [&str; 2] = ["callisto", "titan"];
const AGES: &str = "Backup ages of all sponsors";
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
    assert_deployed(&trial, &repository, &ran);
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
    let ran = repository.run("deploy-production.yml", "workflow_dispatch", &dispatched(""));
    assert_deployed(&keyless, &repository, &ran);
    let lent = keyless.doppler.lent();
    assert_eq!(lent.len(), 5, "one each for the plan, the backups, the ages, and the record: {lent:?}");
    assert!(lent.iter().all(|lent| lent.revoked), "a token was not given back: {lent:?}");
    let asked = keyless.doppler.requests();
    assert!(asked.iter().all(|asked| lent.iter().any(|lent| lent.token == asked.token)), "{asked:?}");
    for (what, canary) in keyless.canaries() {
        assert!(!ran.log().contains(&canary), "{what} stands in the log");
    }
}

/// Approved, backed up, deployed, and recorded, in this order and for every sponsor.
#[track_caller]
fn assert_deployed(trial: &Trial, repository: &Repository, ran: &Ran) {
    ran.assert_jobs(
        true,
        &[
            ("Approval", "success"),
            ("Environment and version", "success"),
            ("Sponsors", "success"),
            ("Backup of callisto-1", "success"),
            ("Backup of titan-2", "success"),
            (AGES, "success"),
            ("Deployment", "success"),
            ("Record", "success"),
        ],
    );
    ran.assert_artifacts(&[
        "backup-logs-production-callisto-1",
        "backup-logs-production-titan-1",
        "deployment-logs-production-1",
    ]);
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
            // act reports the name of the called workflow, and GitHub that of the caller.
            assert_eq!(record["workflow"], "deploy");
            // And not the commit of the branch on which the run began.
            assert_eq!(record["commit_sha"], repository.commit_of("v1.4.2"));
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
            ("Environment and version", "success"),
            ("Sponsors", "success"),
            ("Backup of callisto-1", "success"),
            ("Backup of titan-2", "success"),
            (AGES, "success"),
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
            ("Environment and version", "success"),
            ("Sponsors", "success"),
            ("Backup of callisto-1", "success"),
            ("Backup of titan-2", "failure"),
            (AGES, "failure"),
            ("Record", "success"),
        ],
    );
    // The log of what failed is kept, too.
    ran.assert_artifacts(&[
        "backup-logs-production-callisto-1",
        "backup-logs-production-titan-1",
        "deployment-logs-production-1",
    ]);
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
    ran.assert_jobs(
        false,
        &[
            ("Approval", "success"),
            ("Environment and version", "success"),
            ("Sponsors", "failure"),
            ("Record", "failure"),
        ],
    );
    assert!(repository.deployed().is_empty(), "deployed without a manifest");
}

pub(crate) fn nothing_enabled(servers: &Servers) {
    let trial = servers.plan_of([Sponsor::named("callisto").disabled()]).start();
    let repository = Repository::of(&trial, &["callisto"]);
    let ran = deploy_production(&repository);
    ran.assert_jobs(
        true,
        &[("Approval", "success"), ("Environment and version", "success"), ("Sponsors", "success")],
    );
    ran.assert_artifacts(&[]);
    assert!(repository.deployed().is_empty(), "deployed without a sponsor");
    assert!(dumps(&trial, "callisto").is_empty());
}

pub(crate) fn staging(servers: &Servers) {
    let trial = servers.plan().environment("staging").start();
    let repository = Repository::of(&trial, &SPONSORS);
    let ran = repository.run("deploy-staging.yml", "push", &json!({"ref": "refs/heads/main"}));
    ran.assert_jobs(
        true,
        &[
            ("Environment and version", "success"),
            ("Sponsors", "success"),
            ("Backup of callisto-1", "success"),
            ("Backup of titan-2", "success"),
            (AGES, "success"),
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
    let inputs =
        json!({"environment": "development", "sponsors": "callisto", "reason": "x", "dry-run": "false"});
    let by_hand = "backup-databases-multi-sponsor.yml";
    assert_eq!(repository.run(by_hand, "workflow_dispatch", &json!({"inputs": inputs})).code, Some(0));
    let mut inputs = dispatched("titan");
    inputs["inputs"]["version"] = "main".into();
    let ran = repository.run("deploy-development.yml", "workflow_dispatch", &inputs);
    ran.assert_jobs(true, &of_titan("success"));
    assert_recorded(&trial, "titan", "development/");
    assert_eq!(record(&trial, "titan", "deployment")["commit_sha"], repository.commit_of("main"));
    assert!(repository.deployed()[0].ends_with(r#" main ["titan"]"#), "{:?}", repository.deployed());
    assert!(records(&trial, "callisto", "deployment").is_empty());
}

fn of_titan(ages: &str) -> [(&str, &str); 6] {
    [
        ("Environment and version", "success"),
        ("Sponsors", "success"),
        ("Backup of titan", "success"),
        (AGES, ages),
        ("Deployment", "success"),
        ("Record", "success"),
    ]
}

/// Callisto has no backup at all. Titan's deployment does not wait for it, and is not green either.
pub(crate) fn another_sponsors_age(servers: &Servers) {
    let trial = servers.plan().environment("development").start();
    let repository = Repository::of(&trial, &SPONSORS);
    let ran = repository.run("deploy-development.yml", "workflow_dispatch", &dispatched("titan"));
    ran.assert_jobs(false, &of_titan("failure"));
    assert!(ran.log().contains("error: callisto: "), "the sponsor without a backup is not named");
    assert_recorded(&trial, "titan", "development/");
}

pub(crate) fn not_approved(servers: &Servers) {
    let trial = servers.plan().start();
    let refused = ("${{ needs.approve.result }}", "failure");
    let repository = Repository::of(&trial, &SPONSORS).changed("deploy-production.yml", refused.0, refused.1);
    let ran = deploy_production(&repository);
    ran.assert_jobs(
        true,
        &[("Approval", "success"), ("Environment and version", "success"), ("Record", "success")],
    );
    assert!(repository.deployed().is_empty(), "deployed without an approval");
    for sponsor in SPONSORS {
        assert!(dumps(&trial, sponsor).is_empty());
        assert_eq!(record(&trial, sponsor, "deployment")["outcome"], "skipped");
    }
}

pub(crate) fn no_such_version(servers: &Servers) {
    let trial = servers.plan().start();
    let repository = Repository::of(&trial, &SPONSORS);
    for version in ["v9.9.9", "main"] {
        let mut inputs = dispatched("");
        inputs["inputs"]["version"] = version.into();
        let ran = repository.run("deploy-production.yml", "workflow_dispatch", &inputs);
        ran.assert_jobs(false, &[("Approval", "success"), ("Environment and version", "failure")]);
    }
    assert!(repository.deployed().is_empty());
    assert!(SPONSORS.iter().all(|sponsor| dumps(&trial, sponsor).is_empty()), "backed up without a version");
}

/// While it is deployed, callisto is disabled, titan is taken out, and ganymede comes.
pub(crate) fn another_manifest(servers: &Servers) {
    let trial = servers.plan().start();
    let repository = Repository::of(&trial, &SPONSORS);
    let manifest = "sponsors:\n- {name: callisto, code: CAL, enabled: false}\n- {name: ganymede, code: GAN, enabled: true}\n";
    let ran =
        repository.during_a_deployment(|| deploy_production(&repository), || trial.manifest(Some(manifest)));
    // The job that looks at every sponsor runs in parallel to the deployment, before or after the change.
    assert_eq!((ran.jobs()["Deployment"].as_str(), ran.jobs()["Record"].as_str()), ("success", "success"));
    for sponsor in SPONSORS {
        assert_eq!(record(&trial, sponsor, "deployment")["outcome"], "success");
    }
    assert!(records(&trial, "ganymede", "deployment").is_empty(), "ganymede was not deployed");
}

/// As after a re-run of the failed job, which keeps the backups of the first attempt.
pub(crate) fn old_backups(servers: &Servers) {
    let trial = servers.plan().start();
    let repository = Repository::of(&trial, &SPONSORS);
    repository.let_the_clock_run_ahead("deploy", 100);
    let ran = deploy_production(&repository);
    assert_eq!(ran.jobs()["Deployment"], "success", "backups count for two hours");
    assert_eq!(repository.deployed().len(), 1);
    repository.let_the_clock_run_ahead("deploy", 121);
    let ran = deploy_production(&repository);
    assert_eq!(ran.jobs()["Deployment"], "failure");
    // act can lose the words of a step that ends within milliseconds, but not which step failed.
    assert!(ran.log().contains("Failure - Main The backups are fresh"));
    assert_eq!(repository.deployed().len(), 1, "deployed on old backups");
    let outcomes: Vec<Value> =
        records(&trial, "titan", "deployment").iter().map(|record| record["outcome"].clone()).collect();
    assert_eq!(outcomes, ["success", "failure"]);
}

#[track_caller]
fn assert_recorded(trial: &Trial, sponsor: &str, prefix: &str) {
    let dumps = dumps(trial, sponsor);
    assert_eq!(dumps.len(), 1, "{dumps:?}");
    assert!(dumps[0].starts_with(&format!("{prefix}backups/")), "{dumps:?}");
    assert_eq!(record(trial, sponsor, "pre-deployment-backup")["outcome"], "success");
    assert_eq!(record(trial, sponsor, "deployment")["outcome"], "success");
}
