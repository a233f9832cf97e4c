//! Faults of a dump over several connections: whichever of its programs or sessions fails, nothing is stored.

use std::time::Duration;

use crate::backup::jobs::{tables, wait_for_copies, wait_for_rows};
use crate::support::{Action, Outcome, Proxy, Run, Sponsor, Throttle, Trial, clients, tools};

pub(super) const DEADLINE: Duration = Duration::from_secs(120);

pub(super) fn filled() -> Trial {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    tables(trial.database("callisto"));
    trial
}

/// A run whose connections are so slow that something can happen meanwhile.
pub(super) fn slowly(trial: &Trial) -> Run {
    let database = trial.database("callisto");
    let throttle = Throttle::before(database, 2 << 20);
    trial.secret("callisto", "DATABASE_URL", Some(&throttle.url(database)));
    trial.run().input("jobs", "3").deadline(DEADLINE)
}

#[track_caller]
fn assert_nothing_is_left(trial: &Trial, outcome: &Outcome) {
    assert_eq!(trial.store.keys_in(trial.bucket("callisto")), Vec::<String>::new());
    assert_eq!(trial.store.uploads(trial.bucket("callisto")), Vec::<String>::new());
    assert_eq!(trial.database("callisto").sessions(), 0, "{}", outcome.transcript());
    assert_eq!(outcome.logs().len(), 1);
    assert!(outcome.logs()[0].1["backup_location"].is_null());
}

#[track_caller]
pub(super) fn assert_failed(trial: &Trial, outcome: &Outcome, told: &str) {
    outcome.assert_code(13);
    let message = outcome.result("callisto")["message"].as_str().unwrap().to_owned();
    assert!(message.contains(told), "{message}");
    assert_nothing_is_left(trial, outcome);
}

/// - fault: The session that holds the snapshot of several pg_dumps ends midway
/// - injected: `jobs: 3`, and pg_terminate_backend
/// - seen: `terminating connection due to administrator command`. Exit code 13
/// - left: A record of the failure. No pg_dump, no session
/// - fault: The session of one of several pg_dumps ends midway
/// - injected: `jobs: 3`, and pg_terminate_backend
/// - seen: `pg_dump exited with 1`, and the name of the table. Exit code 13
/// - left: A record of the failure. No pg_dump, no session
#[test]
fn a_session_of_several_that_ends_fails_the_backup() {
    let first = "ORDER BY backend_start LIMIT 1";
    let helper = "AND query LIKE 'COPY diary.%' ORDER BY backend_start DESC LIMIT 1";
    for (which, told) in [(first, "terminating connection"), (helper, "pg_dump exited with 1")] {
        let trial = filled();
        let running = slowly(&trial).start();
        let database = trial.database("callisto");
        wait_for_rows(database);
        let kill = format!(
            "SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity
             WHERE datname = current_database() AND application_name = 'sponsor-backup' {which}) x"
        );
        assert_eq!(database.psql(&kill), "t");
        assert_failed(&trial, &running.wait(), told);
    }
}

/// - fault: The session that holds the snapshot of several pg_dumps falls silent
/// - injected: `jobs: 3`, and SIGSTOP to its process on the server
/// - seen: `the session that holds the snapshot does not answer`. Exit code 13
/// - left: A record of the failure. No pg_dump, no session once its process goes on
#[test]
fn a_snapshot_whose_session_falls_silent_fails_the_backup() {
    let trial = filled();
    let running = slowly(&trial).start();
    let database = trial.database("callisto");
    wait_for_rows(database);
    let first = "SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'sponsor-backup' ORDER BY backend_start LIMIT 1";
    let pid = database.psql(first).parse().unwrap();
    tools::signal("STOP", pid);
    let outcome = running.wait();
    tools::signal("CONT", pid);
    tools::wait_for("the end of its session", DEADLINE, || (database.sessions() == 0).then_some(()));
    assert_failed(&trial, &outcome, "the session that holds the snapshot does not answer");
}

