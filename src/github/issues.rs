//! The issue of a command and an environment: found by label and marker, opened, commented on, closed.
//!
//! An issue remembers who fails in HTML comments, which are the first lines of its text and of its comments. Jobs of a run
//! work in parallel, so nothing is overwritten: each job adds a comment, then reads again. Only what it reads after its own
//! comment decides whether to close the issue, to reopen it, or to close a duplicate.

use std::collections::BTreeSet;

use octocrab::models::issues::IssueStateReason;
use octocrab::models::{IssueState, UserId};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::{GitHub, GitHubError};
use crate::manifest::is_name;
use crate::sponsors::Selection;

const PER_PAGE: usize = 100;
/// Number of pages read, of issues with the label and of comments on one.
const PAGES: usize = 10;
/// Label of the issues.
const LABEL: &str = "sponsor-backup";

/// What a run reports.
#[derive(Debug, Clone)]
pub struct IssueUpdate {
    /// First line of the issue, which identifies it.
    pub marker: String,
    /// Title of the issue.
    pub title: String,
    /// Sponsors that failed.
    pub failed: BTreeSet<String>,
    /// Sponsors that succeeded.
    pub recovered: BTreeSet<String>,
    /// Whether every enabled sponsor was processed.
    pub processed_all: bool,
    /// Text about the failures.
    pub failure: String,
    /// Text about the recoveries.
    pub recovery: String,
}

/// What was done with an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IssueAction {
    /// Opened.
    Opened(u64),
    /// A comment was added.
    Commented(u64),
    /// Closed, with a comment.
    Closed(u64),
}

impl GitHub {
    /// Updates the issue of the environment. Returns what was done.
    ///
    /// # Errors
    /// GitHub refuses or does not answer. Earlier changes stay.
    pub async fn update_issue(&self, update: &IssueUpdate) -> Result<Vec<IssueAction>, GitHubError> {
        let open = self.marked(&update.marker).await?;
        let mut done = Vec::new();
        if !update.failed.is_empty() {
            done.push(match open.first() {
                Some(oldest) => self.comment_on_failure(oldest.number, update).await?,
                None => self.open(update).await?,
            });
        }
        // More than one is open if two jobs opened them and the later one was stopped: each remembers its own sponsors.
        for issue in &open {
            done.extend(self.recover(issue, update).await?);
        }
        Ok(done)
    }

    /// The open issues with the marker, oldest first.
    async fn marked(&self, marker: &str) -> Result<Vec<Issue>, GitHubError> {
        let labelled = format!("/issues?labels={LABEL}&state=open&sort=created&direction=asc");
        let mut issues: Vec<Issue> = self.pages(&labelled).await?;
        let is_meant = |issue: &Issue| {
            issue.pull_request.is_none() && is_marked(issue.body.as_deref().unwrap_or_default(), marker)
        };
        issues.retain(is_meant);
        // GitHub sorts by the second, in which two jobs may have opened one each.
        issues.sort_by_key(|issue| issue.number);
        Ok(issues)
    }

    async fn pages<T: serde::de::DeserializeOwned>(&self, below: &str) -> Result<Vec<T>, GitHubError> {
        let and = if below.contains('?') { '&' } else { '?' };
        let mut all = Vec::new();
        for page in 1..=PAGES {
            let some: Vec<T> = self.get(&format!("{below}{and}per_page={PER_PAGE}&page={page}")).await?;
            let is_last = some.len() < PER_PAGE;
            all.extend(some);
            if is_last {
                break;
            }
        }
        Ok(all)
    }

    async fn open(&self, update: &IssueUpdate) -> Result<IssueAction, GitHubError> {
        let body = format!("{}\n{}\n\n{}", update.marker, failed_line(&update.failed), update.failure);
        let issues = self.issues();
        let issue = issues.create(&update.title).body(body).labels(vec![LABEL.to_owned()]);
        let opened: Issue = self.post("/issues", &issue).await?;
        let has_label = opened.labels.iter().any(|label| match label {
            Label::Name(name) | Label::Whole { name: Some(name) } => name == LABEL,
            Label::Whole { name: None } => false,
        });
        // GitHub drops the labels of an account without push access, and says nothing.
        if !has_label {
            return Err(GitHubError::NoLabel(opened.number));
        }
        // Another job may have opened one at the same moment. Every job keeps the oldest, so all agree.
        let oldest = self.marked(&update.marker).await?.first().map(|issue| issue.number);
        let Some(oldest) = oldest.filter(|oldest| *oldest < opened.number) else {
            return Ok(IssueAction::Opened(opened.number));
        };
        let done = self.comment_on_failure(oldest, update).await?;
        self.comment(opened.number, &format!("Duplicate of #{oldest}, which another job opened.")).await?;
        self.close(opened.number, IssueStateReason::NotPlanned).await?;
        Ok(done)
    }

