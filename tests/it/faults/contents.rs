//! The dump lacks content or contains too much, although pg_dump reports success. The run rejects it before it stores
//! anything.

use super::dump::{assert_failed, assert_whole, fault, stage};
use crate::support::{Cluster, Run, Sponsor, Trial, clients};

/// What the stand-in prints to stderr after a real dump.
fn saying(words: &str) -> String {
    format!("{} \"$@\"\nstatus=$?\n{{ echo {words}; }} >&2\nexit $status", clients::real("pg_dump"))
}

/// A real dump with extra text before its trailer.
fn with(text: &str) -> String {
    let sed = format!("/usr/bin/sed 's/^-- PostgreSQL database dump complete$/{text}\\n--\\n&/'");
    format!("{} \"$@\" | {sed}", clients::real("pg_dump"))
}

#[track_caller]
fn assert_refused(trial: &Trial, run: Run, sponsor: &str, told: &str) {
    let outcome = run.input("sponsors", sponsor).run();
    outcome.assert_code(13);
    let message = outcome.result(sponsor)["message"].as_str().unwrap().to_owned();
    assert!(message.contains(told), "{message}");
    assert!(outcome.visible().contains("hint"), "{}", outcome.visible());
    assert!(!outcome.everything().contains("hunter2"), "{}", outcome.everything());
    assert_eq!(trial.store.keys_in(trial.bucket(sponsor)), Vec::<String>::new());
}

/// - fault: The role is not a superuser, so pg_dump leaves out the database's subscriptions
/// - injected: A subscription in the database
/// - seen: `the dump is missing content: subscriptions not dumped`. Exit code 13
/// - left: A record of the failure
/// - fault: The role cannot see the options of a user mapping, so pg_dump leaves them out without a warning
/// - injected: A user mapping of another role, with a password
/// - seen: `the dump is missing content: 1 user mapping whose options …`. Exit code 13
/// - left: A record of the failure
#[test]
fn what_a_role_is_not_shown_is_an_error_and_no_smaller_backup() {
    let names = ["callisto", "europa"];
    let trial = Trial::of(names.map(|name| Sponsor::named(name).diary(2, 5)));
    let callisto = trial.database("callisto");
    callisto.psql(
        "CREATE SUBSCRIPTION news CONNECTION 'host=/nonexistent password=hunter2' PUBLICATION p \
         WITH (connect = false, slot_name = NONE)",
    );
    let told =
        "the dump is missing content: subscriptions not dumped because current user is not a superuser";
    assert_refused(&trial, trial.run(), "callisto", told);
    // A backup of selected schemas does not need subscriptions.
    trial.run().input("sponsors", "callisto").input("schemas", "public").run().assert_code(0);
    callisto.psql("DROP SUBSCRIPTION news");

    let europa = trial.database("europa");
    europa.psql(
        "CREATE FOREIGN DATA WRAPPER wrapper; CREATE SERVER far FOREIGN DATA WRAPPER wrapper; \
         CREATE USER MAPPING FOR postgres SERVER far OPTIONS (password 'hunter2')",
    );
    let told = "the dump is missing content: 1 user mapping whose options the role";
    assert_refused(&trial, trial.run(), "europa", told);
    assert_refused(&trial, trial.run().input("dry-run", "true"), "europa", told);
    // Even a role that can read all data gets a dump without them.
    europa.psql(&format!("GRANT pg_read_all_data TO \"{}\"", europa.user));
    assert_refused(&trial, trial.run(), "europa", told);
    // A mapping without options hides nothing.
    europa.psql("DROP USER MAPPING FOR postgres SERVER far; CREATE USER MAPPING FOR postgres SERVER far");
    trial.run().input("sponsors", "europa").run().assert_code(0);
}

