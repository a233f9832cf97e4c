use super::*;
use crate::databases::postgres::KnownNames;

fn is_for_want(error: &Error<'_>) -> bool {
    let complaint = PgError::coded(error.code, error.words, &KnownNames::default());
    FailedStatement { statement: String::new(), complaint, fields: Fields::default() }
        .is_for_want_of_something()
}

#[test]
fn what_a_server_names_is_shown_once_if_it_is_known() {
    let mut names = KnownNames::default();
    ["public", "n", "little_check"].iter().for_each(|name| names.add(name));
    let mut fields = Fields::default();
    for line in [
        "DETAIL:  Failing row contains (Zoe).",
        "SCHEMA NAME:  public",
        "TABLE NAME:  n",
        "TABLE NAMES:  Zoe",
        "CONSTRAINT NAME:  little_check",
        "LOCATION:  x",
    ] {
        fields.take(line, &names);
    }
    assert_eq!(fields.words(""), "table public.n; constraint little_check");
    assert_eq!(fields.words("COPY public.n"), "constraint little_check");
    fields.take("TABLE NAME:  Zoe Canary", &names);
    assert_eq!(fields.words("little_check"), "");
}

#[test]
fn errors_are_read_with_and_without_their_code() {
    let coded =
        Error::parse("psql:<stdin>:12: ERROR:  42704: type \"public.geometry\" does not exist").unwrap();
    assert_eq!((coded.line, coded.code), (12, "42704"));
    assert_eq!(coded.words, "type \"public.geometry\" does not exist");
    assert!(is_for_want(&coded));
    let plain =
        Error::parse("psql:<stdin>:3: ERROR:  could not extend file: No space left on device").unwrap();
    assert_eq!((plain.code, plain.words), ("", "could not extend file: No space left on device"));
    assert!(!is_for_want(&plain));
    let abroad = Error::parse("psql:<stdin>:9: FEHLER:  42501: keine Berechtigung").unwrap();
    assert!(!is_for_want(&abroad));
    for harmless in ["NOTICE:  00000: x", "WARNUNG:  01000: x", "WARNING:  x", "WARNING:  55000: x"] {
        assert_eq!(Error::parse(&format!("psql:<stdin>:3: {harmless}")), None);
    }
    assert_eq!(Error::parse("LINE 1: SELECT"), None);
}

#[test]
fn a_complaint_finds_its_statement() {
    let connection = Connection::at_socket(std::path::Path::new("/tmp"), "app", "postgres", "a server");
    let mut sent = SentStatements::new(&connection);
    sent.note_ours(1, b"BEGIN;\n");
    sent.note(2, b"-- a comment\nCREATE TABLE s.a ();");
    sent.note(3, b"COPY s.a (x) FROM stdin;\n");
    sent.extend_last(90);
    sent.note(91, b"CREATE VIEW s.v AS SELECT 'zoe';");
    let found = [1, 2, 3, 90, 91, 92].map(|line| sent.statement_at(line));
    assert_eq!(found, ["", "CREATE TABLE s.a", "COPY s.a", "COPY s.a", "CREATE VIEW s.v", "CREATE VIEW s.v"]);
    (0..2 * STATEMENTS_KEPT).for_each(|line| sent.note(100 + line as u64, b"SELECT 1;"));
    assert_eq!(sent.recent.len(), STATEMENTS_KEPT);
}