    async fn comment_on_failure(
        &self,
        number: u64,
        update: &IssueUpdate,
    ) -> Result<IssueAction, GitHubError> {
        let words = format!("{}\n\n{}", failed_line(&update.failed), update.failure);
        self.comment(number, &words).await?;
        // Another job may have closed it in the meantime.
        let issue: Issue = self.get(&format!("/issues/{number}")).await?;
        if issue.state != IssueState::Open {
            self.reopen(number).await?;
        }
        Ok(IssueAction::Commented(number))
    }

    /// Adds a comment about recovered sponsors. Closes the issue after the last one.
    async fn recover(&self, issue: &Issue, update: &IssueUpdate) -> Result<Option<IssueAction>, GitHubError> {
        let number = issue.number;
        let mut recovered = self.failing(issue).await?;
        recovered
            .retain(|name| update.recovered.contains(name) || (update.processed_all && is_unprocessed(name)));
        if recovered.is_empty() {
            return Ok(None);
        }
        self.comment(number, &format!("{}\n\n{}", recovered_line(&recovered), update.recovery)).await?;
        if !self.failing(issue).await?.is_empty() {
            return Ok(Some(IssueAction::Commented(number)));
        }
        self.close(number, IssueStateReason::Completed).await?;
        // Another job may have failed in the meantime, and have seen the issue open.
        if self.failing(issue).await?.is_empty() {
            return Ok(Some(IssueAction::Closed(number)));
        }
        self.reopen(number).await?;
        Ok(Some(IssueAction::Commented(number)))
    }

    /// The failing sponsors, from texts of the issue's author only: in a public repository anyone can comment.
    async fn failing(&self, issue: &Issue) -> Result<BTreeSet<String>, GitHubError> {
        let comments: Vec<Comment> = self.pages(&format!("/issues/{}/comments", issue.number)).await?;
        let is_ours = |comment: &&Comment| comment.user.is_some() && comment.user == issue.user;
        let ours = comments.iter().filter(is_ours);
        let texts = ours.filter_map(|comment| comment.body.as_deref());
        Ok(failing(issue.body.as_deref().into_iter().chain(texts)))
    }

    async fn comment(&self, number: u64, words: &str) -> Result<(), GitHubError> {
        let comment = json!({"body": words});
        self.post::<IgnoredAny>(&format!("/issues/{number}/comments"), &comment).await.map(drop)
    }

    async fn close(&self, number: u64, reason: IssueStateReason) -> Result<(), GitHubError> {
        let issues = self.issues();
        let closed = issues.update(number).state(IssueState::Closed).state_reason(reason);
        self.patch::<Issue>(&format!("/issues/{number}"), &closed).await.map(drop)
    }

    async fn reopen(&self, number: u64) -> Result<(), GitHubError> {
        let issues = self.issues();
        let open = issues.update(number).state(IssueState::Open);
        self.patch::<Issue>(&format!("/issues/{number}"), &open).await.map(drop)
    }
}

/// An issue, of which only these fields are read.
#[derive(Debug, Deserialize)]
struct Issue {
    number: u64,
    state: IssueState,
    body: Option<String>,
    user: Option<Author>,
    #[serde(default)]
    labels: Vec<Label>,
    /// GitHub lists pull requests as issues, too.
    pull_request: Option<IgnoredAny>,
}

