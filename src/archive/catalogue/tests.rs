use proptest::prelude::{prop_assert, prop_assert_eq, proptest};
use proptest::sample::select;

use super::*;

const SUFFIXES: [&str; 4] = [".sql.gz", ".sql.zst", ".sql.gz.age", ".sql.zst.age"];

fn listed(keys: &[&str]) -> Vec<ListedObject> {
    let object = |key: &&str| ListedObject {
        key: (*key).to_owned(),
        bytes: 7,
        storage_class: Some("STANDARD".to_owned()),
        modified: None,
    };
    keys.iter().map(object).collect()
}

fn keys(catalogue: &Catalogue) -> Vec<&str> {
    catalogue.backups.iter().map(|entry| entry.backup.key.as_str()).collect()
}

#[test]
fn a_key_has_its_time_format_and_encryption() {
    let key = "staging/backups/2026/03/29/backup-staging-20260329-013005.sql.zst.age";
    let backup = BackupKey::parse(Environment::Staging, key).unwrap();
    assert_eq!(backup.at.to_string(), "2026-03-29T01:30:05Z");
    assert_eq!((backup.format, backup.encrypted), (Format::Zstd, true));
}

#[test]
fn what_only_looks_like_a_backup_is_none() {
    for key in [
        "backups/2026/02/30/backup-prod-20260230-000000.sql.gz",
        "backups/2026/02/27/backup-prod-20260228-000000.sql.gz",
        "backups/2026/02/28/backup-prod-20260228-240000.sql.gz",
        "backups/2026/12/31/backup-prod-20261231-235960.sql.gz",
        "backups/2026/02/28/backup-prod-20260228-000000.sql.gz.bak",
        "backups/2026/02/28/backup-prod-20260228-000000.sql.gz\n",
        "backups/2026/02/28/backup-prod-20260228-000000.sql.gz.age.age",
        "backups/2026/02/28/backup-prod-20260228-000000.sql",
        "backups/2026/02/28/backup-prod-20260228-000000.gz",
        "backups/2026/02/28/backup-prod-20260228- 00000.sql.gz",
        "backups/2026/02/28/backup-prod-+0260228-000000.sql.gz",
        "backups/2026/02/28/backup-prod-2026022\u{e9}-00000.sql.gz",
        "backups/2026/02/28/backup-staging-20260228-000000.sql.gz",
        "backups/2026/02/28/base-prod-20260228-000000.sql.gz",
        "backups//2026/02/28/backup-prod-20260228-000000.sql.gz",
        "old/backups/2026/02/28/backup-prod-20260228-000000.sql.gz",
        "staging/backups/2026/02/28/backup-prod-20260228-000000.sql.gz",
        "staging/backups/2026/02/28/backup-staging-20260228-000000.sql.gz",
        "backups/",
        ".sql.gz",
        "",
    ] {
        assert_eq!(BackupKey::parse(Environment::Production, key), None, "{key}");
    }
}

#[test]
fn backups_are_the_whole_ones_newest_first() {
    let whole = |dump: &str| [dump.to_owned(), checksum_key(dump), manifest_key(dump)];
    let (first, second) = (
        "backups/2026/01/01/backup-prod-20260101-000000.sql.gz",
        "backups/2026/01/02/backup-prod-20260102-000000.sql.gz",
    );
    let zstd = "backups/2026/01/01/backup-prod-20260101-000000.sql.zst";
    let foreign = "staging/backups/2026/01/03/backup-staging-20260103-000000.sql.gz";
    let all: Vec<String> = [zstd, first, foreign, second].iter().flat_map(|dump| whole(dump)).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let catalogue = catalogue(Environment::Production, listed(&all));
    assert_eq!(keys(&catalogue), [second, first, zstd]);
    assert_eq!(catalogue.backups[0].bytes, 7);
    assert_eq!(catalogue.incomplete, []);
}

#[test]
fn what_is_left_of_a_backup_says_what_it_lacks() {
    let lacks = |keys: &[&str]| {
        let mut found = catalogue(Environment::Development, listed(keys));
        assert_eq!(found.backups, []);
        found.incomplete.pop().map(|incomplete| incomplete.lacks)
    };
    let dump = "development/backups/2026/01/01/backup-dev-20260101-000000.sql.gz";
    let (checksum, manifest) = (&*checksum_key(dump), &*manifest_key(dump));
    assert_eq!(lacks(&[dump]), Some(vec![Piece::Checksum, Piece::Manifest]));
    assert_eq!(lacks(&[checksum, dump]), Some(vec![Piece::Manifest]));
    assert_eq!(lacks(&[dump, manifest]), Some(vec![Piece::Checksum]));
    assert_eq!(lacks(&[checksum, manifest]), Some(vec![Piece::Dump]));
    // The names that messages use.
    assert_eq!(
        [Piece::Dump, Piece::Checksum, Piece::Manifest].map(Piece::name),
        ["dump", "checksum file", "manifest"]
    );
    assert_eq!(lacks(&[&checksum_key(checksum), "development/backups/"]), None);
}

proptest! {
    #[test]
    fn a_key_that_was_made_is_read(second in 0_i64..4_000_000_000, environment in select(&Environment::ALL[..]), suffix in select(&SUFFIXES[..])) {
        let at = Timestamp::from_second(second).unwrap();
        let key = Object::Backup { suffix }.key(environment, at);
        let backup = BackupKey::parse(environment, &key).unwrap();
        prop_assert_eq!(backup.at, at);
        prop_assert_eq!(backup.encrypted, suffix.ends_with(".age"));
        prop_assert!(suffix.contains(backup.format.extension()));
        prop_assert!(key.starts_with(&prefix(environment)));
        for other in Environment::ALL {
            prop_assert_eq!(BackupKey::parse(other, &key).is_some(), other == environment);
            prop_assert_eq!(key.starts_with(&prefix(other)), other == environment);
        }
    }

    #[test]
    fn one_letter_more_less_or_else_is_another_key(second in 0_i64..4_000_000_000, at in 0_usize..53, letter in "[ -~]") {
        let key = Object::Backup { suffix: ".sql.gz" }.key(Environment::Production, Timestamp::from_second(second).unwrap());
        let spoiled = [
            format!("{}{letter}{}", &key[..at], &key[at..]),
            format!("{}{}", &key[..at], &key[at + 1..]),
            format!("{}{letter}{}", &key[..at], &key[at + 1..]),
        ];
        for spoiled in spoiled.into_iter().filter(|spoiled| *spoiled != key) {
            if let Some(backup) = BackupKey::parse(Environment::Production, &spoiled) {
                // Another digit of the time of day is another backup.
                prop_assert!(at >= key.len() - "000000.sql.gz".len() && backup.at.as_second() / 86400 == second / 86400, "{spoiled}");
            }
        }
    }
}

#[test]
fn a_probe_of_preflight_is_not_a_backup() {
    let second = "2026-11-21T01:02:03Z".parse().unwrap();
    for environment in Environment::ALL {
        let key = Object::Backup { suffix: "" }.probe_key(environment, second);
        assert_eq!(BackupKey::parse(environment, &key), None);
    }
}