/// - fault: pg_dump warns that it could not dump an object
/// - injected: A stand-in that prints this warning and exits with 0 after a real dump
/// - seen: `the dump is missing content: could not find parent extension for …`. Exit code 13
/// - left: A record of the failure
/// - fault: pg_dump warns that an object's owner does not exist
/// - injected: A stand-in that prints this warning and exits with 0 after a real dump
/// - seen: `the dump is missing content: owner of …`. Exit code 13
/// - left: A record of the failure
/// - fault: pg_dump prints an unknown warning
/// - injected: A stand-in that prints one with data in it after a real dump
/// - seen: `pg_dump printed a warning that is not shown`, as an annotation. Success
/// - left: The backup, with the warning in its manifest
#[test]
fn the_warnings_of_pg_dump_are_read() {
    let faults = [
        fault(
            "callisto",
            saying("'pg_dump: warning: could not find parent extension for FUNCTION f'"),
            "could not find parent extension for",
        ),
        fault(
            "europa",
            saying("'pg_dump: warning: owner of function \"f\" appears to be invalid'"),
            "the dump is missing content: owner of",
        ),
    ];
    let (trial, folder) = stage(&faults);
    let outcome = trial.run().path(folder.path()).run();
    outcome.assert_code(13);
    assert_failed(&trial, &outcome, &faults);

    let words = "'pg_dump: warning: there are circular foreign-key constraints on this table:'; \
                 echo 'pg_dump: detail: visits' >&2; \
                 echo 'pg_dump: warning: something new about \"Zoe Canary\", 1979' >&2; \
                 echo 'WARNING:  Zoe Canary was here'";
    let trial = Trial::of([Sponsor::named("callisto").diary(2, 5)]);
    let folder = clients::misbehaving(&saying(words));
    let outcome = trial.run().path(folder.path()).run();
    outcome.assert_code(0);
    assert_whole(&trial, &outcome, "callisto");
    let warnings = outcome.annotations("warning").join("\n");
    assert!(warnings.contains("pg_dump printed a warning that is not shown"), "{warnings}");
    assert!(!warnings.contains("circular"), "{warnings}");
    let notes = outcome.annotations("notice").join("\n");
    assert!(notes.contains("pg_dump notes: there are circular foreign-key constraints"), "{notes}");
    let bucket = trial.bucket("callisto");
    let key = trial.store.keys_in(bucket).into_iter().find(|key| key.ends_with(".manifest.json")).unwrap();
    let told = trial.store.get_json(bucket, &key)["warnings"].to_string();
    assert!(
        told.contains("pg_dump printed a warning that is not shown")
            && told.contains("the server printed a warning"),
        "{told}"
    );
    assert!(!outcome.everything().contains("Canary"), "{}", outcome.everything());
}

/// - fault: A pg_dump from before August 2025 writes a psql command that came in through an object's name
/// - injected: A stand-in that adds `\echo` to a real dump
/// - seen: `the dump contains psql commands that pg_dump never writes: \echo`. Exit code 13
/// - left: A record of the failure
/// - fault: The dump ends in the middle of a statement, although it has its last lines
/// - injected: Stand-ins that open a statement, a string, a body and a block of rows before the trailer of a real dump
/// - seen: `the dump is cut off: it ends in the middle of a statement`. Exit code 13
/// - left: A record of the failure
#[test]
fn what_verify_would_refuse_is_not_stored() {
    let inside = "the dump is cut off: it ends in the middle of a statement";
    let faults = [
        fault("callisto", with("\\n\\\\echo pwned"), "psql commands that pg_dump never writes: \\echo"),
        fault("europa", with("\\nSELECT 1"), inside),
        fault("rhea", with("\\nSELECT \"open"), inside),
        fault("oberon", with("\\nSELECT $open$ x"), inside),
        fault("dione", with("\\nCOPY public.sites (site_id) FROM stdin;"), inside),
    ];
    let (trial, folder) = stage(&faults);
    let outcome = trial.run().path(folder.path()).run();
    outcome.assert_code(13);
    assert_failed(&trial, &outcome, &faults);
}

/// - fault: `DATABASE_URL` requests another encoding than the database uses
/// - injected: `client_encoding`, as a parameter and as a session option
/// - seen: `DATABASE_URL requests the encoding SQL_ASCII, but the database uses UTF8`. Exit code 13
/// - left: A record of the failure
#[test]
fn a_dump_is_in_the_databases_own_encoding() {
    let trial = Trial::of([Sponsor::named("callisto").diary(2, 5)]);
    let database = trial.database("callisto");
    let url = database.url();
    for wish in [
        "client_encoding=SQL_ASCII",
        "options=-c%20client_encoding%3DSQL_ASCII",
        "options=--client-encoding%3DSQL_ASCII",
    ] {
        trial.secret("callisto", "DATABASE_URL", Some(&format!("{url}?{wish}")));
        let told = "DATABASE_URL requests the encoding SQL_ASCII, but the database uses UTF8";
        assert_refused(&trial, trial.run(), "callisto", told);
    }
    trial.secret("callisto", "DATABASE_URL", Some(&format!("{url}?client_encoding=utf-8")));
    trial.run().run().assert_code(0);
    // A role's default encoding does not count as a request.
    trial.secret("callisto", "DATABASE_URL", Some(&url));
    database.psql(&format!("ALTER ROLE \"{}\" SET client_encoding = 'LATIN1'", database.user));
    let outcome = trial.run().run();
    outcome.assert_code(0);
    let location = outcome.output("backup_location");
    let key =
        location.split_once("/backups/").map(|(_, rest)| format!("backups/{rest}.manifest.json")).unwrap();
    let manifest = trial.store.get_json(trial.bucket("callisto"), &key);
    assert_eq!(manifest["restore"]["encoding"], "UTF8");
}

