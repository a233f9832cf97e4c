//! Targets that are not as a fresh database is: of another encoding, without `public`, with things other than tables, with
//! privileges of their own for all that is made.

use std::os::unix::fs::PermissionsExt as _;

use super::{confirmed, empty, message, place, restore, with_a_backup};
use crate::support::{Cluster, Database, Sponsor, Trial, tools};

#[test]
fn rows_are_compared_in_the_encoding_of_the_backup() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let owner = trial.database("callisto");
    let latin = Database { name: format!("{}_latin", owner.name), ..owner.clone() };
    Cluster::shared().psql(
        "postgres",
        &format!(
            "CREATE DATABASE \"{}\" OWNER \"{}\" TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'",
            latin.name, owner.user
        ),
    );
    latin
        .psql_as_owner("CREATE TABLE notes (note text); INSERT INTO notes VALUES (U&'caf\\00e9'), ('plain')");
    trial.secret("callisto", "DATABASE_URL", Some(&latin.url()));
    trial.run().run().assert_code(0);
    let target = empty();
    let outcome = restore(&trial, &target).run();
    outcome.assert_code(0);
    let told = format!("restored into {}: equal: 1 table, 2 rows", place(&target));
    assert_eq!(message(&outcome), told);
    assert_eq!(target.psql("SELECT note FROM notes WHERE note <> 'plain'"), "café");
    assert_eq!(target.psql("SELECT getdatabaseencoding()"), "UTF8");
}

#[test]
fn replace_makes_public_where_it_was_dropped() {
    let trial = with_a_backup();
    let target = empty();
    target.psql("DROP SCHEMA public");
    let outcome =
        restore(&trial, &target).input("replace", "true").input("confirm", confirmed(&target)).run();
    outcome.assert_code(0);
    assert!(message(&outcome).contains(": equal: "), "{}", message(&outcome));
}

#[test]
fn replace_takes_back_what_is_set_for_all_that_is_made() {
    let trial = with_a_backup();
    for cluster in [Cluster::shared(), Cluster::of_major(18)] {
        let target = cluster.database("target");
        target.psql_as_owner(
            "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;
             ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO pg_monitor WITH GRANT OPTION;
             ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM CURRENT_USER;
             ALTER DEFAULT PRIVILEGES REVOKE ALL ON FUNCTIONS FROM PUBLIC;
             ALTER DEFAULT PRIVILEGES REVOKE USAGE ON TYPES FROM PUBLIC;
             ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO PUBLIC",
        );
        assert_eq!(target.psql("SELECT count(*) FROM pg_default_acl"), "5");
        restore(&trial, &target)
            .path(cluster.bin_dir())
            .input("replace", "true")
            .input("confirm", confirmed(&target))
            .run()
            .assert_code(0);
        assert_eq!(target.psql("SELECT count(*) FROM pg_default_acl"), "0");
        assert_eq!(
            target.psql("SELECT count(*) FROM pg_class WHERE relname = 'patients' AND relacl IS NOT NULL"),
            "0"
        );
    }
}

#[test]
fn functions_and_large_objects_are_something_too() {
    let trial = with_a_backup();
    for sql in ["CREATE FUNCTION answer() RETURNS int LANGUAGE sql AS 'SELECT 42'", "SELECT lo_create(77)"] {
        let target = empty();
        target.psql("CREATE EXTENSION pgcrypto");
        target.psql_as_owner(sql);
        let outcome = restore(&trial, &target).run();
        outcome.assert_code(16);
        let told = "is not empty: it holds 1 object (tables, views, functions, types or others)";
        assert_eq!(message(&outcome), format!("{} {told}", place(&target)));
    }
}

/// Whose session is refused gets the server's words, without a code: what they mean must not be read from them.
#[test]
fn a_target_that_does_not_exist_is_known_in_any_language() {
    let trial = with_a_backup();
    let role = empty();
    role.psql(&format!("ALTER ROLE \"{}\" CREATEDB", role.user));
    let target = Database { name: format!("{}_neu", role.name), ..role.clone() };
    let folder = tools::open_folder("german");
    let real = Cluster::shared().bin_dir().join("psql").display().to_string();
    let path = folder.path().join("psql");
    let german = "s/database \"\\(.*\\)\" does not exist/Datenbank »\\1« existiert nicht/";
    let script = format!("#!/bin/sh\n{{ {real} \"$@\" 2>&1 >&3 | /bin/sed '{german}' >&2; }} 3>&1\n");
    // A pipe forgets how its first part ended.
    let script = script.replace("#!/bin/sh", "#!/bin/bash\nset -o pipefail");
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::os::unix::fs::symlink(Cluster::shared().bin_dir().join("pg_dump"), folder.path().join("pg_dump"))
        .unwrap();
    let outcome = restore(&trial, &target).path(folder.path()).run();
    outcome.assert_code(0);
    assert!(message(&outcome).contains(": equal: "), "{}", message(&outcome));
}

/// What a database is set to for everyday work must not change a row on its way in.
#[test]
fn settings_of_the_target_change_no_row() {
    let trial = Trial::of([Sponsor::named("callisto").diary(2, 5)]);
    trial.database("callisto").psql_as_owner(
        "CREATE TABLE odd (words text[], pause interval, born date, at timestamptz, price money); \
         INSERT INTO odd VALUES ('{x,NULL,\"NULL\"}', '-1 days +02:03:00', '2020-02-01', '2020-02-01 12:00:00+05', 1234.5); \
         CREATE VIEW unknown AS SELECT born = NULL AS never FROM odd",
    );
    trial.run().run().assert_code(0);
    let target = empty();
    for setting in [
        "array_nulls = off",
        "IntervalStyle = sql_standard",
        "DateStyle = 'German'",
        "TimeZone = 'Asia/Kolkata'",
        "transform_null_equals = on",
        "backslash_quote = off",
        "default_transaction_isolation = 'serializable'",
        "standard_conforming_strings = off",
        "xmloption = document",
        "search_path = ''",
        "statement_timeout = '1s'",
        "default_transaction_read_only = on",
    ] {
        target.psql(&format!("ALTER DATABASE \"{}\" SET {setting}", target.name));
    }
    let outcome = restore(&trial, &target).run();
    outcome.assert_code(0);
    assert!(message(&outcome).contains(": equal:"), "{}", message(&outcome));
    let sql = "SET array_nulls = on; SELECT words[2] IS NULL, words[3] = 'NULL' FROM public.odd";
    assert_eq!(target.psql(sql), "t|t");
    assert!(target.psql("SELECT never IS NULL FROM public.unknown").ends_with('t'));
}
