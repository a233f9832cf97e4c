use std::path::PathBuf;

use secrecy::SecretString;
use serde_json::{Value, json};

use super::*;
use crate::databases::postgres::PgError;
use crate::databases::postgres::dump::standby::Lag;
use crate::finding::Level;

const SECONDS_A_DAY: f64 = 86_400.0;

/// A sound database, changed.
fn facts(changes: Value) -> Facts {
    let none = json!({ "count": 0, "first": [] });
    let mut facts = json!({
        "role": "backup", "is_superuser": false, "tls": "TLSv1.3", "is_gss_encrypted": false,
        "tables": 14, "sequences": 1, "closed_schemas": none, "closed_tables": none, "closed_sequences": none, "unlogged_sequences": none,
        "to_grant": none, "guarded": 0, "filtered": none, "owners": none, "forced": 0, "large_objects": 0,
        "closed_large_objects": 0, "subscriptions": 0, "settings": [], "password_seconds": null, "extensions": [],
        "locks": { "per_transaction": 64, "slots": 98, "is_in_huge_pages": false, "to_clear": 0 },
    });
    for (name, value) in changes.as_object().unwrap() {
        facts[name] = value.clone();
    }
    serde_json::from_value(facts).unwrap()
}

fn named(count: u64, first: &[&str]) -> Value {
    json!({ "count": count, "first": first })
}

fn connection(rest: &str) -> Connection {
    Connection::parse(&SecretString::from(format!("postgresql://backup:pw@{rest}"))).unwrap()
}

fn client() -> Client {
    Client { folder: PathBuf::from("/usr/bin"), major: 18, version: "18.1".to_owned() }
}

fn incomplete(missing: &str) -> PostgresError {
    PostgresError::Incomplete { place: "db:5432/app".to_owned(), missing: missing.to_owned() }
}

fn uncoded(words: &str) -> PostgresError {
    let (place, names) = ("db:5432/app".to_owned(), crate::databases::postgres::KnownNames::default());
    PostgresError::Failed {
        place,
        status: "exited with 1".to_owned(),
        message: PgError::uncoded(words, &names),
    }
}

/// All findings about one database, as `check` would have them.
fn all(connection: &Connection, major: u32, facts: &Facts) -> Vec<Finding> {
    let mut found = vec![tls(connection, facts), version((major, &format!("{major}.2")), Ok(&client()))];
    found.extend(privileges(major, facts));
    found.extend([row_security(facts), large_objects(facts), subscriptions(facts)]);
    found.extend(settings(facts));
    found.extend(extensions(facts, Ok(Vec::new())));
    found.push(locks(facts));
    found
}

fn levels(findings: &[Finding]) -> Vec<(&'static str, Level)> {
    let other = findings.iter().filter(|finding| finding.level != Level::Ok);
    other.map(|finding| (finding.check, finding.level)).collect()
}

#[test]
fn a_sound_database_has_no_finding() {
    let verified = connection("db.example.org/app?sslmode=verify-full&sslrootcert=system");
    let sound = all(&verified, 16, &facts(json!({ "guarded": 3, "extensions": [["citext", "1.6"]] })));
    assert_eq!(levels(&sound), []);
    assert!(sound.iter().all(|finding| finding.why.is_empty() && finding.fix.is_empty()), "{sound:#?}");
}

#[test]
fn each_fact_has_its_finding() {
    let here = connection("localhost/app");
    let fails = |check: &'static str, changes: Value| {
        assert_eq!(levels(&all(&here, 16, &facts(changes))), [(check, Level::Fail)], "{check}");
    };
    fails("database-privileges", json!({ "closed_schemas": named(1, &["diary"]) }));
    fails("database-privileges", json!({ "closed_tables": named(1, &["diary.t"]) }));
    fails("database-privileges", json!({ "closed_sequences": named(1, &["diary.s"]) }));
    fails("database-row-security", json!({ "filtered": named(1, &["diary.t"]) }));
    fails("database-large-objects", json!({ "closed_large_objects": 1 }));
    fails("database-subscriptions", json!({ "subscriptions": 1 }));
    fails("database-locks", json!({ "tables": 20_000 }));
    let warns = |check: &'static str, changes: Value| {
        assert_eq!(levels(&all(&here, 16, &facts(changes))), [(check, Level::Warn)], "{check}");
    };
    warns("database-settings", json!({ "password_seconds": 29.0 * SECONDS_A_DAY }));
    warns("database-locks", json!({ "tables": 6_500 }));
    assert_eq!(levels(&all(&here, 13, &facts(json!({})))), [("database-version", Level::Warn)]);
    assert_eq!(levels(&all(&here, 16, &facts(json!({ "subscriptions": 1, "is_superuser": true })))), []);
    assert_eq!(levels(&all(&here, 16, &facts(json!({ "password_seconds": 31.0 * SECONDS_A_DAY })))), []);
    // Without a password, its date does not matter.
    assert_eq!(levels(&all(&here, 16, &facts(json!({ "password_seconds": -SECONDS_A_DAY })))), []);
    assert_eq!(levels(&all(&here, 16, &facts(json!({ "tables": 6_000 })))), []);
}

