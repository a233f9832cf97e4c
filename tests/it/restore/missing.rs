//! What the target lacks, extensions and roles: reported before anything is done, left out only on demand, and never called
//! equal then. And the plan, which `dry-run` stops at.

use super::{all_of, confirmed, empty, message, place, restore, with_a_backup};
use crate::support::{Cluster, Database, Outcome, Run, Sample, Sponsor, Trial, tools};

/// What would be a statement, were it not a row.
const LOOKS_LIKE_SQL: &str = "; CREATE TABLE public.pwned ();";

/// A backup from the server with extensions, and a newer server that has none of them.
fn without_extensions(sample: Sample, besides: &str) -> (Trial, Database) {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let source = trial.database("callisto");
    sample.load(source);
    source.psql_as_owner(besides);
    trial.run().run().assert_code(0);
    (trial, Cluster::of_major(16).database("target"))
}

fn run(trial: &Trial, target: &Database) -> Run {
    restore(trial, target).path(&tools::wheel_bin_dir(16))
}

fn skipping(trial: &Trial, target: &Database) -> Run {
    run(trial, target).input("skip-missing-extensions", "true")
}

/// User mappings name the owner of the source.
fn make_owner(trial: &Trial, target: &Database) {
    target.psql(&format!("CREATE ROLE \"{}\"", trial.database("callisto").user));
}

#[track_caller]
fn assert_empty(target: &Database) {
    assert_eq!(target.psql("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"), "0");
    assert_eq!(target.psql("SELECT count(*) FROM pg_namespace WHERE nspname !~ '^pg_'"), "2");
}

#[test]
fn missing_extensions_and_roles_are_named_and_nothing_is_done() {
    let (trial, target) = without_extensions(Sample::Extensions, "");
    let names = "btree_gist, citext, hstore, ltree, pg_trgm, pgcrypto, postgres_fdw, unaccent, uuid-ossp";
    let outcome = run(&trial, &target).run();
    outcome.assert_code(16);
    // All at once.
    let (place, owner) = (place(&target), &trial.database("callisto").user);
    let told = format!("missing extensions in {place}: {names}; missing roles in {place}: {owner}");
    assert_eq!(message(&outcome), told);
    assert!(outcome.stdout.contains("`skip-missing-extensions`"), "{}", outcome.transcript());

    let outcome = skipping(&trial, &target).run();
    outcome.assert_code(16);
    assert_eq!(message(&outcome), format!("missing roles in {place}: {owner}"));
    assert!(outcome.stdout.contains("CREATE ROLE name NOLOGIN"), "{}", outcome.transcript());
    assert_empty(&target);
}

#[test]
fn what_needs_a_missing_extension_is_left_out_and_reported() {
    let besides = format!(
        "CREATE TABLE notes (note citext); INSERT INTO notes VALUES ('{LOOKS_LIKE_SQL}'), ('\\! touch pwned');
         CREATE TABLE plain (id int PRIMARY KEY, note text); INSERT INTO plain SELECT i, 'note ' || i FROM generate_series(1, 9) i"
    );
    let (trial, target) = without_extensions(Sample::Extensions, &besides);
    make_owner(&trial, &target);
    let outcome = skipping(&trial, &target).run();
    outcome.assert_code(17);
    let told = message(&outcome);
    let start = format!("{}: incomplete: ", place(&target));
    assert!(told.starts_with(&start) && told.ends_with(" statements of the backup left out"), "{told}");
    assert_eq!((outcome.output("outcome"), outcome.output("state")), ("failure".into(), "incomplete".into()));
    assert_eq!(outcome.result("callisto")["target"], "replaced");
    assert!(!outcome.everything().contains("is equal") && !told.contains("equal"), "{told}");
    let summary = outcome.summary();
    for left_out in [
        "- CREATE EXTENSION IF NOT EXISTS citext (extension \"citext\" is not available (0A000))",
        "- CREATE TABLE public.notes (type \"public.citext\" does not exist (42704))",
        "- COPY public.notes (relation \"public.notes\" does not exist (42P01))",
    ] {
        assert!(summary.contains(left_out), "{left_out} is not in:\n{summary}");
    }
    assert_eq!(target.row_counts().into_iter().collect::<Vec<_>>(), [("public.plain".to_owned(), 9)]);
    assert_eq!(target.psql("SELECT to_regclass('public.pwned') IS NULL"), "t");
    assert!(!outcome.workspace.join("pwned").exists());
}

#[test]
fn a_map_is_left_out_and_the_rest_is_restored() {
    let (trial, target) = without_extensions(Sample::Postgis, "");
    let outcome = skipping(&trial, &target).run();
    outcome.assert_code(17);
    assert!(message(&outcome).contains(": incomplete: "), "{}", message(&outcome));
    assert_eq!(target.row_counts().into_iter().collect::<Vec<_>>(), [("public.plain".to_owned(), 30)]);
}

/// Not every failure is for want of an extension. The server would commit the rest all the same.
#[test]
fn what_fails_for_another_reason_fails_the_restore() {
    let besides = "CREATE TABLE plain (id int PRIMARY KEY); INSERT INTO plain VALUES (1);
        CREATE EXTENSION citext; CREATE TABLE notes (note citext); RESET ROLE; CREATE FOREIGN DATA WRAPPER nobody_home";
    let (trial, target) = without_extensions(Sample::Diary, besides);
    let outcome = skipping(&trial, &target).run();
    outcome.assert_code(16);
    let why = "CREATE FOREIGN DATA WRAPPER nobody_home: permission denied to create foreign-data wrapper \"nobody_home\" (42501)";
    assert_eq!(message(&outcome), format!("cannot restore into {}: {why}", place(&target)));
    assert_empty(&target);
}

