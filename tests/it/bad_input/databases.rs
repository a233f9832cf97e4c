//! Database URLs and databases that cannot be used: each is reported with its remedy, and the bucket stays empty.

use crate::support::{Database, Sponsor, Trial, tools};

#[track_caller]
fn assert_refused(trial: &Trial, url: &str, told: &[&str]) {
    trial.secret("callisto", "DATABASE_URL", Some(url));
    let outcome = trial.run().run();
    outcome.assert_code(13);
    let result = outcome.result("callisto");
    assert_eq!(result["stage"], "dump");
    let seen = format!("{} {}", result["message"].as_str().unwrap(), outcome.annotations("error")[0]);
    for words in told {
        assert!(seen.contains(words), "{words} in {seen}");
    }
    assert_eq!(outcome.log("callisto")["message"], result["message"]);
    assert!(!outcome.everything().contains("canary"), "{}", outcome.everything());
    assert!(trial.store.objects(trial.bucket("callisto")).is_empty());
}

#[test]
fn a_url_that_cannot_be_read_is_described_without_its_words() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    for (url, told, hint) in [
        ("canary", "DATABASE_URL is not a URL", "Write postgresql://user:password@host"),
        ("mysql://u:canary@db/app", "DATABASE_URL has the scheme `mysql`", "Write postgresql://"),
        ("postgresql://u:canary@db", "DATABASE_URL has no database", "Write postgresql://"),
        ("postgresql://u:canary@h1,h2:1,2/app", "a port where a host is expected", "`?port=5432,5433`"),
        ("postgresql://u:canary@db/app#x", "it has a `#`", "Percent-encode"),
        (
            "postgresql://u:canary#x@db:5432/app",
            "has an unencoded `/`, `?` or `#` before the host",
            "Percent-encode",
        ),
        (
            "postgresql://u:x@y/canary@db/app",
            "has an unencoded `/`, `?` or `#` before the host",
            "Percent-encode",
        ),
        ("postgresql://u:canary@db:five/app", "has an invalid port", "Write a port from 1 to 65535"),
        ("postgresql://u:canary@db:99999/app", "has an invalid port", "Write a port from 1 to 65535"),
        ("postgresql://u:canary/app", "has an invalid port", "If a password follows the colon"),
        (
            "postgresql://u:canary@db/app?sslmod=require",
            "the unknown parameter `sslmod`",
            "Did you mean `sslmode`?",
        ),
        ("postgresql://u:canary@db/app?sslmode=maybe", "a bad value for `sslmode`", "verify-full"),
        (
            "postgresql://u:canary@db.x.pooler.supabase.com:6543/app",
            "a transaction pooler (port 6543)",
            "port 5432",
        ),
        ("postgresql://u:canary@db/app?pgbouncer=true", "a transaction pooler (pgbouncer=true)", "port 5432"),
    ] {
        assert_refused(&trial, url, &[told, hint]);
    }
}

#[test]
fn a_server_or_database_that_is_not_there_is_named() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let database = trial.database("callisto").clone();
    let nobody = Database { port: tools::free_port(), ..database.clone() };
    let place = format!("127.0.0.1:{}/{}", nobody.port, nobody.name);
    assert_refused(&trial, &nobody.url(), &[&place, "Connection refused"]);
    let ipv6 = nobody.url().replace("127.0.0.1", "[::1]");
    assert_refused(&trial, &ipv6, &[&format!("[::1]:{}/{}", nobody.port, nobody.name)]);
    let unknown = Database { name: "no_such_database".into(), ..database.clone() };
    assert_refused(
        &trial,
        &unknown.url(),
        &["database \"no_such_database\" does not exist", "Check the database name"],
    );
    let wrong = Database { password: "canary".into(), ..database };
    assert_refused(
        &trial,
        &wrong.url(),
        &["password authentication failed", "Correct the user and password"],
    );
    let unresolved = "postgresql://u:canary@no-such-host.invalid/app";
    assert_refused(&trial, unresolved, &["no-such-host.invalid:5432/app", "Check the host in DATABASE_URL"]);
}

#[test]
fn parameters_of_other_tools_do_no_harm() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let url = trial.database("callisto").url();
    trial.secret(
        "callisto",
        "DATABASE_URL",
        Some(&format!("{url}?schema=public&connection_limit=5&pgbouncer=false\n")),
    );
    trial.run().run().assert_code(0);
}
