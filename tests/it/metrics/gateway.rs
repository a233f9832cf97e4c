//! `pushgateway-url`: what is sent, and that no gateway changes how a run ends.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::{callisto, lose_database, value};
use crate::support::{HangUp, Outcome, Request, Response, Server, Sponsor, Trial, whole};

const CANARY: &str = "canary-of-the-gateway";

/// A gateway that answers everything alike, and remembers what it was sent.
struct Gateway {
    server: Server,
    seen: Arc<Mutex<Vec<(String, String, String)>>>,
}

impl Gateway {
    fn answering(status: u16, after: Duration) -> Self {
        Self::answering_each(move |_| status, after)
    }

    /// The status depends on the method and the path.
    fn answering_each(status: impl Fn(&str) -> u16 + Send + Sync + 'static, after: Duration) -> Self {
        let seen: Arc<Mutex<Vec<_>>> = Arc::default();
        let noted = Arc::clone(&seen);
        let server = Server::start(move |request: Request| {
            let body = String::from_utf8_lossy(request.body()).into_owned();
            let authorization =
                request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
            let told = format!("{} {}", request.method(), request.uri());
            let status = status(&told);
            noted.lock().unwrap().push((told, body, authorization.unwrap_or_default()));
            async move {
                tokio::time::sleep(after).await;
                let answer = Response::new(whole(format!("no, {CANARY} is not accepted")));
                let (mut head, body) = answer.into_parts();
                head.status = hyper::StatusCode::from_u16(status).unwrap();
                head.headers.insert("location", "http://127.0.0.1:1/elsewhere".parse().unwrap());
                Ok::<_, HangUp>(Response::from_parts(head, body))
            }
        });
        Self { server, seen }
    }

    /// The URL as it is kept in a secret.
    fn secret_url(&self) -> String {
        format!("{}/{CANARY}-path", self.server.url().replace("http://", &format!("http://team:{CANARY}@")))
    }

    fn seen(&self) -> Vec<(String, String, String)> {
        self.seen.lock().unwrap().clone()
    }
}

fn assert_quiet(outcome: &Outcome) {
    let everything = outcome.everything();
    assert!(!everything.contains(CANARY), "{everything}");
}

#[test]
fn each_sponsor_has_a_group_and_the_plan_has_one() {
    let trial = Trial::of(["callisto", "titan"].map(|name| Sponsor::named(name).empty()));
    let gateway = Gateway::answering(202, Duration::ZERO);
    lose_database(&trial, "titan");
    trial.run().input("pushgateway-url", gateway.server.url()).run().assert_code(13);
    let mut seen = gateway.seen();
    seen.sort();
    let group = "/metrics/job/sponsor-backup/environment/production/sponsor";
    let told: Vec<&str> = seen.iter().map(|(told, ..)| told.as_str()).collect();
    assert_eq!(told, [format!("POST {group}/callisto"), format!("POST {group}/titan")]);
    assert!(value(&seen[0].1, "last_success_timestamp_seconds", "callisto", "").is_some(), "{}", seen[0].1);
    assert!(value(&seen[1].1, "last_failure_timestamp_seconds", "titan", "").is_some(), "{}", seen[1].1);
    for unknown in ["last_success_timestamp_seconds", "stored_bytes", "rows"] {
        assert_eq!(value(&seen[1].1, unknown, "titan", ""), None, "{}", seen[1].1);
    }

    let gateway = Gateway::answering(200, Duration::ZERO);
    let matrix = trial.run().input("command", "matrix").input("sponsors", "titan");
    matrix.env("PUSHGATEWAY_URL", gateway.secret_url()).run().assert_code(0);
    let [(told, body, authorization)] = <[_; 1]>::try_from(gateway.seen()).unwrap();
    assert_eq!(told, format!("PUT /{CANARY}-path/metrics/job/sponsor-backup-plan/environment/production"));
    assert!(authorization.starts_with("Basic "), "{authorization}");
    assert_eq!(body.lines().filter(|line| line.contains("{")).count(), 2, "{body}");
}

