use super::*;

#[test]
fn notes_are_shown_and_missing_content_is_distinguished() {
    let said = "pg_dump: warning: there are circular foreign-key constraints on this table:\n\
                    pg_dump: detail: parts\n\
                    pg_dump: hint: You might not be able to restore the dump without using --disable-triggers or temporarily dropping the constraints.\n\
                    pg_dump: hint: Consider using a full dump instead of a --data-only dump to avoid this problem.\n";
    let found = Warnings::read(said, false, &KnownNames::default());
    assert_eq!(found.notes, ["pg_dump notes: there are circular foreign-key constraints on this table"]);
    assert!(found.shown.is_empty() && found.missing.is_empty());
    for (said, expected) in [
        (
            "subscriptions not dumped because current user is not a superuser",
            "subscriptions not dumped because current user is not a superuser",
        ),
        ("owner of function \"f\" appears to be invalid", "owner of \"f\""),
        ("owner of function \"Zoe Canary\" appears to be invalid", "owner of"),
        ("could not find parent extension for FUNCTION f", "could not find parent extension for"),
        ("unrecognized collation provider: x", "unrecognized"),
        ("statistics of 5 tables not dumped", LEFT_OUT),
    ] {
        let mut names = KnownNames::default();
        names.add("f");
        let found = Warnings::read(&format!("pg_dump: warning: {said}\n"), false, &names);
        assert_eq!((found.missing, found.shown), (vec![expected.to_owned()], vec![]));
    }
    let subscriptions = "pg_dump: warning: subscriptions not dumped because current user is not a superuser";
    assert_eq!(Warnings::read(subscriptions, true, &KnownNames::default()), Warnings::default());
}

#[test]
fn of_an_unknown_warning_no_data_is_shown() {
    let said = "pg_dump: warning: something new about row \"Zoe Canary\" (1979)\nWARNING:  patient Zoe Canary\n\
                    WARNING:  database \"app\" has a collation version mismatch\nDETAIL:  Zoe Canary\n";
    let found = Warnings::read(said, false, &KnownNames::default());
    assert_eq!(
        found.shown,
        [
            UNKNOWN,
            "the server printed a warning during the dump (see its log)",
            "the server warns that the database has a collation version mismatch",
        ]
    );
    assert!(found.missing.is_empty());
}
