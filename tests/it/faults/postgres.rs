//! What a PostgreSQL server may do to us: refuse, hide rows, lock, go away. Rows F1, F8, F11, F22, F28, F43 and F44 of the
//! failures that happened to others. Which client dumps which server, and what a bad client does: `postgres_clients`.

use std::time::Duration;

use crate::support::{Action, Cluster, Database, Outcome, Proxy, Sponsor, Trial, tools};

/// The failure of a sponsor's dump: nothing of it is in its bucket.
#[track_caller]
fn failure(trial: &Trial, outcome: &Outcome, sponsor: &str) -> String {
    let result = outcome.result(sponsor);
    assert_eq!((&result["outcome"], &result["stage"]), (&"failure".into(), &"dump".into()), "{result:#}");
    assert_eq!(trial.store.keys_in(trial.bucket(sponsor)), Vec::<String>::new());
    assert_eq!(trial.store.uploads(trial.bucket(sponsor)), Vec::<String>::new());
    result["message"].as_str().unwrap().to_owned()
}

/// The URL of a database with one piece of it replaced.
fn url(database: &Database, from: &str, to: &str) -> String {
    let url = database.url();
    assert!(url.contains(from), "{from}");
    url.replace(from, to)
}

/// F28: three databases that cannot be reached, each in its own way, and one whose backup is there.
#[test]
fn what_the_server_says_is_told_with_its_remedy() {
    let trial = Trial::of(["callisto", "europa", "rhea", "titan"].map(|name| Sponsor::named(name).empty()));
    let set = |sponsor: &str, url: String| trial.secret(sponsor, "DATABASE_URL", Some(&url));
    let database = trial.database("callisto");
    set("callisto", url(database, &database.password.replace('-', "%2D"), "canary-of-a-wrong-password"));
    set("europa", format!("{}_gone", trial.database("europa").url()));
    set(
        "rhea",
        url(trial.database("rhea"), &format!(":{}/", database.port), &format!(":{}/", tools::free_port())),
    );
    let outcome = trial.run().run();
    outcome.assert_code(13);
    let told = |sponsor: &str, message: &str, hint: &str| {
        let said = failure(&trial, &outcome, sponsor);
        assert!(said.contains(message), "{said}");
        assert!(outcome.stdout.contains(hint), "{}", outcome.transcript());
        // F31
        let keys = trial.store.keys_in(trial.log_bucket(sponsor));
        assert_eq!(trial.store.get_json(trial.log_bucket(sponsor), &keys[0])["stage"], "dump");
    };
    told("callisto", "password authentication failed", "Correct user and password in DATABASE_URL.");
    told("europa", "_gone\" does not exist", "Check the name in DATABASE_URL");
    told("rhea", "Connection refused", "Check host and port in DATABASE_URL");
    assert_eq!(outcome.result("titan")["outcome"], "success");
    // F22
    assert!(!outcome.everything().contains("canary-of-a-wrong-password"), "{}", outcome.everything());
}

#[test]
fn a_table_that_may_not_be_read_fails_the_whole_backup() {
    let trial = Trial::of([Sponsor::named("callisto")]);
    trial.database("callisto").psql("CREATE TABLE unreadable AS SELECT 1 AS secret");
    let outcome = trial.run().run();
    outcome.assert_code(13);
    let message = failure(&trial, &outcome, "callisto");
    assert!(message.contains("permission denied for table unreadable"), "{message}");
    assert!(outcome.stdout.contains("pg_read_all_data"), "{}", outcome.transcript());
}

/// F8: the rows that a policy hides would be missing without a word.
#[test]
fn rows_that_a_policy_hides_fail_the_backup() {
    let trial = Trial::of([Sponsor::named("callisto")]);
    let database = trial.database("callisto");
    database.psql(&format!(
        "CREATE TABLE guarded AS SELECT i FROM generate_series(1, 9) i; GRANT SELECT ON guarded TO \"{user}\"; \
         ALTER TABLE guarded ENABLE ROW LEVEL SECURITY; CREATE POLICY few ON guarded USING (i < 5)",
        user = database.user
    ));
    let outcome = trial.run().run();
    outcome.assert_code(13);
    let message = failure(&trial, &outcome, "callisto");
    assert!(message.contains("row-level security policy for table \"guarded\""), "{message}");
    assert!(outcome.stdout.contains("Give the role BYPASSRLS"), "{}", outcome.transcript());
    database.psql(&format!("ALTER ROLE \"{}\" BYPASSRLS", database.user));
    trial.run().run().assert_code(0);
}

