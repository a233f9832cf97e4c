use proptest::prelude::{prop_assert_eq, proptest};

use super::*;

fn parse(url: &str) -> Result<Connection, ConnectionError> {
    Connection::parse(&SecretString::from(url))
}

fn client(major: u32) -> (u32, &'static str) {
    (major, if major == 15 { "15.1" } else { "18.1" })
}

fn variables(url: &str) -> BTreeMap<&'static str, String> {
    parse(url).unwrap().for_client(client(18)).unwrap()
}

fn variable(url: &str, name: &str) -> Option<String> {
    variables(url).get(name).cloned()
}

#[test]
fn special_characters_an_ipv6_host_and_a_socket_are_parsed() {
    let url = "postgresql://o%27neil:p%40ss%2Fw%3Ard%25@[2001:db8::1]:5433/my%20db?sslmode=verify-full&options=-c%20geqo%3Doff";
    let connection = parse(url).unwrap();
    let variables = connection.for_client(client(18)).unwrap();
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
fn plain_text_needs_a_local_host_or_an_explicit_sslmode() {
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
        ("postgresql://u:p@localhost,127.0.0.1/app", "prefer"),
        ("postgresql://u:p@localhost,db.example.org/app", "require"),
        ("postgresql://u:p@localhost,127.0.0.1/app?hostaddr=127.0.0.1,203.0.113.5", "require"),
        ("postgresql://u:p@/app?host=/run/pg", "prefer"),
        ("postgresql://u:p@db.example.org/app?ssl=true", "require"),
        ("postgresql://u:p@localhost/app?ssl=true", "require"),
        ("postgresql://u:p@localhost/app?sslrootcert=system", "verify-full"),
        ("postgresql://u:p@localhost/app?ssl=true&sslmode=verify-full", "verify-full"),
    ] {
        assert_eq!(variable(url, "PGSSLMODE").unwrap(), mode, "{url}");
    }
}

#[test]
fn other_tools_parameters_are_dropped_and_unknown_ones_fail() {
    let url = "postgresql://u:p@db/app?schema=public&connection_limit=1&pgbouncer=false&connect_timeout=3";
    assert_eq!(variable(url, "PGCONNECT_TIMEOUT").unwrap(), "3");
    let error = parse("postgresql://u:p@db/app?sslmod=require").unwrap_err();
    assert_eq!(error.to_string(), "has the unknown parameter `sslmod`");
    assert_eq!(error.hint(), "Did you mean `sslmode`?");
}

