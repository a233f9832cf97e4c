//! What an environment's issue says, in Markdown. Whose words they are, they do nothing. Pure.

use super::SponsorResult;
use super::markdown::{cell, code};
use super::summary::{Subject, failure, failures};

/// A third of what GitHub takes (65,536 characters), whatever the characters are.
const LIMIT: usize = 20_000;

/// The run that tells.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// What it did.
    pub subject: Subject,
    /// Environment's name.
    pub environment: &'a str,
    /// Its page.
    pub url: Option<&'a str>,
    /// Its attempt.
    pub attempt: Option<&'a str>,
}

/// `Restore drill of production fails`
#[must_use]
pub fn title(run: Run<'_>) -> String {
    format!("{} of {} fails", run.subject.name(), run.environment)
}

/// What failed, of each sponsor, and where to look.
#[must_use]
pub fn of_failures(run: Run<'_>, results: &[SponsorResult]) -> String {
    let failures = failures(results, LIMIT);
    whole(
        run,
        &format!(
            "{failures}The next failure adds a comment here, and the next success of the same sponsors closes this issue."
        ),
    )
}

/// The same of a run that failed before any sponsor's turn.
#[must_use]
pub fn of_a_refusal(run: Run<'_>, (stage, message): (&str, &str), hint: Option<&str>) -> String {
    let what = failure(None, stage, message, hint);
    let ends = "The next failure adds a comment here; the next run for the same sponsors that gets further closes this issue.";
    whole(run, &format!("It failed before any sponsor's turn.\n\n{what}{ends}"))
}

/// That sponsors are well again.
#[must_use]
pub fn of_a_recovery(run: Run<'_>) -> String {
    format!("It went well again: {}. The first line of this comment names whom.\n", link(run))
}

fn whole(run: Run<'_>, failures: &str) -> String {
    let (name, environment) = (run.subject.name(), cell(run.environment));
    let link = link(run);
    format!("**{name}, {environment}: failed.** {link}\n\n{failures}\n")
}

/// The runner names the page; a name that could end the link is shown as it is.
fn link(run: Run<'_>) -> String {
    let attempt = run.attempt.map(|attempt| format!(", attempt {}", cell(attempt))).unwrap_or_default();
    match run.url {
        Some(url) if is_plain(url) => format!("[The run{attempt}]({url})"),
        Some(url) => format!("The run: {}", code(url)),
        None => "It was no run of a workflow".to_owned(),
    }
}

fn is_plain(url: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/%?=&".contains(&byte);
    url.starts_with("http") && url.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::Outcome;
    use crate::report::sample::result;

    fn run(url: &str) -> Run<'_> {
        Run { subject: Subject::Backup, environment: "production", url: Some(url), attempt: Some("2") }
    }

    #[test]
    fn an_issue_shows_each_failure_and_quotes_foreign_text_safely() {
        let mut failed = result("callisto", Outcome::Failure);
        failed.message = Some("```\n@octocat <!-- sponsor-backup well: callisto --> ::error::x".to_owned());
        let text = of_failures(run("https://github.example/a/b/actions/runs/1"), &[failed]);
        assert!(
            text.starts_with("**Backup, production: failed.** [The run, attempt 2](https://github.example/")
        );
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
        assert!(of_a_recovery(run("https://x/) [y](z")).contains("The run: `https://x/) [y](z`"));
    }
}
