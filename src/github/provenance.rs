//! Who approved a run and which pull requests brought its commit, and the requests that ask GitHub.
//!
//! "No approvals" and "GitHub could not be asked" are different facts. Only an answer that was read has entries,
//! any other has a reason.

use futures_util::future::{join, try_join_all};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::run::RunIdentity;
use super::{GitHub, GitHubError};
use crate::manifest::shortened;

/// Number of approvals kept. The rest is only counted.
const APPROVALS: usize = 100;
/// Number of pull requests kept.
const PULL_REQUESTS: usize = 20;
/// Length of a comment that is kept, in characters.
const COMMENT: usize = 1000;
/// Length of a title.
const TITLE: usize = 300;
/// Length of a name.
const NAME: usize = 255;
/// Length of a reason.
const REASON: usize = 500;

/// Whether GitHub answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// GitHub answered, so the entries are complete.
    Read,
    /// No request was made, because the token or the run is missing.
    NotAsked,
    /// The request failed.
    Unavailable,
}

/// The answer to one question. Only [`Status::Read`] has entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the schema describes each key, once")]
pub struct Answer<T> {
    pub status: Status,
    pub reason: Option<String>,
    pub entries: Option<Vec<T>>,
    pub omitted: Option<usize>,
}

/// One person's review of a run that waited for approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the schema describes each key, once")]
pub struct Approval {
    pub user: Option<String>,
    pub state: ApprovalState,
    pub comment: String,
    pub environments: Vec<String>,
}

/// The person's decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "GitHub's own words")]
pub enum ApprovalState {
    Approved,
    Rejected,
    Pending,
}

/// A pull request that contains the commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the schema describes each key, once")]
pub struct PullRequest {
    pub number: u64,
    pub title: String,
    pub author: Option<String>,
    pub base: String,
    pub merged_at: Option<Timestamp>,
    pub merged_by: Option<String>,
}

/// Both answers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the schema describes each key, once")]
pub struct Provenance {
    pub approvals: Answer<Approval>,
    pub pull_requests: Answer<PullRequest>,
}

impl<T> Answer<T> {
    fn read(mut entries: Vec<T>, most: usize) -> Self {
        let omitted = entries.len().saturating_sub(most);
        entries.truncate(most);
        Self { status: Status::Read, reason: None, entries: Some(entries), omitted: Some(omitted) }
    }

    /// No request was made.
    pub fn not_asked(reason: &str) -> Self {
        Self::without(Status::NotAsked, reason)
    }

    /// The request failed.
    pub fn unavailable(reason: &str) -> Self {
        Self::without(Status::Unavailable, reason)
    }

    fn without(status: Status, reason: &str) -> Self {
        Self { status, reason: Some(shortened(reason, REASON)), entries: None, omitted: None }
    }
}

impl Provenance {
    /// No request was made for either.
    #[must_use]
    pub fn not_asked(reason: &str) -> Self {
        Self { approvals: Answer::not_asked(reason), pull_requests: Answer::not_asked(reason) }
    }

    /// Both requests failed.
    #[must_use]
    pub fn unavailable(reason: &str) -> Self {
        Self { approvals: Answer::unavailable(reason), pull_requests: Answer::unavailable(reason) }
    }

    /// The same with every text of other people cleaned.
    #[must_use]
    pub fn cleaned(mut self, clean: impl Fn(&str) -> String) -> Self {
        for reason in [&mut self.approvals.reason, &mut self.pull_requests.reason].into_iter().flatten() {
            *reason = clean(reason);
        }
        for approval in self.approvals.entries.iter_mut().flatten() {
            approval.user = approval.user.as_deref().map(&clean);
            approval.comment = clean(&approval.comment);
            approval.environments.iter_mut().for_each(|name| *name = clean(name));
        }
        for pull in self.pull_requests.entries.iter_mut().flatten() {
            pull.title = clean(&pull.title);
            pull.base = clean(&pull.base);
            pull.author = pull.author.as_deref().map(&clean);
            pull.merged_by = pull.merged_by.as_deref().map(&clean);
        }
        self
    }

    /// The lines of the log, one per question.
    #[must_use]
    pub fn lines(&self) -> [String; 2] {
        let approval = |approval: &Approval| {
            let word = match approval.state {
                ApprovalState::Approved => "approved by",
                ApprovalState::Rejected => "rejected by",
                ApprovalState::Pending => "waiting for",
            };
            let places = approval.environments.join(", ");
            format!("{word} {} ({places})", approval.user.as_deref().unwrap_or("a deleted account"))
        };
        let pull = |pull: &PullRequest| format!("#{} {}", pull.number, pull.title);
        [
            line("approvals", &self.approvals, "none", approval),
            line("pull requests of the commit", &self.pull_requests, "none", pull),
        ]
    }

    /// Why requests failed, if any did.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        let reasons = [
            (self.approvals.status, &self.approvals.reason),
            (self.pull_requests.status, &self.pull_requests.reason),
        ];
        let mut reasons: Vec<&str> = reasons
            .iter()
            .filter(|(status, _)| *status == Status::Unavailable)
            .filter_map(|(_, reason)| reason.as_deref())
            .collect();
        reasons.dedup();
        (!reasons.is_empty()).then(|| reasons.join("\n"))
    }
}

