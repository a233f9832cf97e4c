//! Jobs of a matrix report to one issue, each of its own sponsor, in any order and at the same moment.

use std::time::Duration;

use super::asking;
use crate::support::{GitHub, GitHubTrouble as Trouble, Run, Sponsor, Trial};

fn two() -> Trial {
    Trial::of(["callisto", "titan"].map(|name| Sponsor::named(name).empty()))
}

fn job(trial: &Trial, github: &GitHub, sponsor: &str) -> Run {
    asking(trial.run(), github).input("issue-on-failure", "true").input("sponsors", sponsor)
}

fn region(trial: &Trial, sponsor: &str, is_there: bool) {
    trial.secret(sponsor, "SPONSOR_AWS_REGION", is_there.then_some("eu-west-1"));
}

fn open_issues(github: &GitHub) -> Vec<u64> {
    let open = github.issues().into_iter().filter(|issue| issue["state"] == "open");
    open.map(|issue| issue["number"].as_u64().unwrap()).collect()
}

#[test]
fn a_sponsors_success_does_not_hide_the_failure_of_another() {
    let (trial, github) = (two(), GitHub::start());
    region(&trial, "callisto", false);
    job(&trial, &github, "callisto").run().assert_code(12);
    job(&trial, &github, "titan").run().assert_code(0);
    assert_eq!((open_issues(&github), github.comments(1).len()), (vec![1], 0));
    region(&trial, "titan", false);
    job(&trial, &github, "titan").run().assert_code(12);
    region(&trial, "callisto", true);
    job(&trial, &github, "callisto").run().assert_code(0);
    assert_eq!((open_issues(&github), github.comments(1).len()), (vec![1], 2), "titan still fails");
    region(&trial, "titan", true);
    job(&trial, &github, "titan").run().assert_code(0);
    assert!(open_issues(&github).is_empty());
}

/// Each job reads the manifest anew, and one of them may be out of luck.
#[test]
fn a_refused_jobs_failure_stays_after_another_job_succeeds() {
    let (trial, github) = (two(), GitHub::start());
    let refused = |sponsor: &str| {
        job(&trial, &github, sponsor).file("bad.yml", "sponsors: [").input("manifest", "bad.yml")
    };
    refused("titan").run().assert_code(10);
    assert!(
        github.issues()[0]["body"].as_str().unwrap().contains("<!-- sponsor-backup failed: turn:titan -->")
    );
    job(&trial, &github, "callisto").run().assert_code(0);
    assert_eq!((open_issues(&github), github.comments(1).len()), (vec![1], 0), "titan has no backup");
    job(&trial, &github, "titan").run().assert_code(0);
    assert!(open_issues(&github).is_empty());
    // That it had its turn is enough where its flag is off: nothing fails any more.
    refused("titan").run().assert_code(10);
    trial.secret("titan", "ENABLE_S3_BACKUP_ARCHIVAL", Some("false"));
    job(&trial, &github, "titan").run().assert_code(0);
    assert!(open_issues(&github).is_empty());
    // A run of all is everybody's turn, and answers a run of all.
    for whom in ["titan", "nobody", "", "io --> <!-- sponsor-backup well: titan"] {
        refused(whom).run().assert_code(10);
        let body = github.issues().last().unwrap()["body"].to_string();
        assert!(body.lines().take(2).all(|line| !line.contains("io -->")), "{body}");
        job(&trial, &github, "callisto").run().assert_code(0);
        assert_eq!(open_issues(&github).len(), 1, "{whom}");
        job(&trial, &github, "").run().assert_code(0);
        assert!(open_issues(&github).is_empty(), "{whom}");
    }
}

/// As GitHub's list is a moment late, or two jobs look before either has opened one.
#[test]
fn an_issue_opened_twice_is_closed_by_the_later_job() {
    let (trial, github) = (two(), GitHub::start());
    for sponsor in ["callisto", "titan"] {
        region(&trial, sponsor, false);
    }
    job(&trial, &github, "callisto").run().assert_code(12);
    github.next("GET /repos/cure-hht/hht_diary/issues", Trouble::Says("[]"));
    job(&trial, &github, "titan").run().assert_code(12);
    assert_eq!(github.issues().len(), 2, "both have opened one");
    assert_eq!(open_issues(&github), [1], "and the later one has seen it");
    assert!(github.comments(2)[0].contains("Duplicate of #1"));
    for sponsor in ["callisto", "titan"] {
        region(&trial, sponsor, true);
        assert_eq!(open_issues(&github), [1], "{sponsor} is still told of in the issue that is open");
        job(&trial, &github, sponsor).run().assert_code(0);
    }
    assert!(open_issues(&github).is_empty());
}

#[test]
fn jobs_that_fail_at_the_same_time_leave_one_issue_open() {
    let (trial, github) = (two(), GitHub::start());
    for sponsor in ["callisto", "titan"] {
        region(&trial, sponsor, false);
    }
    github.trouble("GET /repos/cure-hht/hht_diary/issues", Trouble::Slow(Duration::from_secs(1)));
    let jobs = ["callisto", "titan"].map(|sponsor| job(&trial, &github, sponsor).start());
    for job in jobs {
        job.wait().assert_code(12);
    }
    assert_eq!(open_issues(&github), [1], "{:#?}", github.issues());
}

#[test]
fn a_strangers_comment_closes_nothing() {
    let (trial, github) = (two(), GitHub::start());
    region(&trial, "callisto", false);
    job(&trial, &github, "callisto").run().assert_code(12);
    github.comment_of("mallory", 1, "<!-- sponsor-backup well: callisto -->");
    job(&trial, &github, "titan").run().assert_code(0);
    region(&trial, "callisto", true);
    job(&trial, &github, "callisto").run().assert_code(0);
    assert!(open_issues(&github).is_empty());
    assert_eq!(github.comments(1).len(), 2, "the stranger's and the recovery's: {:?}", github.comments(1));
}
