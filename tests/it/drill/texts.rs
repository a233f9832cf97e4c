//! What a drill prints, kept in `tests/snapshots`.

use std::time::Duration;

use super::{programs, tampering};
use crate::support::{Moto, Outcome, Proxy, Run, Sponsor, Trial, tools};

/// A sponsor with a backup, on a store of its own.
fn backed_up() -> (Moto, Trial) {
    let moto = Moto::start();
    let trial = Trial::plan([Sponsor::named("callisto")]).store(&moto).plain_names().start();
    trial.run().run().assert_code(0);
    (moto, trial)
}

fn drill(trial: &Trial) -> Run {
    trial.wire(Run::terminal()).arg("drill")
}

fn reviewed(run: Run, name: &str) -> Outcome {
    let outcome = run.run();
    outcome.assert_log_reviewed(name);
    outcome
}

#[test]
fn what_a_drill_prints_reads_as_reviewed() {
    let (_moto, trial) = backed_up();
    reviewed(drill(&trial).arg("--dry-run"), "drill-planned");
    reviewed(drill(&trial), "drill-equal").assert_code(0);
    let checks = "SELECT count(*) = 301 FROM diary_events;";
    let run = drill(&trial).file("checks.sql", checks).args(["--drill-checks", "checks.sql"]);
    reviewed(run, "drill-check-not-true").assert_code(17);
    let programs = tampering("SELECT setval('diary_events_event_id_seq', 301)");
    reviewed(drill(&trial).path(programs.path()), "drill-different").assert_code(17);
    reviewed(drill(&trial).env("TMPDIR", "/nonexistent/scratch"), "drill-no-scratch").assert_code(16);
}

/// Its pg_dump has an hour to spare.
#[test]
fn a_stopped_drill_reads_as_reviewed() {
    let (_moto, trial) = backed_up();
    let programs = programs("/usr/bin/sleep 3600", "");
    let running = drill(&trial).path(programs.path()).deadline(Duration::from_secs(60)).start();
    tools::wait_for("pg_dump", Duration::from_secs(50), || {
        let is_one = |pid: &&u32| {
            std::fs::read(format!("/proc/{pid}/cmdline"))
                .is_ok_and(|line| String::from_utf8_lossy(&line).contains("--format=plain"))
        };
        running.children().iter().find(is_one).copied()
    });
    running.signal("INT");
    running.wait().assert_code(130).assert_log_reviewed("drill-stopped");
}

#[test]
fn a_drill_looks_for_programs_and_scratch_before_it_reads() {
    let (_moto, trial) = backed_up();
    let proxy = Proxy::before(trial.store.endpoint());
    let run = || drill(&trial).args(["--s3-endpoint-url", &proxy.endpoint()]);
    let before_it_reads = |run: Run, told: &str| {
        let outcome = run.run();
        outcome.assert_code(16);
        assert!(outcome.stderr.contains(told), "{}", outcome.transcript());
        let mut requests = proxy.requests().into_iter();
        assert!(!requests.any(|seen| seen.method == "GET" && seen.path.ends_with(".sql.gz")));
    };
    before_it_reads(run().env("TMPDIR", "/nonexistent/scratch"), "/nonexistent/scratch");
    let bucket = trial.bucket("callisto");
    let mut keys = trial.store.keys_in(bucket).into_iter();
    let key = keys.find(|key| key.ends_with(".manifest.json")).unwrap();
    let mut manifest = trial.store.get_json(bucket, &key);
    manifest["server_version"] = "99.1".into();
    trial.store.put(bucket, &key, manifest.to_string());
    before_it_reads(run(), "PostgreSQL 99");
}
