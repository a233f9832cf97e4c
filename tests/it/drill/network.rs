//! A drill reaches no other server, though the dump holds the address and the password of one.

use super::{assert_nothing_is_left, drill};
use crate::support::{Cluster, Outcome, Sponsor, Trial, tools};

const CUT_OFF: &str = "materialized view public.copied (reads the foreign server far)";

/// A server whose log shows who comes, with a role for the others.
fn far() -> Cluster {
    let far = Cluster::start(tools::distribution_bin_dir());
    far.psql("postgres", "CREATE ROLE far_reader LOGIN PASSWORD 'far'");
    far.psql(
        "postgres",
        "CREATE TABLE names AS SELECT 1 AS id, 'x' AS name; GRANT SELECT ON names TO far_reader",
    );
    far.psql("postgres", "ALTER SYSTEM SET log_connections = on");
    far.psql("postgres", "SELECT pg_reload_conf()");
    far
}

/// Views that read it: over a foreign table, through a view, a partition and another such view, by dblink, and from within
/// functions. `fine` and `unfilled` have nothing to do with it.
fn copies(far: &Cluster) -> Trial {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let source = trial.database("callisto");
    source.psql(&format!("ALTER ROLE \"{}\" SUPERUSER", source.user));
    let port = far.port();
    let by_url = format!("host=127.0.0.1 port={port} dbname=postgres user=far_reader password=far");
    source.psql(&format!(
        "CREATE EXTENSION postgres_fdw; CREATE EXTENSION dblink;
         CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '{port}', dbname 'postgres');
         CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (user 'far_reader', password 'far');
         CREATE FOREIGN TABLE names (id int, name text) SERVER far;
         CREATE MATERIALIZED VIEW copied AS SELECT * FROM names; CREATE UNIQUE INDEX ON copied (id);
         CREATE VIEW v AS SELECT * FROM names; CREATE MATERIALIZED VIEW \"By view\" AS SELECT * FROM v;
         CREATE MATERIALIZED VIEW again AS SELECT * FROM copied;
         CREATE TABLE whole (id int, name text) PARTITION BY LIST (id);
         CREATE FOREIGN TABLE part PARTITION OF whole FOR VALUES IN (1) SERVER far OPTIONS (table_name 'names');
         CREATE MATERIALIZED VIEW parted AS SELECT * FROM whole;
         CREATE MATERIALIZED VIEW linked AS SELECT * FROM public.dblink('{by_url}', 'SELECT id FROM names') AS t(id int);
         CREATE FUNCTION hidden() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM public.names); END $$;
         CREATE MATERIALIZED VIEW inner_one AS SELECT hidden() AS n;
         CREATE FUNCTION below() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT sum(n) FROM public.inner_one); END $$;
         CREATE MATERIALIZED VIEW a_second AS SELECT below() AS n;
         CREATE TABLE own AS SELECT 1 AS id; CREATE MATERIALIZED VIEW fine AS SELECT * FROM own;
         CREATE MATERIALIZED VIEW unfilled AS SELECT * FROM names WITH NO DATA"
    ));
    trial.run().run().assert_code(0);
    trial
}

/// Lines of a server's log about sessions of the role for the others.
fn visits(far: &Cluster) -> usize {
    far.log().lines().filter(|line| line.contains("connection authorized: user=far_reader")).count()
}

#[track_caller]
fn assert_cut_off(outcome: &Outcome) {
    outcome.assert_code(0);
    let report = outcome.drill_report("callisto");
    assert_eq!((&report["status"], &report["verdict"]), (&"passed".into(), &"rows equal".into()));
    let told: Vec<&str> =
        report["not_compared"].as_array().unwrap().iter().map(|what| what.as_str().unwrap()).collect();
    let expected = [
        "materialized view public.\"By view\" (reads the foreign server far)",
        "materialized view public.a_second (cannot be refreshed without another server)",
        "materialized view public.again (reads the foreign server far)",
        CUT_OFF,
        "materialized view public.inner_one (cannot be refreshed without another server)",
        "materialized view public.linked (reads another server through dblink)",
        "materialized view public.parted (reads the foreign server far)",
        "the rows of 1 materialized view (recomputed on restore)",
    ];
    assert_eq!(told, expected);
    assert!(outcome.stdout.contains(CUT_OFF), "{}", outcome.transcript());
    assert!(outcome.summary().contains(CUT_OFF), "{}", outcome.summary());
}

#[test]
fn a_drill_of_its_own_reaches_no_other_server() {
    let far = far();
    let trial = copies(&far);
    let before = visits(&far);
    assert!(before > 0, "the log shows whom it does not let in");
    let checks = "SELECT (SELECT count(*) FROM fine) = 1;\nSELECT relispopulated = false FROM pg_class WHERE relname = 'copied';\n\
                  SELECT count(*) = 1 FROM pg_indexes WHERE tablename = 'copied';\n";
    let outcome = drill(&trial).file("checks.sql", checks).input("drill-checks", "checks.sql").run();
    assert_cut_off(&outcome);
    assert_nothing_is_left(&outcome);
    assert_eq!(visits(&far), before);
    // What the sponsor asks of it itself fails, and reaches nothing either.
    let outcome = drill(&trial)
        .file("checks.sql", "SELECT count(*) = 1 FROM names;\nSELECT true;\n")
        .input("drill-checks", "checks.sql")
        .run();
    outcome.assert_code(17);
    let checks = outcome.drill_report("callisto")["checks"].clone();
    assert_eq!((&checks[0]["passed"], &checks[1]["passed"]), (&false.into(), &true.into()), "{checks}");
    assert_eq!(visits(&far), before);
    // A server that refuses us, or is gone, makes no difference.
    far.psql("postgres", "ALTER ROLE far_reader PASSWORD 'other'");
    drop(far);
    assert_cut_off(&drill(&trial).run());
}

