//! The database: each obstacle is found, by its own check, before a backup meets it. Each fix works as it is written.

mod server;

use std::path::Path;

use sponsor_backup::databases::postgres::preflight::CHECKS;

use super::{Findings, terminal};
use crate::support::{Cluster, Database, Sponsor, Trial, clients, tools};

/// A sponsor with a small diary, which its role owns.
fn on(cluster: &Cluster) -> Trial {
    Trial::plan([Sponsor::named("callisto").diary(2, 5)]).cluster(cluster).start()
}

fn callisto() -> Trial {
    on(Cluster::shared())
}

/// The findings about the database, with more arguments and the client programs of this folder.
#[track_caller]
fn findings(trial: &Trial, arguments: &[&str], programs: &Path) -> Findings {
    let outcome = terminal(trial).path(programs).args(arguments).run();
    // Its buckets are not this file's subject.
    let mut all = Findings::from(&outcome, outcome.code.unwrap());
    all.0.retain(|finding| finding["check"].as_str().unwrap().starts_with("database-"));
    all
}

#[track_caller]
fn found(trial: &Trial) -> Findings {
    findings(trial, &[], Cluster::shared().bin_dir())
}

/// The same by another address of its database.
#[track_caller]
fn found_at(trial: &Trial, url: &str) -> Findings {
    trial.secret("callisto", "DATABASE_URL", Some(url));
    found(trial)
}

/// Asserts that all is well but for this check, and that each of its findings has the level. Gives their words.
#[track_caller]
fn only(findings: &Findings, check: &str, level: &str) -> String {
    let other: Vec<_> = findings.0.iter().filter(|finding| finding["level"] != "ok").collect();
    assert!(!other.is_empty(), "{check} is well: {:#?}", findings.0);
    assert!(
        other.iter().all(|finding| finding["check"] == check && finding["level"] == level),
        "{check} {level} in {other:#?}"
    );
    let words = |name: &str| -> String {
        other.iter().map(|finding| format!("{}\n", finding[name].as_str().unwrap())).collect()
    };
    words("what") + &words("fix")
}

#[track_caller]
fn assert_sound(findings: &Findings) {
    // This check has a finding only if a URL is not well-formed.
    let mut wanted: Vec<&str> =
        CHECKS.iter().map(|check| check.name).filter(|name| *name != "database-url").collect();
    let mut names: Vec<&str> = findings.0.iter().map(|finding| finding["check"].as_str().unwrap()).collect();
    wanted.sort_unstable();
    names.sort_unstable();
    assert_eq!(names, wanted);
    assert!(findings.0.iter().all(|finding| finding["level"] == "ok"), "{:#?}", findings.0);
}

/// The statements of a fix, which are between backquotes.
fn statements(words: &str) -> Vec<&str> {
    words.split('`').skip(1).step_by(2).filter(|text| text.ends_with(';')).collect()
}

/// A role without any right but to connect, in the same database.
fn stranger(trial: &Trial) -> Database {
    let database = trial.database("callisto").clone();
    let user = format!("{}_reader", database.name);
    database.psql(&format!("CREATE ROLE \"{user}\" LOGIN PASSWORD '{}'", database.password));
    let stranger = Database { user, ..database };
    trial.secret("callisto", "DATABASE_URL", Some(&stranger.url()));
    stranger
}

/// Asserts that a backup fails at what was found.
#[track_caller]
fn assert_no_backup(trial: &Trial) {
    trial.run().run().assert_code(13);
}

#[track_caller]
fn assert_backup(trial: &Trial) {
    trial.run().run().assert_code(0);
}

#[test]
fn a_sound_database_is_well_in_every_check() {
    for cluster in [Cluster::shared(), Cluster::of_major(16), Cluster::of_major(18)] {
        let trial = on(cluster);
        assert_sound(&findings(&trial, &[], cluster.bin_dir()));
        // The role that docs/setup.md creates.
        let reader = stranger(&trial);
        reader.psql(&format!(
            "GRANT pg_read_all_data TO \"{user}\"; ALTER ROLE \"{user}\" SET default_transaction_read_only = on",
            user = reader.user
        ));
        let sound = findings(&trial, &[], cluster.bin_dir());
        assert_sound(&sound);
        assert!(sound.one("database-settings", "ok").contains("default_transaction_read_only is on"));
        assert!(sound.one("database-privileges", "ok").contains("3 tables and "), "{:#?}", sound.0);
    }
}