#[test]
fn a_transaction_pooler_is_refused_with_the_right_port() {
    for url in [
        "postgresql://u:p@pooler:6543/db",
        "postgresql://u:p@db:5432/db?pgbouncer=true",
        "postgresql://u:p@db:5432,pooler:6543/db",
        "postgresql://u:p@/db?host=a,b&port=6543",
    ] {
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
        ("postgresql://:canary@db/app", "has no user"),
        ("postgresql://u:canary@db", "has no database"),
        ("postgresql:///app?user=u", "has no host"),
        ("postgresql://u:canary@a:1,b:six/app", "has an invalid port"),
        ("postgresql://u:canary@a:1,/app", "has no host"),
        ("postgresql://u:canary@a,b/app?port=1,2,3", "has a bad value for `port`"),
        ("postgresql://u:canary@a,b/app?hostaddr=10.0.0.1", "has a bad value for `hostaddr`"),
        ("postgresql://u:canary@a%2Cb/app", "is not a URL: invalid host name"),
        ("\"postgresql://u:canary@db/app\"", "has text before `postgresql://`, such as a quote"),
        ("postgresql://u@db/app?password=x&canary", "has the unknown parameter `…`"),
        ("postgresql://u@db/app?sslpassword=x&canary=y", "has the unknown parameter `…`"),
        ("jdbc:postgresql://db/app?password=canary", "has the scheme `jdbc`"),
        ("postgresql+asyncpg://u:canary@db/app", "has the scheme `postgresql+asyncpg`"),
        ("postgresql://u:canary@[2001:db8::1/app", "is not a URL: invalid host name"),
        ("postgresql://u:p@db/app?sslpassword=canary%0A", "has a bad value for `sslpassword`"),
        ("postgresql://u:canary@db:99999/app", "has an invalid port"),
        ("postgresql://u:canary/app", "has an invalid port"),
        ("postgresql://u:canary@db/app#x", "is not a URL: it has a `#`"),
        ("canary:x", "is not a URL: it has no `://`"),
        ("postgresql://u:x@y/canary@db/app", "has an unencoded `/`, `?` or `#` before the host"),
        ("postgresql://u:x@y/z?canary@db/app", "has an unencoded `/`, `?` or `#` before the host"),
        ("postgresql://u:canary/x@db/app", "has an unencoded `/`, `?` or `#` before the host"),
        ("postgresql://u:canary#x@db:5432/app", "has an unencoded `/`, `?` or `#` before the host"),
        ("postgresql://u:canary?x@db/app", "has an unencoded `/`, `?` or `#` before the host"),
        ("postgresql://u:canary@db:five/app", "has an invalid port"),
        ("postgresql://u:canary%ff@db/app", "has a password that is not valid UTF-8"),
        ("postgresql://u:canary%00@db/app", "has a password that is not valid UTF-8"),
        ("postgresql://u:canary@db/app?sslmode=maybe", "has a bad value for `sslmode`"),
        ("postgresql://u:p@db/app?sslmode=a/canary", "has a bad value for `sslmode`"),
        ("postgresql://u:p@db/app?keepalives=many", "has a bad value for `keepalives`"),
        ("postgresql://u:canary@h1,h2:1,2,3/app", "has a port where a host is expected"),
        ("1\"://canary", "is not a URL: it does not begin with `postgresql://`"),
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
        let variables = parsed.for_client(client(18)).unwrap();
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
        ("postgres://app@scratch.example.com:1,prod.example.com/app", true),
        ("postgres://app@scratch.example.com,prod.example.com:5432/app?target_session_attrs=any", true),
        ("postgres://app@a.example.com,b.example.com/app?hostaddr=10.0.0.6,10.0.0.7", true),
        ("postgres://app@scratch.example.com,other.example.com/app", false),
        ("postgres://app@scratch.example.com:1,prod.example.com:2/app", false),
    ] {
        assert_eq!(connection(target).is_same_database(&live, &none, &resolved), same, "{target}");
    }
    let pooled =
        |user: &str| connection(&format!("postgres://postgres.{user}@aws-0.pooler.supabase.com/postgres"));
    assert!(pooled("abc").is_same_database(&pooled("abc"), &none, &none));
    assert!(!pooled("abc").is_same_database(&pooled("xyz"), &none, &none));
}

#[test]
fn several_hosts_are_handed_on_and_shown_as_libpq_reads_them() {
    for (url, host, port, place) in [
        ("postgresql://u:p@a:1,b/app", "a,b", "1,5432", "a:1,b:5432/app"),
        ("postgresql://u:p@a,b/app?port=6000", "a,b", "6000,6000", "a:6000,b:6000/app"),
        ("postgresql://u:p@a,[2001:db8::1]:7/app", "a,2001:db8::1", "5432,7", "a:5432,[2001:db8::1]:7/app"),
        ("postgresql://u:p@x/app?host=a,b&port=1,2", "a,b", "1,2", "a:1,b:2/app"),
        ("postgresql://u:p@/app?host=/run/pg&port=1", "/run/pg", "1", "/run/pg:1/app"),
        ("postgresql://u:p@:1/app?host=/run/pg", "/run/pg", "1", "/run/pg:1/app"),
        ("postgresql://u:p@/app?hostaddr=10.0.0.7", "10.0.0.7", "5432", "10.0.0.7:5432/app"),
    ] {
        let variables = variables(url);
        assert_eq!((variables["PGHOST"].as_str(), variables["PGPORT"].as_str()), (host, port), "{url}");
        assert_eq!(parse(url).unwrap().place(), place);
    }
    let addresses = variable("postgresql://u:p@a,b/app?hostaddr=10.0.0.7,", "PGHOSTADDR");
    assert_eq!(addresses.unwrap(), "10.0.0.7,");
    let several = parse("postgresql://u:p@a:1,b:2/app").unwrap();
    assert_eq!(several.answered_by("b", 2).place(), "b:2/app");
    assert_eq!(several.answered_by("c", 2).place(), several.place());
    assert_eq!(several.as_reached_at(Some("10.0.0.7"), 3, "app").place(), "10.0.0.7:3/app");
    assert_eq!(several.with_one_host().unwrap_err(), ConnectionError::SeveralHosts);
}