/// A socket in this machine's file system is another server, too.
#[test]
fn a_drill_of_its_own_reaches_no_socket() {
    let far = far();
    let socket = far.folder().join("data").display().to_string();
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let source = trial.database("callisto");
    source.psql(&format!("ALTER ROLE \"{}\" SUPERUSER", source.user));
    source.psql(&format!(
        "CREATE EXTENSION dblink; CREATE FUNCTION n() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
           RETURN (SELECT n FROM public.dblink('host={socket} port={} user=postgres dbname=postgres', 'SELECT 1') t(n int)); END $$;
         CREATE MATERIALIZED VIEW local AS SELECT n() AS n",
        far.port()
    ));
    trial.run().run().assert_code(0);
    let seen = |far: &Cluster| far.log().matches("connection authorized: user=postgres").count();
    let before = seen(&far);
    let outcome = drill(&trial).run();
    outcome.assert_code(0);
    let told = "materialized view public.local (cannot be refreshed without another server)";
    assert_eq!(outcome.drill_report("callisto")["not_compared"][0], told);
    assert_eq!(seen(&far), before);
}

#[test]
fn a_drill_on_a_named_server_refreshes_no_copy() {
    let far = far();
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let source = trial.database("callisto");
    source.psql(&format!("ALTER ROLE \"{}\" SUPERUSER", source.user));
    source.psql(&format!(
        "CREATE EXTENSION postgres_fdw;
         CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '{}', dbname 'postgres');
         CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (user 'far_reader', password 'far');
         CREATE FOREIGN TABLE names (id int, name text) SERVER far;
         CREATE MATERIALIZED VIEW copied AS SELECT * FROM names; CREATE TABLE own AS SELECT 1 AS id",
        far.port()
    ));
    trial.run().run().assert_code(0);
    let before = visits(&far);
    let on = format!("postgresql://{}:{}@127.0.0.1:{}/postgres", source.user, source.password, source.port);
    let outcome = drill(&trial).env("TARGET_DATABASE_URL", on).run();
    outcome.assert_code(0);
    let report = outcome.drill_report("callisto");
    assert_eq!((&report["verdict"], &report["not_compared"][0]), (&"rows equal".into(), &CUT_OFF.into()));
    assert_eq!(visits(&far), before);
    // A restore refreshes it, or says which one it cannot refresh.
    let target = Cluster::shared().database("target");
    target.psql(&format!("ALTER ROLE \"{}\" SUPERUSER", target.user));
    let restore = || trial.run().input("command", "restore").env("TARGET_DATABASE_URL", target.url());
    restore().run().assert_code(0);
    assert_eq!(target.psql("SELECT * FROM copied"), "1|x");
    assert_eq!(visits(&far), before + 1);
    far.psql("postgres", "ALTER ROLE far_reader PASSWORD 'other'");
    let run = restore().input("replace", "true").input("confirm", format!("callisto/{}", target.name));
    let outcome = run.run();
    outcome.assert_code(16);
    let told = outcome.result("callisto")["message"].as_str().unwrap().to_owned();
    assert!(told.contains("REFRESH MATERIALIZED VIEW public.copied: "), "{told}");
}

#[test]
fn a_copy_excuses_no_view_that_fails_by_itself() {
    let far = far();
    let trial = copies(&far);
    trial.database("callisto").psql(
        "CREATE MATERIALIZED VIEW zc AS SELECT 1 AS n; CREATE FUNCTION helper() RETURNS int LANGUAGE sql AS 'SELECT 1';
         CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM count(*) FROM public.zc; RETURN helper(); END $$;
         CREATE MATERIALIZED VIEW b AS SELECT f() AS n",
    );
    trial.run().run().assert_code(0);
    let outcome = drill(&trial).run();
    outcome.assert_code(16);
    let message = outcome.result("callisto")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("REFRESH MATERIALIZED VIEW public.b"), "{message}");
}

#[test]
fn a_view_that_says_it_lost_a_connection_is_not_believed() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    trial.database("callisto").psql_as_owner(
        "CREATE TABLE wanted AS SELECT true AS is_there;
         CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
           IF current_setting('search_path') !~ 'public' THEN RAISE EXCEPTION USING ERRCODE = '08000'; END IF; RETURN 1; END $$;
         CREATE MATERIALIZED VIEW b AS SELECT f() AS n",
    );
    trial.run().run().assert_code(0);
    drill(&trial).run().assert_code(16);
}
