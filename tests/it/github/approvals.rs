//! Who approved, and what brought the commit.

use serde_json::{Value, json};

use super::{COMMIT, RUN_ID, asking, one, record};
use crate::support::{GitHub, Run};

fn told() -> GitHub {
    let github = GitHub::start();
    github.approve(RUN_ID, "alice", "approved", "Checked with QA.");
    github.approve("1", "mallory", "approved", "another run's");
    github.merge(COMMIT, 7, "Add a table", ("bob", "carol"));
    github.merge("0000000000000000000000000000000000000000", 8, "Another commit's", ("mallory", "mallory"));
    github
}

// serves: 11.50/approvals
#[test]
fn a_backups_record_has_the_approvals_and_pull_requests() {
    let (trial, github) = (one(), told());
    let outcome = asking(trial.run(), &github).run();
    outcome.assert_code(0);
    let log = outcome.log("callisto");
    let approval = json!({
        "user": "alice", "state": "approved", "comment": "Checked with QA.", "environments": ["production"],
    });
    let pull = json!({
        "number": 7, "title": "Add a table", "author": "bob", "base": "main",
        "merged_at": "2026-11-20T11:00:00Z", "merged_by": "carol",
    });
    let read = |entry: Value| json!({"status": "read", "reason": null, "entries": [entry], "omitted": 0});
    assert_eq!(log["approvals"], read(approval));
    assert_eq!(log["pull_requests"], read(pull));
    let bucket = trial.log_bucket("callisto");
    assert_eq!(trial.store.get_json(bucket, &trial.store.keys_in(bucket)[0]), log, "the bucket has the same");
    assert!(
        outcome.visible().contains("approvals: approved by alice (production)"),
        "{}",
        outcome.transcript()
    );
    let warnings = outcome.annotations("warning");
    assert!(warnings.iter().all(|warning| !warning.contains("approvals")), "{warnings:?}");
}

// serves: 11.50/approvals
#[test]
fn a_deployments_record_has_approvals_from_one_request() {
    let trial = crate::support::Trial::of(
        ["callisto", "rhea"].map(|name| crate::support::Sponsor::named(name).empty()),
    );
    let github = told();
    let outcome = record(&trial, &github).run();
    outcome.assert_code(0);
    for sponsor in ["callisto", "rhea"] {
        assert_eq!(outcome.log(sponsor)["approvals"]["entries"][0]["user"], "alice");
    }
    assert_eq!(github.requests().len(), 3, "{:?}", github.requests());
}

// serves: 11.50/approvals
#[test]
fn no_approvals_and_no_request_for_them_are_distinguished() {
    let (trial, github) = (one(), GitHub::start());
    let nobody = record(&trial, &github).run().log("callisto");
    assert_eq!(nobody["approvals"], json!({"status": "read", "reason": null, "entries": [], "omitted": 0}));
    assert_eq!(nobody["pull_requests"]["entries"], json!([]));
    let before = github.requests().len();
    let silent = record(&trial, &github).input("github-token", "").run();
    silent.assert_code(0);
    let silent = silent.log("callisto");
    for question in ["approvals", "pull_requests"] {
        let expected = json!({
            "status": "not_asked", "reason": "`github-token` is not set", "entries": null, "omitted": null,
        });
        assert_eq!(silent[question], expected);
    }
    assert_eq!(github.requests().len(), before);
}

#[test]
fn a_terminal_asks_no_approvals_and_an_api_path_is_kept() {
    let (trial, github) = (one(), GitHub::below("/api/v3"));
    github.approve(RUN_ID, "alice", "rejected", "");
    let outcome = record(&trial, &github).env("GITHUB_API_URL", format!("{}/", github.url())).run();
    outcome.assert_code(0);
    assert_eq!(outcome.log("callisto")["approvals"]["entries"][0]["state"], "rejected");
    assert!(github.requests()[0].contains(" /api/v3/repos/"), "{:?}", github.requests());
    let person = asking(trial.wire(Run::terminal()), &github)
        .env("GITHUB_REPOSITORY", "cure-hht/hht_diary")
        .args(["record", "--outcome", "success"])
        .run();
    person.assert_code(0);
    assert_eq!(person.log("callisto")["approvals"]["status"], "not_asked");
}

#[test]
fn words_of_others_are_bounded_and_do_nothing() {
    let (trial, github) = (one(), GitHub::start());
    let words = format!("::error::pwned\n::add-mask::success\n##[error]x \u{1b}[31m {}", "語".repeat(3000));
    github.approve(RUN_ID, "alice", "approved", &words);
    github.merge(
        COMMIT,
        7,
        &format!("::error::title\n::stop-commands::x{}", "t".repeat(400)),
        ("bob", "bob"),
    );
    let outcome = asking(trial.run(), &github).run();
    outcome.assert_code(0);
    let log = outcome.log("callisto");
    let comment = log["approvals"]["entries"][0]["comment"].as_str().unwrap();
    assert_eq!(comment.chars().count(), 1001);
    assert!(comment.starts_with("::error::pwned\n") && comment.ends_with('…'));
    assert!(outcome.annotations("error").is_empty(), "{}", outcome.transcript());
    assert!(!outcome.masks().contains(&"success".to_owned()));
    assert_eq!(outcome.output("outcome"), "success");
}

#[test]
fn a_hundred_pull_requests_are_counted_and_twenty_kept() {
    let (trial, github) = (one(), GitHub::start());
    for number in 1..=25 {
        github.merge(COMMIT, number, "x", ("bob", "bob"));
    }
    let pulls = record(&trial, &github).run().log("callisto")["pull_requests"].clone();
    assert_eq!((pulls["entries"].as_array().unwrap().len(), &pulls["omitted"]), (20, &json!(5)));
}

#[test]
fn a_dry_run_asks_no_questions() {
    let (trial, github) = (one(), told());
    asking(trial.run(), &github).input("dry-run", "true").run().assert_code(0);
    assert!(github.requests().is_empty());
}
