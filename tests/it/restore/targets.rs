//! Empty targets, targets that do not exist, targets that hold something, and servers of other versions.

use super::{all_of, confirmed, dump_key, empty, message, place, restore, visits, with_a_backup};
use crate::support::{Cluster, Database, Outcome, Run, Sample, Sponsor, Trial, tools};

/// A sponsor on this server with this sample, backed up.
fn sampled(cluster: &Cluster, sample: Sample) -> Trial {
    let trial = Trial::plan([Sponsor::named("callisto").empty()]).cluster(cluster).start();
    sample.load(trial.database("callisto"));
    trial.run().path(cluster.bin_dir()).run().assert_code(0);
    trial
}

/// A database whose owner may do anything.
pub(super) fn of_a_superuser(cluster: &Cluster) -> Database {
    let target = cluster.database("target");
    target.psql(&format!("ALTER ROLE \"{}\" SUPERUSER", target.user));
    target
}

/// With the programs of every version.
fn with_all_clients(run: Run) -> Run {
    run.path(&tools::wheel_bin_dir(16)).path(&tools::wheel_bin_dir(18))
}

pub(super) fn exists(cluster: &Cluster, name: &str) -> bool {
    let sql = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
    cluster.psql("postgres", &sql) == "1"
}

/// Rows by their hash. Of two tables the columns come back in another order, as pg_dump restores inheritance; what they
/// hold is for the product to compare.
fn digest(database: &Database) -> Vec<String> {
    let reordered =
        |line: &&str| ["\"shapes.ducks\"", "\"shapes.newts\""].iter().any(|name| line.starts_with(name));
    database.content_digest().lines().filter(|line| !reordered(line)).map(str::to_owned).collect()
}

#[track_caller]
pub(super) fn assert_restored(outcome: &Outcome, trial: &Trial, target: &Database, verdict: &str) {
    outcome.assert_code(0);
    let source = trial.database("callisto");
    let (expected, found) = (digest(source), digest(target));
    let differing: Vec<_> = found.iter().filter(|line| !expected.contains(line)).collect();
    assert!(differing.is_empty() && expected.len() == found.len(), "{differing:#?}");
    let (tables, rows) = (source.row_counts().len(), source.row_counts().values().sum::<i64>());
    let told = message(outcome);
    let start = format!("restored into {}: {verdict}: ", place(target));
    assert!(told.starts_with(&start) && told.ends_with(&format!(", {}", counted(rows))), "{told}; {tables}");
    assert!(outcome.summary().contains(&told), "{}", outcome.summary());
}

#[test]
fn an_empty_database_gets_all_of_it() {
    let trial = with_a_backup();
    let target = empty();
    let before = trial.database("callisto").content_digest();
    let outcome = restore(&trial, &target).run();
    assert_restored(&outcome, &trial, &target, "equal");
    assert_eq!(trial.database("callisto").content_digest(), before, "the source is as it was");
    let location = format!("s3://{}/{}", trial.bucket("callisto"), dump_key(&trial, "callisto"));
    let result = outcome.result("callisto");
    assert_eq!((&result["outcome"], &result["backup_location"]), (&"success".into(), &location.into()));
    assert_eq!(outcome.output("outcome"), "success");
    assert!(visits(&target) > 0, "other tests show that there was none");
    let row = "| public.diary_events | 300 | 300 | ✅ equal |";
    assert!(outcome.summary().contains(row), "{}", outcome.summary());
}

#[test]
fn every_kind_of_object_is_restored() {
    for sample in [Sample::Exotic, Sample::Unclean, Sample::Extensions] {
        let trial = sampled(Cluster::shared(), sample);
        let target = of_a_superuser(Cluster::shared());
        assert_restored(&restore(&trial, &target).run(), &trial, &target, "equal");
    }
}