#[test]
fn what_the_role_cannot_read_is_named_with_the_grant() {
    let trial = callisto();
    let reader = stranger(&trial);
    reader.psql(
        "CREATE SCHEMA \"Closed\"; CREATE TABLE \"Closed\".t (id int); GRANT SELECT ON \"Closed\".t TO PUBLIC;
         CREATE TABLE parted (id int) PARTITION BY LIST (id); CREATE TABLE part PARTITION OF parted DEFAULT;
         GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC; CREATE TABLE a (id serial); CREATE TABLE b (); CREATE TABLE c ();
         REVOKE SELECT ON parted, patients, sites FROM PUBLIC; CREATE MATERIALIZED VIEW m AS SELECT 1 AS one;
         CREATE VIEW v AS SELECT 1 AS one; CREATE EXTENSION citext; CREATE TABLE of_extension ();
         ALTER EXTENSION citext ADD TABLE of_extension",
    );
    let words = only(&found(&trial), "database-privileges", "fail");
    let role = &reader.user;
    for wanted in [
        format!("role {role} lacks USAGE on 1 schema: \"Closed\"\n"),
        format!(
            "role {role} lacks SELECT on 6 tables: public.a, public.b, public.c, public.parted, public.patients, and 1 more\n"
        ),
        format!(
            "role {role} lacks SELECT on 2 sequences: public.a_id_seq, public.diary_events_event_id_seq\n"
        ),
    ] {
        assert!(words.contains(&wanted), "{wanted} in {words}");
    }
    assert_no_backup(&trial);
    let grant = statements(&words)[0];
    assert_eq!(grant, format!("GRANT pg_read_all_data TO {role};"));
    reader.psql(grant);
    assert_sound(&found(&trial));
    assert_backup(&trial);
}

#[test]
fn rows_that_a_policy_hides_are_found_and_both_fixes_work() {
    for fix in [0, 1] {
        let trial = callisto();
        let reader = stranger(&trial);
        reader.psql(&format!("GRANT pg_read_all_data TO \"{}\"", reader.user));
        let guard =
            "ALTER TABLE patients ENABLE ROW LEVEL SECURITY; CREATE POLICY few ON patients USING (false);";
        reader.psql(guard);
        let words = only(&found(&trial), "database-row-security", "fail");
        assert!(words.contains("in 1 table: public.patients\n"), "{words}");
        assert_no_backup(&trial);
        reader.psql(statements(&words)[fix]);
        let sound = found(&trial);
        assert_sound(&sound);
        assert!(
            sound.one("database-row-security", "ok").ends_with("all rows of 1 table with row-level security")
        );
        assert_backup(&trial);
        // Forced, the policy restricts the owner's members, too.
        reader.psql("ALTER TABLE patients FORCE ROW LEVEL SECURITY");
        if fix == 0 {
            assert_sound(&found(&trial));
        } else {
            let words = only(&found(&trial), "database-row-security", "fail");
            let [statement] = statements(&words)[..] else { panic!("{words}") };
            assert!(statement.ends_with(" BYPASSRLS;"), "{words}");
            assert_no_backup(&trial);
        }
    }
}

#[test]
fn large_objects_that_the_role_cannot_open_are_counted() {
    for cluster in [Cluster::shared(), Cluster::of_major(18)] {
        let trial = on(cluster);
        let database = trial.database("callisto");
        database.psql("SELECT lo_from_bytea(4711, 'x'), lo_from_bytea(4712, 'y'); GRANT SELECT ON LARGE OBJECT 4711 TO PUBLIC");
        let look = || findings(&trial, &[], cluster.bin_dir());
        let words = only(&look(), "database-large-objects", "fail");
        assert!(words.contains("cannot read 1 large object\n"), "{words}");
        trial.run().path(cluster.bin_dir()).run().assert_code(13);
        database.psql(&format!("GRANT SELECT ON LARGE OBJECT 4712 TO \"{}\"", database.user));
        assert_sound(&look());
        trial.run().path(cluster.bin_dir()).run().assert_code(0);
    }
}

#[test]
fn what_only_a_superuser_can_dump_is_found() {
    let trial = callisto();
    let database = trial.database("callisto");
    database.psql(
        "CREATE SUBSCRIPTION news CONNECTION 'host=/nonexistent password=hunter2' PUBLICATION p WITH (connect = false)",
    );
    let words = only(&found(&trial), "database-subscriptions", "fail");
    assert!(words.contains("1 subscription that only a superuser can dump"), "{words}");
    assert_no_backup(&trial);
    database.psql("ALTER SUBSCRIPTION news SET (slot_name = NONE); DROP SUBSCRIPTION news");
    database.psql(
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER far FOREIGN DATA WRAPPER w; \
         CREATE USER MAPPING FOR postgres SERVER far OPTIONS (password 'hunter2')",
    );
    let words = only(&found(&trial), "database-user-mappings", "fail");
    assert!(words.contains("1 user mapping whose options the role"), "{words}");
    assert!(!words.contains("hunter2") && !words.contains("Nothing was stored"), "{words}");
    assert_no_backup(&trial);
}

