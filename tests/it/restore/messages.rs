//! A statement that fails is named by kind and object, with its error code, the cause and the remedy; and no row is shown.

use super::{into, message, place};
use crate::support::{Cluster, Database, Outcome, Sponsor, Trial, tools};

/// What must stay hidden.
const CANARY: &str = "Zoe Canary";

/// A database whose dump cannot be loaded, and what is reported of it.
struct Broken<'a> {
    owner: &'a str,
    /// By the superuser, statement by statement in sessions of their own.
    then: &'a [&'a str],
    told: &'a str,
    hint: &'a [&'a str],
}

fn backed_up(cluster: &Cluster, owner: &str, then: &[&str]) -> Trial {
    let trial = Trial::plan([Sponsor::named("callisto").empty()]).cluster(cluster).start();
    let database = trial.database("callisto");
    if !owner.is_empty() {
        database.psql_as_owner(owner);
    }
    for sql in then {
        database.psql(sql);
    }
    trial.run().path(cluster.bin_dir()).run().assert_code(0);
    trial
}

/// Restores into an empty database of a cluster, whose programs are used.
fn restored(trial: &Trial, cluster: &Cluster) -> (Outcome, Database) {
    let target = cluster.database("target");
    target.psql(&format!("ALTER ROLE \"{}\" SUPERUSER", target.user));
    (into(trial, &target.url()).path(cluster.bin_dir()).run(), target)
}

#[track_caller]
fn assert_told(outcome: &Outcome, target: &Database, told: &str, hint: &[&str]) {
    outcome.assert_code(16);
    assert_eq!(message(outcome), format!("cannot restore into {}: {told}", place(target)));
    for part in hint {
        assert!(outcome.visible().contains(part), "{part} in {}", outcome.transcript());
    }
    assert!(!outcome.everything().contains(CANARY), "{}", outcome.everything());
    assert_eq!(target.psql("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"), "0");
}

#[track_caller]
fn assert_told_on(clusters: &[&Cluster], broken: &Broken<'_>) {
    for cluster in clusters {
        let trial = backed_up(cluster, broken.owner, broken.then);
        let (outcome, target) = restored(&trial, cluster);
        assert_told(&outcome, &target, broken.told, broken.hint);
        let drill = trial.run().input("command", "drill").path(cluster.bin_dir()).run();
        drill.assert_code(16);
        let drilled = drill.result("callisto")["message"].as_str().unwrap().to_owned();
        assert!(drilled.ends_with(broken.told), "{drilled}");
        assert!(!drill.everything().contains(CANARY), "{}", drill.everything());
    }
}

fn both() -> [&'static Cluster; 2] {
    [Cluster::shared(), Cluster::of_major(18)]
}

const REPAIR: &str = "The live database itself breaks this rule, so no dump of it can be loaded.";

#[test]
fn an_orphan_names_its_key_and_the_live_database() {
    assert_told_on(
        &both(),
        &Broken {
            owner: "CREATE TABLE sites (id int PRIMARY KEY);
                CREATE TABLE visits (id int PRIMARY KEY, site int REFERENCES sites, note text); INSERT INTO sites VALUES (1)",
            then: &["SET session_replication_role = replica; INSERT INTO visits VALUES (2, 99, 'Zoe Canary')"],
            told: "ALTER TABLE ONLY public.visits ADD CONSTRAINT visits_site_fkey FOREIGN KEY: insert or update on table \"visits\" violates foreign key constraint \"visits_site_fkey\" (23503)",
            hint: &[REPAIR, "Repair the rows there, then back up again."],
        },
    );
}

#[test]
fn duplicates_under_a_unique_index_name_it_and_reindex() {
    assert_told_on(
        &both(),
        &Broken {
            owner: "CREATE TABLE mails (mail text); CREATE UNIQUE INDEX mails_once ON mails (mail); INSERT INTO mails VALUES ('Zoe Canary')",
            then: &[
                "UPDATE pg_index SET indisready = false WHERE indexrelid = 'mails_once'::regclass",
                "INSERT INTO mails VALUES ('Zoe Canary')",
                "UPDATE pg_index SET indisready = true WHERE indexrelid = 'mails_once'::regclass",
            ],
            told: "CREATE UNIQUE INDEX mails_once ON public.mails: could not create unique index \"mails_once\" (23505)",
            hint: &[REPAIR, "REINDEX"],
        },
    );
}

#[test]
fn rows_that_a_tightened_check_refuses_name_table_and_check() {
    assert_told_on(
        &both(),
        &Broken {
            owner: "CREATE FUNCTION small(t text) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT length(t) < 100';
                CREATE DOMAIN little AS text CONSTRAINT is_small CHECK (public.small(VALUE)); CREATE TABLE n (i little);
                INSERT INTO n VALUES ('Zoe Canary');
                CREATE OR REPLACE FUNCTION small(t text) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT length(t) < 5'",
            then: &[],
            told: "COPY public.n: value for domain public.little violates check constraint \"is_small\" (23514)",
            hint: &[REPAIR, "Repair the rows there"],
        },
    );
}