/// If another version writes the same differently, only rows can be compared.
#[test]
fn a_newer_server_gets_the_same_rows() {
    for (major, verdict) in [(16, "equal"), (18, "rows equal")] {
        let trial = with_a_backup();
        let target = Cluster::of_major(major).database("target");
        let outcome = with_all_clients(restore(&trial, &target)).run();
        assert_restored(&outcome, &trial, &target, verdict);
    }
}

#[test]
fn everything_goes_from_16_to_18() {
    let trial = sampled(Cluster::of_major(16), Sample::Exotic);
    let target = of_a_superuser(Cluster::of_major(18));
    for role in ["sample_reader", "Sample \"\"Writer\"\""] {
        let make =
            format!("DO $$BEGIN CREATE ROLE \"{role}\"; EXCEPTION WHEN duplicate_object THEN NULL; END$$");
        target.psql(&make);
    }
    let outcome = with_all_clients(restore(&trial, &target)).run();
    assert_restored(&outcome, &trial, &target, "rows equal");
}

#[test]
fn an_older_server_is_refused() {
    let trial = sampled(Cluster::of_major(16), Sample::Diary);
    let target = empty();
    let before = all_of(&target);
    let outcome = with_all_clients(restore(&trial, &target)).run();
    outcome.assert_code(16);
    let told = format!("{} runs PostgreSQL 15, but the dump needs 16 or later", place(&target));
    assert_eq!(message(&outcome), told);
    assert_eq!(all_of(&target), before);
}

#[test]
fn a_target_that_does_not_exist_is_created_by_a_role_that_may() {
    let trial = with_a_backup();
    let role = empty();
    let target = Database { name: format!("{}_new", role.name), ..role.clone() };
    let refused = restore(&trial, &target).run();
    refused.assert_code(16);
    let may_not =
        format!("{} does not exist, and the role {} cannot create databases", place(&target), role.user);
    assert_eq!(message(&refused), may_not);
    assert!(!exists(Cluster::shared(), &target.name));

    role.psql(&format!("ALTER ROLE \"{}\" CREATEDB", role.user));
    assert_restored(&restore(&trial, &target).run(), &trial, &target, "equal");
    assert_eq!(
        target.psql("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"),
        role.user
    );
}

#[test]
fn a_target_that_holds_tables_is_left_alone() {
    let trial = with_a_backup();
    let target = empty();
    target.psql_as_owner("CREATE TABLE mine (id int); CREATE VIEW seen AS SELECT * FROM mine");
    let before = all_of(&target);
    let outcome = restore(&trial, &target).run();
    outcome.assert_code(16);
    let told = format!(
        "{} is not empty: it holds 2 objects (tables, views, functions, types or others)",
        place(&target)
    );
    assert_eq!(message(&outcome), told);
    assert!(outcome.stdout.contains("set `replace` to drop its objects"), "{}", outcome.transcript());
    assert_eq!(all_of(&target), before);
}

/// Who may create in a schema of the target's search path could lay an operator in the way of every question.
#[test]
fn nothing_of_the_target_is_called_by_a_question() {
    let trial = with_a_backup();
    let target = empty();
    target.psql_as_owner(
        "CREATE TABLE called (); CREATE FUNCTION lie(name, name) RETURNS bool LANGUAGE plpgsql AS
         'BEGIN INSERT INTO public.called DEFAULT VALUES; RETURN true; END';
         CREATE OPERATOR !~ (LEFTARG = name, RIGHTARG = name, FUNCTION = lie);
         CREATE OPERATOR <> (LEFTARG = name, RIGHTARG = name, FUNCTION = lie)",
    );
    target.psql(&format!("ALTER DATABASE \"{}\" SET search_path = public, pg_catalog", target.name));
    restore(&trial, &target).input("dry-run", "true").run().assert_code(16);
    assert_eq!(target.psql("SELECT count(*) FROM public.called"), "0");
    restore(&trial, &target)
        .input("replace", "true")
        .input("confirm", confirmed(&target))
        .run()
        .assert_code(0);
}

/// What a database may hold besides tables, and in other schemas.
pub(super) const ODDS_AND_ENDS: &str =
    "CREATE TABLE mine (id int PRIMARY KEY, note text); INSERT INTO mine VALUES (1, 'kept');