#[test]
fn the_roles_own_settings_are_shown_and_its_password_expires() {
    let trial = callisto();
    let database = trial.database("callisto");
    let user = &database.user;
    database.psql(&format!(
        "ALTER ROLE \"{user}\" SET statement_timeout = '90s'; ALTER ROLE \"{user}\" SET default_transaction_read_only = on;
         ALTER ROLE \"{user}\" VALID UNTIL 'infinity'"
    ));
    let shown = found(&trial);
    assert_sound(&shown);
    let words = shown.one("database-settings", "ok");
    assert!(words.starts_with("default_transaction_read_only is on, statement_timeout is 1m 30s"), "{words}");
    // Too short for a dump, if it applied to one.
    database.psql(&format!("ALTER ROLE \"{user}\" SET statement_timeout = '100ms'"));
    assert_sound(&found(&trial));
    let date = database.psql("SELECT now() + '10 days 1 hour'");
    database.psql(&format!("ALTER ROLE \"{user}\" VALID UNTIL '{date}'"));
    let words = only(&found(&trial), "database-settings", "warn");
    assert!(words.contains(" expires in 10 days\n"), "{words}");
    assert_backup(&trial);
}

#[test]
fn rows_that_pg_dump_skips_are_warned_of() {
    let trial = callisto();
    let database = trial.database("callisto");
    database.psql(&format!(
        "CREATE EXTENSION citext; CREATE TABLE kept AS SELECT 1 AS one; ALTER EXTENSION citext ADD TABLE kept;
         GRANT SELECT ON kept TO \"{}\"",
        database.user
    ));
    let all = found(&trial);
    let words = only(&all, "database-extensions", "warn");
    assert!(words.contains("rows of public.kept are not in the backup"), "{words}");
    assert!(
        all.0.iter().any(|finding| finding["what"].as_str().unwrap().contains("a restore needs: citext 1."))
    );
    assert_backup(&trial);
}

/// A server that guarantees 27 x 64 = 1,728 locks, and never takes twice as many.
#[test]
fn more_tables_than_locks_are_found() {
    let settings = ["max_connections=20", "max_worker_processes=2", "max_wal_senders=0", "autovacuum=off"];
    let cluster = Cluster::start_with(tools::distribution_bin_dir(), &settings);
    let trial = on(&cluster);
    let database = trial.database("callisto");
    let create = |from: u32, to: u32| {
        // Each in a transaction of its own: one for all would not fit either.
        database.script(
            &format!(
                "SET ROLE :\"owner\";
                 SELECT format('CREATE TABLE t%s (id serial)', i) FROM generate_series({from}, {to}) i \\gexec"
            ),
            &[("owner", database.user.clone())],
        );
    };
    create(1, 900);
    let words = only(&found(&trial), "database-locks", "warn");
    assert!(words.contains("max_locks_per_transaction is 64\n"), "{words}");
    create(901, 1800);
    let words = only(&found(&trial), "database-locks", "fail");
    assert!(words.contains("Set max_locks_per_transaction to 13"), "{words}");
    assert_no_backup(&trial);
}

/// Another program's lock says nothing about the next backup.
#[test]
fn a_lock_at_this_moment_leaves_the_schema_dump_unknown() {
    let trial = callisto();
    let migration = trial.database("callisto").hold("ALTER TABLE patients ADD COLUMN late int");
    let words = only(&found(&trial), "database-schema-dump", "warn");
    assert!(words.starts_with("unknown: ") && words.contains("Another session holds a lock"), "{words}");
    drop(migration);
    assert_sound(&found(&trial));
}

/// What no other check knows fails all the same.
#[test]
fn a_schema_that_pg_dump_cannot_write_is_found() {
    let trial = callisto();
    let script = format!(
        "{} \"$@\" || exit; echo 'pg_dump: warning: could not parse ACL list' >&2",
        clients::real("pg_dump")
    );
    let programs = clients::misbehaving(&script);
    let words = only(&findings(&trial, &[], programs.path()), "database-schema-dump", "fail");
    assert!(words.contains("the dump is missing content: could not parse\n"), "{words}");
}
