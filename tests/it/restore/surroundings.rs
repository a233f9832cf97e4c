//! What a dump's statements do not carry: locale, settings and comment of the database, values of generated columns.

use super::targets::{exists, of_a_superuser};
use super::{message, restore};
use crate::support::{Cluster, Database, Outcome, Sponsor, Trial, tools};

/// What no log, plan, report, record or manifest may show.
const CANARY: &str = "canary-signing-key-7";

/// A sponsor whose database is made by these options and this SQL, run by a superuser, and backed up.
fn backed_up(cluster: &Cluster, options: &str, sql: &[&str]) -> (Trial, Database) {
    let trial = Trial::plan([Sponsor::named("callisto").empty()]).cluster(cluster).start();
    let owner = trial.database("callisto");
    owner.psql(&format!("ALTER ROLE \"{}\" SUPERUSER", owner.user));
    let source = Database { name: format!("{}_source", owner.name), ..owner.clone() };
    cluster.psql(
        "postgres",
        &format!(
            "CREATE DATABASE \"{}\" OWNER \"{}\" TEMPLATE template0 {options}",
            source.name, source.user
        ),
    );
    for statement in sql {
        source.script(statement, &[("canary", CANARY.to_owned()), ("owner", source.user.clone())]);
    }
    trial.secret("callisto", "DATABASE_URL", Some(&source.url()));
    trial.run().path(cluster.bin_dir()).run().assert_code(0);
    (trial, source)
}

/// A database that does not exist yet, with a role that may do anything.
fn to_be_made(cluster: &Cluster) -> Database {
    let beside = of_a_superuser(cluster);
    Database { name: format!("{}_made", beside.name), ..beside }
}

fn settings(database: &Database) -> String {
    database.psql(
        "SELECT coalesce(r.rolname, '-'), c FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole,
         unnest(setconfig) c WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
         UNION ALL SELECT 'comment', shobj_description(oid, 'pg_database') FROM pg_database
         WHERE datname = current_database() ORDER BY 1, 2",
    )
}

#[track_caller]
fn assert_canary_is_secret(trial: &Trial, outcome: &Outcome) {
    assert!(!outcome.transcript().contains(CANARY), "{}", outcome.transcript());
    assert!(!outcome.summary().contains(CANARY), "{}", outcome.summary());
    for sponsor in ["callisto"] {
        let bucket = trial.bucket(sponsor);
        for key in trial.store.keys_in(bucket).iter().filter(|key| key.ends_with(".json")) {
            assert!(!trial.store.get_json(bucket, key).to_string().contains(CANARY), "{key}");
        }
    }
}

const SETTINGS: &str = "CREATE SCHEMA app; CREATE TABLE app.t (id int); INSERT INTO app.t VALUES (1);
    ALTER DATABASE :\"DBNAME\" SET search_path = app, \"$user\", \"odd, name\", public;
    ALTER DATABASE :\"DBNAME\" SET timezone = 'Europe/Paris';
    ALTER DATABASE :\"DBNAME\" SET \"DateStyle\" = 'SQL, DMY';
    ALTER DATABASE :\"DBNAME\" SET \"app.key\" = :'canary';
    ALTER DATABASE :\"DBNAME\" SET \"app.note\" = E'it''s \\\\ $set$ \\n-- é :''PORT''';
    ALTER ROLE :\"owner\" IN DATABASE :\"DBNAME\" SET work_mem = '64MB';
    COMMENT ON DATABASE :\"DBNAME\" IS E'study 7\\n' ;";

#[test]
fn settings_and_comment_come_back_with_a_new_database() {
    for cluster in [Cluster::shared(), Cluster::of_major(18)] {
        let (trial, source) = backed_up(cluster, "", &[SETTINGS]);
        let target = to_be_made(cluster);
        let outcome = restore(&trial, &target).path(cluster.bin_dir()).run();
        outcome.assert_code(0);
        assert!(message(&outcome).contains(": equal: 1 table, 1 row"), "{}", message(&outcome));
        assert_eq!(settings(&target), settings(&source));
        assert_canary_is_secret(&trial, &outcome);
        let drilled = trial.run().path(cluster.bin_dir()).input("command", "drill").run();
        drilled.assert_code(0);
        assert!(!drilled.transcript().contains("warning"), "{}", drilled.transcript());
        assert_canary_is_secret(&trial, &drilled);
    }
}