/// - fault: One of several pg_dumps is killed
/// - injected: `jobs: 3`, and SIGKILL
/// - seen: `pg_dump was killed by signal 9`. Exit code 13
/// - left: A record of the failure. No pg_dump, no session
#[test]
fn one_of_several_pg_dumps_that_is_killed_fails_the_backup() {
    for option in ["--table=", "--exclude-table-data="] {
        let trial = filled();
        let running = slowly(&trial).start();
        wait_for_rows(trial.database("callisto"));
        let is_it = |pid: &u32| {
            let line = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            line.contains(option)
        };
        let pid = running.children().into_iter().find(is_it).unwrap();
        tools::signal("KILL", pid);
        assert_failed(&trial, &running.wait(), "pg_dump was killed by signal 9");
    }
}

/// - fault: Two schemas exchange their names while pg_dump reads rows
/// - injected: ALTER SCHEMA, with one connection and with three; once they get their names back before the end
/// - seen: `a schema or an enum's label was renamed or changed during the dump`. Exit code 13
/// - left: A record of the failure. No pg_dump, no session
#[test]
fn schemas_that_exchange_their_names_fail_the_backup() {
    for (jobs, times) in [("1", 1), ("3", 1), ("3", 2)] {
        exchange_names(jobs, times);
    }
}

fn exchange_names(jobs: &str, times: u32) {
    let trial = filled();
    let database = trial.database("callisto");
    database.psql_as_owner(
        "CREATE SCHEMA other; CREATE TABLE other.one (LIKE diary.one); CREATE TABLE other.\"Two \"\"$\" (LIKE diary.\"Two \"\"$\")",
    );
    let running = slowly(&trial).input("jobs", jobs).start();
    wait_for_copies(database, jobs.parse().unwrap());
    for _ in 0..times {
        database.psql(
        "BEGIN; ALTER SCHEMA diary RENAME TO third; ALTER SCHEMA other RENAME TO diary; ALTER SCHEMA third RENAME TO other; COMMIT",
    );
    }
    assert_failed(
        &trial,
        &running.wait(),
        "a schema or an enum's label was renamed or changed during the dump",
    );
}

/// - fault: A migration makes a table while the backup waits for its locks
/// - injected: `jobs: 3`, and a transaction that holds another table meanwhile
/// - seen: A success, in which the new table is locked to the end, too
/// - left: The backup, with the new table
#[test]
fn a_table_that_is_made_while_it_waits_is_locked_too() {
    let trial = filled();
    let database = trial.database("callisto");
    let running = std::thread::scope(|scope| {
        let migration = scope.spawn(|| {
            // Commits once the backup waits for it.
            database.psql_as_owner(
                "BEGIN; LOCK TABLE none;
                 DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_locks WHERE relation = 'none'::regclass AND NOT granted) LOOP
                   PERFORM pg_sleep(0.05); END LOOP; END $$;
                 CREATE TABLE newt AS SELECT generate_series(1, 50) n; COMMIT",
            )
        });
        let held = "SELECT count(*) FROM pg_locks WHERE relation = 'none'::regclass AND mode = 'AccessExclusiveLock'";
        tools::wait_for("the migration", DEADLINE, || (database.psql(held) == "1").then_some(()));
        let running = slowly(&trial).start();
        migration.join().unwrap();
        running
    });
    wait_for_rows(database);
    let first = "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'newt'::regclass AND pid = (SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'sponsor-backup' ORDER BY backend_start LIMIT 1))";
    assert_eq!(database.psql(first), "t");
    let outcome = running.wait();
    outcome.assert_code(0);
    assert!(outcome.transcript().contains("backed up"), "{}", outcome.transcript());
}

