//! The sponsor's database is a standby. The run reports what it lacks, and rejects it if it lags too far behind its
//! primary.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::support::{Cluster, Outcome, Sponsor, Trial, tools};

fn manifest(trial: &Trial, outcome: &Outcome) -> Value {
    let location = outcome.output("backup_location");
    let key =
        location.split_once("/backups/").map(|(_, rest)| format!("backups/{rest}.manifest.json")).unwrap();
    trial.store.get_json(trial.bucket("callisto"), &key)
}

fn time(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

/// - fault: The database is a standby, which does not contain the rows of unlogged tables
/// - injected: A real standby, and an unlogged table on its primary
/// - seen: A warning with the standby and the table. Success
/// - left: The backup, with `standby` in its manifest. A drill of it succeeds
/// - fault: The standby's replay is paused while its primary continues
/// - injected: `pg_wal_replay_pause()` before a row is written
/// - seen: A warning with the time up to which the standby had replayed. With a smaller `max-replica-lag`, `the standby
///   lags` and exit code 13
/// - left: A backup as old as that time, or a record of the failure
#[test]
fn a_standby_says_so_and_is_as_old_as_what_it_replayed() {
    let primary = Cluster::start(tools::distribution_bin_dir());
    let trial = Trial::plan([Sponsor::named("callisto").diary(2, 5)]).cluster(&primary).start();
    let database = trial.database("callisto");
    let generated = "(one int, two int GENERATED ALWAYS AS (one * 2) STORED)";
    database.psql_as_owner(&format!(
        "CREATE UNLOGGED TABLE scratch {generated}; INSERT INTO scratch VALUES (1);
         CREATE TABLE doubled {generated}; INSERT INTO doubled VALUES (1)"
    ));
    let standby = primary.standby();
    let url = database.url().replace(&format!(":{}/", primary.port()), &format!(":{}/", standby.port()));
    trial.secret("callisto", "DATABASE_URL", Some(&url));
    let replayed = |at: &Cluster, sql: &str| at.psql(&database.name, sql);
    tools::wait_for("the standby", Duration::from_secs(60), || {
        let streams = "SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'";
        (replayed(&standby, streams) == "1").then_some(())
    });
    let catches_up = || {
        let at = replayed(&primary, "SELECT pg_current_wal_lsn()");
        tools::wait_for("the standby's replay", Duration::from_secs(60), || {
            let sql = format!("SELECT pg_last_wal_replay_lsn() >= '{at}'");
            (replayed(&standby, &sql) == "t").then_some(())
        });
    };
    catches_up();

    // An idle primary does not count as a lag, even with the smallest limit.
    let outcome = trial.run().input("max-replica-lag", "1s").run();
    outcome.assert_code(0);
    let told = manifest(&trial, &outcome);
    assert_eq!(told["standby"]["lag_seconds"], 0);
    assert_eq!(
        told["standby"]["unlogged_tables"],
        serde_json::json!([{"schema": "public", "name": "scratch"}])
    );
    assert!(time(&told["started_at"]) >= time(&told["timestamp"]));
    let sums =
        told["tables"].as_array().unwrap().iter().filter(|table| table["generated_digest"].is_string());
    assert_eq!(sums.map(|table| &table["name"]).collect::<Vec<_>>(), ["doubled", "patients"]);
    let warnings = outcome.annotations("warning").join("\n");
    assert!(
        warnings.contains("the database is a standby") && warnings.contains("public.scratch"),
        "{warnings}"
    );
    assert!(told["warnings"].to_string().contains("public.scratch"), "{told:#}");
    let outcome = trial.run().input("command", "drill").run();
    outcome.assert_code(0);
    assert_eq!(outcome.drill_report("callisto")["verdict"], "equal");

    // The test server commits asynchronously. This commit must be in its log before the test waits for the standby to
    // replay it.
    database.psql_as_owner("SET synchronous_commit = on; CREATE TABLE before_the_pause ()");
    catches_up();
    replayed(&standby, "SELECT pg_wal_replay_pause()");
    database.psql_as_owner("CREATE TABLE after_the_pause ()");
    std::thread::sleep(Duration::from_secs(2));
    let outcome = trial.run().run();
    outcome.assert_code(0);
    let told = manifest(&trial, &outcome);
    assert!(told["standby"]["lag_seconds"].as_u64().unwrap() >= 1, "{told:#}");
    assert!(time(&told["started_at"]) < time(&told["timestamp"]), "{told:#}");
    let difference = time(&told["started_at"]).duration_since(time(&told["standby"]["replayed_at"]));
    assert!(difference.is_zero(), "{told:#}");
    let warnings = outcome.annotations("warning").join("\n");
    assert!(warnings.contains("which had replayed its primary up to"), "{warnings}");
    let tables = told["tables"].to_string();
    assert!(tables.contains("before_the_pause") && !tables.contains("after_the_pause"), "{tables}");

    let stored = trial.store.keys_in(trial.bucket("callisto")).len();
    for dry_run in ["false", "true"] {
        let outcome = trial.run().input("max-replica-lag", "1s").input("dry-run", dry_run).run();
        outcome.assert_code(13);
        let message = outcome.result("callisto")["message"].as_str().unwrap().to_owned();
        assert!(message.contains("the standby lags "), "{message}");
    }
    assert_eq!(trial.store.keys_in(trial.bucket("callisto")).len(), stored);
}

/// - fault: The standby cannot report its lag
/// - injected: A standby without a WAL receiver that has not replayed a transaction since it started
/// - seen: `the standby does not know how far it lags behind its primary`. Exit code 13
/// - left: A record of the failure
#[test]
fn a_standby_that_knows_nothing_is_refused_as_a_source() {
    let primary = Cluster::start(tools::distribution_bin_dir());
    let trial = Trial::plan([Sponsor::named("callisto").diary(2, 5)]).cluster(&primary).start();
    let standby = primary.standby();
    let database = trial.database("callisto");
    let url = database.url().replace(&format!(":{}/", primary.port()), &format!(":{}/", standby.port()));
    trial.secret("callisto", "DATABASE_URL", Some(&url));
    drop(primary);
    let receivers = "SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'";
    tools::wait_for("the receiver's end", Duration::from_secs(60), || {
        (standby.psql(&database.name, receivers) == "0").then_some(())
    });
    let outcome = trial.run().run();
    outcome.assert_code(13);
    let message = outcome.result("callisto")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("the standby does not know how far it lags"), "{message}");
    assert_eq!(trial.store.keys_in(trial.bucket("callisto")), Vec::<String>::new());
}