/// F11: a migration holds its lock; the backup gives up in time and queues nobody behind it.
#[test]
fn a_lock_that_is_not_given_in_time_fails_the_backup() {
    let trial = Trial::of([Sponsor::named("callisto")]);
    let database = trial.database("callisto");
    let migration = database.hold("ALTER TABLE patients ADD COLUMN late int");
    let outcome = trial.run().input("lock-wait-timeout", "1s").run();
    outcome.assert_code(13);
    let message = failure(&trial, &outcome, "callisto");
    assert!(message.contains("canceling statement due to"), "{message}");
    assert!(outcome.stdout.contains("Another session holds a lock"), "{}", outcome.transcript());
    assert_eq!(database.sessions(), 0);
    drop(migration);
    trial.run().run().assert_code(0);
}

/// F1: pg_dump dies in the middle of a table, when a part is at S3 already.
#[test]
fn a_pg_dump_that_is_killed_leaves_nothing() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    trial.database("callisto").load_noise(64);
    let proxy = Proxy::before(trial.store.endpoint());
    // While this part is on its way, at most one more is filled: most of the dump is still to come.
    let is_second = |seen: &crate::support::Seen| seen.query.contains("partNumber=2");
    proxy.spoil(1, Action::Delay(Duration::from_secs(5)), is_second);
    let run = trial.run().input("s3-endpoint-url", proxy.endpoint()).input("memory-limit", "24MiB");
    let running = run.start();
    tools::wait_for("the second part", Duration::from_secs(60), || {
        proxy.requests().iter().any(is_second).then_some(())
    });
    let [pg_dump] = running.children()[..] else { panic!("{:?}", running.children()) };
    tools::signal("KILL", pg_dump);
    let outcome = running.wait();
    outcome.assert_code(13);
    let message = failure(&trial, &outcome, "callisto");
    assert!(message.contains("pg_dump was killed by signal 9"), "{message}");
}

/// The same from the server's side.
#[test]
fn a_session_that_the_server_ends_leaves_nothing() {
    let trial = Trial::of([Sponsor::named("callisto")]);
    let database = trial.database("callisto");
    let _migration = database.hold("LOCK TABLE patients IN ACCESS EXCLUSIVE MODE");
    let running = trial.run().start();
    database.wait_until_a_dump_waits();
    database.psql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND application_name = 'sponsor-backup'",
    );
    let outcome = running.wait();
    outcome.assert_code(13);
    let message = failure(&trial, &outcome, "callisto");
    assert!(message.contains("terminating connection due to administrator command"), "{message}");
}

/// F44: `hostaddr` makes this machine play a host with a name of its own, to which plain text would be too little.
#[test]
fn a_host_that_is_not_local_is_spoken_to_in_tls_only() {
    let plain = Cluster::of_major(16);
    let (without, with) = (plain.database("without_tls"), Cluster::shared().database("with_tls"));
    let remote = |database: &Database, more: &str| {
        format!("{}?hostaddr=127.0.0.1{more}", url(database, "@127.0.0.1:", "@db.example.org:"))
    };
    // A trial each: two backups of one second would have one name.
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
        assert!(outcome.stdout.contains("write `?sslmode=disable`"), "{}", outcome.transcript());
    }
    run(&remote(&with, ""), clients).1.assert_code(0);
    let root = Cluster::shared().certificate().unwrap().display().to_string();
    let verified = format!("?sslmode=verify-full&sslrootcert={root}");
    run(&(with.url() + &verified), clients).1.assert_code(0);
    // What stands there on purpose is done.
    run(&remote(&without, "&sslmode=disable"), plain.bin_dir()).1.assert_code(0);
    // And the certificate is really looked at: it is for 127.0.0.1 and localhost.
    let (trial, outcome) = run(&remote(&with, &verified.replace('?', "&")), clients);
    outcome.assert_code(13);
    let message = failure(&trial, &outcome, "callisto");
    assert!(message.contains("does not match host name"), "{message}");
}

/// F43: only the URL counts, whatever the job's environment and home hold.
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

/// pg_dump by itself passes over a pattern that matches nothing, as long as another one matches.
#[test]
fn a_misspelt_schema_is_a_failure_and_not_a_smaller_backup() {
    let trial = Trial::of([Sponsor::named("callisto")]);
    let outcome = trial.run().input("schemas", "public, aith").run();
    outcome.assert_code(13);
    let message = outcome.result("callisto")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("no matching schemas were found for pattern \"aith\""), "{message}");
    assert!(trial.store.keys_in(trial.bucket("callisto")).is_empty());
    trial.run().input("schemas", "public").run().assert_code(0);
}
