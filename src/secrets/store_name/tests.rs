use super::*;

fn parsed(text: &str) -> Result<String, String> {
    StoreName::parse(text).map(|name| name.words()).map_err(|misfit| misfit.problem().to_owned())
}

#[test]
fn a_name_is_a_bucket_and_a_url_is_a_folder() {
    for (text, words, shown) in [
        ("hht-diary-backups-io", "bucket hht-diary-backups-io", "hht-diary-backups-io"),
        ("file:///srv/backups", "folder /srv/backups", "file:///srv/backups"),
        ("file:///srv/backups/", "folder /srv/backups", "file:///srv/backups"),
        ("file:///srv/my%20backups", "folder /srv/my backups", "file:///srv/my%20backups"),
        ("file:///srv/my backups", "folder /srv/my backups", "file:///srv/my%20backups"),
        ("file:///srv/b%61ckups", "folder /srv/backups", "file:///srv/backups"),
        ("file:///srv/100%25", "folder /srv/100%", "file:///srv/100%25"),
        ("file:///srv/what%3F%23", "folder /srv/what?#", "file:///srv/what%3F%23"),
        ("file:///srv/d%C3%A9j%C3%A0", "folder /srv/déjà", "file:///srv/d%C3%A9j%C3%A0"),
        ("file:///srv/déjà", "folder /srv/déjà", "file:///srv/d%C3%A9j%C3%A0"),
        ("file:///srv/...", "folder /srv/...", "file:///srv/..."),
        ("file:///srv/a~", "folder /srv/a~", "file:///srv/a~"),
    ] {
        let name = StoreName::parse(text).unwrap();
        assert_eq!((name.words().as_str(), name.to_string().as_str()), (words, shown), "{text}");
        assert_eq!(name.needs_aws(), words.starts_with("bucket"), "{text}");
        // What is shown can be typed.
        assert_eq!(StoreName::parse(shown).unwrap(), name);
    }
    let folder = StoreName::parse("file:///srv/my%20backups").unwrap();
    assert_eq!(folder.kind(), StoreKind::Folder(Path::new("/srv/my backups")));
    assert_eq!(StoreName::parse("abc").unwrap().kind(), StoreKind::Bucket("abc"));
}

#[test]
fn what_is_no_folder_is_refused_in_exact_words() {
    for (text, problem) in [
        ("file://host/srv/backups", "it names a host"),
        ("file://localhost/srv/backups", "it names a host"),
        ("file://user:canary@host/srv", "it names a host"),
        ("file://~/backups", "`~` is not expanded"),
        ("file:///~/backups", "`~` is not expanded"),
        ("~/backups", "`~` is not expanded"),
        ("/srv/backups", "it is a path, not a URL"),
        ("/", "it is a path, not a URL"),
        ("./b", "it is a path, not a URL"),
        ("../b", "it is a path, not a URL"),
        ("file:srv/backups", "it does not begin with file:///"),
        ("file:/srv/backups", "it does not begin with file:///"),
        ("file:", "it does not begin with file:///"),
        ("file://", "it does not begin with file:///"),
        ("file://srv", "it does not begin with file:///"),
        ("File:x", "it does not begin with file:///"),
        ("FILE:///srv/backups", "`file://` is not in lower case"),
        ("File:///srv/backups", "`file://` is not in lower case"),
        ("file:///", "it is the root of the file system"),
        ("file:////", "it is the root of the file system"),
        ("file:////srv", "an empty name in //srv"),
        ("file:///srv//backups", "an empty name in /srv//backups"),
        ("file:///srv/backups//", "an empty name in /srv/backups/"),
        ("file:///srv/../backups", "`.` or `..` in /srv/../backups"),
        ("file:///srv/./backups", "`.` or `..` in /srv/./backups"),
        ("file:///..", "`.` or `..` in /.."),
        ("file:///.", "`.` or `..` in /."),
        ("file:///srv/%2e%2E", "`.` or `..` in /srv/%2e%2E"),
        ("file:///srv/a%2Fb", "an encoded slash in /srv/a%2Fb"),
        ("file:///srv/a%00b", "a control character in /srv/a%00b"),
        ("file:///srv/a%0ab", "a control character in /srv/a%0ab"),
        ("file:///srv/%ff", "`%` codes that are not UTF-8 in /srv/%ff"),
        ("file:///srv/%C3", "`%` codes that are not UTF-8 in /srv/%C3"),
        ("file:///srv/100%", "`%` without two hexadecimal digits in /srv/100%"),
        ("file:///srv/%4", "`%` without two hexadecimal digits in /srv/%4"),
        ("file:///srv/%%20", "`%` without two hexadecimal digits in /srv/%%20"),
        ("file:///srv/%é", "`%` without two hexadecimal digits in /srv/%é"),
        ("file:///srv?token=canary", "it contains `?` or `#`"),
        ("file:///srv#canary", "it contains `?` or `#`"),
    ] {
        let refused = StoreName::parse(text).unwrap_err();
        assert_eq!(refused, Misfit::Folder(problem.to_owned()), "{text}");
        assert!(!refused.problem().contains("canary"), "{text}");
    }
    // What looks like neither is judged as a bucket, as before.
    for (text, problem) in
        [("a/backups", "it has a slash"), ("s3://b", "it begins with s3://"), ("b", "it has 1 character")]
    {
        assert_eq!(StoreName::parse(text).unwrap_err(), Misfit::Bucket(problem.to_owned()), "{text}");
    }
    assert_eq!(parsed("profile:x").unwrap_err(), "it has a character that is none of a-z, 0-9 and -.");
}

