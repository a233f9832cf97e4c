use proptest::prelude::{prop_assert, proptest};

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn keys_are_the_ones_of_the_field() {
    let backup = |environment, suffix, time| Object::Backup { suffix }.key(environment, at(time));
    assert_eq!(
        backup(Environment::Production, ".sql.gz", "2026-03-29T01:30:05.9Z"),
        "backups/2026/03/29/backup-prod-20260329-013005.sql.gz"
    );
    assert_eq!(
        backup(Environment::Staging, ".sql.zst.age", "2026-12-31T23:59:59+00:00"),
        "staging/backups/2026/12/31/backup-staging-20261231-235959.sql.zst.age"
    );
    assert_eq!(
        Object::DeploymentLog.key(Environment::Development, at("2026-01-01T00:00:00+02:00")),
        "development/deployments/2025/12/31/deployment-dev-20251231-220000.json"
    );
    assert_eq!(
        Object::DrillReport.key(Environment::Production, at("2026-11-21T01:02:03Z")),
        "drills/2026/11/21/drill-prod-20261121-010203.json"
    );
    assert_eq!(checksum_key("a/b.sql.gz"), "a/b.sql.gz.sha256");
    assert_eq!(manifest_key("a/b.sql.gz"), "a/b.sql.gz.manifest.json");
    assert_eq!(file_name("a/b.sql.gz"), "b.sql.gz");
}

#[test]
fn metadata_is_readable_ascii() {
    let pairs = metadata(&[("deployer", Some("José\n100%")), ("version", Some("  ")), ("git-sha", None)]);
    assert_eq!(pairs, [("deployer".to_owned(), "Jos%C3%A9%0A100%25".to_owned())]);
}

proptest! {
    #[test]
    fn metadata_is_always_short_ascii_that_decodes(value in "\\PC{0,400}") {
        for (_, value) in metadata(&[("reason", Some(&value))]) {
            prop_assert!(value.len() <= METADATA_VALUE && value.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
            let escapes = value.split('%').skip(1);
            prop_assert!(escapes.into_iter().all(|rest| rest.len() >= 2 && u8::from_str_radix(&rest[..2], 16).is_ok()));
        }
    }
}

fn until(written: &str, years: u16) -> String {
    retain_until(written.parse().unwrap(), years).unwrap().to_string()
}

#[test]
fn seven_years_are_seven_calendar_years() {
    assert_eq!(until("2026-11-20T12:00:00Z", 7), "2033-11-20T12:00:00Z");
    assert_eq!(until("2024-02-29T23:59:59Z", 7), "2031-03-01T23:59:59Z");
    assert_eq!(until("2024-02-29T00:00:00Z", 8), "2032-02-29T00:00:00Z");
}

proptest! {
    #[test]
    fn it_is_never_short_and_never_more_than_a_day_long(seconds in 0_i64..4_000_000_000, years in 1_u16..100) {
        let written = Timestamp::from_second(seconds).unwrap();
        let until = retain_until(written, years).unwrap();
        let (from, to) = (written.to_zoned(TimeZone::UTC), until.to_zoned(TimeZone::UTC));
        let key = |at: &jiff::Zoned| (at.month(), at.day(), at.time());
        prop_assert!(to.year() - from.year() == i16::try_from(years).unwrap());
        prop_assert!(key(&to) >= key(&from), "{from} to {to}");
        prop_assert!(to.date().day() == from.date().day() || (to.month(), to.day()) == (3, 1));
    }
}
