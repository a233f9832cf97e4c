//! A backup of a part of the database that leaves out what the part needs: it says so when it is taken.

use crate::support::{Cluster, Database, Outcome, Sponsor, Trial};

const CANNOT: &str = "this backup cannot be restored alone. Missing: ";

/// What depends on a schema that is left out, one object of each kind; and what does not count.
const DEPENDENT: &str = "
  CREATE SCHEMA left_out; CREATE SCHEMA kept_too;
  CREATE TYPE left_out.mood AS ENUM ('fine');
  CREATE TABLE left_out.sites (id int PRIMARY KEY);
  CREATE SEQUENCE left_out.numbers;
  CREATE FUNCTION left_out.is_fine(int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true';
  CREATE FUNCTION left_out.noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE FUNCTION left_out.inside() RETURNS int LANGUAGE sql AS 'SELECT count(*)::int FROM left_out.sites';
  CREATE VIEW left_out.own AS SELECT * FROM left_out.sites;
  CREATE TABLE t (id int DEFAULT nextval('left_out.numbers'), mood left_out.mood, site int REFERENCES left_out.sites,
    CONSTRAINT fine CHECK (left_out.is_fine(id)));
  CREATE VIEW v AS SELECT id FROM left_out.sites;
  CREATE TRIGGER noted BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION left_out.noted();
  CREATE POLICY fine ON t USING (left_out.is_fine(id));
  CREATE FUNCTION f(left_out.mood) RETURNS int LANGUAGE sql AS 'SELECT 1';
  CREATE TABLE kept_too.x (id int); CREATE VIEW whole AS SELECT * FROM kept_too.x";

fn of(cluster: &Cluster, sql: &str) -> Trial {
    let trial = Trial::plan([Sponsor::named("callisto").empty()]).cluster(cluster).start();
    trial.database("callisto").psql_as_owner(sql);
    trial
}

/// What the run's annotations say of it; nothing if they do not.
fn warning(outcome: &Outcome) -> String {
    let annotations = outcome.annotations("warning");
    let mut told = annotations.iter().filter_map(|text| text.split_once(CANNOT)?.1.lines().next());
    let first = told.next().unwrap_or_default().to_owned();
    assert_eq!(told.next(), None, "{annotations:?}");
    first
}

#[test]
fn what_needs_a_schema_that_is_left_out_is_named() {
    let needs = "default value for public.t.id needs sequence left_out.numbers; function public.f(left_out.mood) needs type left_out.mood; \
                 policy fine on public.t needs function left_out.is_fine(integer); table constraint fine on public.t needs function left_out.is_fine(integer); \
                 table constraint t_site_fkey on public.t needs index left_out.sites_pkey; table constraint t_site_fkey on public.t needs table left_out.sites; \
                 table public.t needs type left_out.mood; trigger noted on public.t needs function left_out.noted(); \
                 view public.v needs table left_out.sites";
    for cluster in [Cluster::shared(), Cluster::of_major(18)] {
        for (input, value) in [("exclude-schemas", "LEFT_*"), ("schemas", "public,kept_too")] {
            for dry in ["true", "false"] {
                let trial = of(cluster, DEPENDENT);
                let run = trial.run().path(cluster.bin_dir()).input(input, value).input("dry-run", dry);
                let outcome = run.run();
                outcome.assert_code(0);
                assert_eq!(warning(&outcome), needs, "{input} {dry}");
                assert!(outcome.summary().contains(CANNOT), "{}", outcome.summary());
                if dry == "false" {
                    let bucket = trial.bucket("callisto");
                    let manifest = super::dump_key(&trial, "callisto") + ".manifest.json";
                    let manifest = trial.store.get_json(bucket, &manifest);
                    let told = format!("{CANNOT}{needs}");
                    assert!(
                        manifest["warnings"].as_array().unwrap().contains(&told.clone().into()),
                        "{manifest:#}"
                    );
                    let record = outcome.log("callisto");
                    assert!(record["warnings"].as_array().unwrap().contains(&told.into()), "{record:#}");
                }
            }
        }
    }
}

/// Event triggers and extensions belong to no schema, and are in every backup that leaves schemas out.
#[test]
fn what_belongs_to_no_schema_is_named_where_it_is_dumped() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let source = trial.database("callisto");
    source.psql(
        "CREATE SCHEMA extensions; GRANT USAGE ON SCHEMA extensions TO PUBLIC; CREATE EXTENSION citext SCHEMA extensions;
         CREATE TABLE public.t (id int, mail extensions.citext); GRANT SELECT ON public.t TO PUBLIC;
         CREATE FUNCTION extensions.pgrst_ddl_watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN NOTIFY pgrst; END';
         CREATE EVENT TRIGGER pgrst_ddl_watch ON ddl_command_end EXECUTE FUNCTION extensions.pgrst_ddl_watch()",
    );
    let outcome = trial.run().input("exclude-schemas", "extensions").run();
    outcome.assert_code(0);
    assert_eq!(
        warning(&outcome),
        "event trigger pgrst_ddl_watch needs function extensions.pgrst_ddl_watch(); extension citext needs schema extensions"
    );
    trial.run().input("command", "drill").run().assert_code(16);
    // A backup of some schemas holds neither.
    assert_eq!(warning(&trial.run().input("schemas", "public").run()), "");
    assert_eq!(warning(&trial.run().run()), "");
}

fn assert_loads(trial: &Trial) {
    trial.run().input("command", "drill").run().assert_code(0);
}

#[test]
fn a_part_that_needs_nothing_else_is_not_warned_of() {
    for input in [("exclude-schemas", "old"), ("schemas", "public")] {
        let trial = of(
            Cluster::shared(),
            "CREATE SCHEMA old; CREATE TABLE old.t (id int PRIMARY KEY); CREATE VIEW old.v AS SELECT * FROM old.t;
             CREATE TABLE public.u (id int PRIMARY KEY, t tsvector); CREATE VIEW old.of_public AS SELECT * FROM public.u; INSERT INTO u VALUES (1)",
        );
        let outcome = trial.run().input(input.0, input.1).run();
        outcome.assert_code(0);
        assert_eq!(warning(&outcome), "");
        assert_loads(&trial);
    }
}

#[test]
fn a_key_to_rows_that_are_left_out_is_named() {
    let database = |trial: &Trial| -> Database { trial.database("callisto").clone() };
    let trial = of(
        Cluster::shared(),
        "CREATE TABLE sites (id int PRIMARY KEY); CREATE TABLE visits (id int, site int REFERENCES sites); INSERT INTO sites VALUES (1)",
    );
    let outcome = trial.run().input("exclude-table-data", "sites").run();
    outcome.assert_code(0);
    assert_eq!(warning(&outcome), "", "no row needs another");
    assert_loads(&trial);
    database(&trial).psql_as_owner("INSERT INTO visits VALUES (1, 1)");
    let outcome = trial.run().input("exclude-table-data", "sites").run();
    assert_eq!(
        warning(&outcome),
        "table constraint visits_site_fkey on public.visits needs the rows of table public.sites"
    );
    trial.run().input("command", "drill").run().assert_code(16);
}