/// - fault: A statement waits for a table that several pg_dumps are about to read
/// - injected: `jobs: 3`, a pg_dump that starts late, and TRUNCATE
/// - seen: A success. The statement runs after two seconds, and the dump begins again
/// - left: The backup
#[test]
fn a_statement_that_waits_for_the_locks_is_let_through() {
    let trial = filled();
    let database = trial.database("callisto");
    let folder = tools::open_folder("late");
    let mark = folder.path().join("mark");
    let real = clients::real("pg_dump");
    // Each process of the first attempt waits until the statement does.
    let client = clients::misbehaving(&format!(
        "while [ ! -e {0} ]; do /bin/sleep 0.1; done; exec {real} \"$@\"",
        mark.display()
    ));
    let running = trial.run().path(client.path()).input("jobs", "3").deadline(DEADLINE).start();
    let holds = "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE a.application_name = 'sponsor-backup'
        AND l.relation = 'none'::regclass AND l.granted";
    let waits = "SELECT count(*) FROM pg_locks WHERE relation = 'none'::regclass AND NOT granted";
    let until = |question: &str| {
        tools::wait_for(question, DEADLINE, || (database.psql(question) != "0").then_some(()));
    };
    std::thread::scope(|scope| {
        until(holds);
        let statement = scope.spawn(|| database.psql("TRUNCATE none"));
        until(waits);
        std::fs::write(&mark, "").unwrap();
        statement.join().unwrap();
    });
    running.wait().assert_code(0);
}

/// - fault: SIGTERM arrives while several pg_dumps read rows
/// - injected: `jobs: 3`, and the signal
/// - seen: `cancelled by SIGTERM`. Exit code 143
/// - left: A record `cancelled`. No pg_dump, no session
#[test]
fn a_signal_ends_all_of_several_pg_dumps() {
    let trial = filled();
    let running = slowly(&trial).start();
    wait_for_rows(trial.database("callisto"));
    let children = running.children();
    // The session with the snapshot, and three that read.
    assert!(children.len() >= 4, "{children:?}");
    running.signal("TERM");
    let outcome = running.wait();
    outcome.assert_code(143);
    let alive = children.iter().filter(|pid| std::path::Path::new(&format!("/proc/{pid}")).exists());
    assert_eq!(alive.count(), 0);
    assert_nothing_is_left(&trial, &outcome);
    assert_eq!(outcome.logs()[0].1["outcome"], "cancelled");
}

/// - fault: The store rejects the upload while several pg_dumps read rows
/// - injected: `jobs: 3`, and a proxy that answers 403 to a part
/// - seen: The store's answer. Exit code 14
/// - left: A record of the failure. No pg_dump, no session
#[test]
fn a_rejected_upload_ends_all_of_several_pg_dumps() {
    let trial = filled();
    trial.database("callisto").load_noise(20);
    let proxy = Proxy::before(trial.store.endpoint());
    let denied = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>".to_owned();
    proxy.rule(move |seen| {
        let is_part = seen.has("partNumber");
        if is_part { Action::Status(403, denied.clone()) } else { Action::Pass }
    });
    let run = slowly(&trial).input("s3-endpoint-url", proxy.endpoint()).input("memory-limit", "48MiB");
    let outcome = run.run();
    outcome.assert_code(14);
    assert_nothing_is_left(&trial, &outcome);
}

/// A pg_dump that does something else if its arguments contain `option`.
fn stand_in(option: &str, script: &str) -> tempfile::TempDir {
    let real = clients::real("pg_dump");
    clients::misbehaving(&format!(
        "pg_dump={real}\ncase \"$*\" in *{option}*)\n{script}\n;; esac\nexec $pg_dump \"$@\""
    ))
}

