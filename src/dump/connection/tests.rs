use super::*;
use proptest::prelude::{prop_assert_eq, proptest};

fn parse(url: &str) -> Result<Connection, ConnectionError> {
    Connection::parse(&SecretString::from(url))
}

fn variable(url: &str, name: &str) -> Option<String> {
    parse(url).unwrap().variables().get(name).cloned()
}

#[test]
fn special_characters_an_ipv6_host_and_a_socket_directory_are_understood() {
    let url = "postgresql://o%27neil:p%40ss%2Fw%3Ard%25@[2001:db8::1]:5433/my%20db?sslmode=verify-full&options=-c%20geqo%3Doff";
    let connection = parse(url).unwrap();
    let variables = connection.variables();
    assert_eq!(variables["PGUSER"], "o'neil");
    assert_eq!(variables["PGPASSWORD"], "p@ss/w:rd%");
    assert_eq!(variables["PGHOST"], "2001:db8::1");
    assert_eq!(variables["PGDATABASE"], "my db");
    assert_eq!(variables["PGSSLMODE"], "verify-full");
    assert_eq!(variables["PGOPTIONS"], "-c geqo=off");
    assert_eq!(connection.place(), "[2001:db8::1]:5433/my db");
    let masks: Vec<_> = connection.masks().iter().map(|mask| mask.expose_secret().to_owned()).collect();
    assert_eq!(masks, ["p@ss/w:rd%", "p%40ss%2Fw%3Ard%25"]);
    assert_eq!(variable("postgres://u@%2Frun%2Fpg/app", "PGHOST").unwrap(), "/run/pg");
    assert_eq!(variable("postgresql:///app?host=/run/pg&user=u", "PGHOST").unwrap(), "/run/pg");
}

#[test]
fn plain_text_is_never_fallen_back_to_unless_the_host_is_local_or_the_url_says_so() {
    for (url, mode) in [
        ("postgresql://u:p@db.example.org/app", "require"),
        ("postgresql://u:p@db.example.org/app?sslmode=prefer", "require"),
        ("postgresql://u:p@db.example.org/app?sslmode=verify-ca", "verify-ca"),
        ("postgresql://u:p@db.example.org/app?sslmode=disable", "disable"),
        ("postgresql://u:p@localhost/app", "prefer"),
        ("postgresql://u:p@127.0.0.1/app", "prefer"),
        ("postgresql://u:p@[::1]/app", "prefer"),
        ("postgresql://u:p@localhost/app?hostaddr=127.0.0.1", "prefer"),
        ("postgresql://u:p@localhost/app?hostaddr=203.0.113.5", "require"),
        ("postgresql://u:p@db.example.org/app?hostaddr=127.0.0.1", "require"),
    ] {
        assert_eq!(variable(url, "PGSSLMODE").unwrap(), mode, "{url}");
    }
}

#[test]
fn parameters_of_other_tools_are_left_out_and_unknown_ones_are_errors() {
    let url = "postgresql://u:p@db/app?schema=public&connection_limit=1&pgbouncer=false&connect_timeout=3";
    assert_eq!(variable(url, "PGCONNECT_TIMEOUT").unwrap(), "3");
    let error = parse("postgresql://u:p@db/app?sslmod=require").unwrap_err();
    assert_eq!(error.to_string(), "has the unknown parameter `sslmod`");
    assert_eq!(error.hint(), "Did you mean `sslmode`?");
}

#[test]
fn a_transaction_pooler_is_refused_with_the_right_port() {
    for url in ["postgresql://u:p@pooler:6543/db", "postgresql://u:p@db:5432/db?pgbouncer=true"] {
        let error = parse(url).unwrap_err();
        assert!(error.to_string().contains("transaction pooler"), "{error}");
        assert!(error.hint().contains("5432"));
    }
}

#[test]
fn a_bad_url_is_described_without_its_secrets() {
    for (url, expected) in [
        ("canary", "is not a URL"),
        ("mysql://u:canary@db/app", "has the scheme `mysql`"),
        ("postgresql://:canary@db/app", "names no user"),
        ("postgresql://u:canary@db", "names no database"),
        ("postgresql:///app?user=u", "names no host"),
        ("postgresql://u:canary@a:1,b:2/app", "is not a URL"),
        ("postgresql://u:canary@db:99999/app", "is not a URL"),
        ("postgresql://u:canary@db/app#x", "is not a URL: it has a `#`"),
        ("canary:x", "is not a URL: it has no `://`"),
        ("postgresql://u:x@y/canary@db/app", "is not a URL: it has an `@` behind its host"),
        ("postgresql://u:x@y/z?canary@db/app", "is not a URL: it has an `@` behind its host"),
        ("postgresql://u:canary/x@db/app", "is not a URL: it has an `@` behind its host, or a `/`"),
        ("postgresql://u:canary#x@db:5432/app", "is not a URL: it has an `@` behind its host, or a `/`"),
        ("postgresql://u:canary?x@db/app", "is not a URL: it has an `@` behind its host, or a `/`"),
        ("postgresql://u:canary@db:five/app", "is not a URL: invalid port number"),
        ("postgresql://u:canary%ff@db/app", "has a password that is not UTF-8"),
        ("postgresql://u:canary%00@db/app", "has a password that is not UTF-8"),
        ("postgresql://u:canary@db/app?sslmode=maybe", "has a bad value for `sslmode`"),
    ] {
        let error = parse(url).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{url} gave: {error}");
        assert!(!format!("{error} {}", error.hint()).contains("canary"), "{error}");
    }
}

proptest! {
    #[test]
    fn any_user_password_and_database_survive_encoding(user in "[^\0]{1,20}", password in "[^\0]{1,20}", database in "[^\0]{1,20}") {
        let encode = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let url = format!("postgresql://{}:{}@db/{}", encode(&user), encode(&password), encode(&database));
        let parsed = parse(&url).unwrap();
        let variables = parsed.variables();
        prop_assert_eq!(&variables["PGUSER"], &user);
        prop_assert_eq!(&variables["PGPASSWORD"], &password);
        prop_assert_eq!(&variables["PGDATABASE"], &database);
    }
}

#[test]
fn one_database_is_known_under_all_names_of_its_host() {
    let none = std::collections::BTreeSet::new();
    let resolved = std::collections::BTreeSet::from(["10.0.0.7".to_owned()]);
    let connection = |url: &str| Connection::parse(&SecretString::from(url)).unwrap();
    let live = connection("postgres://app@prod.example.com/app");
    for (target, same) in [
        ("postgres://other@PROD.example.com.:5432/app", true),
        ("postgres://app@elsewhere.example.com/app?hostaddr=10.0.0.7", true),
        ("postgres://app@host/app?host=other.example.com,prod.example.com", true),
        ("postgres://app@prod.example.com:5433/app", false),
        ("postgres://app@prod.example.com/application", false),
        ("postgres://app@elsewhere.example.com/app?hostaddr=10.0.0.8", false),
    ] {
        assert_eq!(connection(target).is_same_database(&live, &none, &resolved), same, "{target}");
    }
    let pooled =
        |user: &str| connection(&format!("postgres://postgres.{user}@aws-0.pooler.supabase.com/postgres"));
    assert!(pooled("abc").is_same_database(&pooled("abc"), &none, &none));
    assert!(!pooled("abc").is_same_database(&pooled("xyz"), &none, &none));
}