#[test]
fn settings_an_existing_target_lacks_are_named() {
    let (trial, source) = backed_up(Cluster::shared(), "", &[SETTINGS]);
    let target = of_a_superuser(Cluster::shared());
    target.psql(&format!("ALTER DATABASE \"{}\" SET work_mem = '1MB'", target.name));
    let outcome = restore(&trial, &target).run();
    outcome.assert_code(0);
    let warnings = outcome.transcript();
    let plan = "libc C, with its comment and settings: DateStyle, TimeZone, app.key, app.note, search_path, work_mem";
    assert!(warnings.contains(plan), "{warnings}");
    for named in [
        "the setting search_path is not set: ALTER DATABASE",
        "E'app', E'\\u0024user', E'odd, name', E'public';",
        "the setting TimeZone is not set",
        "the setting app.key is not set: the role cannot set it, or the database existed before.",
        &format!("the setting work_mem of the role {} is not set: ALTER ROLE", source.user),
        "the setting work_mem is set here but not in the backup: ALTER DATABASE",
        "the database comment differs from the backup",
    ] {
        assert!(warnings.contains(named), "{named}: {warnings}");
    }
    assert!(outcome.summary().contains("app.key"), "{}", outcome.summary());
    assert_canary_is_secret(&trial, &outcome);
}

#[test]
fn checks_and_views_find_the_settings_of_the_database() {
    let sql = [
        "ALTER DATABASE :\"DBNAME\" SET \"app.tenant\" = '7'",
        "CREATE FUNCTION tenant() RETURNS int LANGUAGE sql STABLE AS $$ SELECT current_setting('app.tenant')::int $$;
         CREATE TABLE t (id int, tenant int DEFAULT public.tenant() CHECK (tenant = public.tenant()));
         INSERT INTO t (id) SELECT generate_series(1, 9);
         CREATE MATERIALIZED VIEW mine AS SELECT count(*) FROM t WHERE tenant = current_setting('app.tenant')::int",
    ];
    let (trial, _) = backed_up(Cluster::shared(), "", &sql);
    let made = to_be_made(Cluster::shared());
    for target in [&made, &of_a_superuser(Cluster::shared())] {
        let outcome = restore(&trial, target).run();
        outcome.assert_code(0);
        assert!(message(&outcome).contains(": equal: 1 table, 9 rows"), "{}", message(&outcome));
        assert_eq!(target.psql("SELECT count FROM mine"), "9");
    }
    assert_eq!(made.psql("SELECT current_setting('app.tenant')"), "7");
    trial.run().input("command", "drill").run().assert_code(0);
}

#[test]
fn a_setting_that_stops_sessions_is_named_and_not_set() {
    let sql = "CREATE TABLE t (id int); ALTER DATABASE :\"DBNAME\" SET role = :'owner';
               ALTER DATABASE :\"DBNAME\" SET work_mem = '1MB'";
    let (trial, source) = backed_up(Cluster::shared(), "", &[sql]);
    assert!(settings(&source).contains(&format!("role={}", source.user)));
    let target = to_be_made(Cluster::shared());
    let outcome = restore(&trial, &target).run();
    outcome.assert_code(0);
    assert_eq!(settings(&target), "-|work_mem=1MB\ncomment|");
    let warnings = outcome.transcript();
    assert!(warnings.contains("the setting role is not set"), "{warnings}");
}

const CITIES: &str =
    "CREATE TABLE cities (name text PRIMARY KEY, folded text GENERATED ALWAYS AS (lower(name)) STORED);
     INSERT INTO cities (name) VALUES ('ISPARTA'), ('IZMIR'), ('Ankara'), ('DIYARBAKIR'), ('isparta');";
const TURKISH: &str = "LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR' LOCALE 'C.UTF-8'";

