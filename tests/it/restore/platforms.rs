//! Databases that a platform prepared for an owner without superuser rights: what belongs to the platform stays, and what is the
//! owner's is restored.

use super::{all_of, confirmed, empty, message, place, restore};
use crate::support::{Database, Run, Sponsor, Trial};

const PEOPLE: &str = "CREATE EXTENSION citext; CREATE EXTENSION pgcrypto;
    CREATE TABLE people (id int PRIMARY KEY, mail citext UNIQUE);
    INSERT INTO people VALUES (1, 'A@example.org'), (2, 'b@example.org')";
const ROWS: &str = "SELECT count(*), string_agg(mail::text, ' ' ORDER BY id) FROM people";

fn backed_up(sql: &str) -> Trial {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    trial.database("callisto").psql(sql);
    let owner = &trial.database("callisto").user;
    let grant = format!("GRANT pg_read_all_data TO \"{owner}\"");
    trial.database("callisto").psql(&grant);
    trial.run().run().assert_code(0);
    trial
}

fn replacing(trial: &Trial, target: &Database) -> Run {
    restore(trial, target).input("replace", "true").input("confirm", confirmed(target))
}

#[track_caller]
fn assert_equal(run: Run, expected: &str) {
    let outcome = run.run();
    outcome.assert_code(0);
    assert!(message(&outcome).contains(expected), "{}", message(&outcome));
}

#[test]
fn an_extension_of_the_platform_needs_no_comment() {
    // PL/pgSQL made anew is in the dump, with its comment, and it is the first superuser's in every new database.
    let trial = backed_up(&format!("DROP EXTENSION plpgsql; CREATE EXTENSION plpgsql; {PEOPLE}"));
    let target = empty();
    target.psql("CREATE EXTENSION citext; CREATE EXTENSION pgcrypto");
    assert_equal(restore(&trial, &target).input("dry-run", "true"), "");
    assert_equal(restore(&trial, &target), ": equal: 1 table, 2 rows");
    assert_eq!(target.psql(ROWS), "2|A@example.org b@example.org");
    // Over what is there, and into a database that the role makes.
    assert_equal(replacing(&trial, &target), ": equal: 1 table, 2 rows");
    assert_eq!(target.psql(ROWS), "2|A@example.org b@example.org");
    assert_eq!(
        target.psql(
            "SELECT rolsuper FROM pg_extension JOIN pg_roles r ON r.oid = extowner WHERE extname = 'citext'"
        ),
        "t"
    );
    target.psql(&format!("ALTER ROLE \"{}\" CREATEDB", target.user));
    let made = Database { name: format!("{}_made", target.name), ..target.clone() };
    assert_equal(restore(&trial, &made), ": equal: 1 table, 2 rows");
}

/// A comment does not count as data: one that only its owner can write is named, and nothing differs for it.
#[test]
fn a_comment_of_another_role_is_named_and_not_compared() {
    let trial = backed_up(&format!(
        "CREATE SCHEMA extensions; COMMENT ON SCHEMA extensions IS 'ours'; {PEOPLE}; COMMENT ON EXTENSION citext IS 'of the studies'"
    ));
    let target = empty();
    target.psql("CREATE SCHEMA extensions; CREATE EXTENSION citext; CREATE EXTENSION pgcrypto");
    let outcome = restore(&trial, &target).run();
    outcome.assert_code(0);
    assert!(message(&outcome).contains(": equal: 1 table, 2 rows"), "{}", message(&outcome));
    for what in ["extension citext", "schema extensions"] {
        let told = format!("not compared: the comment on the {what} (owned by another role)");
        assert!(outcome.annotations("warning").join("\n").contains(&told), "{}", outcome.transcript());
        assert!(outcome.summary().contains(&format!("the comment on the {what}")), "{}", outcome.summary());
    }
    // Their owner restores the comments, too, and a comment that differs does.
    let own = empty();
    own.psql(&format!("ALTER ROLE \"{}\" SUPERUSER", own.user));
    assert_equal(restore(&trial, &own), ": equal: ");
    let comments = "SELECT obj_description(oid, 'pg_extension') FROM pg_extension WHERE extname = 'citext'";
    assert_eq!(own.psql(comments), "of the studies");
}

