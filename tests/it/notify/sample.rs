//! `notify-test`: a sample to every sink that is set.

use std::time::Duration;

use super::{CANARY, Sinks, assert_quiet};
use crate::support::Run;

fn test() -> Run {
    Run::workflow().input("command", "notify-test").input("environment", "staging")
}

/// Needs neither manifest nor secrets.
#[test]
fn a_sample_reaches_every_sink() {
    let sinks = Sinks::start();
    let run = sinks
        .wire(test())
        .env("PING_URL_TITAN_2", sinks.url("titan"))
        .env("PING_URL_RHEA", sinks.url("rhea"));
    let outcome = run.input("sponsors", "titan-2").run();
    outcome.assert_code(0);
    assert_quiet(&outcome);
    let document = sinks.documents().remove(0);
    assert_eq!((&document["event"], &document["environment"]), (&"notify-test".into(), &"staging".into()));
    let text = sinks.messages()[0]["text"].as_str().unwrap().to_owned();
    assert!(text.starts_with("✅ Notification test, staging: succeeded"), "{text}");
    // It changes no status of a check.
    assert_eq!(
        (sinks.signals("ping"), sinks.signals("titan")),
        (vec!["/log".to_owned()], vec!["/log".to_owned()])
    );
    assert!(sinks.seen("rhea").is_empty());
    assert!(outcome.visible().contains("sample sent to 4 sinks"), "{}", outcome.visible());
    assert_eq!(outcome.output("outcome"), "success");
}

#[test]
fn a_sink_that_fails_fails_the_test() {
    let (sinks, dead) = (Sinks::start(), Sinks::answering(404, Duration::ZERO));
    let outcome = sinks.wire(test()).env("SLACK_WEBHOOK_URL", dead.url("slack")).run();
    outcome.assert_code(17);
    assert!(
        outcome.visible().contains("SLACK_WEBHOOK_URL did not accept the sample: it answered 404 Not Found"),
        "{}",
        outcome.visible()
    );
    assert_eq!(sinks.documents().len(), 1);
    assert_quiet(&outcome);
    assert_eq!(outcome.output("outcome"), "failure");
}

#[test]
fn without_a_sink_there_is_nothing_to_test() {
    let outcome = test().run();
    outcome.assert_code(2);
    assert!(outcome.visible().contains("no sink of notifications is set"), "{}", outcome.visible());
    let other =
        test().env("PING_URL_RHEA", format!("https://hc.example/{CANARY}")).input("sponsors", "titan");
    other.run().assert_code(2);
}
