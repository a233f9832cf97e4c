use super::*;
use crate::layout::key::Object;

#[test]
fn each_way_to_name_a_backup_is_read() {
    let read = |text: &str| WhichBackup::from_input(text).unwrap_or_else(|| panic!("{text} is not read"));
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let older = |back| WhichBackup::Older(NonZeroUsize::new(back).unwrap());
    let version = |text: &str| WhichBackup::BeforeVersion(text.to_owned());
    let production = "backups/2026/11/20/backup-prod-20261120-013059.sql.gz";
    let staging = "staging/backups/2026/11/20/backup-staging-20261120-013059.sql.zst.age";
    let key = |key: &str| WhichBackup::Key(key.to_owned());
    for (text, expected) in [
        ("latest", WhichBackup::Latest),
        ("latest~0", WhichBackup::Latest),
        ("latest~1", older(1)),
        ("latest~10", older(10)),
        ("20261120-013059", WhichBackup::At(at("2026-11-20T01:30:59Z"))),
        ("20261120_013059", WhichBackup::At(at("2026-11-20T01:30:59Z"))),
        ("2026-11-20T01:30:59Z", WhichBackup::At(at("2026-11-20T01:30:59Z"))),
        ("2026-11-20T01:30:59.75Z", WhichBackup::At(at("2026-11-20T01:30:59Z"))),
        ("2026-11-20T03:30:59+02:00", WhichBackup::At(at("2026-11-20T01:30:59Z"))),
        (production, key(production)),
        ("backup-prod-20261120-013059.sql.gz", key(production)),
        (staging, key(staging)),
        ("backup-staging-20261120-013059.sql.zst.age", key(staging)),
        ("s3://b/x.sql.gz", WhichBackup::Location(Location("s3://b/x.sql.gz".to_owned()))),
        ("file:///srv/io/x.gz", WhichBackup::Location(Location("file:///srv/io/x.gz".to_owned()))),
        ("before:2026-11-28T03:00Z", WhichBackup::BeforeTime(at("2026-11-28T03:00:00Z"))),
        ("before:20261128_030000", WhichBackup::BeforeTime(at("2026-11-28T03:00:00Z"))),
        ("before:2026-11-28T03:00:00.5Z", WhichBackup::BeforeTime(at("2026-11-28T03:00:00.5Z"))),
        ("before:v2.4.0", version("v2.4.0")),
        ("before:2.4.0", version("2.4.0")),
        // A date alone has no time zone. No backup is guessed from it.
        ("before:2026-11-28", version("2026-11-28")),
        ("run:19876543210", WhichBackup::OfRun("19876543210".to_owned())),
    ] {
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn what_names_no_backup_is_refused() {
    for wrong in [
        "",
        "newest",
        "Latest",
        "latest~",
        "latest~-1",
        "latest~+1",
        "latest~1.5",
        "latest~99999999999999999999999",
        "latest1",
        "20261320-013059",
        "2026112-013059",
        "20261120-0130590",
        "20261120__13059",
        "2026-11-20",
        "2026-11-20T01:30:59",
        "before:",
        "before: v2",
        "before:v2 .4",
        "run:",
        "run:12a",
        "run:-1",
        "s3://bucket",
        "backup-prod-20261120-013059.sql",
        "backup-prod-20261120-013059.sql.gz.sha256",
        "backup-prod-20261120-013059.sql.gz.manifest.json",
        "backups/2026/11/21/backup-prod-20261120-013059.sql.gz",
        "my/backup-prod-20261120-013059.sql.gz",
        "file://host/backups/x.sql.gz",
        "file:backups",
        "/srv/io/backups/x.sql.gz",
        "FILE:///x",
    ] {
        assert_eq!(WhichBackup::from_input(wrong), None, "{wrong}");
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

    #[test]
    fn every_spelling_of_a_second_is_that_second(second in 0i64..4_102_444_800) {
        let at = Timestamp::from_second(second).unwrap();
        let in_key = at.strftime(SECOND).to_string();
        for text in [in_key.clone(), in_key.replace('-', "_"), at.to_string()] {
            proptest::prop_assert_eq!(WhichBackup::from_input(&text), Some(WhichBackup::At(at)));
            let before = WhichBackup::from_input(&format!("before:{text}"));
            proptest::prop_assert_eq!(before, Some(WhichBackup::BeforeTime(at)));
        }
        for environment in Environment::ALL {
            let key = Object::Backup { suffix: ".sql.zst" }.key(environment, at);
            for text in [&*key, crate::layout::key::file_name(&key)] {
                proptest::prop_assert_eq!(WhichBackup::from_input(text), Some(WhichBackup::Key(key.clone())));
            }
        }
    }

    #[test]
    fn what_is_shown_is_read_as_the_same(text in "(latest(~[0-9]{1,3})?|before:[!-~é]{1,20}|run:[0-9]{1,12}|[0-9]{8}[-_][0-9]{6}|s3://[!-~]{1,20})") {
        if let Some(read) = WhichBackup::from_input(&text) {
            proptest::prop_assert_eq!(WhichBackup::from_input(&read.to_string()), Some(read));
        }
    }

    #[test]
    fn no_text_ends_the_program(text in "\\PC{0,60}") {
        WhichBackup::from_input(&text);
    }
}
