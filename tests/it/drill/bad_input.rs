//! What cannot be drilled is reported before anything is touched.

use super::{assert_nothing_is_left, backed_up, drill};
use crate::support::{Cluster, Sponsor, Trial};

#[test]
fn no_backup_half_a_backup_and_no_server_are_reported() {
    let trial = Trial::of([Sponsor::named("callisto")]);
    let outcome = drill(&trial).run();
    outcome.assert_code(14);
    assert!(outcome.visible().contains("/backups/ holds no backup"), "{}", outcome.visible());
    assert_eq!(outcome.drill_report("callisto")["status"], "error");

    trial.run().run().assert_code(0);
    let keys = trial.store.keys_in(trial.bucket("callisto"));
    let second = keys[0].split("backup-prod-").nth(1).unwrap()[..15].to_owned();
    trial.store.delete(trial.bucket("callisto"), &keys[1]);
    let outcome = drill(&trial).input("backup", second).run();
    outcome.assert_code(14);
    assert!(outcome.visible().contains(".manifest.json does not exist"), "{}", outcome.visible());
    // The newest attempt is meant by `latest`, whole or not.
    let outcome = drill(&trial).run();
    outcome.assert_code(17);
    assert!(outcome.visible().contains("its manifest is missing"), "{}", outcome.visible());
}

#[test]
fn a_missing_major_version_names_the_package_to_install() {
    let trial = Trial::plan([Sponsor::named("callisto")]).cluster(Cluster::of_major(18)).start();
    trial.run().path(Cluster::of_major(18).bin_dir()).run().assert_code(0);
    let outcome = drill(&trial).run();
    outcome.assert_code(16);
    assert!(outcome.visible().contains("PostgreSQL 18 server not found"), "{}", outcome.visible());
    assert!(outcome.visible().contains("Install postgresql-18"), "{}", outcome.visible());
    assert_nothing_is_left(&outcome);
}

#[test]
fn a_file_of_checks_that_cannot_be_read_is_a_bad_input() {
    let trial = backed_up();
    for (text, told) in [
        (None, "cannot read `drill-checks` checks.sql: No such file or directory"),
        (Some(""), "contains no statement"),
        (Some("SELECT true"), "the last statement does not end with a semicolon"),
        (Some("\\! ls\nSELECT true;"), "contains psql commands"),
    ] {
        let run = drill(&trial).input("drill-checks", "checks.sql");
        let run = match text {
            Some(text) => run.file("checks.sql", text),
            None => run,
        };
        let outcome = run.run();
        outcome.assert_code(2);
        assert!(outcome.visible().contains(told), "{}", outcome.visible());
        assert!(outcome.stdout.contains("\nhint: "), "{}", outcome.stdout);
    }
}

/// A dump by an attacker who knows psql: its commands would run on this machine.
#[test]
fn commands_of_psql_in_a_dump_are_never_run() {
    let trial = backed_up();
    let bucket = trial.bucket("callisto");
    let keys = trial.store.keys_in(bucket);
    let mut text = String::new();
    let stored = trial.store.get(bucket, &keys[0]);
    std::io::Read::read_to_string(&mut flate2::read::MultiGzDecoder::new(stored.as_slice()), &mut text)
        .unwrap();
    let hostile = text.replacen(
        "\nSET statement_timeout",
        "\n\\! touch /tmp/sponsor-backup-pwned\nSET statement_timeout",
        1,
    );
    assert_ne!(hostile, text);
    super::forge(&trial, &keys[0], hostile.as_bytes());
    for jobs in ["1", "2"] {
        let outcome = drill(&trial).input("jobs", jobs).run();
        outcome.assert_code(17);
        let told = "psql commands that pg_dump never writes: \\!";
        assert!(outcome.visible().contains(told), "{}", outcome.visible());
        assert!(!std::path::Path::new("/tmp/sponsor-backup-pwned").exists());
        assert_nothing_is_left(&outcome);
    }
}

/// The same, hidden where our reader takes it for a string and psql does not: psql itself must refuse.
#[test]
fn commands_of_psql_that_are_hidden_in_a_string_are_never_run() {
    let trial = backed_up();
    let bucket = trial.bucket("callisto");
    let keys = trial.store.keys_in(bucket);
    let mut text = String::new();
    let stored = trial.store.get(bucket, &keys[0]);
    std::io::Read::read_to_string(&mut flate2::read::MultiGzDecoder::new(stored.as_slice()), &mut text)
        .unwrap();
    let key = text.split("\n\\restrict ").nth(1).unwrap().split('\n').next().unwrap();
    let trap = format!(
        "\n\\unrestrict {key}\n\\restrict {key}\n\\unrestrict {key}\nSET standard_conforming_strings = off;\n\
         SELECT 'a\\' || ' \n\\! touch /tmp/sponsor-backup-hidden\n'; --';\n\\restrict {key}\nSET check_function_bodies"
    );
    let hostile = text.replacen("\nSET check_function_bodies", &trap, 1);
    assert_ne!(hostile, text);
    super::forge(&trial, &keys[0], hostile.as_bytes());
    for jobs in ["1", "2"] {
        let outcome = drill(&trial).input("jobs", jobs).run();
        assert!([Some(16), Some(17)].contains(&outcome.code), "{}", outcome.transcript());
        assert!(!std::path::Path::new("/tmp/sponsor-backup-hidden").exists());
        assert_nothing_is_left(&outcome);
    }
}
