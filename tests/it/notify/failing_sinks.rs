//! Sinks that do not accept anything: the run ends as it would have, one warning each, and no part of a URL is shown.

use std::time::{Duration, Instant};

use super::{CANARY, Sinks, assert_quiet, callisto, lose_database, warnings, wire_to};

#[test]
fn no_sink_changes_an_exit_code_or_is_named_by_its_url() {
    let trial = callisto();
    let matrix = || trial.run().input("command", "matrix").input("notify", "always").env("RUNNER_DEBUG", "1");
    for (status, after, requests, words) in [
        (500, 0, 2, "it answered 500 Internal Server Error"),
        (404, 0, 1, "it answered 404 Not Found"),
        (302, 0, 1, "it answered 302 Found"),
        (200, 60, 2, "no answer in time"),
    ] {
        let sinks = Sinks::answering(status, Duration::from_secs(after));
        let outcome = sinks.wire(matrix()).run();
        outcome.assert_code(0);
        let shown = warnings(&outcome);
        for sink in ["SLACK_WEBHOOK_URL", "NOTIFY_WEBHOOK_URL"] {
            let words = format!("{sink} did not accept the notification: {words}");
            assert_eq!(shown.iter().filter(|text| text.contains(&words)).count(), 1, "{shown:?}");
        }
        assert_eq!((shown.len(), sinks.seen("slack").len()), (2, requests), "{status}");
        assert_quiet(&outcome);
    }
    // A closed port, and a server that does not speak TLS.
    let sinks = Sinks::start();
    for base in ["http://127.0.0.1:1".to_owned(), sinks.server.url().replace("http://", "https://")] {
        let outcome = wire_to(matrix(), &base).run();
        outcome.assert_code(0);
        assert_eq!(warnings(&outcome).len(), 2, "{}", outcome.visible());
        assert_quiet(&outcome);
    }
}

/// The record and the outputs are those of a run without sinks.
#[test]
fn a_backup_ends_the_same_with_dead_sinks() {
    let trial = callisto();
    let sinks = Sinks::answering(500, Duration::ZERO);
    let run = || sinks.wire(trial.run()).input("notify", "always").env("RUNNER_DEBUG", "1");
    let outcome = run().run();
    outcome.assert_code(0);
    assert_eq!(outcome.log("callisto")["outcome"], "success");
    assert_eq!(warnings(&outcome).len(), 3, "{}", outcome.visible());
    assert_eq!(sinks.signals("ping"), ["/start", "/start", "", ""]);
    assert_quiet(&outcome);
    lose_database(&trial, "callisto");
    let outcome = run().run();
    outcome.assert_code(13);
    assert_quiet(&outcome);
}

#[test]
fn sinks_that_hang_delay_the_end_by_one_limit() {
    let trial = callisto();
    let sinks = Sinks::answering(200, Duration::from_secs(600));
    let run = || sinks.wire(trial.run()).input("notify", "always");
    let outcome = run().env("PING_URL_CALLISTO", sinks.url("callisto")).run();
    outcome.assert_code(0);
    assert_eq!(warnings(&outcome).len(), 4, "{}", outcome.visible());
    // One after the other would take twenty seconds and more.
    let alone = trial.run().run();
    let late = outcome.took.saturating_sub(alone.took);
    assert!(late < Duration::from_secs(15), "{late:?}");

    let lock = trial.database("callisto").hold("LOCK TABLE patients IN ACCESS EXCLUSIVE MODE");
    let running = run().start();
    trial.database("callisto").wait_until_a_dump_waits();
    let stopped = Instant::now();
    running.signal("TERM");
    let outcome = running.wait();
    drop(lock);
    assert!(stopped.elapsed() < Duration::from_secs(8), "{:?}", stopped.elapsed());
    outcome.assert_code(143);
    assert_quiet(&outcome);
}

#[test]
fn an_unusable_sink_is_a_usage_error_that_does_not_repeat_it() {
    let trial = callisto();
    let verify = || trial.run().input("command", "verify");
    let plain = format!("http://hooks.example.org/{CANARY}");
    let good = format!("https://hooks.example.org/{CANARY}");
    for (run, words) in [
        (verify().env("SLACK_WEBHOOK_URL", &plain), "SLACK_WEBHOOK_URL is not an https:// URL"),
        (verify().env("PING_URL", CANARY), "PING_URL is not an https:// URL"),
        (verify().env("PING_URL_CALLISTO", &plain), "PING_URL_CALLISTO is not an https:// URL"),
        (
            verify().env("NOTIFY_WEBHOOK_URL", &good),
            "NOTIFY_WEBHOOK_URL is set, but NOTIFY_WEBHOOK_SECRET is not",
        ),
        (
            verify().env("NOTIFY_WEBHOOK_URL", &good).env("NOTIFY_WEBHOOK_SECRET", CANARY),
            "NOTIFY_WEBHOOK_SECRET is not a secret of Standard Webhooks",
        ),
        (verify().input("notify", "sometimes"), "`notify` is `sometimes`, not failure, always or never"),
    ] {
        let outcome = run.run();
        outcome.assert_code(2);
        assert_quiet(&outcome);
        assert!(outcome.visible().contains(words), "{}", outcome.visible());
    }
    // A script around a list may use this name for a check of its own.
    let outcome = trial.run().input("command", "matrix").env("PING_URL", &plain).run();
    outcome.assert_code(0);
}
