//! Faults of a PostgreSQL server: it rejects, hides rows, locks, or goes away. Covers incidents F1, F8, F11, F22 and
//! F28. For which client dumps which server, see `clients`. For connections, see `connection`.

use std::time::Duration;

use crate::support::{Action, Cluster, Database, Outcome, Proxy, Sponsor, Trial, Wire, tools};

/// The failure of a sponsor's dump. The sponsor's bucket must be empty.
#[track_caller]
pub(super) fn failure(trial: &Trial, outcome: &Outcome, sponsor: &str) -> String {
    let result = outcome.result(sponsor);
    assert_eq!((&result["outcome"], &result["stage"]), (&"failure".into(), &"dump".into()), "{result:#}");
    assert_eq!(trial.store.keys_in(trial.bucket(sponsor)), Vec::<String>::new());
    assert_eq!(trial.store.uploads(trial.bucket(sponsor)), Vec::<String>::new());
    result["message"].as_str().unwrap().to_owned()
}

/// The URL of a database with one part replaced.
pub(super) fn url(database: &Database, from: &str, to: &str) -> String {
    let url = database.url();
    assert!(url.contains(from), "{from}");
    url.replace(from, to)
}

/// F28: three databases are unreachable, each for another reason, and the fourth sponsor gets its backup.
/// - fault: The password in DATABASE_URL is wrong
/// - injected: Another password
/// - seen: `password authentication failed`, and what to correct. Exit code 13
/// - left: A record of the failure without the password
/// - fault: The database does not exist
/// - injected: Another name
/// - seen: `does not exist`, and what to check. Exit code 13
/// - left: A record of the failure
/// - fault: No server listens on the port
/// - injected: A free port
/// - seen: `Connection refused`, and what to check. Exit code 13
/// - left: A record of the failure
#[test]
fn what_the_server_says_is_reported_with_its_remedy() {
    let trial = Trial::of(["callisto", "europa", "rhea", "titan"].map(|name| Sponsor::named(name).empty()));
    let set = |sponsor: &str, url: String| trial.secret(sponsor, "DATABASE_URL", Some(&url));
    let database = trial.database("callisto");
    set("callisto", url(database, &database.password.replace('-', "%2D"), "canary-of-a-wrong-password"));
    set("europa", format!("{}_gone", trial.database("europa").url()));
    set(
        "rhea",
        url(trial.database("rhea"), &format!(":{}/", database.port), &format!(":{}/", tools::free_port())),
    );
    let outcome = trial.run().run();
    outcome.assert_code(13);
    let told = |sponsor: &str, message: &str, hint: &str| {
        let said = failure(&trial, &outcome, sponsor);
        assert!(said.contains(message), "{said}");
        assert!(outcome.stdout.contains(hint), "{}", outcome.transcript());
        // F31: the failure has a record in S3, too.
        let keys = trial.store.keys_in(trial.log_bucket(sponsor));
        assert_eq!(trial.store.get_json(trial.log_bucket(sponsor), &keys[0])["stage"], "dump");
    };
    told("callisto", "password authentication failed", "Correct the user and password in DATABASE_URL.");
    told("europa", "_gone\" does not exist", "Check the database name in DATABASE_URL");
    told("rhea", "Connection refused", "Check the host and port in DATABASE_URL");
    assert_eq!(outcome.result("titan")["outcome"], "success");
    // F22: the output never contains the wrong password.
    assert!(!outcome.everything().contains("canary-of-a-wrong-password"), "{}", outcome.everything());
}

// serves: 11.10(b)/complete
/// - fault: The role cannot read one of the tables
/// - injected: A table of the superuser
/// - seen: `permission denied for table`, and which role to grant. Exit code 13
/// - left: A record of the failure
#[test]
fn a_table_that_may_not_be_read_fails_the_whole_backup() {
    let trial = Trial::of([Sponsor::named("callisto")]);
    trial.database("callisto").psql("CREATE TABLE unreadable AS SELECT 1 AS secret");
    let outcome = trial.run().run();
    outcome.assert_code(13);
    let message = failure(&trial, &outcome, "callisto");
    assert!(message.contains("permission denied for table unreadable"), "{message}");
    assert!(outcome.stdout.contains("pg_read_all_data"), "{}", outcome.transcript());
}