#[test]
fn each_parameter_reaches_libpq_and_secret_ones_are_masked() {
    let url = "postgresql://u:p@db/app?sslsni=1&passfile=/p&keepalives_idle=7&sslpassword=a%40b";
    let connection = parse(url).unwrap();
    let variables = connection.for_client(client(15)).unwrap();
    assert_eq!((variables["PGSSLSNI"].as_str(), variables["PGPASSFILE"].as_str()), ("1", "/p"));
    let file = Path::new(&variables["PGSERVICEFILE"]).to_owned();
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text, format!("[{}]\nkeepalives_idle=7\nsslpassword=a@b\n", variables["PGSERVICE"]));
    assert!(file.starts_with(format!("/proc/{}/fd", std::process::id())), "{}", file.display());
    let masks: Vec<_> = connection.masks().iter().map(|mask| mask.expose_secret().to_owned()).collect();
    assert_eq!(masks, ["p", "a@b", "a%40b"]);
    let again = connection.with_database("other");
    assert_eq!(Path::new(&again.for_client(client(15)).unwrap()["PGSERVICEFILE"]), file);
    drop((connection, again));
    assert!(!file.exists());
}

#[test]
fn a_parameter_too_new_for_the_client_names_its_version() {
    let connection = parse("postgresql://u:p@db/app?sslcertmode=disable&sslsni=1").unwrap();
    let error = connection.for_client(client(15)).unwrap_err();
    let told = "has the parameter `sslcertmode`, which needs a PostgreSQL 16 client (installed: 15.1)";
    assert_eq!(error.to_string(), told);
    assert!(error.hint().contains("postgresql-client-16"));
    assert!(connection.for_client(client(16)).is_ok());
    assert_eq!(connection.oldest_client(), 16);
}

#[test]
fn a_parameter_that_libpq_lacks_is_reported_with_its_remedy() {
    for (parameter, hint) in [
        ("sslmod=require", "Did you mean `sslmode`?"),
        ("sslMode=require", "Did you mean `sslmode`?"),
        ("channelBinding=require", "Did you mean `channel_binding`?"),
        ("sslmode=maybe", "Use one of disable, allow, prefer"),
        ("ssl_min_protocol_version=9", "Use one of TLSv1, TLSv1.1, TLSv1.2, TLSv1.3."),
        ("keepalives=many", "Write a whole number"),
        ("ssl=false", "Use `sslmode` instead"),
        ("sslaccept=strict", "Use `sslmode` instead"),
        ("useSSL=true", "Use `sslmode` instead"),
        ("uselibpqcompat=true", "Remove it from DATABASE_URL"),
        ("search_path=x", "Remove it from DATABASE_URL"),
        ("service=x", "Remove it, and write host"),
        ("replication=database", "Remove it, and write host"),
    ] {
        let error = parse(&format!("postgresql://u:p@db/app?{parameter}")).unwrap_err();
        assert!(error.hint().starts_with(hint), "{parameter}: {error} {}", error.hint());
    }
    let url = "postgresql://u:p@localhost/app?ssl_min_protocol_version=tlsv1.2&sslmode=REQUIRE";
    assert_eq!(variable(url, "PGSSLMINPROTOCOLVERSION").unwrap(), "TLSv1.2");
    assert_eq!(variable(url, "PGSSLMODE").unwrap(), "require");
    assert!(parse("postgresql://u:p@db/app?replication=false&load_balance_hosts=random").is_ok());
}

#[test]
fn a_certificate_that_is_not_verified_is_warned_about() {
    let warning = |url: &str| parse(url).unwrap().unverified_certificate();
    for url in [
        "postgresql://u:canary@db.example.org/app",
        "postgresql://u:canary@db.example.org/app?sslmode=prefer",
        "postgresql://u:canary@db.example.org/app?sslmode=require",
        "postgresql://u:canary@db.example.org/app?ssl=true",
        "postgresql://u:canary@localhost,db.example.org/app",
    ] {
        let warning = warning(url).unwrap();
        assert!(warning.contains("db.example.org:5432 is not verified"), "{warning}");
        assert!(warning.contains("`sslmode=verify-full`") && !warning.contains("canary"), "{warning}");
    }
    for url in [
        "postgresql://u:p@db.example.org/app?sslmode=verify-full&sslrootcert=ca.pem",
        "postgresql://u:p@db.example.org/app?sslmode=verify-ca",
        "postgresql://u:p@db.example.org/app?sslrootcert=system",
        "postgresql://u:p@db.example.org/app?sslmode=require&sslrootcert=ca.pem",
        "postgresql://u:p@db.example.org/app?sslmode=disable",
        "postgresql://u:p@127.0.0.1/app?sslmode=require",
    ] {
        assert_eq!(warning(url), None, "{url}");
    }
}
