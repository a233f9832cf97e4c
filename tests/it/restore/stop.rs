//! Signals, time limits, and connections that end: the target is as it was, or reported as unknown. A run that
//! did not hear would meet its deadline and fail its test.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use super::{all_of, confirmed, empty, message, place, restore, with_a_backup};
use crate::support::{Action, Cluster, Database, Outcome, Proxy, Running, Trial, tools};

/// Longer than any run here may take.
const FOR_EVER: Duration = Duration::from_secs(600);
const DEADLINE: Duration = Duration::from_secs(60);

fn exists(database: &Database) -> bool {
    let sql = format!("SELECT count(*) FROM pg_database WHERE datname = '{}'", database.name);
    Cluster::shared().psql("postgres", &sql) == "1"
}

/// A database that does not exist, of a role that may create it.
fn absent() -> Database {
    let role = empty();
    role.psql(&format!("ALTER ROLE \"{}\" CREATEDB", role.user));
    Database { name: format!("{}_new", role.name), ..role }
}

/// A target with a table that a session reads, for as long as the second value lives.
fn full() -> (Database, impl Drop) {
    let target = empty();
    target.psql_as_owner("CREATE TABLE mine (id int); INSERT INTO mine VALUES (1)");
    let reader = target.hold("LOCK TABLE mine IN ACCESS SHARE MODE");
    (target, reader)
}

/// Sends the signal; psql must be gone with the run.
#[track_caller]
fn stopped(running: Running, signal: &str, code: i32) -> Outcome {
    let children = running.children();
    assert!(!children.is_empty());
    running.signal(signal);
    let outcome = running.wait();
    outcome.assert_code(code);
    for child in children {
        assert!(!Path::new(&format!("/proc/{child}")).exists(), "psql goes on");
    }
    assert_eq!(message(&outcome), format!("cancelled by SIG{signal}"));
    outcome
}

#[track_caller]
fn assert_unchanged(outcome: &Outcome, target: &Database) {
    let told = format!("nothing in {} was changed", place(target));
    assert!(outcome.stdout.contains(&told), "{}", outcome.transcript());
}

/// The dump is on its way, and does not come.
#[test]
fn a_signal_while_it_is_loaded_drops_what_was_created() {
    let trial = with_a_backup();
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        let target = absent();
        let proxy = Proxy::before(trial.store.endpoint());
        super::spoil_the_second(&proxy, Action::Delay(FOR_EVER));
        let run = restore(&trial, &target).input("s3-endpoint-url", proxy.endpoint());
        let running = run.deadline(DEADLINE).start();
        tools::wait_for("the load", DEADLINE, || (exists(&target) && target.sessions() == 1).then_some(()));
        let outcome = stopped(running, signal, code);
        assert_unchanged(&outcome, &target);
        assert!(!exists(&target));
    }
}

/// The server would go on to wait, and other readers would wait behind it.
#[test]
fn a_signal_ends_a_statement_that_waits_on_the_server() {
    let trial = with_a_backup();
    let (target, reader) = full();
    let running = restore(&trial, &target)
        .input("replace", "true")
        .input("confirm", confirmed(&target))
        .deadline(DEADLINE)
        .start();
    target.wait_until_a_dump_waits();
    let outcome = stopped(running, "TERM", 143);
    assert_eq!(target.sessions(), 0);
    assert_unchanged(&outcome, &target);
    drop(reader);
    assert_eq!(target.row_counts().into_iter().collect::<Vec<_>>(), [("public.mine".to_owned(), 1)]);
}

#[test]
fn a_restore_that_takes_too_long_takes_all_of_it_back() {
    let trial = with_a_backup();
    let (target, reader) = full();
    let before = all_of(&target);
    let run = restore(&trial, &target)
        .input("replace", "true")
        .input("confirm", confirmed(&target))
        .input("timeout", "10s");
    let outcome = run.deadline(DEADLINE).run();
    outcome.assert_code(16);
    assert_eq!(message(&outcome), "timed out after 10s (input `timeout`)");
    assert_unchanged(&outcome, &target);
    drop(reader);
    assert_eq!((target.sessions(), all_of(&target)), (0, before));
}

#[test]
fn a_signal_during_the_first_reading_leaves_the_target_alone() {
    let trial = with_a_backup();
    let target = empty();
    let proxy = Proxy::before(trial.store.endpoint());
    proxy.spoil(9, Action::Delay(FOR_EVER), super::is_fetch);
    let running =
        restore(&trial, &target).input("s3-endpoint-url", proxy.endpoint()).deadline(DEADLINE).start();
    tools::wait_for("the reading", DEADLINE, || (super::fetches(&proxy) == 1).then_some(()));
    running.signal("TERM");
    let outcome = running.wait();
    outcome.assert_code(143);
    assert_unchanged(&outcome, &target);
    assert_eq!(target.content_digest(), "");
}

/// The server ends the session: nothing of it was committed.
#[test]
fn a_connection_that_is_lost_takes_all_of_it_back() {
    let trial = with_a_backup();
    let (target, reader) = full();
    let before = all_of(&target);
    let running = restore(&trial, &target)
        .input("replace", "true")
        .input("confirm", confirmed(&target))
        .deadline(DEADLINE)
        .start();
    target.wait_until_a_dump_waits();
    target.psql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'sponsor-backup'",
    );
    let outcome = running.wait();
    outcome.assert_code(16);
    let why = "terminating connection due to administrator command (57P01)";
    assert_eq!(message(&outcome), format!("cannot restore into {}: {why}", place(&target)));
    drop(reader);
    assert_eq!(all_of(&target), before);
}

/// A folder of programs in which psql is killed after it has done its work, before it can say so.
fn psql_that_dies_at_the_end() -> tempfile::TempDir {
    let (folder, real) = (tools::open_folder("psql"), tools::distribution_bin_dir());
    let (psql, pg_dump) = (real.join("psql"), real.join("pg_dump"));
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in\n*--file=-*) '{0}' \"$@\"; kill -9 $$ ;;\n*) exec '{0}' \"$@\" ;;\nesac\n",
        psql.display()
    );
    std::fs::write(folder.path().join("psql"), script).unwrap();
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder.path().join("psql"), executable).unwrap();
    std::os::unix::fs::symlink(pg_dump, folder.path().join("pg_dump")).unwrap();
    folder
}

/// The client cannot know whether the server got COMMIT: it claims neither result and drops nothing.
#[test]
fn an_end_that_was_not_confirmed_is_reported_as_such() {
    let trial: Trial = with_a_backup();
    let target = absent();
    let programs = psql_that_dies_at_the_end();
    let outcome = restore(&trial, &target).path(programs.path()).run();
    outcome.assert_code(17);
    assert_eq!(outcome.result("callisto")["target"], "unknown");
    let unknown = format!("{}: the connection was lost during COMMIT", place(&target));
    assert!(message(&outcome).starts_with(&unknown), "{}", message(&outcome));
    assert!(!outcome.stdout.contains("was changed"), "{}", outcome.transcript());
    assert_eq!(target.content_digest(), trial.database("callisto").content_digest());
}
