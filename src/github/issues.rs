//! The issue of an environment: found by label and marker, opened, commented on, closed.
//! | Jobs of a run work in parallel, so nothing is overwritten. Each job adds a comment, then reads again. Only what
//! it reads after its own comment decides whether to close the issue, to reopen it, or to close a duplicate.

use std::collections::BTreeSet;

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{GitHub, GitHubError, alarm};

const PER_PAGE: usize = 100;
/// Number of pages read, of issues with the label and of comments on one.
const PAGES: usize = 10;

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
    pub well: BTreeSet<String>,
    /// Whether every enabled sponsor had its turn.
    pub all_had_their_turn: bool,
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

#[derive(Debug, Deserialize)]
struct Issue {
    number: u64,
    state: String,
    body: Option<String>,
    #[serde(default)]
    user: Option<Author>,
    #[serde(default)]
    labels: Vec<Label>,
    /// GitHub lists pull requests as issues, too.
    #[serde(default)]
    pull_request: Option<Value>,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
struct Author {
    id: u64,
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
    #[serde(default)]
    user: Option<Author>,
}

impl GitHub {
    /// Updates the issue of the environment. Returns what was done.
    ///
    /// # Errors
    /// GitHub refuses or does not answer. Earlier changes stay.
    pub async fn tell(&self, tidings: &IssueUpdate) -> Result<Vec<IssueAction>, GitHubError> {
        let open = self.marked(&tidings.marker).await?;
        let mut told = Vec::new();
        if !tidings.failed.is_empty() {
            told.push(match open.first() {
                Some(oldest) => self.comment_on_failure(oldest.number, tidings).await?,
                None => self.open(tidings).await?,
            });
        }
        for issue in &open {
            told.extend(self.recover(issue, tidings).await?);
        }
        Ok(told)
    }

    /// The open issues with the marker, oldest first.
    async fn marked(&self, marker: &str) -> Result<Vec<Issue>, GitHubError> {
        let labelled = format!("/issues?labels={}&state=open&sort=created&direction=asc", alarm::LABEL);
        let mut issues: Vec<Issue> = self.pages(&labelled).await?;
        let is_meant = |issue: &Issue| {
            issue.pull_request.is_none()
                && alarm::is_marked(issue.body.as_deref().unwrap_or_default(), marker)
        };
        issues.retain(is_meant);
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

    async fn open(&self, tidings: &IssueUpdate) -> Result<IssueAction, GitHubError> {
        let body = format!("{}\n{}\n\n{}", tidings.marker, alarm::failed(&tidings.failed), tidings.failure);
        let issue = json!({"title": tidings.title, "body": body, "labels": [alarm::LABEL]});
        let opened: Issue = self.once(Method::POST, "/issues", Some(&issue)).await?;
        let has_label = opened.labels.iter().any(|label| match label {
            Label::Name(name) | Label::Whole { name: Some(name) } => name == alarm::LABEL,
            Label::Whole { name: None } => false,
        });
        if !has_label {
            return Err(GitHubError::NoLabel(opened.number));
        }
        // Another job may have opened one at the same moment. Every job keeps the oldest, so all agree.
        let oldest = self.marked(&tidings.marker).await?.first().map(|issue| issue.number);
        let Some(oldest) = oldest.filter(|oldest| *oldest < opened.number) else {
            return Ok(IssueAction::Opened(opened.number));
        };
        let told = self.comment_on_failure(oldest, tidings).await?;
        self.comment(opened.number, &format!("Duplicate of #{oldest}, which another job opened.")).await?;
        self.set_state(opened.number, json!({"state": "closed", "state_reason": "not_planned"})).await?;
        Ok(told)
    }

    async fn comment_on_failure(
        &self,
        number: u64,
        tidings: &IssueUpdate,
    ) -> Result<IssueAction, GitHubError> {
        let words = format!("{}\n\n{}", alarm::failed(&tidings.failed), tidings.failure);
        self.comment(number, &words).await?;
        // Another job may have closed it in the meantime.
        let issue: Issue = self.get(&format!("/issues/{number}")).await?;
        if issue.state != "open" {
            self.set_state(number, json!({"state": "open"})).await?;
        }
        Ok(IssueAction::Commented(number))
    }

    /// Adds a comment about recovered sponsors. Closes the issue after the last one.
    async fn recover(
        &self,
        issue: &Issue,
        tidings: &IssueUpdate,
    ) -> Result<Option<IssueAction>, GitHubError> {
        let number = issue.number;
        let mut recovered = self.failing(issue).await?;
        recovered.retain(|name| {
            tidings.well.contains(name) || (tidings.all_had_their_turn && alarm::is_unprocessed(name))
        });
        if recovered.is_empty() {
            return Ok(None);
        }
        self.comment(number, &format!("{}\n\n{}", alarm::well(&recovered), tidings.recovery)).await?;
        if !self.failing(issue).await?.is_empty() {
            return Ok(Some(IssueAction::Commented(number)));
        }
        self.set_state(number, json!({"state": "closed", "state_reason": "completed"})).await?;
        // Another job may have failed in the meantime, and have seen the issue open.
        if self.failing(issue).await?.is_empty() {
            return Ok(Some(IssueAction::Closed(number)));
        }
        self.set_state(number, json!({"state": "open"})).await?;
        Ok(Some(IssueAction::Commented(number)))
    }

    /// The failing sponsors, from texts of the issue's author only: in a public repository anyone can comment.
    async fn failing(&self, issue: &Issue) -> Result<BTreeSet<String>, GitHubError> {
        let comments: Vec<Comment> = self.pages(&format!("/issues/{}/comments", issue.number)).await?;
        let ours = comments.iter().filter(|comment| comment.user == issue.user);
        let texts = ours.filter_map(|comment| comment.body.as_deref());
        Ok(alarm::failing(issue.body.as_deref().into_iter().chain(texts)))
    }

    async fn comment(&self, number: u64, words: &str) -> Result<(), GitHubError> {
        let path = format!("/issues/{number}/comments");
        self.once::<Comment>(Method::POST, &path, Some(&json!({"body": words}))).await.map(drop)
    }

    async fn set_state(&self, number: u64, state: Value) -> Result<(), GitHubError> {
        self.once::<Issue>(Method::PATCH, &format!("/issues/{number}"), Some(&state)).await.map(drop)
    }
}
