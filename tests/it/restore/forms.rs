//! Dumps that psql or pg_dump would get wrong as they are written: names that are psql's variables, and views in an
//! unknown order.

use super::{empty, message, restore};
use crate::support::{Cluster, Sponsor, Trial};

/// psql has some of these variables always, some from the connection, and some only after a statement failed.
const VARIABLES: [&str; 16] = [
    "AUTOCOMMIT",
    "QUIET",
    "ROW_COUNT",
    "SQLSTATE",
    "ERROR",
    "ENCODING",
    "PROMPT1",
    "PORT",
    "USER",
    "HOST",
    "DBNAME",
    "VERSION",
    "FETCH_COUNT",
    "HISTSIZE",
    "LAST_ERROR_MESSAGE",
    "ON_ERROR_STOP",
];

#[test]
fn columns_may_be_called_like_variables_of_psql() {
    for cluster in [Cluster::shared(), Cluster::of_major(18)] {
        let trial = Trial::plan([Sponsor::named("callisto").empty()]).cluster(cluster).start();
        let source = trial.database("callisto");
        let columns: String = VARIABLES.iter().map(|name| format!("\"{name}\" int DEFAULT 2, ")).collect();
        source.psql_as_owner(&format!(
            "CREATE TABLE odd ({columns} a int[], note text DEFAULT ' :\"USER\" :''PORT'' ')"
        ));
        for name in VARIABLES {
            source.psql_as_owner(&format!(
                "ALTER TABLE odd ADD CHECK (cardinality(a[1:\"{name}\"]) >= 0); CREATE INDEX ON odd ((a[\"{name}\":\"{name}\"]))"
            ));
        }
        source.psql_as_owner(
            "CREATE VIEW lower AS SELECT a[1:\"QUIET\"] AS part, note || ':\"QUIET\"' AS note FROM odd;
             CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT '':\"QUIET\" a[1:\"\"QUIET\"\"]''';
             INSERT INTO odd (a) VALUES ('{1,2,3}')",
        );
        trial.run().path(cluster.bin_dir()).run().assert_code(0);
        let target = cluster.database("target");
        let outcome = restore(&trial, &target).path(cluster.bin_dir()).run();
        outcome.assert_code(0);
        assert!(message(&outcome).contains(": equal: 1 table, 1 row"), "{}", message(&outcome));
        assert_eq!(
            target.psql("SELECT part, note, f() FROM lower"),
            source.psql("SELECT part, note, f() FROM lower")
        );
        let checks = "SELECT string_agg(pg_get_constraintdef(oid), ' ' ORDER BY conname) FROM pg_constraint WHERE conrelid = 'odd'::regclass";
        assert_eq!(target.psql(checks), source.psql(checks));
    }
}

/// `a` reads `b`, and `b` reads `c`, each through a function, of which pg_dump knows nothing.
#[test]
fn views_that_read_each_other_in_functions_are_refreshed() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let source = trial.database("callisto");
    source.psql_as_owner(
        "CREATE TABLE t AS SELECT 3 AS i; CREATE MATERIALIZED VIEW c AS SELECT i FROM t;
         CREATE FUNCTION of_c() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT sum(i) FROM public.c); END';
         CREATE MATERIALIZED VIEW b AS SELECT of_c() AS i;
         CREATE FUNCTION of_b() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT sum(i) FROM public.b); END';
         CREATE MATERIALIZED VIEW a AS SELECT of_b() AS i;
         CREATE MATERIALIZED VIEW unfilled AS SELECT 1 AS i WITH NO DATA",
    );
    trial.run().run().assert_code(0);
    let target = empty();
    let outcome = restore(&trial, &target).run();
    outcome.assert_code(0);
    assert!(message(&outcome).contains(": equal: "), "{}", message(&outcome));
    assert_eq!(target.psql("SELECT a.i, b.i, c.i FROM a, b, c"), "3|3|3");
    assert_eq!(
        target.psql("SELECT relname FROM pg_class WHERE relkind = 'm' AND NOT relispopulated"),
        "unfilled"
    );
    trial.run().input("command", "drill").run().assert_code(0);

    // Two that read each other cannot be refreshed at all: the first one is named.
    source.psql_as_owner("CREATE OR REPLACE FUNCTION of_c() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT sum(i) FROM public.a); END'");
    trial.run().run().assert_code(0);
    for command in ["restore", "drill"] {
        let run = trial.run().input("command", command);
        let run = if command == "restore" { run.env("TARGET_DATABASE_URL", empty().url()) } else { run };
        let outcome = run.run();
        outcome.assert_code(16);
        assert!(message(&outcome).contains("REFRESH MATERIALIZED VIEW public.a: "), "{}", message(&outcome));
    }
}