/// The server says in fields of their own which table and constraint it means, whatever words a trigger puts in their place.
#[test]
fn a_table_that_only_the_servers_fields_name_is_named() {
    assert_told_on(
        &both(),
        &Broken {
            owner: "CREATE TABLE places (id int); CREATE TABLE n (note text);
                CREATE FUNCTION strict(t text) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN true; END $$;
                ALTER TABLE n ADD CONSTRAINT n_strict CHECK (public.strict(note)); INSERT INTO n VALUES ('Zoe Canary');
                CREATE OR REPLACE FUNCTION strict(t text) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
                  RAISE EXCEPTION 'no: %', t USING ERRCODE = '23514', SCHEMA = 'public', TABLE = 'places', CONSTRAINT = 'n_strict',
                    DETAIL = E'of Zoe Canary\\nTABLE NAME:  Zoe Canary'; END $$",
            then: &[],
            told: "COPY public.n: check violation (23514); table public.places; constraint n_strict",
            hint: &[REPAIR],
        },
    );
}

/// Since 17 no such view can be created.
#[test]
fn a_name_in_a_text_is_explained_by_the_empty_search_path() {
    assert_told_on(
        &[Cluster::shared()],
        &Broken {
            owner: "CREATE TABLE docs (id int, body text); INSERT INTO docs VALUES (1, 'Zoe Canary');
                CREATE MATERIALIZED VIEW words AS SELECT word FROM ts_stat('SELECT to_tsvector(''simple'', body) FROM docs')",
            then: &[],
            told: "REFRESH MATERIALIZED VIEW public.words: relation \"docs\" does not exist (42P01)",
            hint: &["empty search_path", "with its schema", "in the definition of public.words"],
        },
    );
}

#[test]
fn a_check_whose_function_finds_no_table_is_reported_too() {
    assert_told_on(
        &both(),
        &Broken {
            owner: "CREATE TABLE a_sites (id int); INSERT INTO a_sites VALUES (1);
                CREATE FUNCTION known(i int) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RETURN EXISTS (SELECT FROM a_sites WHERE id = i); END $$;
                CREATE TABLE visits (site int CHECK (public.known(site)), note text); INSERT INTO visits VALUES (1, 'Zoe Canary')",
            then: &[],
            told: "COPY public.visits: relation \"a_sites\" does not exist (42P01)",
            hint: &["empty search_path", "the functions it calls"],
        },
    );
}

#[test]
fn views_that_need_each_other_are_named_with_the_cause() {
    assert_told_on(
        &both(),
        &Broken {
            owner: "CREATE FUNCTION of(name text) RETURNS bigint LANGUAGE plpgsql AS $$ DECLARE n bigint; BEGIN
                  EXECUTE 'SELECT count(*) FROM public.' || name INTO n; RETURN n; END $$;
                CREATE MATERIALIZED VIEW zz AS SELECT 1 AS a; CREATE MATERIALIZED VIEW aa AS SELECT public.of('zz')",
            then: &["DROP MATERIALIZED VIEW zz; CREATE MATERIALIZED VIEW zz AS SELECT public.of('aa')"],
            told: "REFRESH MATERIALIZED VIEW public.aa: materialized view \"zz\" has not been populated (55000)",
            hint: &["The order of refreshes is unknown to pg_dump"],
        },
    );
}

#[test]
fn a_value_that_is_too_large_for_its_index_is_named() {
    assert_told_on(
        &both(),
        &Broken {
            owner: "CREATE TABLE texts (body text); CREATE INDEX by_body ON texts (body)",
            then: &[
                "UPDATE pg_index SET indisready = false WHERE indexrelid = 'by_body'::regclass",
                "INSERT INTO texts SELECT 'Zoe Canary' || string_agg(md5(i::text), '') FROM generate_series(1, 200) i",
                "UPDATE pg_index SET indisready = true WHERE indexrelid = 'by_body'::regclass",
            ],
            told: "CREATE INDEX by_body ON public.texts: index row size … exceeds btree version … maximum … for index \"by_body\" (54000)",
            hint: &["A value is too large for by_body", "md5(column)"],
        },
    );
}

