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

/// A new kind does not compile here until it is listed.
#[test]
fn every_kind_is_listed() {
    for (at, object) in Object::ALL.into_iter().enumerate() {
        let place = match object {
            Object::Backup { .. } => 0,
            Object::DeploymentLog => 1,
            Object::DrillReport => 2,
            Object::CopyRecord => 3,
            Object::RestoreRecord => 4,
            Object::VerificationRecord => 5,
            Object::HoldRecord => 6,
            Object::PruneRecord => 7,
        };
        assert_eq!(place, at);
    }
}

#[test]
fn a_probe_is_neither_a_backup_nor_a_record() {
    let second = at("2026-11-21T01:02:03Z");
    for environment in Environment::ALL {
        for object in Object::ALL {
            let key = object.probe_key(environment, second);
            assert!(
                key.starts_with(&format!("{}/2026/11/21/preflight-", object.folder(environment))),
                "{key}"
            );
            assert_ne!(key, object.key(environment, second));
        }
    }
}

#[test]
fn records_are_kept_for_seven_years_and_backups_by_environment() {
    let backup = Object::Backup { suffix: "" };
    let kept = |object: Object<'_>, environment: Environment| {
        object.retention(environment, environment.retention_years()).days()
    };
    assert_eq!(Environment::ALL.map(|environment| kept(backup, environment)), [2557, 30, 7]);
    for record in Object::records() {
        assert_eq!(Environment::ALL.map(|environment| kept(record, environment)), [2557; 3]);
    }
    assert_eq!(backup.retention(Environment::Staging, Some(10)).days(), 3653);
}

proptest! {
    #[test]
    fn retention_days_are_enough_for_every_day_of_writing(second in 0_i64..4_000_000_000, years in 0_u16..100) {
        let written = Timestamp::from_second(second).unwrap();
        let days = i64::from(Retention::Years(years).days());
        let end = written + jiff::SignedDuration::from_hours(24 * days);
        prop_assert!(retain_until(written, years).unwrap() <= end);
    }

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
fn years_beyond_the_calendar_have_no_end() {
    for years in [7_974, 9_999, 19_998, 19_999, u16::MAX] {
        assert_eq!(retain_until("2026-11-20T12:00:00Z".parse().unwrap(), years), None, "{years}");
    }
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

#[test]
fn the_time_in_a_key_is_read_back() {
    let second = at("2026-11-21T01:02:03Z");
    for environment in Environment::ALL {
        for object in Object::ALL {
            let key = object.key(environment, second);
            assert_eq!(object.time_in(environment, &key), Some(second), "{key}");
            let others = Object::ALL.into_iter().filter(|other| *other != object);
            for other in others {
                assert_eq!(other.time_in(environment, &key), None, "{key}");
            }
            for other in Environment::ALL.into_iter().filter(|other| *other != environment) {
                assert_eq!(object.time_in(other, &key), None, "{key}");
            }
            for odd in [
                object.probe_key(environment, second),
                key.replace("01/", "02/"),
                format!("{key}x"),
                String::new(),
            ] {
                assert!(odd == key || object.time_in(environment, &odd).is_none(), "{odd}");
            }
        }
    }
}