// serves: 11.10(b)/complete
/// F8: without this check, the rows that a policy hides would be missing without a warning.
/// - fault: A row-level security policy hides rows from the role
/// - injected: A policy on another role's table
/// - seen: `row-level security policy`, and the hint that the role needs BYPASSRLS. Exit code 13
/// - left: A record of the failure
#[test]
fn rows_that_a_policy_hides_fail_the_backup() {
    let trial = Trial::of([Sponsor::named("callisto")]);
    let database = trial.database("callisto");
    database.psql(&format!(
        "CREATE TABLE guarded AS SELECT i FROM generate_series(1, 9) i; GRANT SELECT ON guarded TO \"{user}\"; \
         ALTER TABLE guarded ENABLE ROW LEVEL SECURITY; CREATE POLICY few ON guarded USING (i < 5)",
        user = database.user
    ));
    let outcome = trial.run().run();
    outcome.assert_code(13);
    let message = failure(&trial, &outcome, "callisto");
    assert!(message.contains("row-level security policy for table \"guarded\""), "{message}");
    assert!(outcome.stdout.contains("Give the role BYPASSRLS"), "{}", outcome.transcript());
    database.psql(&format!("ALTER ROLE \"{}\" BYPASSRLS", database.user));
    trial.run().run().assert_code(0);
}

/// F11: a migration holds its lock. The backup gives up in time, and no other session queues behind it.
/// - fault: A migration holds a lock
/// - injected: An open transaction with `ALTER TABLE`
/// - seen: `canceling statement due to` the lock timeout, and what to do. Exit code 13
/// - left: A record of the failure. No session waits for the lock
#[test]
fn a_lock_that_is_not_given_in_time_fails_the_backup() {
    let trial = Trial::of([Sponsor::named("callisto")]);
    let database = trial.database("callisto");
    let migration = database.hold("ALTER TABLE patients ADD COLUMN late int");
    let outcome = trial.run().input("lock-wait-timeout", "1s").run();
    outcome.assert_code(13);
    let message = failure(&trial, &outcome, "callisto");
    assert!(message.contains("canceling statement due to"), "{message}");
    assert!(outcome.stdout.contains("Another session holds a lock"), "{}", outcome.transcript());
    assert_eq!(database.sessions(), 0);
    drop(migration);
    trial.run().run().assert_code(0);
}

/// - fault: A migration holds a lock and ends before `lock-wait-timeout`
/// - injected: An open transaction with `ALTER TABLE`
/// - seen: `waiting for a lock on public.patients (held by pid …)`. Exit code 0
/// - left: The backup
#[test]
fn a_wait_for_a_lock_names_the_table_and_its_holder() {
    let trial = Trial::of([Sponsor::named("callisto")]);
    let database = trial.database("callisto");
    let migration = database.hold("ALTER TABLE patients ADD COLUMN late int");
    let holder = database.psql(
        "SELECT pid FROM pg_locks WHERE relation = 'patients'::regclass AND mode = 'AccessExclusiveLock'",
    );
    let running = trial.run().input("lock-wait-timeout", "10m").start();
    running.wait_until_printed(&format!(
        "callisto: waiting for a lock on public.patients (held by pid {holder})"
    ));
    drop(migration);
    running.wait().assert_code(0);
}

/// F1: pg_dump dies in the middle of a table, when a part is already at S3.
/// - fault: The real pg_dump is killed in the middle of a table, during the upload of a part
/// - injected: SIGKILL from outside
/// - seen: `pg_dump was killed by signal 9`. Exit code 13
/// - left: A record of the failure. The upload is aborted
#[test]
fn a_pg_dump_that_is_killed_leaves_nothing() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    trial.database("callisto").load_noise(64);
    let proxy = Proxy::before(trial.store.endpoint());
    // During the upload of this part, the program fills at most one more. Most of the dump is still to come.
    let is_second = |seen: &crate::support::Seen| seen.query.contains("partNumber=2");
    proxy.spoil(1, Action::Delay(Duration::from_secs(5)), is_second);
    let run = trial.run().input("s3-endpoint-url", proxy.endpoint()).input("memory-limit", "24MiB");
    let running = run.start();
    tools::wait_for("the second part", Duration::from_secs(60), || {
        proxy.requests().iter().any(is_second).then_some(())
    });
    let [pg_dump] = running.children()[..] else { panic!("{:?}", running.children()) };
    tools::signal("KILL", pg_dump);
    let outcome = running.wait();
    outcome.assert_code(13);
    let message = failure(&trial, &outcome, "callisto");
    assert!(message.contains("pg_dump was killed by signal 9"), "{message}");
}

