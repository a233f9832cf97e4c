use super::*;
use crate::layout::key::Object;

#[test]
fn a_duration_is_read_as_people_type_it() {
    let hours = |hours: u64| Some(Duration::from_secs(hours * 3600));
    for (text, expected) in [
        ("6h", hours(6)),
        ("1d12h", hours(36)),
        ("1d 12h", hours(36)),
        ("8d", hours(8 * 24)),
        ("2w", hours(14 * 24)),
        ("1w1d1h", hours(8 * 24 + 1)),
        ("90m", Some(Duration::from_secs(5400))),
        ("1m30s", Some(Duration::from_secs(90))),
        ("1.5h", Some(Duration::from_secs(5400))),
        ("500ms", Some(Duration::from_millis(500))),
        ("PT6H", hours(6)),
    ] {
        assert_eq!(Duration::from_input(text), expected, "{text}");
    }
    for wrong in ["", "6", "soon", "-6h", "0s", "1mo", "1y", "6 hectares", "999999999999999999h"] {
        assert_eq!(Duration::from_input(wrong), None, "{wrong}");
    }
}

#[test]
fn a_backup_is_named_in_three_ways() {
    let read = WhichBackup::from_input;
    assert_eq!(read("latest"), Some(WhichBackup::Latest));
    assert_eq!(read("20261120-013059"), Some(WhichBackup::At("2026-11-20T01:30:59Z".parse().unwrap())));
    let location = |text| Some(WhichBackup::Location(Location::parse(text).unwrap()));
    for text in ["s3://b/backups/x.sql.gz", "file:///srv/io/backups/x.sql.gz"] {
        assert_eq!(read(text), location(text));
    }
    for wrong in ["newest", "20261320-013059", "2026112-013059", "20261120-0130590", "s3://bucket"] {
        assert_eq!(read(wrong), None, "{wrong}");
    }
    for wrong in ["file://host/backups/x.sql.gz", "file:backups", "/srv/io/backups/x.sql.gz", "FILE:///x"] {
        assert_eq!(read(wrong), None, "{wrong}");
    }
}

/// A key as a store of any kind puts it into a location.
fn key(environment: Environment) -> String {
    let at = "2026-11-20T01:30:59Z".parse().unwrap();
    Object::Backup { suffix: ".sql.gz" }.key(environment, at)
}

const ROOTS: [&str; 5] =
    ["s3://bucket/", "s3://bucket-2/", "file:///srv/a/", "file:///srv/ab/", "file:///srv/a/backups/"];

#[test]
fn a_location_leads_to_its_key_in_its_own_store_alone() {
    for environment in Environment::ALL {
        for root in ROOTS {
            let key = key(environment);
            let location = Location::parse(&format!("{root}{key}")).unwrap();
            let found = |root: &str| {
                let key = location.key_in(root)?;
                BackupKey::parse(environment, key).map(|backup| backup.key)
            };
            assert_eq!(location.key_in(root), Some(&*key), "{location}");
            assert_eq!(found(root.trim_end_matches('/')), Some(key.clone()));
            for other in ROOTS.into_iter().filter(|other| *other != root) {
                assert_eq!(found(other), None, "{location} in {other}");
            }
            assert_eq!(location.backup(environment).map(|backup| backup.key), Some(key));
            let others = Environment::ALL.into_iter().filter(|other| *other != environment);
            assert!(others.into_iter().all(|other| location.backup(other).is_none()), "{location}");
        }
    }
}

#[test]
fn what_looks_like_a_location_leads_nowhere() {
    let key = key(Environment::Production);
    let backup = |text: &str| Location::parse(text)?.backup(Environment::Production);
    assert!(backup(&format!("file:///srv/a/{key}")).is_some());
    for text in [
        format!("file:///srv/a/{key}.sha256"),
        format!("file:///srv/a/{key}.manifest.json"),
        format!("file:///srv/a/{key}/"),
        format!("file:///srv/a/{key}?x"),
        format!("file:///srv/a/my{key}"),
        format!("file:///srv/a/{}", key.replace("/2026/", "//2026/")),
        format!("file:///srv/a/{}", key.replace("/2026/", "/../2026/")),
        format!("file:///srv/a/{}", key.replace("/11/", "/12/")),
        format!("file://srv/{key}"),
        "file:///".to_owned(),
    ] {
        assert_eq!(backup(&text), None, "{text}");
    }
    // Another way to write a path is another text, and the store has only one.
    for typed in ["file:///srv/./a/", "file:///srv/b/../a/", "file:////srv/a/", "file:///srv/%61/"] {
        let location = Location::parse(&format!("{typed}{key}")).unwrap();
        assert_eq!(location.key_in("file:///srv/a/"), None, "{location}");
    }
    let other = Location::parse(&format!("s3://bucket-2/{key}")).unwrap();
    assert_eq!((other.key_in("s3://bucket"), other.key_in("s3://bucket/")), (None, None));
    let below = Location::parse(&format!("file:///srv/a/../b/{key}")).unwrap();
    let found = below.key_in("file:///srv/a/").unwrap();
    assert_eq!(BackupKey::parse(Environment::Production, found), None);
}

proptest::proptest! {
    #[test]
    fn a_key_comes_back_from_any_location(root in "(s3://[a-z0-9-]{3,9}|file://(/[a-z0-9%-]{1,9}){1,4})/", key in "[a-z/.]{1,30}") {
        let location = Location::parse(&format!("{root}{key}")).unwrap();
        proptest::prop_assert_eq!(location.key_in(&root), Some(&*key));
        proptest::prop_assert_eq!(location.to_string(), format!("{root}{key}"));
    }
}