fn line<T>(what: &str, answer: &Answer<T>, none: &str, one: impl Fn(&T) -> String) -> String {
    let words = match (&answer.entries, answer.status) {
        (Some(entries), _) if entries.is_empty() => none.to_owned(),
        (Some(entries), _) => entries.iter().map(one).collect::<Vec<_>>().join("; "),
        (None, Status::NotAsked) => {
            format!("not requested ({})", answer.reason.as_deref().unwrap_or_default())
        }
        (None, _) => format!("unknown ({})", answer.reason.as_deref().unwrap_or_default()),
    };
    format!("{what}: {words}")
}

/// An account in GitHub's answers, `null` if it was deleted.
#[derive(Debug, Deserialize)]
struct User {
    login: String,
}

fn login(user: Option<User>) -> Option<String> {
    user.map(|user| shortened(&user.login, NAME))
}

/// One element of the answer to `/actions/runs/{run_id}/approvals`.
#[derive(Debug, Deserialize)]
pub(crate) struct RawApproval {
    user: Option<User>,
    state: ApprovalState,
    comment: String,
    environments: Vec<Named>,
}

#[derive(Debug, Deserialize)]
struct Named {
    name: String,
}

/// The answer to `/commits/{commit_sha}/pulls` and `/pulls/{pull_number}`. The first lacks `merged_by`.
#[derive(Debug, Deserialize)]
pub(crate) struct RawPull {
    pub(crate) number: u64,
    title: String,
    user: Option<User>,
    base: Base,
    pub(crate) merged_at: Option<Timestamp>,
    #[serde(default)]
    merged_by: Option<User>,
}

#[derive(Debug, Deserialize)]
struct Base {
    #[serde(rename = "ref")]
    name: String,
}

/// The pull requests that are kept. Only for these is `merged_by` requested.
pub(crate) fn kept(pulls: &[RawPull]) -> &[RawPull] {
    &pulls[..pulls.len().min(PULL_REQUESTS)]
}

pub(crate) fn approvals(raw: Vec<RawApproval>) -> Answer<Approval> {
    let one = |raw: RawApproval| Approval {
        user: login(raw.user),
        state: raw.state,
        comment: shortened(&raw.comment, COMMENT),
        environments: raw.environments.iter().take(NAME).map(|it| shortened(&it.name, NAME)).collect(),
    };
    Answer::read(raw.into_iter().map(one).collect(), APPROVALS)
}

pub(crate) fn pull_requests(raw: Vec<RawPull>) -> Answer<PullRequest> {
    let one = |raw: RawPull| PullRequest {
        number: raw.number,
        title: shortened(&raw.title, TITLE),
        author: login(raw.user),
        base: shortened(&raw.base.name, NAME),
        merged_at: raw.merged_at,
        merged_by: login(raw.merged_by),
    };
    Answer::read(raw.into_iter().map(one).collect(), PULL_REQUESTS)
}

// GitHub requests for a record: who approved the run, and which pull requests contain the commit.

impl GitHub {
    /// Sends both requests at once. A failed one leaves its reason in the answer.
    pub async fn provenance(&self, run: &RunIdentity) -> Provenance {
        let (approvals, pull_requests) =
            join(self.approvals(run.run_id.as_deref()), self.pull_requests(run.commit_sha.as_deref())).await;
        let reason = |error: GitHubError| error.to_string();
        Provenance {
            approvals: approvals.unwrap_or_else(|error| Answer::unavailable(&reason(error))),
            pull_requests: pull_requests.unwrap_or_else(|error| Answer::unavailable(&reason(error))),
        }
    }

    async fn approvals(&self, run_id: Option<&str>) -> Result<Answer<Approval>, GitHubError> {
        // It becomes a part of the path.
        let is_id = |id: &&str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
        let Some(id) = run_id.filter(is_id) else {
            return Ok(Answer::not_asked("GITHUB_RUN_ID is not a workflow run ID"));
        };
        let raw: Vec<RawApproval> = self.get(&format!("/actions/runs/{id}/approvals")).await?;
        Ok(approvals(raw))
    }

    async fn pull_requests(&self, commit: Option<&str>) -> Result<Answer<PullRequest>, GitHubError> {
        let is_hash = |hash: &&str| hash.len() >= 40 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        let Some(commit) = commit.filter(is_hash) else {
            return Ok(Answer::not_asked("GITHUB_SHA is not a commit hash"));
        };
        let mut raw: Vec<RawPull> = self.get(&format!("/commits/{commit}/pulls?per_page=100")).await?;
        // The list lacks `merged_by`. An answer that is only partly known counts as unknown.
        let merged = kept(&raw).iter().enumerate().filter(|(_, pull)| pull.merged_at.is_some());
        let whole = merged.map(|(at, pull)| async move {
            let pull: RawPull = self.get(&format!("/pulls/{}", pull.number)).await?;
            Ok::<_, GitHubError>((at, pull))
        });
        for (at, pull) in try_join_all(whole.collect::<Vec<_>>()).await? {
            raw[at] = pull;
        }
        Ok(pull_requests(raw))
    }
}

#[cfg(test)]
mod tests;