/// The same from the server's side.
/// - fault: An administrator ends the session
/// - injected: `pg_terminate_backend`
/// - seen: `terminating connection due to administrator command`. Exit code 13
/// - left: A record of the failure
#[test]
fn a_session_that_the_server_ends_leaves_nothing() {
    let trial = Trial::of([Sponsor::named("callisto")]);
    let database = trial.database("callisto");
    let _migration = database.hold("LOCK TABLE patients IN ACCESS EXCLUSIVE MODE");
    let running = trial.run().start();
    database.wait_until_a_dump_waits();
    database.psql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND application_name = 'sponsor-backup'",
    );
    let outcome = running.wait();
    outcome.assert_code(13);
    let message = failure(&trial, &outcome, "callisto");
    assert!(message.contains("terminating connection due to administrator command"), "{message}");
}

/// pg_dump itself ignores a pattern that matches nothing, as long as another one matches.
/// - fault: A pattern in `schemas` matches nothing
/// - injected: A misspelled name next to a correct one
/// - seen: `no matching schemas were found for pattern`. Exit code 13
/// - left: A record of the failure
#[test]
fn a_misspelt_schema_is_a_failure_and_not_a_smaller_backup() {
    let trial = Trial::of([Sponsor::named("callisto")]);
    let outcome = trial.run().input("schemas", "public, aith").run();
    outcome.assert_code(13);
    let message = outcome.result("callisto")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("no matching schemas were found for pattern \"aith\""), "{message}");
    assert!(trial.store.keys_in(trial.bucket("callisto")).is_empty());
    trial.run().input("schemas", "public").run().assert_code(0);
}

/// - fault: The server stops immediately in the middle of a table, during the upload
/// - injected: SIGQUIT to a separate server, as `pg_ctl stop -m immediate` does
/// - seen: `pg_dump exited with 1`, the table, and where to look. Exit code 13
/// - left: A record of the failure. The upload is aborted. The backup of a sponsor on another server
#[test]
fn a_server_that_stops_in_the_middle_leaves_nothing() {
    let cluster = Cluster::start(tools::distribution_bin_dir());
    let doomed = cluster.database("callisto");
    doomed.load_noise(64);
    let trial = Trial::of([
        Sponsor::named("callisto").empty().secret("DATABASE_URL", Some(&doomed.url())),
        Sponsor::named("titan"),
    ]);
    let postmaster = std::fs::read_to_string(cluster.folder().join("data/postmaster.pid")).unwrap();
    let postmaster = postmaster.lines().next().unwrap().parse().unwrap();
    broken_in_the_middle(&trial, || tools::signal("QUIT", postmaster));
}

/// - fault: The connection to the server breaks in the middle of a table, during the upload
/// - injected: A TCP proxy between pg_dump and the server that closes both ends
/// - seen: `pg_dump exited with 1`, the table, and where to look. Exit code 13
/// - left: A record of the failure. The upload is aborted. The backup of another sponsor
#[test]
fn a_connection_that_is_cut_in_the_middle_leaves_nothing() {
    let trial = Trial::of([Sponsor::named("callisto").empty(), Sponsor::named("titan")]);
    let database = trial.database("callisto");
    database.load_noise(64);
    let wire = Wire::to(database.port);
    let through = url(database, &format!(":{}/", database.port), &format!(":{}/", wire.port()));
    trial.secret("callisto", "DATABASE_URL", Some(&through));
    broken_in_the_middle(&trial, || wire.cut());
    tools::wait_for("the session's end", Duration::from_secs(10), || {
        (database.sessions() == 0).then_some(())
    });
}

/// Calls `breaks` once parts of callisto's dump are on their way, while most of it is still to come.
fn broken_in_the_middle(trial: &Trial, breaks: impl FnOnce()) {
    let proxy = Proxy::before(trial.store.endpoint());
    let is_second = |seen: &crate::support::Seen| seen.query.contains("partNumber=2");
    proxy.spoil(1, Action::Delay(Duration::from_secs(5)), is_second);
    let run = trial.run().input("s3-endpoint-url", proxy.endpoint()).input("memory-limit", "24MiB");
    let running = run.start();
    tools::wait_for("the second part", Duration::from_secs(60), || {
        proxy.requests().iter().any(is_second).then_some(())
    });
    breaks();
    let outcome = running.wait();
    outcome.assert_code(13);
    assert_eq!(outcome.log("callisto")["outcome"], "failure");
    assert_eq!(outcome.result("titan")["outcome"], "success");
    assert_eq!(trial.store.keys_in(trial.bucket("titan")).len(), 3);
    let message = failure(trial, &outcome, "callisto");
    assert!(message.contains("pg_dump exited with 1: "), "{message}");
    // The message depends on what the server could still send. Each one has a hint that says where to look.
    let known = ["\"noise\" failed: PQgetCopyData() failed", "terminating connection"];
    assert!(known.iter().any(|words| message.contains(words)), "{message}");
    assert!(outcome.stdout.contains("the server's log"), "{}", outcome.transcript());
}
