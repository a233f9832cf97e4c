//! Event triggers and login triggers do not react to a drill.

use super::drill;
use crate::support::{Cluster, Sponsor, Trial, tools};

const AUDIT: &str = "CREATE SCHEMA audit;
    CREATE TABLE audit.ddl (id bigint GENERATED ALWAYS AS IDENTITY, tag text, what text);
    CREATE TABLE visits AS SELECT i, i % 5 AS site FROM generate_series(1, 50) i;
    CREATE MATERIALIZED VIEW per_site AS SELECT site, count(*) AS n FROM visits GROUP BY site;";
const RECORDS: &str = "CREATE FUNCTION audit.note() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
      INSERT INTO audit.ddl (tag, what) SELECT command_tag, object_identity FROM pg_event_trigger_ddl_commands(); END $$;
    CREATE EVENT TRIGGER note_ddl ON ddl_command_end EXECUTE FUNCTION audit.note(); CREATE TABLE later (id int);";
const FORBIDS: &str = "CREATE FUNCTION audit.forbid() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
      IF current_setting('audit.change_ticket', true) IS NULL THEN RAISE EXCEPTION 'DDL needs a change ticket: %', tg_tag; END IF; END $$;
    CREATE EVENT TRIGGER forbid_ddl ON ddl_command_start EXECUTE FUNCTION audit.forbid();";
const CHECKS: &str = "SELECT count(*) = 1 FROM pg_event_trigger WHERE evtenabled <> 'D';\n";

#[test]
fn event_triggers_do_not_react_to_a_drill() {
    for cluster in [Cluster::shared(), Cluster::of_major(18)] {
        for (reaction, rows) in [(RECORDS, 1), (FORBIDS, 0)] {
            let trial = Trial::plan([Sponsor::named("callisto").empty()]).cluster(cluster).start();
            trial.database("callisto").psql(&format!("{AUDIT}{reaction}"));
            let owner = trial.database("callisto").user.clone();
            trial
                .database("callisto")
                .psql(&format!("SET audit.change_ticket = '1'; GRANT pg_read_all_data TO \"{owner}\""));
            trial.run().path(cluster.bin_dir()).run().assert_code(0);
            let name = format!("visitor_{}", tools::unique());
            cluster.psql("postgres", &format!("CREATE ROLE {name} LOGIN SUPERUSER PASSWORD 'visit'"));
            let url = format!("postgresql://{name}:visit@127.0.0.1:{}/postgres", cluster.port());
            let checks = format!(
                "{CHECKS}SELECT count(*) = {rows} FROM audit.ddl;\nSELECT sum(n) = 50 FROM per_site;\n"
            );
            for existing in [false, true] {
                let run = drill(&trial).path(cluster.bin_dir()).file("checks.sql", &checks);
                let run = run.input("drill-checks", "checks.sql");
                let run = if existing { run.env("TARGET_DATABASE_URL", &url) } else { run };
                let outcome = run.run();
                outcome.assert_code(0);
                assert_eq!(outcome.drill_report("callisto")["verdict"], "equal");
            }
        }
    }
}

#[test]
fn login_triggers_do_not_react_to_a_drill() {
    let cluster = Cluster::of_major(18);
    let trial = Trial::plan([Sponsor::named("callisto").empty()]).cluster(cluster).start();
    trial.database("callisto").psql(
        "CREATE TABLE logins (who text); CREATE FUNCTION log() RETURNS event_trigger SECURITY DEFINER LANGUAGE plpgsql AS $$ BEGIN
           INSERT INTO public.logins VALUES (session_user); END $$;
         CREATE EVENT TRIGGER log ON login EXECUTE FUNCTION log(); ALTER EVENT TRIGGER log ENABLE ALWAYS",
    );
    let owner = trial.database("callisto").user.clone();
    trial.database("callisto").psql(&format!("GRANT pg_read_all_data TO \"{owner}\""));
    trial.run().path(cluster.bin_dir()).run().assert_code(0);
    let checks = "SELECT count(*) = 1 FROM pg_event_trigger WHERE evtenabled = 'A';\nSELECT count(*) > 0 FROM logins;\n";
    let run = drill(&trial).path(cluster.bin_dir()).file("checks.sql", checks);
    let outcome = run.input("drill-checks", "checks.sql").run();
    outcome.assert_code(0);
    assert_eq!(outcome.drill_report("callisto")["verdict"], "equal");
}
