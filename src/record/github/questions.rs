//! GitHub requests for a record: who approved the run, and which pull requests contain the commit.

use futures_util::future::{join, try_join_all};

use super::{GitHub, GitHubError};
use crate::record::RunIdentity;
use crate::record::circumstances::{
    Answer, Approval, Circumstances, PullRequest, RawApproval, RawPull, approvals, kept, pull_requests,
};

impl GitHub {
    /// Sends both requests at once. A failed one leaves its reason in the answer.
    pub async fn circumstances(&self, run: &RunIdentity) -> Circumstances {
        let (approvals, pull_requests) =
            join(self.approvals(run.run_id.as_deref()), self.pull_requests(run.commit_sha.as_deref())).await;
        let lost = |error: GitHubError| error.to_string();
        Circumstances {
            approvals: approvals.unwrap_or_else(|error| Answer::unavailable(&lost(error))),
            pull_requests: pull_requests.unwrap_or_else(|error| Answer::unavailable(&lost(error))),
        }
    }

    async fn approvals(&self, run_id: Option<&str>) -> Result<Answer<Approval>, GitHubError> {
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