#[test]
fn a_new_database_has_the_locale_of_the_backup() {
    let sql = [CITIES, "CREATE UNIQUE INDEX ON cities (lower(name));"];
    let (trial, source) = backed_up(Cluster::shared(), TURKISH, &sql);
    let target = to_be_made(Cluster::shared());
    let outcome = restore(&trial, &target).run();
    outcome.assert_code(0);
    assert!(message(&outcome).contains(": equal: 1 table, 5 rows"), "{}", message(&outcome));
    let locale = "SELECT datlocprovider, daticulocale, datcollate, datctype, pg_encoding_to_char(encoding)
                  FROM pg_database WHERE datname = current_database()";
    assert_eq!(target.psql(locale), source.psql(locale));
    let values = "SELECT string_agg(folded, ' ' ORDER BY name COLLATE \"C\") FROM cities";
    assert_eq!(target.psql(values), "ankara dıyarbakır ısparta ızmır isparta");
    let drilled = trial.run().input("command", "drill").run();
    drilled.assert_code(0);
    assert!(drilled.transcript().contains(": equal: 1 table, 5 rows"), "{}", drilled.transcript());
}

#[test]
fn generated_values_of_another_locale_are_not_equal() {
    let (trial, _) = backed_up(Cluster::shared(), TURKISH, &[CITIES]);
    let target = of_a_superuser(Cluster::shared());
    let outcome = restore(&trial, &target).run();
    outcome.assert_code(17);
    let told = message(&outcome);
    assert!(told.contains("table public.cities: generated columns have different values"), "{told}");
    assert!(told.contains("the database locale is libc C, expected icu tr-TR"), "{told}");
}

#[test]
fn rows_in_another_locale_are_rows_equal_and_both_are_named() {
    let sql = "CREATE TABLE t (name text); INSERT INTO t VALUES ('a'), ('B')";
    let (trial, _) = backed_up(Cluster::shared(), TURKISH, &[sql]);
    let outcome = restore(&trial, &of_a_superuser(Cluster::shared())).run();
    outcome.assert_code(0);
    assert!(message(&outcome).contains(": rows equal: 1 table, 2 rows"), "{}", message(&outcome));
    let warnings = outcome.transcript();
    assert!(warnings.contains("the database locale is libc C, expected icu tr-TR"), "{warnings}");
}

#[test]
fn a_locale_the_server_lacks_is_named_by_the_drill() {
    let (trial, _) = backed_up(Cluster::shared(), TURKISH, &[CITIES]);
    // PostgreSQL 18 of the tests is built without ICU.
    let newer = Cluster::of_major(18);
    let target = to_be_made(newer);
    let outcome = restore(&trial, &target).path(&tools::wheel_bin_dir(18)).run();
    outcome.assert_code(17);
    assert!(message(&outcome).contains(", expected icu tr-TR"), "{}", message(&outcome));
    assert!(exists(newer, &target.name));
}

#[test]
fn generated_values_are_summed_in_the_snapshot_of_the_dump() {
    for cluster in [Cluster::shared(), Cluster::of_major(18)] {
        let sql = "CREATE SCHEMA \"odd 'schema\"; CREATE TABLE \"odd 'schema\".\"T%\" (a text, n numeric, d date,
            \"G \\ x\" text GENERATED ALWAYS AS (upper(a)) STORED, f float8 GENERATED ALWAYS AS (n / 3) STORED,
            e int GENERATED ALWAYS AS (extract(year FROM d)) STORED, b bytea GENERATED ALWAYS AS (decode(a, 'escape')) STORED);
            INSERT INTO \"odd 'schema\".\"T%\" (a, n, d) SELECT 'x' || i, i, DATE '2020-01-01' + i
              FROM generate_series(1, 1000) i;
            CREATE TABLE empty (a int, b int GENERATED ALWAYS AS (a * 2) STORED);
            CREATE TABLE parted (a int, b int GENERATED ALWAYS AS (a * 2) STORED) PARTITION BY LIST (a);
            CREATE TABLE part PARTITION OF parted FOR VALUES IN (1, 2); INSERT INTO parted VALUES (1), (2)";
        let (trial, source) = backed_up(cluster, "", &[sql]);
        let target = to_be_made(cluster);
        let outcome = restore(&trial, &target).path(cluster.bin_dir()).run();
        outcome.assert_code(0);
        assert!(message(&outcome).contains(": equal: 3 tables, 1,002 rows"), "{}", message(&outcome));
        assert_eq!(target.content_digest(), source.content_digest());
        let bucket = trial.bucket("callisto");
        let keys = trial.store.keys_in(bucket);
        let key = keys.iter().find(|key| key.ends_with("manifest.json")).unwrap();
        let manifest = trial.store.get_json(bucket, key);
        let tables = manifest["tables"].as_array().unwrap();
        assert!(tables.iter().all(|table| table["generated_digest"].is_string()), "{tables:#?}");
    }
}

