//! The real chain: our runs, the gateway, Prometheus with our rules, Alertmanager, and the receiver.

use hyper::Method;

use crate::metrics::{callisto, lose_database, value};
use crate::support::{Cluster, Monitoring, Run, Sponsor, Trial};

use super::{dashboard, read};

fn pushing(run: Run, monitoring: &Monitoring) -> Run {
    run.input("pushgateway-url", monitoring.gateway())
}

#[test]
fn a_failure_reaches_the_receiver_and_a_success_ends_it() {
    let (monitoring, trial) = (Monitoring::start(), callisto());
    let run = |command: &str| pushing(trial.run().input("command", command), &monitoring).run();
    run("matrix").assert_code(0);
    run("backup").assert_code(0);
    monitoring.wait_for_series("backup_job_success == 1");
    let pushed = monitoring.pushed();
    let success = |pushed: &str| line(pushed, "last_success_timestamp_seconds");

    lose_database(&trial, "callisto");
    run("backup").assert_code(13);
    let alert = monitoring.wait_for_alert("SponsorBackupFailed", "callisto", "firing");
    assert_eq!(alert["labels"]["severity"], "critical");
    assert_eq!(alert["labels"]["environment"], "production");
    assert_eq!(alert["annotations"]["summary"], "The last backup of callisto (production) failed");
    assert_eq!(success(&monitoring.pushed()), success(&pushed));

    trial.secret("callisto", "DATABASE_URL", Some(&trial.database("callisto").url()));
    run("backup").assert_code(0);
    monitoring.wait_for_alert("SponsorBackupFailed", "callisto", "resolved");
    assert_ne!(success(&monitoring.pushed()), success(&pushed));
    let others = monitoring.received();
    let others = others.iter().filter(|alert| alert["labels"]["alertname"] != "SponsorBackupFailed");
    assert_eq!(others.collect::<Vec<_>>(), Vec::<&serde_json::Value>::new());
}

/// Nothing is pushed when a backup gets too old: time alone lets the rule fire.
#[test]
fn a_backup_that_gets_too_old_alerts() {
    let rules = read("monitoring/rules.yml");
    assert!(rules.contains("for: 15m"));
    let (monitoring, trial) = (Monitoring::with_rules(&rules.replace("for: 15m", "for: 1s")), callisto());
    let run = |command: &str| pushing(trial.run().input("command", command), &monitoring);
    run("backup").run().assert_code(0);
    run("matrix").input("max-backup-age", "5s").run().assert_code(0);
    let alert = monitoring.wait_for_alert("SponsorBackupTooOld", "callisto", "firing");
    assert_eq!(alert["labels"]["severity"], "critical");
    run("matrix").input("max-backup-age", "8h").run().assert_code(0);
    monitoring.wait_for_alert("SponsorBackupTooOld", "callisto", "resolved");
}

/// The sample of a metric, as the gateway shows it.
fn line(pushed: &str, metric: &str) -> String {
    let found = pushed.lines().find(|line| line.starts_with(&format!("sponsor_backup_{metric}{{")));
    found.unwrap_or_else(|| panic!("no {metric}: {pushed}")).to_owned()
}

#[test]
fn legs_that_push_at_once_lose_nothing() {
    let names = ["callisto", "titan", "rhea", "europa"];
    let (monitoring, trial) =
        (Monitoring::start(), Trial::of(names.map(|name| Sponsor::named(name).empty())));
    let legs = names.map(|name| pushing(trial.run().input("sponsors", name), &monitoring).start());
    for leg in legs {
        let outcome = leg.wait();
        assert_eq!(outcome.assert_code(0).annotations("warning").concat().matches("Pushgateway").count(), 0);
    }
    let pushed = monitoring.pushed();
    for name in names {
        let label = format!("sponsor=\"{name}\"");
        for metric in ["last_success_timestamp_seconds", "last_outcome", "stored_bytes"] {
            let is_its =
                |line: &str| line.starts_with(&format!("sponsor_backup_{metric}{{")) && line.contains(&label);
            assert!(pushed.lines().any(is_its), "{metric} of {name}: {pushed}");
        }
    }
}

/// After one run of each command. What a gateway lost, `metrics` pushes again.
#[test]
fn every_query_of_the_dashboard_has_series() {
    let (monitoring, trial) = (Monitoring::start(), callisto());
    for command in ["matrix", "backup", "verify", "backup"] {
        trial.run().input("command", command).run().assert_code(0);
    }
    let backups = trial.backups("callisto");
    let oldest = backups.dumps().into_iter().min().unwrap();
    backups.put(&oldest, b"damaged");
    let verify = pushing(trial.run().input("command", "verify").input("all", "true"), &monitoring);
    assert_ne!(verify.run().code, Some(0));
    monitoring.wait_for_series("sponsor_backup_verify_last_failure_timestamp_seconds");
    let drill = |most: &str| {
        let drill = trial.run().input("command", "drill").input("max-rpo", "6h");
        drill.input("max-rto", most).run()
    };
    drill("1ms").assert_code(17);
    drill("2h").assert_code(0);
    let target = Cluster::shared().database("target");
    let restore = trial.run().input("command", "restore").env("TARGET_DATABASE_URL", target.url());
    restore.run().assert_code(0);
    lose_database(&trial, "callisto");
    trial.run().run().assert_code(13);
    let metrics = pushing(trial.wire(Run::terminal()).arg("metrics"), &monitoring);
    let outcome = metrics.input("storage-budget", "1GiB").run();
    outcome.assert_code(0);
    assert!(value(&outcome.stdout, "storage_budget_bytes", "callisto", "").is_some());
    // No S3 server that runs here replicates, this bucket has no locks, and production keeps its backups for years.
    let others = [
        "replication_oldest_pending_seconds",
        "locked_until_timestamp_seconds",
        "prune_last_success_timestamp_seconds",
    ];
    let others = others.map(|name| format!("sponsor_backup_{name} 1\n")).concat();
    monitoring.push(Method::POST, "job/other/environment/production/sponsor/callisto", &others);
    monitoring.wait_for_series("sponsor_backup_rows");
    for query in dashboard::queries() {
        monitoring.wait_for_series(&query);
    }
}