#[test]
fn a_schema_of_the_platform_may_be_there() {
    let sql = "CREATE SCHEMA extensions; CREATE EXTENSION citext SCHEMA extensions; CREATE SCHEMA app;
        CREATE TABLE app.people (id int PRIMARY KEY, mail extensions.citext);
        INSERT INTO app.people VALUES (1, 'A@example.org')";
    let trial = backed_up(sql);
    let prepared = || {
        let target = empty();
        target.psql("CREATE SCHEMA extensions; CREATE EXTENSION citext SCHEMA extensions; GRANT USAGE ON SCHEMA extensions TO PUBLIC");
        target.psql_as_owner("CREATE SCHEMA app");
        target
    };
    let rows = "SELECT id, mail FROM app.people";
    let target = prepared();
    assert_equal(restore(&trial, &target), ": equal: 1 table, 1 row");
    assert_eq!(target.psql(rows), "1|A@example.org");

    // What of the owner's is in a schema that stays is dropped, whatever its kind.
    target.psql(&format!("GRANT ALL ON SCHEMA extensions TO \"{}\"", target.user));
    target.psql_as_owner(
        "SET search_path = extensions; CREATE TYPE mood AS ENUM ('well'); CREATE DOMAIN age AS int; CREATE TYPE pair AS (a int);
         CREATE TABLE odd (id int GENERATED ALWAYS AS IDENTITY, s serial, m mood); CREATE VIEW v AS SELECT * FROM odd;
         CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1';
         CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int); CREATE STATISTICS st ON id, s FROM odd;
         CREATE FUNCTION same(mood, mood) RETURNS bool LANGUAGE sql AS 'SELECT true';
         CREATE OPERATOR === (LEFTARG = mood, RIGHTARG = mood, FUNCTION = same);
         CREATE COLLATION c FROM \"C\"; CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple);
         CREATE TEXT SEARCH CONFIGURATION conf (COPY = simple); CREATE MATERIALIZED VIEW mv AS SELECT 1 AS i;
         CREATE TYPE span AS RANGE (SUBTYPE = int); CREATE SEQUENCE q;
         ALTER DEFAULT PRIVILEGES IN SCHEMA extensions GRANT SELECT ON TABLES TO PUBLIC",
    );
    assert_equal(replacing(&trial, &target), ": equal: 1 table, 1 row");
    assert_eq!(target.psql(rows), "1|A@example.org");
    let ours = "SELECT count(*) FROM pg_depend d WHERE refobjid = 'extensions'::regnamespace AND NOT EXISTS
        (SELECT FROM pg_depend e WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e') AND classid <> 'pg_extension'::regclass";
    assert_eq!(target.psql(ours), "0");
    assert_eq!(target.psql("SELECT count(*) FROM pg_default_acl"), "0");
}

/// What stays and holds another role's things would be mixed with what is restored.
#[test]
fn what_another_role_owns_keeps_replace_from_beginning() {
    let trial = backed_up(PEOPLE);
    for (sql, named) in [
        ("CREATE SCHEMA auth; CREATE TABLE auth.users AS SELECT 1 AS id", "table auth.users"),
        (
            "CREATE SCHEMA auth; CREATE FUNCTION auth.uid() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "function auth.uid()",
        ),
        ("CREATE SCHEMA auth; CREATE TYPE auth.level AS ENUM ('aal1')", "type auth.level"),
        ("SELECT lo_create(4711)", "large object 4711"),
        ("CREATE TABLE own.theirs AS SELECT 1 AS id", "table own.theirs"),
        ("CREATE EVENT TRIGGER guard ON ddl_command_end EXECUTE FUNCTION own.note()", "event trigger guard"),
        ("CREATE PUBLICATION pub FOR TABLE own.mine", "publication pub"),
        ("CREATE PUBLICATION pub FOR TABLES IN SCHEMA own", "publication pub"),
        ("CREATE EXTENSION earthdistance SCHEMA extensions", "extension earthdistance"),
    ] {
        let target = empty();
        target.psql("CREATE EXTENSION citext; CREATE SCHEMA extensions");
        target.psql_as_owner(
            "CREATE SCHEMA own; CREATE TABLE own.mine AS SELECT 1 AS i; CREATE EXTENSION cube SCHEMA own;
             CREATE FUNCTION own.note() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'",
        );
        target.psql(sql);
        let before = target.psql("SELECT count(*) FROM pg_class") + &target.content_digest();
        for dry in ["true", "false"] {
            let outcome = replacing(&trial, &target).input("dry-run", dry).run();
            outcome.assert_code(16);
            let told = format!(
                "{} has objects that belong to another role, so `replace` cannot drop them: {named}",
                place(&target)
            );
            assert!(message(&outcome).contains(&told), "{}", message(&outcome));
        }
        assert_eq!(target.psql("SELECT count(*) FROM pg_class") + &target.content_digest(), before);
    }
}

