//! Others change the catalog while a dump begins or runs, in ways that escape pg_dump's snapshot.

use super::jobs::{DEADLINE, assert_failed, filled, slowly};
use crate::backup::jobs::{text, wait_for_copies};
use crate::backup::restored_from;
use crate::support::{Outcome, Sponsor, Trial, tools};

const TABLES: &str = "CREATE TABLE placebo AS SELECT n, 'placebo' AS arm FROM generate_series(1, 500) n;
    CREATE TABLE verum AS SELECT n, 'verum' AS arm FROM generate_series(1, 500) n;
    CREATE TABLE twice (n int, m int GENERATED ALWAYS AS (2 * n) STORED); INSERT INTO twice SELECT generate_series(1, 300);
    CREATE SCHEMA mart; CREATE TABLE mart.t AS SELECT generate_series(1, 900) n";

/// - fault: A migration that exchanges two tables commits while pg_dump waits for its locks
/// - injected: An open transaction with ALTER TABLE … RENAME
/// - seen: Success: the dump begins again
/// - left: The backup, with the rows as they were committed
/// - fault: Tables are truncated and filled, or rewritten, while pg_dump waits for its locks
/// - injected: An open transaction with TRUNCATE, ALTER TABLE … TYPE, or DROP SCHEMA, with and without generated columns
/// - seen: Success: the dump begins again
/// - left: The backup, with the rows as they were committed
#[test]
fn what_commits_while_it_waits_for_locks_is_backed_up_whole() {
    let exchanged = "ALTER TABLE placebo RENAME TO other; ALTER TABLE verum RENAME TO placebo; ALTER TABLE other RENAME TO verum;
        UPDATE placebo SET arm = 'placebo'; UPDATE verum SET arm = 'verum'";
    let filled = "TRUNCATE verum; INSERT INTO verum SELECT n, 'new' FROM generate_series(1, 600) n";
    let rewritten = "ALTER TABLE placebo ALTER n TYPE bigint";
    let built = "DROP SCHEMA mart CASCADE; CREATE SCHEMA mart; CREATE TABLE mart.t AS SELECT generate_series(1, 800) n";
    let of_twice = "TRUNCATE twice; INSERT INTO twice SELECT generate_series(1, 200)";
    let trial = Trial::of([Sponsor::named("callisto")]);
    let database = trial.database("callisto");
    database.psql_as_owner(TABLES);
    for change in [exchanged, filled, rewritten, built, of_twice] {
        // Without pg_stat_activity: a transaction sees it as it was at first.
        let waits = "SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
            WHERE d.datname = current_database() AND NOT l.granted";
        let held = "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
            WHERE d.datname = current_database() AND l.mode = 'AccessExclusiveLock'";
        std::thread::scope(|scope| {
            let migration = scope.spawn(|| {
                database.psql_as_owner(&format!(
                    "SET statement_timeout = '100s'; BEGIN; {change};
                     DO $$ BEGIN WHILE NOT EXISTS ({waits}) LOOP PERFORM pg_sleep(0.05); END LOOP; END $$; COMMIT"
                ))
            });
            tools::wait_for("the migration", DEADLINE, || (database.psql(held) != "0").then_some(()));
            let outcome = trial.run().deadline(DEADLINE).run();
            outcome.assert_code(0);
            migration.join().unwrap();
            let copy = restored_from(text(&trial, &outcome).as_bytes());
            assert_eq!(copy.content_digest(), database.content_digest(), "{change}");
        });
    }
}

/// - fault: Tables change each time that pg_dump begins
/// - injected: A loop of TRUNCATE; new tables in such a loop do not matter
/// - seen: `others change tables faster than pg_dump can lock them`. Exit code 13
/// - left: A record of the failure. No pg_dump, no session
#[test]
fn tables_that_never_rest_fail_the_backup() {
    while_repeated("EXECUTE format('CREATE TABLE staging%s (n int)', number)").1.assert_code(0);
    let (trial, outcome) = while_repeated("TRUNCATE verum");
    assert_failed(&trial, &outcome, "others change tables faster than pg_dump can lock them");
}

/// A backup while a session commits this statement every few milliseconds.
fn while_repeated(statement: &str) -> (Trial, Outcome) {
    let trial = Trial::of([Sponsor::named("callisto")]);
    let database = trial.database("callisto");
    database.psql_as_owner(&format!("{TABLES}; CREATE TABLE stop (n int)"));
    let repeated = format!(
        "DO $$ DECLARE number int := 0; BEGIN
           PERFORM set_config('role', '{}', false);
           WHILE NOT EXISTS (SELECT FROM stop) LOOP
             {statement}; COMMIT; number := number + 1; PERFORM pg_sleep(0.005);
           END LOOP; END $$",
        database.user
    );
    let outcome = std::thread::scope(|scope| {
        scope.spawn(|| database.psql(&repeated));
        let outcome = trial.run().deadline(DEADLINE).run();
        database.psql_as_owner("INSERT INTO stop VALUES (1)");
        outcome
    });
    (trial, outcome)
}

/// - fault: A label of an enum is renamed while pg_dump reads rows
/// - injected: ALTER TYPE … RENAME VALUE, with one connection and with three
/// - seen: `a schema or an enum's label was renamed or changed during the dump`. Exit code 13
/// - left: A record of the failure. No pg_dump, no session
#[test]
fn a_label_that_is_renamed_fails_the_backup() {
    for jobs in ["1", "3"] {
        let trial = filled();
        let database = trial.database("callisto");
        database.psql_as_owner(
            "CREATE TYPE arm AS ENUM ('placebo', 'verum'); CREATE TABLE arms AS SELECT 'placebo'::arm AS arm",
        );
        let running = slowly(&trial).input("jobs", jobs).start();
        wait_for_copies(database, jobs.parse().unwrap());
        database.psql("ALTER TYPE arm RENAME VALUE 'placebo' TO 'control'");
        assert_failed(
            &trial,
            &running.wait(),
            "a schema or an enum's label was renamed or changed during the dump",
        );
    }
}
