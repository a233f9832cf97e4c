//! `issue-on-failure`: one issue for each environment, opened, commented on and closed; what cannot be sent is a warning.

use std::time::Duration;

use super::{asking, one};
use crate::support::{GitHub, GitHubTrouble as Trouble, Run, Sponsor, Trial};

fn telling(trial: &Trial, github: &GitHub) -> Run {
    asking(trial.run(), github).input("issue-on-failure", "true")
}

fn breaks(trial: &Trial) {
    trial.secret("callisto", "SPONSOR_AWS_REGION", None);
}

fn mends(trial: &Trial) {
    trial.secret("callisto", "SPONSOR_AWS_REGION", Some("eu-west-1"));
}

/// Number and state of every issue.
fn states(github: &GitHub) -> Vec<(u64, String)> {
    let issues = github.issues().into_iter();
    issues
        .map(|issue| (issue["number"].as_u64().unwrap(), issue["state"].as_str().unwrap().to_owned()))
        .collect()
}

fn open(number: u64) -> (u64, String) {
    (number, "open".to_owned())
}

fn closed(number: u64) -> (u64, String) {
    (number, "closed".to_owned())
}

#[test]
fn repeated_failures_share_one_issue_and_spare_a_persons_issue() {
    let (trial, github) = (one(), GitHub::start());
    let theirs = github.issue_of("dave", "Ideas", "About backups", &["sponsor-backup"]);
    breaks(&trial);
    let outcome = telling(&trial, &github).run();
    outcome.assert_code(12);
    assert_eq!(states(&github), [open(theirs), open(2)]);
    let issue = github.issues()[1].clone();
    assert_eq!(issue["title"], "sponsor-backup: backup failing in production");
    assert_eq!(issue["labels"][0]["name"], "sponsor-backup");
    let body = issue["body"].as_str().unwrap();
    for words in [
        "**callisto**, secrets:",
        "SPONSOR_AWS_REGION",
        "[run, attempt 2](https://github.example/cure-hht/hht_diary/actions/runs/17342009911)",
    ] {
        assert!(body.contains(words), "no {words} in {body}");
    }
    assert!(outcome.visible().contains("opened issue #2"));
    telling(&trial, &github).run().assert_code(12);
    assert_eq!((states(&github), github.comments(2).len()), (vec![open(theirs), open(2)], 1));
    assert!(github.comments(2)[0].contains("**callisto**, secrets:"));
    mends(&trial);
    telling(&trial, &github).run().assert_code(0);
    assert_eq!(states(&github), [open(theirs), closed(2)]);
    assert!(github.comments(2)[1].contains("Recovered: [run, attempt 2]"));
    assert!(github.comments(theirs).is_empty());
    let before = github.requests();
    telling(&trial, &github).run().assert_code(0);
    let writes = github.requests().iter().skip(before.len()).filter(|line| !line.starts_with("GET ")).count();
    assert_eq!((writes, states(&github).len()), (0, 2), "a success without an issue writes nothing");
    breaks(&trial);
    telling(&trial, &github).run().assert_code(12);
    assert_eq!(states(&github), [open(theirs), closed(2), open(3)], "what is closed stays closed");
}

#[test]
fn two_environments_are_two_issues_and_a_drill_has_its_own() {
    let github = GitHub::start();
    let production = one();
    let staging = Trial::plan([Sponsor::named("callisto").empty()]).environment("staging").start();
    for trial in [&production, &staging] {
        breaks(trial);
        telling(trial, &github).run().assert_code(12);
    }
    telling(&production, &github).input("command", "drill").run().assert_code(12);
    let titles: Vec<String> =
        github.issues().iter().map(|issue| issue["title"].as_str().unwrap().to_owned()).collect();
    assert_eq!(
        titles,
        [
            "sponsor-backup: backup failing in production",
            "sponsor-backup: backup failing in staging",
            "sponsor-backup: restore drill failing in production",
        ]
    );
    mends(&production);
    telling(&production, &github).run().assert_code(0);
    assert_eq!(states(&github), [closed(1), open(2), open(3)]);
    telling(&production, &github).input("command", "drill").run().assert_code(0);
    assert_eq!(states(&github), [closed(1), open(2), closed(3)]);
}

#[test]
fn a_refused_selection_has_an_issue_that_a_full_run_closes() {
    let (trial, github) = (one(), GitHub::start());
    telling(&trial, &github).input("sponsors", "calisto").run().assert_code(11);
    assert_eq!(states(&github), [open(1)]);
    assert!(
        github.issues()[0]["body"]
            .as_str()
            .unwrap()
            .contains("The run failed before it reached any sponsor.")
    );
    telling(&trial, &github).run().assert_code(0);
    assert_eq!(states(&github), [closed(1)]);
}

