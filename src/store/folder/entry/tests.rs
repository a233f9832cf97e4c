use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

use super::*;
use crate::store::folder::tests::{KEY, folder, names, put};

fn what_of(key: &str) -> &'static str {
    match Key::parse(key).unwrap_err() {
        FolderError::Key { key: named, what } if named == key => what,
        other => panic!("{other}"),
    }
}

#[test]
fn only_relative_printable_keys_are_keys() {
    let key = Key::parse(KEY).unwrap();
    assert_eq!((key.folders, key.name), ("backups/2026/11/21", "backup-prod-20261121-013000.sql.gz"));
    assert_eq!(Key::parse("one").unwrap().folders, "");
    for (key, what) in [
        ("", "a part of it is empty"),
        ("a//b", "a part of it is empty"),
        ("a/", "a part of it is empty"),
        ("/etc/passwd", "it begins with a slash"),
        (".", "a part of it begins with a dot"),
        ("a/../../b", "a part of it begins with a dot"),
        ("a/./b", "a part of it begins with a dot"),
        ("a/.b.partial", "a part of it begins with a dot"),
        (".hidden/b", "a part of it begins with a dot"),
        ("a\0b", "it has a character that is not printable ASCII"),
        ("a\nb", "it has a character that is not printable ASCII"),
        ("ü", "it has a character that is not printable ASCII"),
    ] {
        assert_eq!(what_of(key), what, "{key:?}");
    }
    assert_eq!(what_of(&format!("{}/a", "d".repeat(256))), "a part of it has more than 255 bytes");
    assert_eq!(what_of(&"d/".repeat(600)), "it has more than 1024 bytes");
    assert_eq!(what_of(&format!("a/{}", "f".repeat(214))), "its last part has more than 213 bytes");
}

#[tokio::test]
async fn the_longest_names_fit() {
    let (place, folder) = folder();
    let key = format!("{}/{}", "d".repeat(255), "f".repeat(213));
    assert_eq!(temporary_name(&"f".repeat(213)).len(), NAME_BYTES);
    put(&folder, &key, b"fits").await.unwrap();
    assert_eq!(folder.list("").await.unwrap()[0].key, key);
    let too_long = format!("{}/{}", "d".repeat(256), "f");
    let error = put(&folder, &too_long, b"").await.unwrap_err();
    assert!(matches!(error, FolderError::Key { .. }), "{error}");
    assert_eq!(names(place.path()), ["d".repeat(255)]);
}

#[test]
fn prefixes_end_anywhere() {
    for (prefix, folders, name) in [
        ("", "", ""),
        ("b", "", "b"),
        ("backups/", "backups", ""),
        ("backups/2026/11/2", "backups/2026/11", "2"),
    ] {
        let parsed = Key::parse_prefix(prefix).unwrap();
        assert_eq!((parsed.folders, parsed.name), (folders, name), "{prefix}");
    }
    for prefix in ["/", "/a", "a//", "a//b", "../a", "a/..", ".", "a/../", "a\0"] {
        assert!(matches!(Key::parse_prefix(prefix), Err(FolderError::Key { .. })), "{prefix}");
    }
}

#[test]
fn what_no_key_leads_to_has_no_meaning() {
    let uuid = "0123456789abcdef0123456789abcdef";
    for name in [
        "..",
        ".git",
        ".partial",
        ".nfs0000",
        "ü",
        &format!(".{uuid}.partial"),
        &format!("..{uuid}.partial"),
        &format!(".a.{uuid}"),
        &format!(".a.{}.partial", &uuid[1..]),
        &format!("..a.{uuid}.partial"),
    ] {
        assert_eq!(meaning(name), None, "{name}");
    }
    assert_eq!(meaning("a.partial"), Some(Meaning::Part("a.partial")));
}

proptest! {
    #[test]
    fn a_temporary_name_gives_its_object(name in "[ -.0-~]{1,213}") {
        let temporary = temporary_name(&name);
        prop_assert!(temporary.len() <= NAME_BYTES);
        let expected = Key::parse(&name).ok().map(|_| Meaning::Temporary(&name));
        prop_assert_eq!(meaning(&temporary), expected);
        prop_assert!(Key::parse(&temporary).is_err());
    }
}