/// - fault: One of several pg_dumps cuts its text off, and reports success
/// - injected: `jobs: 3`, and a stand-in for each part of the dump
/// - seen: `the dump is cut off`. Exit code 13
/// - left: A record of the failure
/// - fault: One of several pg_dumps fails after it has written everything
/// - injected: `jobs: 3`, and a stand-in for each part of the dump
/// - seen: `pg_dump exited with 1`. Exit code 13
/// - left: A record of the failure
/// - fault: One of several pg_dumps warns that it left something out
/// - injected: `jobs: 3`, and a stand-in for each part of the dump
/// - seen: `the dump is missing content`. Exit code 13
/// - left: A record of the failure
#[test]
fn the_verdict_about_each_of_several_pg_dumps_counts() {
    let cases = [
        ("$pg_dump \"$@\" 2>/dev/null | /usr/bin/head -c 900; exit 0", "the dump is cut off"),
        ("$pg_dump \"$@\"; exit 1", "pg_dump exited with 1"),
        (
            "$pg_dump \"$@\"; echo 'pg_dump: warning: could not parse x' >&2; exit 0",
            "missing content: could not parse",
        ),
    ];
    let trial = filled();
    for option in ["--section=pre-data", "--table=", "--exclude-table-data=", "--section=post-data"] {
        for (script, told) in cases {
            let folder = stand_in(option, script);
            let outcome = trial.run().path(folder.path()).input("jobs", "3").run();
            outcome.assert_code(13);
            let message = outcome.result("callisto")["message"].as_str().unwrap().to_owned();
            assert!(message.contains(told), "{option} {told}: {message}");
            assert_nothing_is_left(&trial, &outcome);
        }
    }
}

/// The snapshot is older than a table that was truncated, so the rows would be missing without any error.
/// - fault: Another session truncates a table after the snapshot was taken and before the pg_dump that reads the table starts
/// - injected: `jobs: 3`, and a stand-in that waits for the TRUNCATE
/// - seen: Success. The TRUNCATE does not get its lock before the end
/// - left: The complete backup
#[test]
fn a_table_is_locked_before_its_pg_dump_starts() {
    let trial = filled();
    let psql = clients::real("psql");
    let truncates = format!(
        "PGOPTIONS='-c lock_timeout=2s' {psql} -Xq -c 'TRUNCATE diary.one, diary.\"Two \"\"$\"' 2>/dev/null"
    );
    let folder = stand_in("--section=", &format!("{truncates}\nexec $pg_dump \"$@\""));
    let outcome = trial.run().path(folder.path()).input("jobs", "3").deadline(DEADLINE).run();
    outcome.assert_code(0);
    let rows = outcome.logs()[0].1["rows_total"].as_u64().unwrap();
    assert!(rows > 240_000, "{rows}");
    assert_eq!(trial.database("callisto").psql("SELECT count(*) FROM diary.one"), "80001");
}

/// - fault: The texts of several pg_dumps are not one dump: a table is missing or comes twice, or the settings differ
/// - injected: `jobs: 3`, and a stand-in that changes its arguments or its text
/// - seen: `the dumps of several connections do not fit together`. Exit code 13
/// - left: A record of the failure
#[test]
fn texts_of_several_pg_dumps_that_are_not_one_dump_fail() {
    let without = "for one in \"$@\"; do shift; case \"$one\" in --exclude-table-data=*) ;; *) set -- \"$@\" \"$one\" ;; esac; done\nexec $pg_dump \"$@\"";
    let cases = [
        ("--table=", "exec $pg_dump \"$@\" --exclude-table-data='*'", "no rows of "),
        ("--table=", "exec $pg_dump \"$@\" --table=kept", "rows of public.kept in the wrong part"),
        ("--exclude-table-data=", without, " in the wrong part"),
        (
            "--table=",
            "$pg_dump \"$@\" | /bin/sed 's/^SET xmloption = content;$/SET xmloption = document;/'; exit 0",
            "different settings",
        ),
        (
            "--table=",
            "$pg_dump \"$@\" | /bin/sed 's/^SET row_security = off;$/&\\nDROP TABLE x;/'; exit 0",
            "unexpected in a part with rows only: DROP TABLE",
        ),
    ];
    let trial = filled();
    for (option, script, told) in cases {
        let folder = stand_in(option, script);
        let outcome = trial.run().path(folder.path()).input("jobs", "3").run();
        assert_failed(&trial, &outcome, "do not fit together");
        let message = outcome.result("callisto")["message"].as_str().unwrap().to_owned();
        assert!(message.contains(told), "{told}: {message}");
    }
}
