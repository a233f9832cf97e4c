//! Every text about a record that was not saved, or about GitHub's missing part of it.

use super::*;
use crate::github::GitHubError;
use crate::github::provenance::{self, Answer, Provenance};

fn differs(what: &'static str, expected: &str, got: &str) -> StoreError {
    StoreError::Differs {
        location: "s3://b/deployments/x.json".to_owned(),
        what,
        expected: expected.to_owned(),
        got: got.to_owned(),
    }
}

fn errors() -> Vec<RecordError> {
    let errors = vec![
        RecordError::Local {
            path: "deployment-logs/callisto".to_owned(),
            reason: "Permission denied (os error 13)".to_owned(),
        },
        RecordError::NoAnswer { folder: None, within: "within two minutes" },
        RecordError::NoAnswer {
            folder: Some("file:///srv/audit-logs/".to_owned()),
            within: "in the seconds after the signal",
        },
        RecordError::Untrue {
            location: "s3://b/backups/x.sql.gz".to_owned(),
            why: "it has 7 bytes, but `backup-size` is 5".to_owned(),
        },
        RecordError::NotAsSent(differs("lock", "GOVERNANCE until 2033-11-21T01:30:00Z", "missing")),
        RecordError::NotAsSent(differs("tags", "environment=production sponsor=callisto", "none")),
        RecordError::UnreadHold {
            location: "s3://b/holds/x.json".to_owned(),
            why: "it does not read as the record of a hold".to_owned(),
        },
        RecordError::Store(StoreError::AlreadyExists { location: "s3://b/deployments/x.json".to_owned() }),
    ];
    // A new variant does not compile until it is added here too.
    match errors[0] {
        RecordError::Local { .. }
        | RecordError::NoAnswer { .. }
        | RecordError::Untrue { .. }
        | RecordError::UnreadHold { .. }
        | RecordError::NotAsSent(_)
        | RecordError::Store(_) => errors,
    }
}

fn of_github() -> Vec<GitHubError> {
    let what = || "GET /repos/cure-hht/hht_diary/issues".to_owned();
    let errors = vec![
        GitHubError::Unsafe,
        GitHubError::NoRepository,
        GitHubError::NoClient("no root certificates".to_owned()),
        GitHubError::NoAnswer { what: what(), reason: "connection refused".to_owned() },
        GitHubError::Refused {
            what: what(),
            status: 403,
            message: "Resource not accessible by integration".to_owned(),
        },
        GitHubError::Nonsense { what: what(), reason: "missing field `number`".to_owned() },
        GitHubError::NoLabel(7),
    ];
    match errors[0] {
        GitHubError::Unsafe
        | GitHubError::NoRepository
        | GitHubError::NoClient(_)
        | GitHubError::NoAnswer { .. }
        | GitHubError::Refused { .. }
        | GitHubError::Nonsense { .. }
        | GitHubError::NoLabel(_) => errors,
    }
}

#[test]
fn record_errors_and_hints_read_as_reviewed() {
    let ours = errors().into_iter().map(|error| (error.to_string(), error.hint()));
    let githubs = of_github().into_iter().map(|error| (error.to_string(), None));
    crate::reviewed::errors("errors-record", ours.chain(githubs));
}

#[test]
fn lines_about_approvals_and_pull_requests_read_as_reviewed() {
    let approvals = provenance::approvals(
        serde_json::from_str(
            r#"[{"user": {"login": "mona"}, "state": "approved", "comment": "go", "environments": [{"name": "production"}]},
                {"user": null, "state": "rejected", "comment": "", "environments": [{"name": "production"}]},
                {"user": {"login": "hubot"}, "state": "pending", "comment": "", "environments": []}]"#,
        )
        .unwrap(),
    );
    let pull_requests = provenance::pull_requests(
        serde_json::from_str(
            r#"[{"number": 7, "title": "Add visits", "user": null, "base": {"ref": "main"}, "merged_at": null}]"#,
        )
        .unwrap(),
    );
    let all = [
        Provenance { approvals, pull_requests },
        Provenance {
            approvals: provenance::approvals(Vec::new()),
            pull_requests: Answer::unavailable("GitHub did not answer within 5 seconds"),
        },
        Provenance::not_asked("`github-token` is not set"),
    ];
    let lines: Vec<String> = all.iter().flat_map(Provenance::lines).collect();
    crate::reviewed::text("lines-github", &lines.join("\n"));
}