/// A table that is there and is not the dump's own refuses the block, and its rows would be taken for statements.
#[test]
fn rows_never_become_statements_in_a_table_that_was_there() {
    let besides = "CREATE EXTENSION citext; CREATE TABLE mine (note text);
        INSERT INTO mine VALUES ('; COMMIT; CREATE TABLE public.pwned ();'), ('\\! touch pwned')";
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    trial.database("callisto").psql_as_owner(besides);
    trial.run().input("exclude-schemas", "no_such").run().assert_code(0);
    let target = Cluster::of_major(16).database("target");
    // The dump's own DROP is refused, as is its CREATE.
    target.psql_as_owner(
        "CREATE TABLE mine (other int); CREATE SCHEMA apart; CREATE VIEW apart.seen AS SELECT * FROM mine",
    );
    let run = skipping(&trial, &target).input("replace", "true").input("allow-partial", "true");
    let outcome = run.input("confirm", confirmed(&target)).run();
    outcome.assert_code(16);
    assert!(message(&outcome).contains("because other objects depend on it"), "{}", message(&outcome));
    assert_eq!(target.row_counts().into_iter().collect::<Vec<_>>(), [("public.mine".to_owned(), 0)]);
    assert!(!outcome.workspace.join("pwned").exists());
}

/// A row that the target refuses is the block's fault, not that of the statement after it.
#[test]
fn rows_that_need_what_is_missing_are_shown_by_name() {
    let besides = "CREATE EXTENSION citext;
        CREATE FUNCTION fine(note text) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RETURN note::public.citext IS NOT NULL; END';
        CREATE TABLE checked (note text CHECK (fine(note))); INSERT INTO checked VALUES ('a'), ('b');
        CREATE TABLE \"then\" (id int); INSERT INTO \"then\" VALUES (1)";
    let (trial, target) = without_extensions(Sample::Diary, besides);
    let outcome = skipping(&trial, &target).run();
    // Its rows are not there, and that is a difference.
    outcome.assert_code(17);
    assert_eq!(message(&outcome), format!("{}: table public.checked has 0 rows, expected 2", place(&target)));
    let left_out = "- COPY public.checked (type \"public.citext\" does not exist (42704))";
    assert!(outcome.summary().contains(left_out), "{}", outcome.summary());
    assert!(
        outcome.stdout.contains(&format!("{} holds the backup now", place(&target))),
        "{}",
        outcome.transcript()
    );
}

/// If only what is left out had rows, the result is not a success.
#[test]
fn a_restore_without_any_row_is_a_failure() {
    let besides =
        "CREATE EXTENSION citext; CREATE TABLE notes (note citext); INSERT INTO notes VALUES ('a'), ('b');
        CREATE TABLE plain (id int)";
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    trial.database("callisto").psql_as_owner(besides);
    trial.run().run().assert_code(0);
    let target = Cluster::of_major(16).database("target");
    let outcome = skipping(&trial, &target).run();
    outcome.assert_code(17);
    assert_eq!(message(&outcome), format!("{}: none of the 2 rows was restored", place(&target)));
}

fn planned(outcome: &Outcome, lines: &[(&str, &str)]) {
    for (label, value) in lines {
        let line = format!("{label}: {value}");
        assert!(outcome.stdout.lines().any(|shown| shown == line), "{line:?}: {}", outcome.transcript());
    }
}

#[test]
fn a_dry_run_prints_the_plan_and_changes_nothing() {
    let trial = with_a_backup();
    let role = empty();
    role.psql(&format!("ALTER ROLE \"{}\" CREATEDB", role.user));
    let absent = Database { name: format!("{}_new", role.name), ..role.clone() };
    let dry = |target: &Database| restore(&trial, target).input("dry-run", "true");
    let would_be = |outcome: Outcome, lines: &[(&str, &str)]| {
        outcome.assert_code(0);
        assert_eq!(
            (outcome.output("outcome"), outcome.output("state")),
            ("planned".into(), "planned".into())
        );
        assert!(outcome.stdout.contains("callisto: would be restored"), "{}", outcome.transcript());
        planned(&outcome, lines);
    };
    let fitting = [("missing extensions", "none"), ("missing roles", "none")];
    would_be(dry(&absent).run(), &[("target holds", "nothing (it does not exist yet)"), fitting[0]]);
    let sql = format!("SELECT count(*) FROM pg_database WHERE datname = '{}'", absent.name);
    assert_eq!(role.psql(&sql), "0");

    would_be(dry(&role).run(), &[("target holds", "nothing"), fitting[0], fitting[1]]);
    assert_eq!(role.row_counts().len(), 0);

    role.psql_as_owner("CREATE TABLE mine (id int); INSERT INTO mine VALUES (1)");
    let before = all_of(&role);
    let replaced = [("target holds", "1 object (tables, views, functions, types or others), to be replaced")];
    would_be(dry(&role).input("replace", "true").input("confirm", confirmed(&role)).run(), &replaced);
    let refused = dry(&role).run();
    refused.assert_code(16);
    planned(&refused, &[("target holds", "1 object (tables, views, functions, types or others)")]);
    assert_eq!(all_of(&role), before);
}

#[test]
fn a_dry_run_names_what_is_missing() {
    let (trial, target) = without_extensions(Sample::Extensions, "");
    let outcome = skipping(&trial, &target).input("dry-run", "true").run();
    outcome.assert_code(16);
    let names = "btree_gist, citext, hstore, ltree, pg_trgm, pgcrypto, postgres_fdw, unaccent, uuid-ossp";
    planned(&outcome, &[("missing extensions", names), ("missing roles", &trial.database("callisto").user)]);
    assert_empty(&target);
}
