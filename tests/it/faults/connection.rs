//! How the program connects to a PostgreSQL server: with TLS, and with nothing but the URL. Covers incidents F43 and
//! F44.

use super::postgres::{failure, url};
use crate::support::{Cluster, Database, Sponsor, Trial, tools};

// serves: 11.30/in-transit
/// F44: `hostaddr` lets this machine play a host with another name, for which plain text is not secure enough.
/// - fault: A server on another machine supports only plain text
/// - injected: A server without TLS under another host name
/// - seen: `server does not support SSL`, and what to write if plain text is intended. Exit code 13
/// - left: A record of the failure
/// - fault: The URL contains `sslmode=prefer`
/// - injected: The same server
/// - seen: The same
/// - left: The same
/// - fault: The certificate is for another host
/// - injected: `sslmode=verify-full` under another name
/// - seen: `does not match host name`. Exit code 13
/// - left: A record of the failure
/// - fault: The certificate of a server on another machine is not verified
/// - injected: `sslmode=require` under another name
/// - seen: `the server certificate of … is not verified`, and how to verify it, as a warning. Success
/// - left: The complete backup, and the warning in its record
#[test]
fn a_host_that_is_not_local_is_spoken_to_in_tls_only() {
    let plain = Cluster::of_major(16);
    let (without, with) = (plain.database("without_tls"), Cluster::shared().database("with_tls"));
    let remote = |database: &Database, more: &str| {
        format!("{}?hostaddr=127.0.0.1{more}", url(database, "@127.0.0.1:", "@db.example.org:"))
    };
    // One trial per run: two backups in the same second would get the same name.
    let run = |url: &str, path: &std::path::Path| {
        let trial = Trial::of([Sponsor::named("callisto").empty().secret("DATABASE_URL", Some(url))]);
        let outcome = trial.run().path(path).run();
        (trial, outcome)
    };
    let clients = Cluster::shared().bin_dir();
    for refused in
        [remote(&without, ""), remote(&without, "&sslmode=prefer"), without.url() + "?sslmode=require"]
    {
        let (trial, outcome) = run(&refused, clients);
        outcome.assert_code(13);
        let message = failure(&trial, &outcome, "callisto");
        assert!(message.contains("server does not support SSL"), "{message}");
        assert!(outcome.stdout.contains("add `?sslmode=disable`"), "{}", outcome.transcript());
    }
    for required in ["", "&sslmode=require"] {
        let (_, outcome) = run(&remote(&with, required), clients);
        outcome.assert_code(0);
        let told = "the server certificate of db.example.org:";
        let warnings = outcome.annotations("warning").join("\n");
        for warnings in [warnings, outcome.log("callisto")["warnings"].to_string()] {
            assert_eq!(warnings.matches(told).count(), 1, "{warnings}");
            assert!(warnings.contains("add `sslmode=verify-full`"), "{warnings}");
        }
    }
    let root = Cluster::shared().certificate().unwrap().display().to_string();
    let verified = format!("?sslmode=verify-full&sslrootcert={root}");
    let (_, outcome) = run(&(with.url() + &verified), clients);
    outcome.assert_code(0);
    assert!(!outcome.everything().contains("is not verified"), "{}", outcome.transcript());
    // An explicit `sslmode=disable` is respected.
    run(&remote(&without, "&sslmode=disable"), plain.bin_dir()).1.assert_code(0);
    // The certificate is really checked: it is for 127.0.0.1 and localhost.
    let (trial, outcome) = run(&remote(&with, &verified.replace('?', "&")), clients);
    outcome.assert_code(13);
    let message = failure(&trial, &outcome, "callisto");
    assert!(message.contains("does not match host name"), "{message}");
}

/// F43: only the URL counts, whatever the job's environment and home directory contain.
/// - fault: The job's environment contains PG variables, and its home directory contains a password file
/// - injected: Wrong values in nine variables, a correct `.pgpass`
/// - seen: Success with the URL alone. Exit code 0
/// - left: The complete backup
/// - fault: The URL lacks the password, and only environment and home directory contain it
/// - injected: The same
/// - seen: `no password supplied`. Exit code 13
/// - left: A record of the failure
#[test]
fn nothing_of_the_callers_environment_reaches_the_connection() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let database = trial.database("callisto");
    let home = tools::open_folder("home");
    let passwords = home.path().join(".pgpass");
    std::fs::write(&passwords, format!("*:*:*:*:{}\n", database.password)).unwrap();
    tools::run("chmod", ["600".to_owned(), passwords.display().to_string()]);
    let surrounded = || {
        let nonsense = [
            ("PGHOST", "203.0.113.1"),
            ("PGPORT", "1"),
            ("PGDATABASE", "nowhere"),
            ("PGUSER", "nobody"),
            ("PGOPTIONS", "-c no_such_setting=1"),
            ("PGSERVICE", "no-such-service"),
            ("PGSSLMODE", "verify-full"),
            ("PGAPPNAME", "psql"),
            ("PGCLIENTENCODING", "no-such-encoding"),
        ];
        let run = nonsense.into_iter().fold(trial.run(), |run, (name, value)| run.env(name, value));
        run.env("HOME", home.path()).env("PGPASSFILE", &passwords).env("PGPASSWORD", &database.password)
    };
    surrounded().run().assert_code(0);
    let open = url(database, &format!(":{}@", database.password.replace('-', "%2D")), "@");
    trial.secret("callisto", "DATABASE_URL", Some(&open));
    let outcome = surrounded().run();
    outcome.assert_code(13);
    let message = outcome.result("callisto")["message"].to_string();
    assert!(message.contains("no password supplied"), "{message}");
}
