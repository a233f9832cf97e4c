use super::*;
use crate::databases::postgres::KnownNames;
use crate::databases::postgres::connection::Remedy;

fn place() -> String {
    "db:5432/app".to_owned()
}

fn unreachable(message: PgError) -> PostgresError {
    PostgresError::QueryFailed { place: place(), message }
}

fn uncoded(words: &str) -> PostgresError {
    let (status, message) = ("exited with 1".to_owned(), PgError::uncoded(words, &KnownNames::default()));
    PostgresError::Failed { place: place(), status, message }
}

/// One error that each row of the list of remedies fits: a row that none fits could never be shown.
fn of_each_remedy() -> Vec<PostgresError> {
    let example = |(code, begins, hint): &(&str, &str, &str)| {
        let ours = PgError::ours(format!("{begins} 60 s"));
        let examples = if *begins == NO_ANSWER { vec![ours] } else { PgError::examples(code, begins) };
        let found = examples.into_iter().map(unreachable).find(|error| error.hint().as_deref() == Some(hint));
        found.unwrap_or_else(|| panic!("no complaint has the remedy of ({code:?}, {begins:?})"))
    };
    REMEDIES.iter().map(example).collect()
}

fn of_each_connection_error() -> Vec<ConnectionError> {
    let unknown = |name: &str, remedy| ConnectionError::UnknownParameter { name: name.to_owned(), remedy };
    let all = vec![
        ConnectionError::NotAUrl("it has no `://`"),
        ConnectionError::NotEncoded,
        ConnectionError::BadPort,
        ConnectionError::PortAsHost,
        ConnectionError::TextBefore,
        ConnectionError::Scheme("mysql".to_owned()),
        ConnectionError::Lacks("host"),
        ConnectionError::SeveralHosts,
        ConnectionError::NotText("password"),
        unknown("sslmod", Remedy::Near("sslmode")),
        unknown("useSSL", Remedy::Tls),
        unknown("search_path", Remedy::Remove),
        ConnectionError::TooNew { name: "sslcertmode", since: 16, client: "15.1".to_owned() },
        ConnectionError::Unfit { name: "service", why: "reads the address from a local file" },
        ConnectionError::BadValue("port"),
        ConnectionError::BadValue("hostaddr"),
        ConnectionError::BadValue("sslpassword"),
        ConnectionError::NotANumber("keepalives"),
        ConnectionError::NotOneOf { name: "sslnegotiation", values: &["postgres", "direct"] },
        ConnectionError::NoFile("Function not implemented (os error 38)".to_owned()),
        ConnectionError::TransactionPooler("port 6543"),
    ];
    for error in &all {
        // A new variant belongs in the list above, too.
        match error {
            ConnectionError::NotAUrl(_)
            | ConnectionError::NotEncoded
            | ConnectionError::BadPort
            | ConnectionError::PortAsHost
            | ConnectionError::TextBefore
            | ConnectionError::Scheme(_)
            | ConnectionError::Lacks(_)
            | ConnectionError::SeveralHosts
            | ConnectionError::NotText(_)
            | ConnectionError::UnknownParameter { .. }
            | ConnectionError::TooNew { .. }
            | ConnectionError::Unfit { .. }
            | ConnectionError::BadValue(_)
            | ConnectionError::NotANumber(_)
            | ConnectionError::NotOneOf { .. }
            | ConnectionError::NoFile(_)
            | ConnectionError::TransactionPooler(_) => {}
        }
    }
    all
}