CREATE TABLE patients (other int); INSERT INTO patients VALUES (7);
CREATE SCHEMA \"Other; place\"; CREATE TYPE \"Other; place\".mood AS ENUM ('sad');
CREATE VIEW \"Other; place\".seen AS SELECT * FROM mine;
CREATE MATERIALIZED VIEW stale AS SELECT count(*) FROM mine;
CREATE FUNCTION answer() RETURNS int LANGUAGE sql AS 'SELECT 42';
CREATE SEQUENCE numbers; CREATE DOMAIN word AS text; CREATE COLLATION odd FROM \"C\";
SELECT lo_from_bytea(77, 'bytes'), lo_create(78);
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO PUBLIC;
COMMENT ON SCHEMA \"Other; place\" IS 'ours'";

#[test]
fn replace_leaves_nothing_of_what_was_there() {
    for (cluster, rights) in [
        (Cluster::shared(), "false"),
        (Cluster::shared(), "true"),
        (Cluster::of_major(16), "true"),
        (Cluster::of_major(18), "false"),
    ] {
        let trial = Trial::plan([Sponsor::named("callisto")]).cluster(cluster).start();
        let run = trial.run().path(cluster.bin_dir()).input("include-privileges", rights);
        run.run().assert_code(0);
        let target = cluster.database("target");
        target.psql_as_owner(ODDS_AND_ENDS);
        if rights == "true" {
            // It gives things to the owner of the source.
            target.psql(&format!("ALTER ROLE \"{}\" SUPERUSER", target.user));
        }
        let outcome = restore(&trial, &target)
            .path(cluster.bin_dir())
            .input("replace", "true")
            .input("confirm", confirmed(&target))
            .run();
        assert_restored(&outcome, &trial, &target, "equal");
        assert_eq!(target.psql("SELECT count(*) FROM pg_largeobject_metadata"), "0");
        assert_eq!(target.psql("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'Other%'"), "0");
        assert_eq!(target.psql("SELECT count(*) FROM pg_default_acl"), "0");
    }
}

/// All that was there is there again, in the same place: names collide wherever something was left.
#[test]
fn replace_restores_over_everything() {
    for sample in [Sample::Exotic, Sample::Extensions] {
        let trial = sampled(Cluster::shared(), sample);
        let target = of_a_superuser(Cluster::shared());
        sample.load(&target);
        let outcome =
            restore(&trial, &target).input("replace", "true").input("confirm", confirmed(&target)).run();
        assert_restored(&outcome, &trial, &target, "equal");
    }
}

/// A backup of some schemas says nothing of the others.
#[test]
fn a_backup_of_one_schema_replaces_that_one_alone() {
    let trial = Trial::of([Sponsor::named("callisto")]);
    trial.database("callisto").psql_as_owner("CREATE SCHEMA apart CREATE TABLE kept (id int)");
    trial.run().input("schemas", "public").run().assert_code(0);
    let target = empty();
    target.load_diary(3, 10);
    target.psql_as_owner(
        "CREATE SCHEMA apart CREATE TABLE kept (note text); INSERT INTO apart.kept VALUES ('mine')",
    );
    let run = restore(&trial, &target).input("replace", "true").input("allow-partial", "true");
    let outcome = run.input("confirm", confirmed(&target)).run();
    outcome.assert_code(0);
    assert!(message(&outcome).contains(": equal: 3 tables, 332 rows"), "{}", message(&outcome));
    assert_eq!(target.psql("SELECT note FROM apart.kept"), "mine");
    assert_eq!(target.row_counts()["public.diary_events"], 300);
    // Into nothing it goes as well.
    let target = empty();
    restore(&trial, &target).run().assert_code(0);
    assert_eq!(target.row_counts().len(), 3);
}

/// `1 row`, `2 rows`; a test has fewer than a thousand.
fn counted(rows: i64) -> String {
    if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") }
}
