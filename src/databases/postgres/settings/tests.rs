use super::*;

fn setting(role: Option<&str>, name: &str, value: &str) -> Setting {
    Setting::new(role.map(str::to_owned), name.to_owned(), value.to_owned())
}

fn settings() -> Settings {
    let all = vec![
        setting(None, "search_path", "app, \"$user\", \"a\"\"b, c\", public"),
        setting(None, "app.key", "it's $set$ \\ a\n-- \"secret\" :'PORT' é 🙂"),
        setting(Some("app \"user\" é\\"), "work_mem", "64MB"),
        setting(None, "session_preload_libraries", "pgsodium"),
    ];
    Settings::new(all, Some("study 7\n".to_owned()))
}

#[test]
fn the_head_of_a_dump_is_read_as_it_was_written() {
    let written = settings();
    let head = written.head().unwrap();
    assert!(head.is_ascii() && head.lines().all(|line| line.starts_with("-- sponsor-backup")), "{head}");
    assert!(
        head.contains("SET \"search_path\" TO E'app', E'\\u0024user', E'a\"b, c', E'public';\n"),
        "{head}"
    );
    let read = Settings::parse(&head).unwrap();
    assert!(read.all.iter().zip(&written.all).all(|(one, other)| one.is_same(other)));
    assert_eq!(read.comment_digest("x"), written.comment_digest("x"));
    assert_eq!(read.all[1].values[0].expose_secret(), written.all[1].values[0].expose_secret());
    assert_eq!(read.all[2].role, written.all[2].role);
    assert_eq!(Settings::default().head().unwrap(), "");
    let long = Settings::new(Vec::new(), Some("é".repeat(FIRST_LINES / 6)));
    assert!(long.head().is_none());
}

#[test]
fn a_head_with_anything_else_in_it_is_refused() {
    let head = settings().text();
    for (from, to) in
        [(";\n", "; DROP TABLE t;\n"), ("E'64MB'", "E'64MB' x"), ("ALTER DATABASE", "ALTER SYSTEM")]
    {
        let changed = head.replacen(from, to, 1);
        assert!(changed != head && Settings::parse(&changed).is_none(), "{changed}");
    }
}

#[test]
fn a_value_that_may_be_secret_is_never_shown() {
    let settings = settings();
    assert_eq!(settings.all[0].shown().as_deref(), Some("app, $user, a\"b, c, public"));
    assert_eq!(settings.all[1].shown(), None);
    assert_eq!(settings.all[1].command("db"), "ALTER DATABASE \"db\" SET \"app.key\" TO …");
    assert_eq!(settings.all[3].command("db"), "ALTER DATABASE \"db\" SET \"session_preload_libraries\" TO …");
    assert!(!format!("{settings:?}").contains("secret\\\""));
    assert_ne!(settings.all[1].digest("a"), settings.all[1].digest("b"));
}

#[test]
fn what_may_keep_sessions_from_beginning_is_not_applied() {
    let sql = settings().for_database();
    assert!(
        sql.contains("app.key") && sql.contains("work_mem") && sql.contains("COMMENT ON DATABASE"),
        "{sql}"
    );
    assert!(!sql.contains("session_preload_libraries"), "{sql}");
    assert_eq!(sql.matches("$set$").count(), 2 * 4, "{sql}");
    let session = settings().for_session();
    assert!(session.contains("app.key") && !session.contains("work_mem"), "{session}");
}
