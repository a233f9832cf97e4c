//! GitHub's REST API, as far as records and issues need it. The only code that talks to GitHub.
//!
//! Reads are retried. Writes are not, because a retry could open an issue twice. Redirects are not followed, and no
//! token is sent in plain text. The requests are in `provenance.rs` and `issues.rs`.
//!
//! Requests are octocrab's own types. Answers are not: its types need dozens of fields that are not used here, and refuse
//! some that GitHub's description allows (an account that is `null`), so that one comment by a deleted account would hide who
//! fails. They also read a body of any length, and of a proxy's page all of it.

pub mod issues;
pub mod preflight;
pub mod provenance;
pub mod run;

use std::time::Duration;

use backon::{ConstantBuilder, Retryable as _};
use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Limited};
use octocrab::Octocrab;
use octocrab::issues::IssueHandler;
use secrecy::ExposeSecret as _;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::manifest::shortened;
use crate::secrets::Secret;
use crate::secrets::http::{foreign, is_safe_for_tokens, list_causes};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
const RETRIES: usize = 2;
const RETRY_DELAY: Duration = Duration::from_millis(250);
/// Size limit of an answer. A page of pull requests, each with two repositories, takes a tenth of it.
const BODY_BYTES: usize = 8 << 20;
/// Length of GitHub's own message in an error.
const MESSAGE_CHARACTERS: usize = 300;

/// Address of GitHub's API, with the token.
#[derive(Debug, Clone)]
pub struct Access {
    /// `https://api.github.com`, or the address of a GitHub Enterprise server.
    pub api_url: String,
    /// A token, such as that of the job.
    pub token: Secret,
}

/// A failed GitHub API call. Never fails a backup.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GitHubError {
    /// The token would be sent in plain text.
    #[error("GITHUB_API_URL must begin with https://, so that the token is not sent in plain text")]
    Unsafe,
    /// The repository is unknown.
    #[error("GITHUB_REPOSITORY is not a repository name (owner/name)")]
    NoRepository,
    /// No client can be created, for example because root certificates are missing.
    #[error("cannot create a GitHub client: {0}")]
    NoClient(String),
    /// GitHub did not answer.
    #[error("GitHub did not answer {what}: {reason}")]
    NoAnswer {
        /// Method and path.
        what: String,
        /// Why there is no answer.
        reason: String,
    },
    /// GitHub answered with an error.
    #[error("GitHub answered {what} with {status}: {message}")]
    Refused {
        /// Method and path.
        what: String,
        /// HTTP status.
        status: u16,
        /// GitHub's message.
        message: String,
    },
    /// GitHub sent an unexpected answer.
    #[error("cannot read GitHub's answer to {what}: {reason}")]
    Nonsense {
        /// Method and path.
        what: String,
        /// What is wrong with the answer.
        reason: String,
    },
    /// The issue was opened without its label, so the next run will not find it.
    #[error("GitHub did not add the label to issue #{0}, so the next run will not find it")]
    NoLabel(u64),
}

impl GitHubError {
    fn is_transient(&self) -> bool {
        match self {
            Self::NoAnswer { .. } => true,
            Self::Refused { status, .. } => *status >= 500,
            _ => false,
        }
    }
}

/// A client for one repository.
#[derive(Debug, Clone)]
pub struct GitHub {
    client: Octocrab,
    owner: String,
    repository: String,
}

/// GitHub's answer, or why there is none.
type Sent = octocrab::Result<http::Response<BoxBody<Bytes, octocrab::Error>>>;

