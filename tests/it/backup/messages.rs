//! A dump that fails names its cause: which table, which damage, and what to do.

use crate::support::{Cluster, Outcome, Sponsor, Trial};

#[track_caller]
fn assert_failed(outcome: &Outcome, told: &[&str], never: &[&str]) {
    outcome.assert_code(13);
    let message = outcome.result("callisto")["message"].as_str().unwrap().to_owned();
    for part in told {
        assert!(
            message.contains(part) || outcome.visible().contains(part),
            "{part} in {}",
            outcome.transcript()
        );
    }
    for part in never {
        assert!(!outcome.visible().contains(part), "{part} in {}", outcome.transcript());
    }
}

/// A trial whose role may do all, and what a superuser did to its database, statement by statement.
fn of(cluster: &Cluster, statements: &[&str]) -> Trial {
    let trial = Trial::plan([Sponsor::named("callisto").empty()]).cluster(cluster).start();
    let database = trial.database("callisto");
    database.psql(&format!("ALTER ROLE \"{}\" SUPERUSER", database.user));
    for sql in statements {
        database.psql(sql);
    }
    trial
}

/// As text, a bytea is twice as long as it is, and no text is longer than 1 GB.
#[test]
fn a_value_that_no_text_can_hold_names_its_table() {
    for cluster in [Cluster::shared(), Cluster::of_major(18)] {
        let trial = of(
            cluster,
            &[
                "CREATE TABLE scans (id int, scan bytea); INSERT INTO scans VALUES (1, convert_to(repeat('x', 540000000), 'UTF8'))",
            ],
        );
        let outcome = trial.run().path(cluster.bin_dir()).run();
        assert_failed(
            &outcome,
            &["; table scans", "no value can exceed 1 GB as text"],
            &["connection broke"],
        );
    }
}

#[test]
fn a_damaged_catalog_is_named_and_no_wrong_hint_is_given() {
    for cluster in [Cluster::shared(), Cluster::of_major(18)] {
        let function = "CREATE SCHEMA gone; CREATE FUNCTION gone.f() RETURNS int LANGUAGE sql AS 'SELECT 1'";
        let schema = of(cluster, &[function, "DELETE FROM pg_namespace WHERE nspname = 'gone'"]);
        let default =
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TABLE t (a int DEFAULT f())";
        let cached = of(
            cluster,
            &[default, "DELETE FROM pg_proc WHERE proname = 'f' AND pronamespace = 'public'::regnamespace"],
        );
        for trial in [schema, cached] {
            let outcome = trial.run().path(cluster.bin_dir()).run();
            let wrong = ["Check the database name in DATABASE_URL", "connection broke"];
            assert_failed(&outcome, &["the live database's catalog or a table is damaged"], &wrong);
        }
    }
}