/// Each of these leaves a warning, and nothing else.
#[test]
fn a_gateway_that_does_not_take_metrics_changes_no_exit_code() {
    let trial = callisto();
    for (status, after, requests, words) in [
        (400, 0, 1, "it answered 400 Bad Request"),
        (503, 0, 2, "it answered 503 Service Unavailable"),
        (302, 0, 1, "it answered 302 Found"),
        (200, 60, 2, "no answer in time"),
    ] {
        let gateway = Gateway::answering(status, Duration::from_secs(after));
        let matrix = trial.run().input("command", "matrix").env("RUNNER_DEBUG", "1");
        let outcome = matrix.env("PUSHGATEWAY_URL", gateway.secret_url()).run();
        outcome.assert_code(0);
        let warnings = outcome.annotations("warning").concat();
        assert!(
            warnings.contains(&format!("the Pushgateway did not take the metrics: {words}")),
            "{warnings}"
        );
        assert_eq!(gateway.seen().len(), requests, "{status}");
        assert_quiet(&outcome);
    }
    // A closed port, and a server that does not speak TLS.
    let gateway = Gateway::answering(200, Duration::ZERO);
    let refused = format!("http://team:{CANARY}@127.0.0.1:1");
    for url in [refused, gateway.secret_url().replace("http://", "https://")] {
        let outcome = trial.run().input("command", "matrix").env("PUSHGATEWAY_URL", url).run();
        outcome.assert_code(0);
        assert!(outcome.annotations("warning").concat().contains("did not take the metrics"));
        assert_quiet(&outcome);
    }
    // A backup that failed keeps its own exit code.
    lose_database(&trial, "callisto");
    let gateway = Gateway::answering(503, Duration::ZERO);
    let outcome = trial.run().env("PUSHGATEWAY_URL", gateway.secret_url()).run();
    outcome.assert_code(13);
    assert_quiet(&outcome);
}

/// Each sponsor's metrics are pushed, and the refused ones are named.
#[test]
fn one_refused_group_keeps_no_other_back() {
    let names = ["callisto", "titan", "rhea", "europa"];
    let trial = Trial::of(names.map(|name| Sponsor::named(name).flag(None).empty()));
    let is_refused = |told: &str| if told.ends_with("/callisto") { 400 } else { 200 };
    let gateway = Gateway::answering_each(is_refused, Duration::ZERO);
    let outcome = trial.run().input("pushgateway-url", gateway.server.url()).run();
    outcome.assert_code(0);
    assert_eq!(gateway.seen().len(), names.len());
    let warnings = outcome.annotations("warning").concat();
    assert!(warnings.contains("did not take the metrics of callisto: it answered 400"), "{warnings}");
}

/// Fifty sponsors wait no longer than one does.
#[test]
fn a_gateway_that_hangs_ends_within_its_limit() {
    let gateway = Gateway::answering(200, Duration::from_secs(600));
    let letters = || 'a'..='z';
    let names: Vec<String> = letters()
        .map(|letter| format!("aa{letter}"))
        .chain(letters().map(|letter| format!("bb{letter}")))
        .collect();
    let trial = Trial::of(names.iter().map(|name| Sponsor::named(name).flag(None).empty()));
    let quick = trial.run().run();
    quick.assert_code(0);
    let begun = Instant::now();
    let outcome = trial.run().input("pushgateway-url", gateway.server.url()).run();
    outcome.assert_code(0);
    // Five seconds, and what a busy machine adds. One after the other would take minutes.
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    assert_eq!(outcome.annotations("warning").concat().matches("did not take the metrics").count(), 1);
}

#[test]
fn a_url_with_a_password_is_refused_as_an_input_or_without_tls() {
    let trial = callisto();
    let matrix = || trial.run().input("command", "matrix");
    let url = format!("http://team:{CANARY}@gateway.example.org");
    for run in [
        matrix().input("pushgateway-url", url.replace("http:", "https:")),
        matrix().env("PUSHGATEWAY_URL", &url),
        matrix().input("pushgateway-url", "gateway:9091"),
        matrix().input("pushgateway-url", "https://gateway/?x=1"),
    ] {
        let outcome = run.run();
        outcome.assert_code(2);
        assert_quiet(&outcome);
        assert!(outcome.visible().contains("`pushgateway-url` "), "{}", outcome.visible());
    }
}
