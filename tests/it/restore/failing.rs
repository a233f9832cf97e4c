//! A restore that fails late, or could: nothing of it stays, and nothing that is everyday's ends it.

use std::time::Duration;

use super::targets::{ODDS_AND_ENDS, assert_restored, exists};
use super::{all_of, confirmed, empty, message, place, restore, with_a_backup};
use crate::support::{Cluster, Database, Outcome, Sponsor, Trial};

/// A backup whose last statements an ordinary role cannot run, after tables, rows and large objects.
fn failing_late() -> Trial {
    let trial = Trial::of([Sponsor::named("callisto")]);
    let database = trial.database("callisto");
    database.psql_as_owner("SELECT lo_from_bytea(77, 'new bytes'), lo_from_bytea(4711, 'more')");
    database.psql(
        "CREATE FUNCTION watched() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
         CREATE EVENT TRIGGER watch ON sql_drop EXECUTE FUNCTION watched()",
    );
    trial.run().run().assert_code(0);
    trial
}

#[track_caller]
fn assert_failed_late(outcome: &Outcome, target: &Database) {
    outcome.assert_code(16);
    let why =
        "CREATE EVENT TRIGGER watch ON sql_drop: permission denied to create event trigger \"watch\" (42501)";
    assert_eq!(message(outcome), format!("cannot restore into {}: {why}", place(target)));
    assert!(
        outcome.stdout.contains(&format!("nothing in {} was changed", place(target))),
        "{}",
        outcome.transcript()
    );
}

/// The large objects of a dump are in a transaction of their own there, which would end the one around everything.
#[test]
fn a_restore_that_fails_late_takes_all_of_it_back() {
    let trial = failing_late();
    let target = empty();
    target.psql_as_owner(ODDS_AND_ENDS);
    let before = all_of(&target);
    assert!(before.contains("lo_create('78')") && before.contains("Other; place"));
    let outcome =
        restore(&trial, &target).input("replace", "true").input("confirm", confirmed(&target)).run();
    assert_failed_late(&outcome, &target);
    assert_eq!(all_of(&target), before);

    let nothing = empty();
    let before = all_of(&nothing);
    assert_failed_late(&restore(&trial, &nothing).run(), &nothing);
    assert_eq!(all_of(&nothing), before);
}

/// What a role sets for its sessions is for its everyday work: a restore may wait.
#[test]
fn limits_of_the_role_do_not_end_a_restore() {
    let trial = with_a_backup();
    for setting in ["statement_timeout", "lock_timeout"] {
        let target = empty();
        target.psql_as_owner(ODDS_AND_ENDS);
        target.psql(&format!("ALTER ROLE \"{}\" SET {setting} = '500ms'", target.user));
        let reader = target.hold("LOCK TABLE mine IN ACCESS SHARE MODE");
        let running =
            restore(&trial, &target).input("replace", "true").input("confirm", confirmed(&target)).start();
        target.wait_until_a_dump_waits();
        std::thread::sleep(Duration::from_secs(1));
        drop(reader);
        assert_restored(&running.wait(), &trial, &target, "equal");
    }
}

/// A database that this run made is useless if the dump is not in it.
#[test]
fn a_created_target_goes_with_the_restore_that_fails() {
    let trial = failing_late();
    let role = empty();
    role.psql(&format!("ALTER ROLE \"{}\" CREATEDB", role.user));
    let target = Database { name: format!("{}_new", role.name), ..role.clone() };
    let outcome = restore(&trial, &target).run();
    assert_failed_late(&outcome, &target);
    assert!(!exists(Cluster::shared(), &target.name));
}
