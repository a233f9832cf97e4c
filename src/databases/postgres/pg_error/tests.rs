use super::*;

fn names() -> KnownNames {
    let mut names = KnownNames::default();
    names.learn(b"CREATE TABLE diary.\"My table\" (place public.geometry, CONSTRAINT patients_arm_check CHECK (true));");
    names.add("app");
    names
}

fn coded(code: &str, words: &str) -> String {
    PgError::coded(code, words, &names()).to_string()
}

fn uncoded(words: &str) -> String {
    PgError::uncoded(words, &names()).to_string()
}

#[test]
fn known_texts_are_shown_with_known_names() {
    for (code, words, expected) in [
        (
            "42P01",
            "relation \"diary.My table\" does not exist",
            "relation \"diary.My table\" does not exist (42P01)",
        ),
        (
            "42704",
            "type \"public.geometry\" does not exist",
            "type \"public.geometry\" does not exist (42704)",
        ),
        (
            "42883",
            "function diary.place(public.geometry, integer[]) does not exist",
            "function diary.place(public.geometry, integer[]) does not exist (42883)",
        ),
        ("42501", "permission denied for table My table", "permission denied for table My table (42501)"),
        (
            "23514",
            "new row for relation \"My table\" violates check constraint \"patients_arm_check\"",
            "new row for relation \"My table\" violates check constraint \"patients_arm_check\" (23514)",
        ),
        (
            "57014",
            "canceling statement due to statement timeout",
            "canceling statement due to statement timeout (57014)",
        ),
    ] {
        assert_eq!(coded(code, words), expected);
    }
}

#[test]
fn nothing_that_a_user_raised_is_shown() {
    for (code, words, expected) in [
        ("P0001", "not plausible: Zoe Canary", "raise exception (P0001)"),
        ("42P01", "relation \"Zoe Canary\" does not exist", "relation \"…\" does not exist (42P01)"),
        ("42P01", "relation \"diary.Zoe\" does not exist", "relation \"…\" does not exist (42P01)"),
        ("42P01", "relation \"diary\" does not exist, Zoe", "undefined table (42P01)"),
        ("42704", "Zoe \"app\" does not exist", "… \"app\" does not exist (42704)"),
        ("42883", "function diary(Zoe) does not exist", "function … does not exist (42883)"),
        ("22P02", "invalid input syntax for type integer: \"Zoe\"", "invalid text representation (22P02)"),
        ("42501", "permission denied for table app\nZoe", "permission denied for … … (42501)"),
        ("ZOE42", "sorry, too many clients already", NOT_SHOWN),
        ("", "Zoe", NOT_SHOWN),
        // The right words with another code.
        ("P0001", "canceling statement due to user request", "raise exception (P0001)"),
    ] {
        assert_eq!(
            coded(code, words).replace("permission denied for table …", "permission denied for … …"),
            expected
        );
    }
}

#[test]
fn what_programs_put_before_their_words_is_passed_over() {
    for (words, expected) in [
        (
            "psql: error: connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  database \"app\" does not exist",
            "database \"app\" does not exist (3D000)",
        ),
        (
            "psql: error: connection to server at \"a\" (::1), port 1 failed: Connection refused\n\tIs the server running on that host",
            "Connection refused",
        ),
        (
            "pg_dump: error: query failed: ERROR:  permission denied for table app\npg_dump: detail: Query was: LOCK TABLE x",
            "permission denied for table app (42501)",
        ),
        (
            "pg_dump: error: Dumping the contents of table \"zoe\" failed: PQgetResult() failed.\npg_dump: detail: Error message from server: ERROR:  zoe",
            "Dumping the contents of table \"…\" failed: PQgetResult() failed.",
        ),
        (
            "pg_dump: error: Dumping the contents of table \"app\" failed: PQgetCopyData() failed.\npg_dump: detail: Error message from server: FATAL:  terminating connection due to administrator command",
            "terminating connection due to administrator command (57P01); table app",
        ),
        ("pg_dump: error: query failed: ERROR:  Zoe Canary\npg_dump: detail: Query was: Zoe", NOT_SHOWN),
        ("psql: Fehler: Verbindung: FATAL:  Datenbank »Zoe« existiert nicht", NOT_SHOWN),
        (
            "could not translate host name \"zoe\" to address: Name or service not known",
            "could not translate host name \"…\" to address: Name or service not known",
        ),
    ] {
        assert_eq!(uncoded(words), expected, "{words}");
    }
    let words = "pg_dump: error: query failed: ERROR:  permission denied for table zoe";
    assert_eq!(PgError::would_be_names(words), ["table", "zoe"]);
}

proptest::proptest! {
    #[test]
    fn whatever_is_said_no_unknown_name_is_shown(code in "[0-9A-Z]{5}", at in 0..TEMPLATES.len(), before in "[ -~]{0,5}") {
        let (known, template) = TEMPLATES[at];
        let words = format!("{before}{}", template.replace("{}", "hunter2"));
        for code in [code.as_str(), known] {
            proptest::prop_assert!(!coded(code, &words).contains("hunter2"));
        }
        proptest::prop_assert!(!uncoded(&words).contains("hunter2"));
    }
}