fn of_each_kind() -> Vec<PostgresError> {
    let missing = |missing: &str| PostgresError::Incomplete { place: place(), missing: missing.to_owned() };
    let misfit = |reason| PostgresError::Misfit { place: place(), reason };
    let all = vec![
        PostgresError::NoClient,
        PostgresError::ServerNewer { place: place(), server: 18, found: "13, 15".to_owned() },
        PostgresError::NotStarted {
            program: "/usr/lib/postgresql/15/bin/pg_dump".to_owned(),
            reason: "Permission denied (os error 13)".to_owned(),
        },
        unreachable(PgError::ours("unexpected answer from the server")),
        uncoded("pg_dump: error: words that nobody knows"),
        PostgresError::Unreadable {
            place: place(),
            what: vec!["table diary.events (no SELECT right)".to_owned(), "3 more".to_owned()],
        },
        PostgresError::Unfit { place: place(), reason: Unfit::Cut("its end marker is missing") },
        PostgresError::Unfit { place: place(), reason: Unfit::Foreign(vec!["\\!".to_owned()]) },
        missing("subscriptions not dumped because current user is not a superuser"),
        missing("2 user mappings whose options the role app cannot see"),
        missing("the values of sequences that the role cannot read: diary.ids"),
        missing("owner of \"f\""),
        PostgresError::Lagging {
            place: place(),
            lag: "lags 900 s behind its primary".to_owned(),
            limit: "300 s".to_owned(),
        },
        PostgresError::AnswerTooLong { place: place(), mebibytes: 64 },
        PostgresError::Encoding { place: place(), asked: "LATIN1".to_owned(), has: "UTF8".to_owned() },
        PostgresError::NoSharedSnapshot {
            place: place(),
            message: PgError::coded("0A000", "", &KnownNames::default()),
        },
        PostgresError::SharedSessions { place: place() },
        misfit(Misfit::Head),
        misfit(Misfit::OtherHead),
        misfit(Misfit::NotHandedOut("diary.visits".to_owned())),
        misfit(Misfit::Twice("diary.visits".to_owned())),
        misfit(Misfit::Missing("diary.visits".to_owned())),
        misfit(Misfit::Statement("CREATE TABLE diary.visits".to_owned())),
        misfit(Misfit::Lost("diary.visits".to_owned())),
        PostgresError::SchemaChanged { place: place() },
        PostgresError::Stopped { place: place() },
    ];
    for error in &all {
        // A new variant belongs in the list above, too.
        match error {
            PostgresError::Connection(_)
            | PostgresError::NoClient
            | PostgresError::ServerNewer { .. }
            | PostgresError::NotStarted { .. }
            | PostgresError::QueryFailed { .. }
            | PostgresError::AnswerTooLong { .. }
            | PostgresError::Failed { .. }
            | PostgresError::Unreadable { .. }
            | PostgresError::Unfit { .. }
            | PostgresError::Incomplete { .. }
            | PostgresError::Lagging { .. }
            | PostgresError::Encoding { .. }
            | PostgresError::NoSharedSnapshot { .. }
            | PostgresError::SharedSessions { .. }
            | PostgresError::Misfit { .. }
            | PostgresError::SchemaChanged { .. }
            | PostgresError::Stopped { .. } => {}
        }
    }
    all
}

#[test]
fn every_error_has_its_reviewed_text_and_hint() {
    let connections = of_each_connection_error().into_iter().map(PostgresError::from);
    let all = of_each_kind().into_iter().chain(connections).chain(of_each_remedy());
    crate::reviewed::errors("errors-dump", all.map(|error| (error.to_string(), error.hint())));
}

#[test]
fn a_supabase_direct_host_gets_the_session_pooler_as_hint() {
    let unreachable = |place: &str| PostgresError::QueryFailed {
        place: place.to_owned(),
        message: PgError::uncoded(
            "psql: error: connection to server at \"db\", port 5432 failed: Network is unreachable",
            &KnownNames::default(),
        ),
    };
    let hint = unreachable("db.abcdef.supabase.co:5432/postgres").hint().unwrap();
    assert!(hint.contains("session pooler"), "{hint}");
    assert_eq!(unreachable("db.example.org:5432/app").hint(), None);
}

#[test]
fn a_standby_that_canceled_the_dump_is_named() {
    let words = "pg_dump: error: Dumping the contents of table \"t\" failed: PQgetResult() failed.\n\
                 pg_dump: detail: Error message from server: ERROR:  canceling statement due to conflict with recovery\n\
                 DETAIL:  User query might have needed to see row versions that must be removed.\n";
    let hint = uncoded(words).hint().unwrap();
    assert!(hint.starts_with("The database is a standby"), "{hint}");
}

#[test]
fn permissions_and_row_security_are_distinguished() {
    let hint =
        |message: &str| uncoded(&format!("pg_dump: error: query failed: ERROR:  {message}")).hint().unwrap();
    let rls = hint("query would be affected by row-level security policy for table \"r\"");
    assert!(rls.contains("BYPASSRLS"), "{rls}");
    let select = hint("permission denied for table secret");
    assert!(select.contains("pg_read_all_data"), "{select}");
    let large = hint("permission denied for large object 16398");
    assert!(large.contains("large objects"), "{large}");
}

/// A server whose messages are in another language is understood by its code.
#[test]
fn remedies_go_by_the_code() {
    let message = PgError::coded("42501", "keine Berechtigung für Tabelle zoe", &KnownNames::default());
    let error = unreachable(message);
    assert_eq!(error.to_string(), "db:5432/app: insufficient privilege (42501)");
    assert!(error.hint().unwrap().contains("pg_read_all_data"));
}
