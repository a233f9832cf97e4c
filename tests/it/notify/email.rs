//! E-mail over a real SMTP server: encrypted or not at all.

use std::net::TcpListener;

use serde_json::Value;

use super::{CANARY, assert_quiet, callisto};
use crate::support::{MailServer, Outcome, Run, Trial};

const USER: &str = "alerts@example.org";

/// `matrix` with every notification. The password ends with a character that a URL must encode.
fn run(trial: &Trial, scheme: &str, port: u16) -> Run {
    let user = USER.replace('@', "%40");
    trial
        .run()
        .input("command", "matrix")
        .input("notify", "always")
        .env("SMTP_URL", format!("{scheme}://{user}:{CANARY}%2F@localhost:{port}"))
        .env("NOTIFY_EMAIL", "oncall@example.org, Team <team@example.org>")
        .env("RUNNER_DEBUG", "1")
}

fn server(mode: &str, answer: &str) -> MailServer {
    MailServer::start(mode, (USER, &format!("{CANARY}/")), answer)
}

#[track_caller]
fn assert_not_sent(outcome: &Outcome, words: &str) {
    outcome.assert_code(0);
    let warnings = super::warnings(outcome);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].contains(&format!("SMTP_URL did not accept the notification: {words}")),
        "{warnings:?}"
    );
    assert_quiet(outcome);
}

#[test]
fn mail_arrives_over_starttls_and_over_tls() {
    let trial = callisto();
    for (mode, scheme) in [("starttls", "smtp"), ("tls", "smtps")] {
        let server = server(mode, "250 OK");
        let outcome = server.trusted(run(&trial, scheme, server.port())).run();
        outcome.assert_code(0);
        assert_eq!(super::warnings(&outcome), Vec::<String>::new());
        assert_quiet(&outcome);
        let mails = server.mails();
        let [mail] = &mails[..] else { panic!("{mails:?}") };
        assert_eq!((&mail["is_encrypted"], &mail["is_logged_in"]), (&Value::from(true), &Value::from(true)));
        assert_eq!((mail["from"].as_str(), mail["sender"].as_str()), (Some(USER), Some(USER)));
        assert_eq!(mail["recipients"], serde_json::json!(["oncall@example.org", "team@example.org"]));
        assert_eq!(mail["subject"], "Sponsor matrix, production: succeeded");
        let text = mail["text"].as_str().unwrap();
        assert!(text.contains("/actions/runs/"), "{text}");
    }
}

/// Text of a person can neither add a header nor end the message.
#[test]
fn hostile_text_stays_in_the_body() {
    let trial = callisto();
    let server = server("starttls", "250 OK");
    let reason = "x\r\n.\r\nBcc: thief@example.org\r\n\r\nDear thief";
    let run = server.trusted(run(&trial, "smtp", server.port())).input("command", "record");
    let run =
        run.input("outcome", "failure").input("reason", reason).input("version", "v1\r\nBcc: y@example.org");
    run.run();
    let mails = server.mails();
    let [mail] = &mails[..] else { panic!("{mails:?}") };
    assert_eq!(mail["recipients"], serde_json::json!(["oncall@example.org", "team@example.org"]));
    let headers: Vec<String> = serde_json::from_value(mail["headers"].clone()).unwrap();
    assert!(!headers.iter().any(|name| name.eq_ignore_ascii_case("bcc")), "{headers:?}");
    assert!(mail["text"].as_str().unwrap().contains("Dear thief"), "{mail:#}");
}

#[test]
fn nothing_is_sent_without_encryption() {
    let trial = callisto();
    let plain = server("plain", "250 OK");
    let outcome = plain.trusted(run(&trial, "smtp", plain.port())).run();
    assert_not_sent(&outcome, "it does not offer STARTTLS or a way to log in");
    assert_eq!((plain.mails(), plain.logins()), (vec![], 0));
    // A certificate that is not trusted, in both ways.
    for (mode, scheme) in [("starttls", "smtp"), ("tls", "smtps")] {
        let server = server(mode, "250 OK");
        assert_not_sent(&run(&trial, scheme, server.port()).run(), "no trusted TLS connection");
        assert_eq!((server.mails(), server.logins()), (vec![], 0));
    }
}

#[test]
fn a_relay_that_refuses_is_a_warning() {
    let trial = callisto();
    let refusing = server("starttls", "554 5.7.1 rejected Canary00117Of27Sinks");
    let outcome = refusing.trusted(run(&trial, "smtp", refusing.port())).run();
    assert_not_sent(&outcome, "it answered 554");
    let other = MailServer::start("starttls", (USER, "another password"), "250 OK");
    let outcome = other.trusted(run(&trial, "smtp", other.port())).run();
    assert_not_sent(&outcome, "it answered 535");
    assert_not_sent(&run(&trial, "smtp", 1).run(), "it cannot be reached");
    // It accepts the connection, and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let outcome = run(&trial, "smtp", silent.local_addr().unwrap().port()).run();
    assert_not_sent(&outcome, "no answer");
}

#[test]
fn a_relay_that_cannot_be_used_is_a_usage_error() {
    let trial = callisto();
    for (url, to, from, words) in [
        (Some("smtp://u:Canary00117Of27Sinks@h"), None, None, "SMTP_URL is set, but NOTIFY_EMAIL is not"),
        (None, Some("a@example.org"), None, "NOTIFY_EMAIL is set, but SMTP_URL is not"),
        (
            Some("http://u:Canary00117Of27Sinks@h"),
            Some("a@example.org"),
            None,
            "is not an smtp:// or smtps:// URL",
        ),
        (
            Some("smtp://u:Canary00117Of27Sinks@h/?tls=none"),
            Some("a@example.org"),
            None,
            "is not an smtp:// or",
        ),
        (
            Some("smtp://u:Canary00117Of27Sinks@h"),
            Some("a@example.org"),
            None,
            "NOTIFY_EMAIL_FROM is not set",
        ),
        (Some("smtp://u%40example.org:x@h"), Some("no address"), None, "NOTIFY_EMAIL has something else"),
        (Some("smtp://u%40example.org:x@h"), Some(","), None, "NOTIFY_EMAIL has something else"),
        (
            Some("smtp://u%40example.org:x@h"),
            Some("a@example.org"),
            Some("no address"),
            "NOTIFY_EMAIL_FROM has",
        ),
    ] {
        let run = trial.run().input("command", "notify-test");
        let given = [("SMTP_URL", url), ("NOTIFY_EMAIL", to), ("NOTIFY_EMAIL_FROM", from)];
        let given = given.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let outcome = given.fold(run, |run, (name, value)| run.env(name, value)).run();
        outcome.assert_code(2);
        assert!(outcome.transcript().contains(words), "{words}: {}", outcome.transcript());
        assert_quiet(&outcome);
    }
}

#[test]
fn a_sample_is_mailed() {
    let trial = callisto();
    let server = server("starttls", "250 OK");
    let test = |password: &str| {
        let url = format!("smtp://alerts%40example.org:{password}@localhost:{}", server.port());
        let run = trial.run().input("command", "notify-test").env("SMTP_URL", url);
        let run =
            run.env("NOTIFY_EMAIL", "oncall@example.org").env("NOTIFY_EMAIL_FROM", "Backups <b@example.org>");
        server.trusted(run).run()
    };
    test(&format!("{CANARY}%2F")).assert_code(0);
    assert_eq!(server.mails()[0]["sender"], "b@example.org");
    let refused = test("wrong");
    refused.assert_code(17);
    assert!(refused.transcript().contains("SMTP_URL did not accept the sample: it answered 535"));
}
