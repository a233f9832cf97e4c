//! What each command prints on a terminal and in a workflow, kept in `tests/snapshots`.

use crate::support::{Cluster, Moto, Outcome, Run, Sponsor, Trial};

/// Two sponsors on a store of their own, so that no name differs from run to run.
fn trial() -> (Moto, Trial) {
    let moto = Moto::start();
    let trial = Trial::plan([Sponsor::named("callisto"), Sponsor::named("titan").flag(Some("")).empty()])
        .store(&moto)
        .plain_names()
        .start();
    (moto, trial)
}

fn at_a_terminal(trial: &Trial, arguments: &[&str]) -> Run {
    trial.wire(Run::terminal()).args(arguments.iter().copied()).unset("PGDATABASE")
}

fn callisto(trial: &Trial, command: &str) -> Outcome {
    at_a_terminal(trial, &[command, "--sponsors", "callisto"]).run()
}

#[test]
fn each_command_prints_on_a_terminal_what_was_reviewed() {
    let (_moto, trial) = trial();
    callisto(&trial, "backup").assert_reviewed("terminal-backup");
    callisto(&trial, "list").assert_reviewed("terminal-list");
    callisto(&trial, "verify").assert_reviewed("terminal-verify");
    callisto(&trial, "drill").assert_reviewed("terminal-drill");
    at_a_terminal(&trial, &["matrix"]).run().assert_reviewed("terminal-matrix");
    let record = at_a_terminal(&trial, &["record", "--sponsors", "callisto", "--outcome", "success"]);
    record.run().assert_reviewed("terminal-record");
    let target = Cluster::shared().database("target");
    let restore = at_a_terminal(&trial, &["restore", "--sponsors", "callisto"]);
    restore.env("TARGET_DATABASE_URL", target.url()).run().assert_reviewed("terminal-restore");
}

#[test]
fn dry_runs_print_the_plans_that_were_reviewed() {
    let (_moto, trial) = trial();
    let backup = at_a_terminal(&trial, &["backup", "--sponsors", "callisto", "--dry-run"]);
    backup.run().assert_reviewed("terminal-backup-plan");
    callisto(&trial, "backup").assert_code(0);
    let target = Cluster::shared().database("target");
    let restore = at_a_terminal(&trial, &["restore", "--sponsors", "callisto", "--dry-run"]);
    restore.env("TARGET_DATABASE_URL", target.url()).run().assert_reviewed("terminal-restore-plan");
}

#[test]
fn failures_print_on_a_terminal_what_was_reviewed() {
    let (_moto, trial) = trial();
    callisto(&trial, "verify").assert_reviewed("terminal-verify-failed");
    at_a_terminal(&trial, &["backup", "--max-parallel", "1"])
        .run()
        .assert_reviewed("terminal-backup-disabled");
    trial.secret("callisto", "DATABASE_URL", Some("postgres://app:hunter2-canary@127.0.0.1:9/app"));
    callisto(&trial, "backup").assert_reviewed("terminal-backup-failed");
    at_a_terminal(&trial, &["backup", "--sponsors", "nobody"])
        .run()
        .assert_reviewed("terminal-backup-refused");
    at_a_terminal(&trial, &["backup", "--compression", "brotli"]).run().assert_reviewed("terminal-usage");
}

#[test]
fn a_workflow_prints_what_was_reviewed() {
    let (_moto, trial) = trial();
    trial.run().input("max-parallel", "1").run().assert_reviewed("workflow-backup");
    trial.secret("callisto", "DATABASE_URL", Some("postgres://app:hunter2-canary@127.0.0.1:9/app"));
    trial.run().input("sponsors", "callisto").run().assert_reviewed("workflow-backup-failed");
}
