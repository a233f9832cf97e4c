//! An S3 that cannot be reached: every command that needs it says where and why, within seconds and in one line.

use std::io::Write;
use std::time::Duration;

use crate::support::{Action, Cluster, Outcome, Proxy, Run, Sponsor, Trial, reviewed};

/// Commands that ask S3, each with what it needs.
const COMMANDS: [&str; 6] = ["list", "verify", "backup", "drill", "restore", "record"];
/// Generous: a connection takes less than five seconds and an answer ten on an idle machine. Retries of old took minutes.
const SECONDS: Duration = Duration::from_secs(40);

fn trial() -> Trial {
    Trial::of([Sponsor::named("callisto").diary(3, 30)])
}

fn asking(trial: &Trial, command: &str, endpoint: &str) -> Outcome {
    let target = Cluster::shared().database("target");
    let run = trial.run().input("command", command).input("s3-endpoint-url", endpoint).deadline(SECONDS);
    match command {
        "restore" => run.env("TARGET_DATABASE_URL", target.url()).run(),
        "record" => run.input("outcome", "success").run(),
        _ => run.run(),
    }
}

/// The message of every command.
fn messages(endpoint: &str) -> String {
    let trial = trial();
    let told = COMMANDS.map(|command| {
        let outcome = asking(&trial, command, endpoint);
        let code =
            outcome.code.unwrap_or_else(|| panic!("{command} was still at it: {}", outcome.transcript()));
        let result = outcome.result("callisto");
        format!("{command}, exit code {code}: {}\n", result["message"].as_str().unwrap())
    });
    told.concat()
}

#[test]
fn a_closed_port_is_said_by_every_command() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    reviewed("unreachable-closed-port", &messages(&format!("http://127.0.0.1:{port}")));
}

#[test]
fn a_host_without_an_address_is_said_by_every_command() {
    reviewed("unreachable-host", &messages("http://s3.invalid:9000"));
}

/// The listener's queue takes connections, but nothing reads from them.
#[test]
fn an_address_that_never_answers_is_said_by_every_command() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let told = messages(&format!("http://{}", listener.local_addr().unwrap()));
    reviewed("unreachable-silence", &told.replace("within 10s", "within [limit]"));
    assert_eq!(told.matches("no answer within 10s").count(), COMMANDS.len(), "{told}");
}

/// A listener of its own: a shared server that is busy answers too late for the time that a connection gets.
#[test]
fn a_server_of_plain_http_is_no_server_of_tls() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            connection.unwrap().write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").ok();
        }
    });
    let outcome = asking(&trial(), "list", &endpoint);
    let message = outcome.assert_code(14).result("callisto")["message"].to_string();
    assert!(message.contains("cannot reach S3 at https://"), "{message}");
    assert!(message.contains("the server does not speak TLS"), "{message}");
}

/// Until the first answer a run gives up soon, but not at once.
#[test]
fn connections_that_close_are_tried_again_before_any_answer() {
    let trial = trial();
    let proxy = Proxy::before(trial.store.endpoint());
    proxy.spoil(2, Action::CloseBefore, |_| true);
    asking(&trial, "list", &proxy.endpoint()).assert_code(0);

    let proxy = Proxy::before(trial.store.endpoint());
    proxy.rule(|_| Action::CloseBefore);
    let outcome = asking(&trial, "list", &proxy.endpoint());
    let message = outcome.assert_code(14).result("callisto")["message"].to_string();
    assert!(message.contains("cannot reach S3 at http://127.0.0.1:"), "{message}");
    assert!(message.contains(": the connection was closed"), "{message}");
    assert!((2..=9).contains(&proxy.requests().len()), "{} requests", proxy.requests().len());
}

/// After the first answer a blip is waited out for longer than before it.
#[test]
fn connections_that_close_after_an_answer_are_tried_for_longer() {
    let trial = trial();
    let proxy = Proxy::before(trial.store.endpoint());
    proxy.spoil(4, Action::CloseBefore, |seen| seen.number > 0);
    let run: Run = trial.run().input("s3-endpoint-url", proxy.endpoint());
    run.run().assert_code(0);
}

/// What one sponsor's bucket does says nothing about another's, even at the same address.
#[test]
fn a_silent_bucket_of_one_sponsor_fails_no_other_backup() {
    let trial = Trial::of([Sponsor::named("callisto").empty(), Sponsor::named("titan").empty()]);
    let proxy = Proxy::before(trial.store.endpoint());
    proxy.rule(|seen| match seen.path.contains("callisto") {
        true => Action::Stall,
        // Longer than a request gets at an address that has been silent for too long.
        false => Action::Delay(Duration::from_millis(1500)),
    });
    let outcome = trial.run().input("max-parallel", "1").input("s3-endpoint-url", proxy.endpoint()).run();
    outcome.assert_code(14);
    assert_eq!(outcome.result("titan")["outcome"], "success", "{}", outcome.transcript());
}
