use super::*;

#[test]
fn everything_that_is_not_set_is_named_at_once() {
    let nothing = || InitOptions {
        sponsor: None,
        code: None,
        store: None,
        database_url: None,
        workflows: None,
        dry_run: false,
    };
    let refused = |options| match given(options, Path::new("/")) {
        Err(Failure::Usage(error)) => (error.message, error.hint.unwrap()),
        _ => panic!("accepted"),
    };
    let (message, hint) = refused(nothing());
    assert_eq!(message, "`sponsor`, `code`, `store`, DATABASE_URL are not set");
    assert!(
        hint.starts_with("Set `--sponsor`, `--code`, `--store`, and run `export DATABASE_URL="),
        "{hint}"
    );
    let url = || Some(Secret::from("postgresql://a@b/c"));
    let (message, hint) = refused(InitOptions { database_url: url(), store: Some("x".into()), ..nothing() });
    assert_eq!(message, "`sponsor`, `code` are not set");
    assert!(hint.starts_with("Set `--sponsor`, `--code`, or"), "{hint}");
    let sponsor = InitOptions {
        sponsor: SponsorName::from_input("io"),
        code: SponsorCode::from_input("IOX"),
        store: Some("x".into()),
        ..nothing()
    };
    let (message, hint) = refused(sponsor);
    assert_eq!(message, "DATABASE_URL is not set");
    assert!(hint.starts_with("Run `export DATABASE_URL="), "{hint}");
}

#[test]
fn a_code_is_suggested_if_the_name_has_three_letters() {
    let code = |name: &str| suggested(&SponsorName::from_input(name).unwrap());
    assert_eq!(code("callisto").as_deref(), Some("CAL"));
    assert_eq!(code("a-1b2c").as_deref(), Some("ABC"));
    assert_eq!(code("io-2"), None);
}

#[test]
fn a_store_becomes_absolute_without_links() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    std::fs::create_dir(root.join("real")).unwrap();
    std::fs::write(root.join("file"), "").unwrap();
    std::os::unix::fs::symlink("real", root.join("link")).unwrap();
    let store = |path: &str| absolute(&root, Path::new(path)).map_err(|error| error.message);
    for (typed, expected) in [
        ("./backups", "backups"),
        ("a/b/c", "a/b/c"),
        ("link/new", "real/new"),
        ("real/../x", "x"),
        ("link/", "real"),
        (".", ""),
    ] {
        let expected = if expected.is_empty() { root.clone() } else { root.join(expected) };
        assert_eq!(store(typed), Ok(expected), "{typed}");
    }
    assert_eq!(store("/srv/none/x"), Ok("/srv/none/x".into()));
    for typed in ["file", "file/x", "new/../x", "~/x", "~", "s3://bucket", "file:///srv"] {
        assert!(store(typed).unwrap_err().starts_with(&format!("`store` is `{typed}`, ")), "{typed}");
    }
}