/// - fault: A table with rows belongs to an extension that does not mark it for dumps
/// - injected: `ALTER EXTENSION citext ADD TABLE`
/// - seen: A warning with table and extension in the log, the record and the summary. Exit code 0
/// - left: A backup without those rows, and a record with the warning
#[test]
fn rows_that_pg_dump_leaves_to_an_extension_are_named() {
    let trial = Trial::of([Sponsor::named("callisto").diary(2, 3)]);
    let database = trial.database("callisto");
    database.psql("CREATE EXTENSION citext; CREATE TABLE visits (x int); INSERT INTO visits VALUES (1)");
    database.psql("ALTER EXTENSION citext ADD TABLE visits");
    let outcome = trial.run().run();
    outcome.assert_code(0);
    let told = "rows of public.visits are not in the backup: the table belongs to the extension citext";
    assert!(outcome.annotations("warning").join("\n").contains(told), "{}", outcome.transcript());
    assert!(outcome.log("callisto")["warnings"].to_string().contains(told));
    assert!(!outcome.summary().contains('✅'), "{}", outcome.summary());
}

/// - fault: A run of one sponsor uses a bucket that contains another sponsor's backups
/// - injected: callisto's `SPONSOR_BACKUPS_BUCKET` is titan's bucket, whose name does not show its owner
/// - seen: `bucket … appears to belong to sponsor titan`. Exit code 12
/// - left: titan's backup alone
#[test]
fn a_bucket_with_another_sponsors_backups_is_refused() {
    let trial = Trial::of([Sponsor::named("callisto"), Sponsor::named("titan")]);
    let shared = "acme-archive-7";
    trial.store.bucket(shared);
    trial.secret("titan", "SPONSOR_BACKUPS_BUCKET", Some(shared));
    trial.run().input("sponsors", "titan").run().assert_code(0);
    trial.secret("callisto", "SPONSOR_BACKUPS_BUCKET", Some(shared));
    for dry in ["true", "false"] {
        let alone = trial.run().unset("DOPPLER_TOKEN_TITAN").input("sponsors", "callisto");
        let outcome = alone.input("dry-run", dry).run();
        outcome.assert_code(12);
        let message = outcome.result("callisto")["message"].as_str().unwrap().to_owned();
        assert!(message.contains("titan"), "{message}");
        assert_eq!(trial.store.keys_in(shared).len(), 3);
    }
}

/// - fault: A database is empty, although its earlier backups contained rows
/// - injected: Every table is dropped between two backups. Then a third backup, and every command that reads
/// - seen: `the backup holds no table`. Exit code 17 for the second and the third backup. `list` shows `empty`.
///   `verify`, `drill` and `restore` of `latest` exit with 17
/// - left: All three backups. The target is unchanged
#[test]
fn a_backup_that_lost_everything_is_never_a_good_one() {
    let trial = Trial::of([Sponsor::named("callisto").diary(2, 3)]);
    trial.run().run().assert_code(0);
    trial.database("callisto").psql("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    trial.run().input("dry-run", "true").run().assert_code(17);
    for _ in 0..2 {
        let outcome = trial.run().run();
        outcome.assert_code(17);
        assert_eq!((outcome.output("outcome"), outcome.output("state")), ("failure".into(), "empty".into()));
    }
    let list = trial.run().input("command", "list").input("json", "true").run();
    assert!(list.stdout.contains(r#""status":"empty""#), "{}", list.stdout);
    let target = Cluster::shared().database("target");
    for command in ["verify", "drill", "restore"] {
        let run = trial.run().input("command", command);
        let run = if command == "restore" { run.env("TARGET_DATABASE_URL", target.url()) } else { run };
        let outcome = run.run();
        outcome.assert_code(17);
        assert!(!outcome.summary().contains("✅ 1"), "{}", outcome.summary());
    }
    let older = trial.run().input("command", "verify").input("allow-older", "true").run();
    older.assert_code(0);
    assert!(older.summary().starts_with("## ⚠️"), "{}", older.summary());
    assert!(older.summary().contains("passed over"), "{}", older.summary());
}