/// `null` if the account was deleted.
#[derive(Debug, Deserialize, PartialEq, Eq)]
struct Author {
    id: UserId,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Label {
    Name(String),
    Whole { name: Option<String> },
}

#[derive(Debug, Deserialize)]
struct Comment {
    body: Option<String>,
    user: Option<Author>,
}

/// Names a run that failed before any sponsor was processed and did not select sponsors by name.
pub const RUN_ITSELF: &str = "the-run-itself";
/// Prefix of a sponsor that was not processed. No sponsor name has a colon.
const UNPROCESSED: &str = "turn:";
/// Number of lines that can record who fails.
const HEAD: usize = 2;
const FAILED: &str = "failed";
const RECOVERED: &str = "well";

/// The name of a sponsor that was not processed.
#[must_use]
pub fn unprocessed(sponsor: &str) -> String {
    format!("{UNPROCESSED}{sponsor}")
}

fn is_unprocessed(name: &str) -> bool {
    name.starts_with(UNPROCESSED)
}

/// The first line of an issue, which identifies it: `backup`, `production`.
#[must_use]
pub fn marker(command: &str, environment: &str) -> String {
    format!("<!-- sponsor-backup issue: {command} {environment} -->")
}

/// Whether an issue is the one with this marker.
fn is_marked(body: &str, marker: &str) -> bool {
    body.lines().next().is_some_and(|line| line.trim_end() == marker)
}

/// The line that records that these sponsors fail.
fn failed_line(sponsors: &BTreeSet<String>) -> String {
    state_line(FAILED, sponsors)
}

/// The line that records that these sponsors have recovered.
fn recovered_line(sponsors: &BTreeSet<String>) -> String {
    state_line(RECOVERED, sponsors)
}

fn state_line(word: &str, sponsors: &BTreeSet<String>) -> String {
    let names: Vec<&str> = sponsors.iter().map(String::as_str).collect();
    format!("<!-- sponsor-backup {word}: {} -->", names.join(" "))
}

/// The failing sponsors, after an issue and its comments in order. What other people wrote comes after the first lines.
fn failing<'a>(texts: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    let mut failing = BTreeSet::new();
    for line in texts.into_iter().flat_map(|text| text.lines().take(HEAD)) {
        let names = |word: &str| {
            let rest = line.trim().strip_prefix("<!-- sponsor-backup ")?.strip_prefix(word)?;
            let names = rest.strip_prefix(": ")?.strip_suffix(" -->")?;
            Some(names.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        };
        failing.extend(names(FAILED).unwrap_or_default());
        for name in names(RECOVERED).unwrap_or_default() {
            failing.remove(&name);
        }
    }
    failing
}

// Whose failure a run of `issue-on-failure` reports, and whose recovery. Pure.

/// A run with an issue.
#[derive(Debug, Clone)]
pub struct WatchedRun {
    /// The command, and what of it: `list age` is another promise than `list`.
    pub command: &'static str,
    /// The sponsors that it is for.
    pub selection: Selection,
}

impl WatchedRun {
    /// The first line of its issue, see [`marker`].
    #[must_use]
    pub fn marker(&self, environment: &str) -> String {
        marker(self.command, environment)
    }

    /// What failed if no sponsor was reached. A run for certain sponsors failed for these: others' success says
    /// nothing of them. The matrix runs for all jobs that come after it.
    #[must_use]
    pub fn refused(&self) -> BTreeSet<String> {
        match &self.selection {
            // An input that is not a valid name must not get into the lines that are read again.
            Selection::Named(names) | Selection::Listed(names)
                if !self.is_matrix() && names.iter().all(|name| is_name(name)) =>
            {
                names.iter().map(|name| unprocessed(name)).collect()
            }
            _ => BTreeSet::from([RUN_ITSELF.to_owned()]),
        }
    }

    /// What has recovered as soon as sponsors are reached.
    #[must_use]
    pub fn reached(&self) -> BTreeSet<String> {
        if self.is_of_all() { BTreeSet::from([RUN_ITSELF.to_owned()]) } else { self.refused() }
    }

    /// Whether it is for every enabled sponsor.
    #[must_use]
    pub fn is_of_all(&self) -> bool {
        self.is_matrix() || self.selection == Selection::AllEnabled
    }

    fn is_matrix(&self) -> bool {
        self.command == "matrix"
    }
}

/// Without what only the lines of an issue know: the sponsors that people read about.
#[must_use]
pub fn sponsors_of(names: &BTreeSet<String>) -> BTreeSet<String> {
    names.iter().filter(|name| is_name(name) && *name != RUN_ITSELF).cloned().collect()
}

#[cfg(test)]
mod tests;
