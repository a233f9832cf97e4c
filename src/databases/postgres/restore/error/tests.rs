use super::*;
use crate::databases::postgres::pg_error::KnownNames;
use crate::databases::postgres::sql::selection::SelectionError;

fn place() -> String {
    "db.example.org:5432/diary".to_owned()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn failed(statement: &str, code: &str) -> RestoreError {
    let message = PgError::coded(code, "", &KnownNames::default());
    RestoreError::Failed { place: place(), statement: statement.to_owned(), message }
}

fn live(owner: Owner, wrote: Option<&str>, on_terminal: bool) -> RestoreError {
    RestoreError::Live {
        place: place(),
        owner,
        confirm: "callisto/diary".to_owned(),
        wrote: wrote.map(str::to_owned),
        drops: true,
        replaces: false,
        on_terminal,
    }
}

fn throwaway(what: &'static str, reason: &str) -> RestoreError {
    RestoreError::TemporaryServer { what, reason: reason.to_owned() }
}

/// Errors about the target and the dump. With [`of_this_machine`], each variant once or more.
fn of_the_target() -> Vec<RestoreError> {
    let (place, user) = (place(), "app".to_owned());
    vec![
        ConnectionError::Lacks("host").into(),
        RestoreError::Server(PostgresError::NoClient),
        RestoreError::ServerOlder { place: place.clone(), server: 15, needed: 16 },
        RestoreError::NotEmpty { place: place.clone(), objects: 1 },
        RestoreError::NotEmpty { place: place.clone(), objects: 1234 },
        RestoreError::NotOurs { place: place.clone(), names: names(&["table public.a", "schema audit"]) },
        live(Owner::Known(names(&["callisto (production)"])), None, true),
        live(Owner::Known(names(&["callisto (production)"])), None, false),
        live(Owner::Possible(names(&["callisto (staging): x", "titan: y"])), Some("titan/diary"), false),
        RestoreError::LiveOfAnother {
            place: place.clone(),
            database: "diary".to_owned(),
            owner: "titan (production)".to_owned(),
        },
        RestoreError::Elsewhere { place: place.clone(), reached: "diary".to_owned() },
        RestoreError::MayNotCreate { place: place.clone(), user },
        RestoreError::Partial {
            place: place.clone(),
            what: "left out at the time of the backup: the rows of public.log".to_owned(),
            losing_rows: names(&["public.log"]),
        },
        RestoreError::HidesRows { place: place.clone() },
        SelectionError::Ambiguous { name: "visits".to_owned(), names: names(&["a.visits", "b.visits"]) }
            .into(),
        RestoreError::Sql {
            place: "standard output".to_owned(),
            reason: "Broken pipe (os error 32)".to_owned(),
        },
        RestoreError::Sql {
            place: "visits.sql".to_owned(),
            reason: "No space left on device (os error 28)".to_owned(),
        },
        RestoreError::MayNotMakeSchemas { place: place.clone(), names: names(&["audit", "study"]) },
        RestoreError::TooManyLocks { place: place.clone(), setting: 64, wanted: 256 },
        RestoreError::LeftBehind { what: place.clone(), why: "connection refused".to_owned() },
        RestoreError::Lacks {
            place: place.clone(),
            what: "extensions",
            names: names(&["citext", "postgis"]),
        },
        RestoreError::Lacks { place: place.clone(), what: "roles", names: names(&["reader"]) },
        failed("COPY public.visits", "23514"),
        failed("", "53200"),
        RestoreError::Unsure { place: place.clone() },
        RestoreError::Stopped,
        RestoreError::Several(vec![
            RestoreError::NotEmpty { place: place.clone(), objects: 5 },
            RestoreError::ServerOlder { place, server: 15, needed: 16 },
        ]),
    ]
}

fn of_this_machine() -> Vec<RestoreError> {
    let found = || "14, 15".to_owned();
    vec![
        RestoreError::NotInstalled { what: "server", major: 16, found: found() },
        RestoreError::NotInstalled { what: "psql and pg_dump", major: 16, found: found() },
        RestoreError::OldPsql { version: "15.13".to_owned() },
        throwaway("create", "/scratch: No such file or directory (os error 2)"),
        throwaway("create", "/scratch: No space left on device (os error 28)"),
        throwaway("start", "not ready within 60s"),
        throwaway("remove", "no answer within seconds of the signal"),
        RestoreError::NoRoom {
            folder: "/scratch".to_owned(),
            free: "1.0 GiB".to_owned(),
            dump: "2.0 GiB".to_owned(),
            needed: "3.5 GiB".to_owned(),
        },
    ]
}

/// A new variant does not compile until it is here, and must then be in one of the two lists.
fn is_listed(error: &RestoreError) -> bool {
    match error {
        RestoreError::Url(_)
        | RestoreError::Server(_)
        | RestoreError::NotInstalled { .. }
        | RestoreError::OldPsql { .. }
        | RestoreError::TemporaryServer { .. }
        | RestoreError::ServerOlder { .. }
        | RestoreError::NotEmpty { .. }
        | RestoreError::NotOurs { .. }
        | RestoreError::Live { .. }
        | RestoreError::LiveOfAnother { .. }
        | RestoreError::Elsewhere { .. }
        | RestoreError::MayNotCreate { .. }
        | RestoreError::Partial { .. }
        | RestoreError::HidesRows { .. }
        | RestoreError::MayNotMakeSchemas { .. }
        | RestoreError::TooManyLocks { .. }
        | RestoreError::NoRoom { .. }
        | RestoreError::LeftBehind { .. }
        | RestoreError::Selection(_)
        | RestoreError::Sql { .. }
        | RestoreError::Several(_)
        | RestoreError::Lacks { .. }
        | RestoreError::Failed { .. }
        | RestoreError::Unsure { .. }
        | RestoreError::Stopped => true,
    }
}

#[test]
fn errors_and_hints_read_as_reviewed() {
    let all = [of_the_target(), of_this_machine()].concat();
    assert!(all.iter().all(is_listed));
    let kinds: std::collections::HashSet<_> = all.iter().map(std::mem::discriminant).collect();
    assert_eq!(kinds.len(), 25, "each variant is in one of the lists");
    crate::reviewed::errors("errors-restore", all.iter().map(|error| (error.to_string(), error.hint())));
}

/// One statement of each kind, with each code that has a hint.
#[test]
fn hints_for_statements_read_as_reviewed() {
    let statements = [
        ("REFRESH MATERIALIZED VIEW s.m", &["42P01", "42704", "23505", "23503", "55000", "08001"][..]),
        ("CREATE VIEW s.v", &["42883", "42P01"]),
        ("COPY s.t", &["23505", "23503", "54000"]),
        ("CREATE INDEX i ON s.t", &["54000"]),
        ("CREATE EXTENSION e", &["42704", "0A000", "42501"]),
        ("DROP TABLE s.t", &["2BP01"]),
        ("", &["53100", "53200", "25006"]),
    ];
    let errors =
        statements.iter().flat_map(|(statement, codes)| codes.iter().map(|code| failed(statement, code)));
    crate::reviewed::errors(
        "errors-restore-statements",
        errors.map(|error| (error.to_string(), error.hint())),
    );
}

#[test]
fn a_confirmation_names_replace_only_if_it_is_missing() {
    let hint = |drops, replaces| super::confirmed("callisto/diary", (drops, replaces), true);
    assert!(hint(true, false).ends_with("add `--replace --confirm callisto/diary`. This drops its objects."));
    assert!(hint(true, true).ends_with("add `--confirm callisto/diary`. This drops its objects."));
    assert!(hint(false, true).ends_with("add `--confirm callisto/diary`."));
}

#[test]
fn a_suggested_database_has_another_name_each_time() {
    let names =
        ["diary", "restored", "diary_restored", "diary_restored_2", "a_restored_x", "restored_4294967295"];
    assert_eq!(
        names.map(super::next_name),
        [
            "diary_restored",
            "restored_2",
            "diary_restored_2",
            "diary_restored_3",
            "a_restored_x_restored",
            "restored_4294967295_restored"
        ]
    );
}