/// A member of a platform's extension may call what is ours. The plan does not see that.
#[test]
fn what_would_go_with_ours_ends_replace_and_all_stays() {
    let trial = backed_up(PEOPLE);
    let target = empty();
    target.psql_as_owner("CREATE FUNCTION public.pol() RETURNS int LANGUAGE sql AS 'SELECT 1'");
    target.psql(
        "CREATE SCHEMA ext; CREATE EXTENSION hstore SCHEMA ext; CREATE TABLE ext.config AS SELECT 1 AS id;
         CREATE VIEW ext.seen AS SELECT public.pol(); ALTER EXTENSION hstore ADD TABLE ext.config;
         ALTER EXTENSION hstore ADD VIEW ext.seen",
    );
    let outcome = replacing(&trial, &target).run();
    outcome.assert_code(16);
    assert!(message(&outcome).contains("(2BP01)"), "{}", message(&outcome));
    assert_eq!(target.psql("SELECT id, (SELECT pol FROM ext.seen) FROM ext.config"), "1|1");
}

/// Event triggers, wrappers, publications and extensions of the platform hold nothing: they stay, and are named.
#[test]
fn what_holds_nothing_stays_next_to_what_is_restored() {
    let trial = backed_up(PEOPLE);
    let target = empty();
    target.psql(
        "CREATE EXTENSION citext; CREATE EXTENSION pgcrypto; CREATE EXTENSION hstore; CREATE SCHEMA heroku_ext;
         CREATE FOREIGN DATA WRAPPER platform; CREATE SERVER stats FOREIGN DATA WRAPPER platform; CREATE PUBLICATION feed;
         CREATE FUNCTION heroku_ext.seen() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
         ALTER EXTENSION hstore ADD FUNCTION heroku_ext.seen();
         CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION heroku_ext.seen()",
    );
    target.psql_as_owner("CREATE TABLE mine AS SELECT 1 AS i; SELECT lo_create(5)");
    let outcome = replacing(&trial, &target).run();
    outcome.assert_code(0);
    assert!(message(&outcome).contains(": equal: 1 table, 2 rows"), "{}", message(&outcome));
    let told = "1 event trigger of the target may fire. Only a superuser can disable them.";
    assert!(outcome.stdout.contains(told), "{}", outcome.transcript());
    let warnings = outcome.annotations("warning").join("\n");
    for what in [
        "extension hstore",
        "schema heroku_ext",
        "foreign-data wrapper platform",
        "server stats",
        "publication feed",
        "event trigger watch",
    ] {
        assert!(warnings.contains(&format!("the {what} (owned by another role)")), "{warnings}");
    }
    assert_eq!(target.psql(ROWS), "2|A@example.org b@example.org");
    assert_eq!(
        target.psql("SELECT to_regclass('mine') IS NULL, (SELECT count(*) FROM pg_largeobject_metadata)"),
        "t|0"
    );
    assert_eq!(target.psql("SELECT count(*) FROM pg_extension"), "4");
}

/// Types and operators are something too.
#[test]
fn a_target_that_holds_only_a_type_is_not_empty() {
    let trial = backed_up(PEOPLE);
    let target = empty();
    target.psql_as_owner("CREATE SCHEMA app; CREATE TYPE app.mood AS ENUM ('well')");
    let before = all_of(&target);
    for dry in ["true", "false"] {
        let outcome = restore(&trial, &target).input("dry-run", dry).run();
        outcome.assert_code(16);
        assert!(message(&outcome).contains(" is not empty: it holds 1 "), "{}", message(&outcome));
    }
    assert_eq!(all_of(&target), before);
}

/// A backup of `public` alone makes that schema, which a platform's extension keeps from being dropped.
#[test]
fn public_stays_if_an_extension_is_in_it() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    trial.database("callisto").psql_as_owner("CREATE TABLE t AS SELECT 7 AS i");
    trial.run().input("schemas", "public").run().assert_code(0);
    let target = empty();
    target.psql("CREATE EXTENSION citext");
    let outcome = restore(&trial, &target).run();
    outcome.assert_code(0);
    assert_eq!(target.psql("SELECT i FROM t"), "7");
}

/// A backup without some schemas drops what it holds by itself: not what is the platform's.
#[test]
fn a_part_replaces_what_is_there_and_leaves_extensions() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    trial.database("callisto").psql(PEOPLE);
    let owner = trial.database("callisto").user.clone();
    trial.database("callisto").psql(&format!("CREATE SCHEMA log; GRANT pg_read_all_data TO \"{owner}\""));
    trial.run().input("exclude-schemas", "log").run().assert_code(0);
    let target = empty();
    target.psql("CREATE EXTENSION citext; CREATE EXTENSION pgcrypto");
    target.psql_as_owner("CREATE TABLE people (id int)");
    assert_equal(replacing(&trial, &target).input("allow-partial", "true"), ": equal: 1 table, 2 rows");
    assert_eq!(target.psql(ROWS), "2|A@example.org b@example.org");
}
