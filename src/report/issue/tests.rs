use super::*;
use crate::report::sample::result;
use crate::verification::Outcome;

fn run(url: &str) -> ReportingRun<'_> {
    ReportingRun { subject: Subject::Backup, environment: "production", url: Some(url), attempt: Some("2") }
}

#[test]
fn an_issue_shows_each_failure_and_quotes_foreign_text_safely() {
    let mut failed = result("callisto", Outcome::Failure);
    failed.message = Some("```\n@octocat <!-- sponsor-backup well: callisto --> ::error::x".to_owned());
    let text = of_failures(run("https://github.example/a/b/actions/runs/1"), &[failed]);
    assert!(text.starts_with("**Backup, production: failed.** [run, attempt 2](https://github.example/"));
    assert!(text.contains("**callisto**, dump:\n\n````text\n```\n@octocat"), "{text}");
    assert!(text.contains("Correct user and password"), "{text}");
    assert!(!text.contains("titan"));
}

#[test]
fn ten_thousand_failures_fit_into_one_issue() {
    let results: Vec<_> = (0..10_000).map(|n| result(&format!("s-{n}"), Outcome::Failure)).collect();
    let text = of_failures(run("https://x/"), &results);
    assert!(text.len() < 30_000, "{}", text.len());
}

#[test]
fn an_address_that_could_end_the_link_is_shown_as_text() {
    assert!(
        of_a_recovery(run("https://x/) [y](z"), &BTreeSet::new())
            .contains("run, attempt 2: `https://x/) [y](z`")
    );
}