/// The wheel's servers have no postgres_fdw.
#[test]
fn a_foreign_server_that_does_not_answer_is_named() {
    let cluster = Cluster::shared();
    let far = cluster.database("far");
    far.psql_as_owner("CREATE TABLE names (name text); INSERT INTO names VALUES ('Zoe Canary')");
    let owner = format!(
        "CREATE EXTENSION postgres_fdw;
         CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '{}', dbname '{}');
         CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (user '{}', password '{}');
         CREATE FOREIGN TABLE names (name text) SERVER far; CREATE MATERIALIZED VIEW copied AS SELECT * FROM names",
        far.port, far.name, far.user, far.password
    );
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let source = trial.database("callisto");
    source.psql(&format!("ALTER ROLE \"{}\" SUPERUSER", source.user));
    source.psql_as_owner(&owner);
    trial.run().run().assert_code(0);
    far.psql(&format!("ALTER ROLE \"{}\" PASSWORD 'another'", far.user));
    let (outcome, target) = restored(&trial, cluster);
    assert_told(
        &outcome,
        &target,
        "REFRESH MATERIALIZED VIEW public.copied: could not connect to server \"far\" (08001)",
        &["The foreign server that public.copied reads does not answer", "user mapping"],
    );
    assert!(!outcome.everything().contains(&far.password), "{}", outcome.everything());
}

/// `pg_stat_bgwriter` lost columns in 17.
#[test]
fn a_view_of_another_majors_catalog_is_named() {
    let trial = backed_up(
        Cluster::shared(),
        "CREATE VIEW written AS SELECT buffers_backend FROM pg_catalog.pg_stat_bgwriter",
        &[],
    );
    let cluster = Cluster::of_major(18);
    let (outcome, target) = restored(&trial, cluster);
    outcome.assert_code(16);
    let told = message(&outcome);
    assert!(told.contains("CREATE VIEW public.written: ") && told.ends_with(" (42703)"), "{told}");
    for part in
        ["Something that public.written reads is neither in the dump nor on this server", "major version"]
    {
        assert!(outcome.visible().contains(part), "{part} in {}", outcome.transcript());
    }
    assert_eq!(target.psql("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"), "0");
}

/// SQL has no way to write the schema of that operator, so the restored view compares as text.
#[test]
fn a_comparison_without_a_schema_gets_its_remedy() {
    let trial = backed_up(
        Cluster::shared(),
        "",
        &[
            "CREATE SCHEMA extensions; CREATE EXTENSION citext SCHEMA extensions; GRANT USAGE ON SCHEMA extensions TO PUBLIC;
             SET search_path = public, extensions; CREATE TABLE people (id int PRIMARY KEY, mail citext);
             INSERT INTO people VALUES (1, 'Zoe Canary'); GRANT SELECT ON people TO PUBLIC;
             CREATE VIEW same AS SELECT id, mail IS NOT DISTINCT FROM 'zoe canary'::citext AS same FROM people; GRANT SELECT ON same TO PUBLIC",
        ],
    );
    let drill = trial.run().input("command", "drill").run();
    for outcome in [restored(&trial, Cluster::shared()).0, drill] {
        outcome.assert_code(17);
        assert!(
            message(&outcome).contains("statement differs: CREATE VIEW public.same"),
            "{}",
            message(&outcome)
        );
        for part in ["IS DISTINCT FROM", "Write the comparison with = and IS NULL"] {
            assert!(outcome.visible().contains(part), "{part} in {}", outcome.transcript());
        }
        assert!(!outcome.everything().contains(CANARY), "{}", outcome.everything());
    }
}

/// A server that speaks German reports all of this by its codes. Here its messages are gone, and the codes are left.
#[test]
fn remedies_do_not_depend_on_the_servers_words() {
    let trial = backed_up(
        Cluster::shared(),
        "CREATE TABLE docs (id int, body text); CREATE MATERIALIZED VIEW words AS SELECT word FROM ts_stat('SELECT to_tsvector(''simple'', body) FROM docs')",
        &[],
    );
    let folder = tools::open_folder("german");
    let path = folder.path().join("psql");
    let real = Cluster::shared().bin_dir().join("psql").display().to_string();
    // psql's words for every error are replaced.
    let script = format!(
        "#!/bin/bash\nexec 3>&1\n{real} \"$@\" 2>&1 >&3 | /bin/sed -uE 's/^(psql:<stdin>:[0-9]+: )ERROR:  ([0-9A-Z]{{5}}): .*/\\1FEHLER:  \\2: Relation »docs« existiert nicht/' >&2\nexit ${{PIPESTATUS[0]}}\n"
    );
    std::fs::write(&path, script).unwrap();
    tools::run("chmod", ["755".as_ref(), path.as_os_str()]);
    let pg_dump = folder.path().join("pg_dump");
    std::os::unix::fs::symlink(Cluster::shared().bin_dir().join("pg_dump"), pg_dump).unwrap();
    let target = Cluster::shared().database("target");
    let outcome = into(&trial, &target.url()).path(folder.path()).run();
    assert_told(
        &outcome,
        &target,
        "REFRESH MATERIALIZED VIEW public.words: undefined table (42P01)",
        &["empty search_path"],
    );
}