#[test]
fn encryption_counts_between_machines() {
    let level = |url: &str, changes: Value| tls(&connection(url), &facts(changes)).level;
    let plain = json!({ "tls": null });
    assert_eq!(level("localhost/app", plain.clone()), Level::Ok);
    assert_eq!(level("db.example.org/app", json!({})), Level::Warn);
    assert_eq!(level("db.example.org/app?sslmode=disable", plain), Level::Warn);
    // A pooler's own connection to the server may be encrypted, and ours to the pooler not.
    assert_eq!(level("db.example.org/app?sslmode=disable", json!({})), Level::Warn);
    let gss = json!({ "tls": null, "is_gss_encrypted": true });
    assert_eq!(level("db.example.org/app?sslmode=disable", gss), Level::Ok);
    assert_eq!(level("db.example.org/app?sslmode=verify-ca&sslrootcert=ca.pem", json!({})), Level::Ok);
}

/// A lock that another session holds at this moment says nothing about the next backup.
#[test]
fn only_a_lock_leaves_the_schema_dump_unknown() {
    let level = |error: PostgresError| schema_dump(Err(error)).level;
    assert_eq!(
        level(uncoded("pg_dump: error: query failed: ERROR:  canceling statement due to lock timeout")),
        Level::Warn
    );
    assert_eq!(
        level(uncoded("pg_dump: error: query failed: ERROR:  permission denied for table t")),
        Level::Fail
    );
    assert_eq!(level(incomplete("a warning")), Level::Fail);
    assert_eq!(schema_dump(Ok(())).level, Level::Ok);
}

fn standbys() -> Vec<Finding> {
    let unlogged = vec![("public".to_owned(), "scratch".to_owned())];
    let behind = Standby { replayed_at: None, lag: Lag::None, unlogged };
    let lagging = PostgresError::Lagging {
        place: "db:5432/app".to_owned(),
        lag: "lags 90 s behind its primary".to_owned(),
        limit: "60 s".to_owned(),
    };
    let sequences = facts(json!({ "unlogged_sequences": named(1, &["public.scratch_id_seq"]) }));
    let mut found = [standby(Ok(behind)), standby(Err(lagging))].concat();
    found.extend(unlogged_sequences(&sequences));
    found
}

#[test]
fn a_standby_is_a_warning_until_it_lags() {
    let levels: Vec<Level> = standbys().iter().map(|finding| finding.level).collect();
    assert_eq!(levels, [Level::Warn, Level::Warn, Level::Fail, Level::Warn]);
    assert_eq!(unlogged_sequences(&facts(json!({}))), None);
}

#[test]
fn the_texts_are_reviewed() {
    let here = connection("127.0.0.1/app");
    let mut findings = vec![connected(&here), pooler(false), pooler(true)];
    for url in [
        "db.example.org/app?sslmode=verify-full&sslrootcert=system",
        "db.example.org/app?sslmode=verify-ca&sslrootcert=ca.pem",
        "db.example.org/app",
        "db.example.org/app?sslmode=disable",
    ] {
        findings.push(tls(&connection(url), &facts(json!({}))));
    }
    let newer = PostgresError::ServerNewer { place: here.place(), server: 18, found: "15, 16".to_owned() };
    findings.extend([version((18, "18.1"), Err(newer)), encoding("UTF8", Ok(()))]);
    let closed = facts(json!({
        "closed_schemas": named(1, &["diary"]), "closed_tables": named(7, &["a.t", "b.t", "c.t", "d.t", "diary.t"]),
        "closed_sequences": named(1, &["diary.t_id_seq"]), "to_grant": named(6, &["a", "b", "c", "d", "diary"]),
    }));
    findings.extend([16, 13].into_iter().flat_map(|major| privileges(major, &closed)));
    let hidden = json!({ "guarded": 9, "filtered": named(2, &["diary.events", "diary.sites"]), "owners": named(1, &["owner"]) });
    findings.push(row_security(&facts(hidden.clone())));
    let mut forced = hidden;
    forced["forced"] = json!(1);
    findings.push(row_security(&facts(forced)));
    findings.push(user_mappings(Err(incomplete("1 user mapping whose options the role backup cannot see"))));
    findings.extend(standbys());
    let sound = facts(json!({ "guarded": 1 }));
    findings.extend(all(&here, 16, &sound));
    let odd = facts(json!({
        "tls": null, "closed_large_objects": 3, "subscriptions": 1, "password_seconds": 12.5 * SECONDS_A_DAY, "tables": 20_000,
        "settings": [["default_transaction_read_only", "on"], ["statement_timeout", "90000"]],
        "extensions": [["citext", "1.6"], ["postgis", "3.3.2"]],
    }));
    findings.extend(all(&here, 13, &odd));
    findings.extend(
        extensions(
            &odd,
            Ok(vec!["rows of s.t are not in the backup: it belongs to an extension".to_owned()]),
        )
        .pop(),
    );
    findings.push(locks(&facts(json!({ "tables": 6_500 }))));
    findings.extend([size(1_700_000_000), size(900_000_000_000)]);
    findings.extend(
        [
            Ok(()),
            Err(uncoded("pg_dump: error: query failed: ERROR:  canceling statement due to lock timeout")),
        ]
        .map(schema_dump),
    );
    let shown = findings.iter().map(|finding| {
        let Finding { check, level, what, why, fix } = finding;
        let rest = if why.is_empty() { String::new() } else { format!("  why: {why}\n  fix: {fix}\n") };
        format!("{} {check}: {what}\n{rest}", level.name())
    });
    crate::reviewed::text("findings-preflight-database", &shown.collect::<String>());
}