#[test]
fn no_value_makes_it_panic_and_paths_come_back() {
    use proptest::prelude::*;
    proptest!(|(text in "(file://|file:///|/|~)?[a-z0-9%./~?# é-]{0,20}")| {
        if let Ok(name) = StoreName::parse(&text) {
            let shown = name.to_string();
            prop_assert_eq!(StoreName::parse(&shown), Ok(name));
            prop_assert!(shown.is_ascii() && !shown.contains(' ') && !shown.ends_with('/'));
        }
    });
}

#[test]
fn one_sponsors_folders_are_apart() {
    let folder = |path: &str| StoreName::parse(path).unwrap();
    let problem = |mine: &str, theirs: &str| folder(mine).problem_next_to(&folder(theirs));
    let [a, b, inner] = ["file:///srv/a", "file:///srv/ab", "file:///srv/a/b"];
    assert_eq!((problem(a, b), problem(b, a), problem(inner, b)), (None, None, None));
    assert_eq!(problem(a, a), Some("it is the folder of SPONSOR_BACKUPS_BUCKET"));
    assert_eq!(problem(inner, a), Some("it is inside the folder of SPONSOR_BACKUPS_BUCKET"));
    assert_eq!(problem(a, inner), Some("it contains the folder of SPONSOR_BACKUPS_BUCKET"));
    // One bucket for both stays a warning of `preflight`.
    assert_eq!((problem("one", "one"), problem("one", a), problem(a, "one")), (None, None, None));
}

#[test]
fn a_folder_is_named_only_if_its_url_leads_back() {
    use std::os::unix::ffi::OsStrExt as _;
    let shown = |path: &str| StoreName::folder(Path::new(path)).unwrap().to_string();
    assert_eq!(shown("/srv/ü x"), "file:///srv/%C3%BC%20x");
    assert_eq!(shown("/srv/~a#?%20"), "file:///srv/~a%23%3F%2520");
    let problem = |path: &Path| StoreName::folder(path).unwrap_err();
    for (path, expected) in [
        ("backups", "it does not begin with file:///"),
        ("/", "it is the root of the file system"),
        ("/~/backups", "`~` is not expanded"),
        ("/srv/../backups", "`.` or `..` in /srv/../backups"),
        ("/srv//backups", "an empty name in /srv//backups"),
        ("/srv/backups/", "it ends with a slash"),
        ("/srv/a\nb", "a control character in /srv/a%0Ab"),
    ] {
        assert_eq!(problem(Path::new(path)), expected, "{path}");
    }
    assert_eq!(problem(Path::new(std::ffi::OsStr::from_bytes(b"/srv/\xff"))), "it is not UTF-8");
}
