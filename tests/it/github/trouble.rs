//! A GitHub that refuses, is slow, is away or talks nonsense: the record says so, nothing fails, and the token is not seen.

use std::time::Duration;

use serde_json::json;

use super::{RUN_ID, asking, one, record};
use crate::support::{GitHub, GitHubTrouble as Trouble, Outcome, tools};

#[track_caller]
fn assert_unseen(outcome: &Outcome, token: &str) {
    let unmasked: String = outcome
        .stdout
        .lines()
        .chain(outcome.stderr.lines())
        .filter(|line| !line.starts_with("::add-mask::"))
        .collect();
    assert!(!unmasked.contains(token), "{}", outcome.transcript());
    assert!(!outcome.everything().contains(token), "{}", outcome.everything());
    assert!(outcome.masks().contains(&token.to_owned()));
}

#[test]
fn a_github_failure_is_recorded_and_does_not_fail_the_run() {
    for (trouble, reason) in [
        (Trouble::Status(403, "Resource not accessible by integration"), "with 403: Resource not accessible"),
        (Trouble::Status(404, "Not Found"), "with 404: Not Found"),
        (Trouble::Status(429, "You have exceeded a secondary rate limit"), "with 429: You have exceeded"),
        (Trouble::Status(500, "Server Error"), "with 500: Server Error"),
        (Trouble::Html(502), "with 502: no message"),
        (Trouble::Quotes, "with 400: bad header Bearer ***"),
        (Trouble::HangUp, "GitHub did not answer GET /repos/cure-hht/hht_diary/"),
        (Trouble::Says("[{\"user\": 5}]"), "cannot read GitHub's answer to "),
        (Trouble::Says("<html>"), "cannot read GitHub's answer to "),
        (Trouble::Says("{}"), "cannot read GitHub's answer to "),
        (Trouble::Says(""), "cannot read GitHub's answer to "),
    ] {
        let (trial, github) = (one(), GitHub::start());
        github.approve(RUN_ID, "alice", "approved", "");
        github.trouble("/repos/", trouble.clone());
        let outcome = record(&trial, &github).run();
        outcome.assert_code(0);
        let log = outcome.log("callisto");
        for question in ["approvals", "pull_requests"] {
            assert_eq!(
                (&log[question]["status"], &log[question]["entries"]),
                (&json!("unavailable"), &json!(null))
            );
            let told = log[question]["reason"].as_str().unwrap();
            assert!(told.contains(reason), "{trouble:?}: {told}");
        }
        let warnings = outcome.annotations("warning");
        assert!(
            warnings[0].starts_with("approvals or pull requests are not in the record: "),
            "{warnings:?}"
        );
        assert_eq!(outcome.output("outcome"), "success");
        assert_unseen(&outcome, &github.token);
    }
}

#[test]
fn a_missing_permission_leaves_the_other_answer_recorded() {
    let (trial, github) = (one(), GitHub::start());
    github.lacks("actions");
    let log = record(&trial, &github).run().log("callisto");
    assert_eq!(
        log["approvals"]["reason"],
        format!(
            "GitHub answered GET /repos/cure-hht/hht_diary/actions/runs/{RUN_ID}/approvals with 403: \
             Resource not accessible by integration"
        )
    );
    assert_eq!(log["pull_requests"]["status"], "read");
    let outcome = record(&trial, &github).input("github-token", "ghs_anothercanary").run();
    outcome.assert_code(0);
    assert!(
        outcome.log("callisto")["approvals"]["reason"]
            .as_str()
            .unwrap()
            .ends_with("with 401: Bad credentials")
    );
    assert_unseen(&outcome, "ghs_anothercanary");
}

#[test]
fn a_pull_request_that_loses_a_part_is_left_out_whole() {
    let (trial, github) = (one(), GitHub::start());
    github.merge(super::COMMIT, 7, "x", ("bob", "carol"));
    github.trouble("/pulls/7", Trouble::Status(500, "Server Error"));
    let log = record(&trial, &github).run().log("callisto");
    assert_eq!(
        (&log["approvals"]["status"], &log["pull_requests"]["status"]),
        (&json!("read"), &json!("unavailable"))
    );
}

#[test]
fn a_slow_github_costs_a_few_seconds_at_most_and_no_backup() {
    let (trial, github) = (one(), GitHub::start());
    github.trouble("/repos/", Trouble::Slow(Duration::from_secs(60)));
    let outcome = asking(trial.run(), &github).run();
    outcome.assert_code(0);
    assert!(outcome.took < Duration::from_secs(20), "{:?}", outcome.took);
    assert_eq!(outcome.output("outcome"), "success");
    let log = outcome.log("callisto");
    assert_eq!(log["approvals"]["reason"], "GitHub did not answer within 5 seconds");
    assert!(log["backup_location"].as_str().unwrap().starts_with("s3://"));
}

#[test]
fn a_bad_moment_is_tried_again() {
    let (trial, github) = (one(), GitHub::start());
    github.trouble("/approvals", Trouble::Status(502, "Server Error"));
    record(&trial, &github).run().assert_code(0);
    let tries = github.requests().iter().filter(|line| line.ends_with("/approvals")).count();
    assert_eq!(tries, 3);
}

#[test]
fn a_token_is_not_sent_in_plain_text_or_to_a_redirect() {
    let trial = one();
    for address in ["http://github.example/api/v3", "http://127.0.0.1.example", "ftp://localhost", "github"] {
        let (github, run) =
            (GitHub::start(), trial.run().input("command", "record").input("outcome", "success"));
        let outcome = asking(run, &github).env("GITHUB_API_URL", address).run();
        outcome.assert_code(0);
        let reason = outcome.log("callisto")["approvals"]["reason"].clone();
        assert!(reason.as_str().unwrap().starts_with("GITHUB_API_URL must begin with https://"), "{reason}");
        assert_unseen(&outcome, &github.token);
    }
    let (first, second) = (GitHub::start(), GitHub::start());
    first.trouble("/repos/", Trouble::MovedTo(format!("{}/repos/x", second.url())));
    let outcome = record(&trial, &first).run();
    outcome.assert_code(0);
    assert!(second.requests().is_empty());
    assert_eq!(outcome.log("callisto")["approvals"]["status"], "unavailable");
}

#[test]
fn an_invalid_address_repository_or_token_is_recorded() {
    let (trial, github) = (one(), GitHub::start());
    let nobody = format!("http://127.0.0.1:{}", tools::free_port());
    let outcome = record(&trial, &github).env("GITHUB_API_URL", nobody).run();
    outcome.assert_code(0);
    assert!(outcome.log("callisto")["approvals"]["reason"].as_str().unwrap().contains("did not answer"));
    let outcome = record(&trial, &github).env("GITHUB_REPOSITORY", "a/b?c=/../x").run();
    outcome.assert_code(0);
    assert!(outcome.log("callisto")["approvals"]["reason"].as_str().unwrap().contains("GITHUB_REPOSITORY"));
    let outcome = record(&trial, &github).env("GITHUB_REPOSITORY", "cure-hht/another").run();
    assert!(
        outcome.log("callisto")["approvals"]["reason"].as_str().unwrap().ends_with("with 404: Not Found")
    );
    let outcome = record(&trial, &github).input("github-token", "ghs_ca\u{e9}nary\nx: y").run();
    outcome.assert_code(2);
    assert!(outcome.visible().contains("`github-token` contains a character that no GitHub token has"));
    assert!(!outcome.visible().contains("nary"));
}