#[test]
fn generated_values_that_swap_between_rows_are_not_equal() {
    let sql = "CREATE TABLE t (name text, early bool GENERATED ALWAYS AS (name < 'b') STORED);
               INSERT INTO t (name) VALUES ('B'), ('á')";
    let english = "LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C.UTF-8'";
    let (trial, _) = backed_up(Cluster::shared(), english, &[sql]);
    let outcome = restore(&trial, &of_a_superuser(Cluster::shared())).run();
    outcome.assert_code(17);
    assert!(message(&outcome).contains("table public.t"), "{}", message(&outcome));
}

#[test]
fn a_drill_on_a_server_drops_its_database_in_spite_of_a_comment() {
    let (trial, _) = backed_up(Cluster::shared(), "", &[SETTINGS]);
    let server = of_a_superuser(Cluster::shared());
    let drilled = trial.run().input("command", "drill").env("TARGET_DATABASE_URL", server.url()).run();
    drilled.assert_code(0);
    assert!(!drilled.transcript().contains("warning"), "{}", drilled.transcript());
    let left = "SELECT count(*) FROM pg_db_role_setting s, unnest(setconfig) c
                WHERE c LIKE 'app.key=%' AND setdatabase NOT IN (SELECT oid FROM pg_database)";
    assert_eq!(server.psql(left), "0");
    assert_canary_is_secret(&trial, &drilled);
}

#[test]
fn settings_of_the_source_do_not_touch_the_load_itself() {
    let sql =
        "ALTER DATABASE :\"DBNAME\" SET \"sponsor_backup.waiting\" = '{\"CREATE TABLE public.injected()\"}';
               ALTER DATABASE :\"DBNAME\" SET \"sponsor_backup.cut_off\" = 'on';
               CREATE TABLE t (id int); CREATE MATERIALIZED VIEW v AS SELECT count(*) FROM t";
    let (trial, _) = backed_up(Cluster::shared(), "", &[sql]);
    let target = to_be_made(Cluster::shared());
    restore(&trial, &target).run().assert_code(0);
    assert_eq!(target.psql("SELECT to_regclass('public.injected') IS NULL, count FROM v"), "t|0");
}

#[test]
fn a_comment_too_long_to_be_read_again_fails_the_backup() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let source = trial.database("callisto");
    let long = "DO $$ BEGIN EXECUTE format('COMMENT ON DATABASE %I IS %L', current_database(), repeat('é', 800000)); END $$";
    source.psql(long);
    let outcome = trial.run().run();
    outcome.assert_code(13);
    assert!(outcome.visible().contains("which exceed 4 MiB"), "{}", outcome.transcript());
    assert_eq!(trial.store.keys_in(trial.bucket("callisto")).len(), 0);
}

#[test]
fn an_excluded_schema_without_rights_does_not_end_the_backup() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let source = trial.database("callisto");
    source.psql(&format!(
        "CREATE SCHEMA auth; CREATE TABLE auth.users (a int, b int GENERATED ALWAYS AS (a) STORED);
         GRANT SELECT ON auth.users TO \"{}\"",
        source.user
    ));
    source.psql_as_owner("CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a) STORED)");
    trial.run().input("exclude-schemas", "auth").run().assert_code(0);
}
