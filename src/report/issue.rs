//! The texts of an environment's issue, in Markdown. Words of others in them are shown as text. Pure.

use std::collections::BTreeSet;

use super::SponsorResult;
use super::markdown::{self, cell};
use super::summary::{Subject, failure, failures};

/// A third of what GitHub takes (65,536 characters), whatever the characters are.
const LIMIT: usize = 20_000;
/// Of sponsors that recovered, this many are named.
const NAMED: usize = 100;

/// The run that reports.
#[derive(Debug, Clone, Copy)]
pub struct ReportingRun<'a> {
    /// What it did.
    pub subject: Subject,
    /// Environment's name.
    pub environment: &'a str,
    /// Its page.
    pub url: Option<&'a str>,
    /// Its attempt.
    pub attempt: Option<&'a str>,
}

/// `sponsor-backup: restore drill failing in production`. An issue is found again by its marker, whatever its title.
#[must_use]
pub fn title(run: ReportingRun<'_>) -> String {
    format!("sponsor-backup: {} failing in {}", run.subject.name().to_lowercase(), run.environment)
}

/// What failed, of each sponsor, and where to look.
#[must_use]
pub fn of_failures(run: ReportingRun<'_>, results: &[SponsorResult]) -> String {
    let failures = failures(results, LIMIT);
    whole(
        run,
        &format!(
            "{failures}The next failure adds a comment. The issue closes when the same sponsors succeed."
        ),
    )
}

/// The same of a run that failed before it reached any sponsor.
#[must_use]
pub fn of_a_refusal(run: ReportingRun<'_>, (stage, message): (&str, &str), hint: Option<&str>) -> String {
    let what = failure(None, stage, message, hint);
    let ends = "The next failure adds a comment. The issue closes when a run for the same sponsors gets past this point.";
    whole(run, &format!("The run failed before it reached any sponsor.\n\n{what}{ends}"))
}

/// `Recovered: [run, attempt 2](…). Sponsors: callisto, titan.`
#[must_use]
pub fn of_a_recovery(run: ReportingRun<'_>, sponsors: &BTreeSet<String>) -> String {
    let names: Vec<String> = sponsors.iter().take(NAMED).map(|name| cell(name)).collect();
    let more = sponsors.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let sponsors =
        if names.is_empty() { String::new() } else { format!(" Sponsors: {}{more}.", names.join(", ")) };
    format!("Recovered: {}.{sponsors}\n", link(run))
}

fn whole(run: ReportingRun<'_>, failures: &str) -> String {
    let (name, environment) = (run.subject.name(), cell(run.environment));
    let link = link(run);
    format!("**{name}, {environment}: failed.** {link}\n\n{failures}\n")
}

fn link(run: ReportingRun<'_>) -> String {
    let attempt = run.attempt.map(|attempt| format!(", attempt {attempt}")).unwrap_or_default();
    match run.url {
        Some(url) => markdown::link(&format!("run{attempt}"), url),
        None => "(not run in a workflow)".to_owned(),
    }
}

#[cfg(test)]
mod tests;