/// If the matrix fails, there are no jobs of sponsors that could report it.
#[test]
fn a_matrix_that_fails_has_an_issue_of_its_own() {
    let (trial, github) = (one(), GitHub::start());
    for (refused, served) in [("", ""), ("callisto", "callisto"), ("", "callisto"), ("callisto", "")] {
        let matrix =
            |sponsors: &str| telling(&trial, &github).input("command", "matrix").input("sponsors", sponsors);
        let of_file = |text: &str| matrix(refused).file("m.yml", text).input("manifest", "m.yml");
        of_file("sponsors: [").run().assert_code(10);
        let issues = github.issues();
        let issue = issues.last().unwrap();
        assert_eq!(issue["title"], "sponsor-backup: sponsor matrix failing in production");
        let number = issue["number"].as_u64().unwrap();
        telling(&trial, &github).run().assert_code(0);
        assert_eq!(states(&github).last().unwrap(), &open(number), "a backup says nothing of it");
        if refused.is_empty() {
            of_file("sponsors: [{name: callisto, code: CAL, enabled: false}]").run().assert_code(0);
            assert_eq!(states(&github).last().unwrap(), &open(number), "nobody enabled is no recovery");
        }
        matrix(served).run().assert_code(0);
        assert_eq!(states(&github).last().unwrap(), &closed(number));
    }
    assert_eq!(states(&github).len(), 4);
}

/// A watcher and a scheduled verification report, too.
#[test]
fn a_missing_and_a_damaged_backup_have_separate_issues() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let github = GitHub::start();
    let watch = || telling(&trial, &github).input("command", "list").input("max-backup-age", "8h");
    let verify = || telling(&trial, &github).input("command", "verify");
    watch().run().assert_code(17);
    verify().run().assert_code(14);
    assert_eq!(states(&github), [open(1), open(2)]);
    trial.run().run().assert_code(0);
    watch().run().assert_code(0);
    assert_eq!(states(&github), [closed(1), open(2)]);
    verify().run().assert_code(0);
    assert_eq!(states(&github), [closed(1), closed(2)]);
}

#[test]
fn what_cannot_be_sent_is_a_warning_and_changes_nothing_else() {
    let trial = one();
    breaks(&trial);
    for (trouble, reason) in [
        (Trouble::Status(403, "Resource not accessible by integration"), "with 403"),
        (
            Trouble::Status(410, "Issues has been disabled in this repository."),
            "with 410: Issues has been disabled",
        ),
        (Trouble::Html(502), "with 502"),
        (Trouble::Quotes, "bad header Bearer ***"),
        (Trouble::HangUp, "did not answer"),
        (Trouble::Says("[]"), "cannot read GitHub's answer to"),
    ] {
        let github = GitHub::start();
        github.trouble("POST ", trouble.clone());
        let outcome = telling(&trial, &github).run();
        outcome.assert_code(12);
        let warnings = outcome.annotations("warning").join("\n");
        assert!(warnings.contains("could not update the GitHub issue: "), "{warnings}");
        assert!(warnings.contains(reason), "{trouble:?}: {warnings}");
        assert!(!outcome.everything().contains(&github.token));
        let posts = github.requests().iter().filter(|line| line.starts_with("POST ")).count();
        assert_eq!(posts, 1, "what is written is not tried again");
    }
    let github = GitHub::start();
    let outcome = telling(&trial, &github).input("github-token", "").run();
    outcome.assert_code(12);
    assert!(outcome.annotations("warning").join("\n").contains("`issue-on-failure` needs `github-token`"));
    mends(&trial);
    github.lacks("issues");
    let outcome = telling(&trial, &github).run();
    outcome.assert_code(0);
    assert_eq!(outcome.output("outcome"), "success");
    assert!(outcome.annotations("warning").join("\n").contains("with 403"), "told while all is well, too");
}

#[test]
fn no_issue_for_a_dry_run_a_disabled_sponsor_or_without_input() {
    let (trial, github) = (one(), GitHub::start());
    breaks(&trial);
    asking(trial.run(), &github).run().assert_code(12);
    telling(&trial, &github).input("dry-run", "true").run().assert_code(12);
    assert!(github.issues().is_empty());
    telling(&trial, &github).run().assert_code(12);
    assert_eq!(states(&github), [open(1)]);
    mends(&trial);
    trial.secret("callisto", "ENABLE_S3_BACKUP_ARCHIVAL", Some("false"));
    telling(&trial, &github).run().assert_code(0);
    assert_eq!(states(&github), [open(1)], "a flag that is off proves nothing");
    telling(&trial, &github).input("require-backup", "true").run().assert_code(12);
    assert_eq!(github.comments(1).len(), 1, "unless a backup is required");
}

#[test]
fn a_run_that_was_stopped_opens_no_issue() {
    let (trial, github) = (one(), GitHub::start());
    trial.doppler.trouble_for(
        trial.token("callisto"),
        &crate::support::Trouble::Slow(Duration::from_secs(10)),
        1,
    );
    let running = telling(&trial, &github).start();
    crate::support::tools::wait_for("the sponsor's turn", Duration::from_secs(20), || {
        (trial.doppler.requests().len() > 1).then_some(())
    });
    running.signal("TERM");
    running.wait().assert_code(143);
    assert!(!github.requests().iter().any(|line| line.contains("/issues")), "{:?}", github.requests());
}

#[test]
fn a_failures_words_do_nothing_in_the_issue_and_hold_no_secret() {
    let (trial, github) = (one(), GitHub::start());
    let url = trial.database("callisto").url();
    let text = format!("{url}?sslmod=```%0A@octocat");
    trial.secret("callisto", "DATABASE_URL", Some(&text));
    telling(&trial, &github).run().assert_code(13);
    let body = github.issues()[0]["body"].as_str().unwrap().to_owned();
    assert!(!body.contains(&url) && !body.contains(&trial.database("callisto").password), "{body}");
    assert!(!body.contains(trial.token("callisto")) && !body.contains(&github.token));
}