impl GitHub {
    /// A client for `repository`, such as `cure-hht/hht_diary`. Sends no request yet.
    ///
    /// # Errors
    /// The address is not safe, the repository name is invalid, or no client can be created.
    pub fn new(access: &Access, repository: Option<&str>) -> Result<Self, GitHubError> {
        if !is_safe_for_tokens(&access.api_url) {
            return Err(GitHubError::Unsafe);
        }
        let (owner, repository) = repository.and_then(owner_and_name).ok_or(GitHubError::NoRepository)?;
        // Our own HTTP client: it uses proxies and our TLS, and follows no redirect.
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| GitHubError::NoClient(chain(&error)))?;
        let base = access.api_url.trim_end_matches('/');
        let client = Octocrab::builder()
            .base_uri(base)
            .map(|builder| builder.personal_token(access.token.expose_secret().to_owned()))
            .and_then(|builder| builder.build_with_reqwest(http))
            .map_err(|error| GitHubError::NoClient(chain(&error)))?;
        Ok(Self { client, owner: owner.to_owned(), repository: repository.to_owned() })
    }

    /// octocrab's requests about issues. Their answers are read by [`Self::post`] and [`Self::patch`].
    fn issues(&self) -> IssueHandler<'_> {
        self.client.issues(&self.owner, &self.repository)
    }

    /// Sends a GET request below the repository, such as `/issues?state=open`.
    async fn get<T: DeserializeOwned>(&self, below: &str) -> Result<T, GitHubError> {
        let backoff = ConstantBuilder::default().with_delay(RETRY_DELAY).with_max_times(RETRIES);
        let once = || async { self.read("GET", below, self.client._get(self.route(below)).await).await };
        once.retry(backoff).when(GitHubError::is_transient).await
    }

    async fn post<T: DeserializeOwned>(&self, below: &str, body: &impl Serialize) -> Result<T, GitHubError> {
        self.read("POST", below, self.client._post(self.route(below), Some(body)).await).await
    }

    async fn patch<T: DeserializeOwned>(&self, below: &str, body: &impl Serialize) -> Result<T, GitHubError> {
        self.read("PATCH", below, self.client._patch(self.route(below), Some(body)).await).await
    }

    fn route(&self, below: &str) -> String {
        format!("/repos/{}/{}{below}", self.owner, self.repository)
    }

    async fn read<T: DeserializeOwned>(
        &self,
        method: &str,
        below: &str,
        sent: Sent,
    ) -> Result<T, GitHubError> {
        let route = self.route(below);
        let what = format!("{method} {}", route.split('?').next().unwrap_or(&route));
        let lost = |reason: String| GitHubError::NoAnswer { what: what.clone(), reason };
        let (head, body) = sent.map_err(|error| lost(chain(&error)))?.into_parts();
        let body = Limited::new(body, BODY_BYTES).collect().await;
        let bytes = body.map_err(|error| lost(chain(error.as_ref())))?.to_bytes();
        if !head.status.is_success() {
            let (status, message) = (head.status.as_u16(), message_in(&bytes));
            return Err(GitHubError::Refused { what, status, message });
        }
        serde_json::from_slice(&bytes).map_err(|error| GitHubError::Nonsense {
            what,
            reason: shortened(&error.to_string(), MESSAGE_CHARACTERS),
        })
    }
}

/// GitHub's message in an error. A proxy may answer with HTML instead, which is not shown.
fn message_in(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct ErrorBody {
        message: String,
    }
    match serde_json::from_slice::<ErrorBody>(body) {
        Ok(body) => foreign(&shortened(&body.message, MESSAGE_CHARACTERS)),
        Err(_) => "no message".to_owned(),
    }
}

/// `cure-hht/hht_diary` in two. Both parts become a path, so they hold nothing that could end it.
fn owner_and_name(repository: &str) -> Option<(&str, &str)> {
    let plain = |part: &str| {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        !part.is_empty() && part != "." && part != ".." && part.bytes().all(known)
    };
    repository.split_once('/').filter(|(owner, name)| plain(owner) && plain(name))
}

/// An error with its causes. The message around it contains the address already.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut words: Vec<String> = list_causes(error).iter().map(ToString::to_string).collect();
    words.dedup();
    shortened(&words.join(": "), MESSAGE_CHARACTERS)
}

#[cfg(test)]
mod tests;
