//! An AWS role, assumed with the job's OIDC token: for an hour at a time, and for one sponsor's objects only.
//!
//! Facts: AWS STS API reference, "AssumeRoleWithWebIdentity". The SDK asks again before a session ends.

use std::time::{Duration, SystemTime};

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials, IdentityCache, ProvideCredentials, Region, SharedCredentialsProvider,
    SharedHttpClient, SharedIdentityCache,
};
use aws_sdk_sts::config::retry::RetryConfig;
use aws_sdk_sts::config::timeout::TimeoutConfig;
use aws_sdk_sts::error::{BoxError, ProvideErrorMetadata as _, SdkError};
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;
use aws_sdk_sts::types::Credentials as Given;
use secrecy::ExposeSecret as _;

use super::cause;
use super::retry::{CONNECT, ContactWatch, Contacts, Retry};
use crate::secrets::IdTokens;
use crate::secrets::http::{foreign, list_causes};
use crate::store::StoreError;
use crate::store::error::SourceError;

/// Audience of the OIDC token.
const AUDIENCE: &str = "sts.amazonaws.com";
/// Every role allows an hour; only some allow more.
const SESSION_SECONDS: i32 = 3600;
/// A session is replaced this long before its end, so that no request outlives it.
const BEFORE_THE_END: Duration = Duration::from_secs(120);
/// For all attempts to get a session, the OIDC token included.
const PATIENCE: Duration = Duration::from_secs(120);
const ANSWER: Duration = Duration::from_secs(10);
const ATTEMPTS: u32 = 5;
/// Of a session's name.
const LONGEST_NAME: usize = 64;

/// The policy and name of a session.
#[derive(Debug, Clone, Default)]
pub struct AwsSession {
    /// As CloudTrail shows it; see [`session_name`].
    pub name: String,
    /// The rights that are left of the role's, as JSON; see [`super::policy`].
    pub policy: String,
    /// Another STS than that of the region.
    pub sts_endpoint_url: Option<String>,
}

/// `callisto-17342009911`: whose, and in which run. STS takes 2 to 64 characters of a few kinds.
#[must_use]
pub fn session_name(sponsor: &str, run: Option<&str>) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || "_=,.@-".contains(c) { c } else { '-' };
    let clean = |text: &str, longest: usize| text.chars().map(allowed).take(longest).collect::<String>();
    let run = clean(run.unwrap_or("no-run"), LONGEST_NAME / 2);
    let sponsor = clean(sponsor, LONGEST_NAME - 1 - run.len());
    format!("{sponsor}-{run}")
}

/// Why there is no session.
#[derive(Debug, Clone, thiserror::Error)]
#[error("cannot assume role {role}: {reason}")]
pub(super) struct RoleError {
    role: String,
    /// STS's error code; `id-token` if GitHub issued no token.
    code: String,
    reason: String,
    /// The OIDC token's claims.
    claims: String,
    #[source]
    source: SourceError,
}

impl RoleError {
    /// The error below another one's causes.
    pub(super) fn below(error: &(dyn std::error::Error + 'static)) -> Option<StoreError> {
        let Self { role, code, reason, claims, source } =
            list_causes(error).into_iter().find_map(|error| error.downcast_ref())?;
        Some(StoreError::Role {
            role: role.clone(),
            code: code.clone(),
            reason: reason.clone(),
            claims: claims.clone(),
            source: SourceError::clone(source),
        })
    }
}

/// Gets sessions, one after the other.
#[derive(Debug)]
struct Role {
    sts: aws_sdk_sts::Client,
    arn: String,
    tokens: IdTokens,
    session: AwsSession,
    watch: ContactWatch,
}

/// A provider, and the cache that all clients of one sponsor share.
pub(super) fn provider(
    (arn, tokens): (&str, &IdTokens),
    region: &Region,
    http: &SharedHttpClient,
    (session, reach): (&AwsSession, &Contacts),
) -> (SharedCredentialsProvider, SharedIdentityCache) {
    let address = session.sts_endpoint_url.as_deref().unwrap_or(region.as_ref());
    let watch = ContactWatch::new(reach.of(&format!("sts {address}")));
    let timeouts =
        TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ANSWER).build();
    let mut config = aws_sdk_sts::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(region.clone())
        .http_client(http.clone())
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .retry_classifier(Retry)
        .retry_classifier(watch.clone())
        .interceptor(watch.clone())
        .timeout_config(timeouts);
    config.set_endpoint_url(session.sts_endpoint_url.clone());
    let role = Role {
        sts: aws_sdk_sts::Client::from_conf(config.build()),
        arn: arn.to_owned(),
        tokens: tokens.clone(),
        session: session.clone(),
        watch,
    };
    let cache = IdentityCache::lazy().load_timeout(PATIENCE).buffer_time(BEFORE_THE_END).build();
    (SharedCredentialsProvider::new(role), cache)
}

impl ProvideCredentials for Role {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            self.assume().await.map_err(CredentialsError::provider_error)
        })
    }
}

impl Role {
    async fn assume(&self) -> Result<Credentials, RoleError> {
        let token = self.tokens.token(AUDIENCE, &|_| ()).await;
        let token = token.map_err(|error| {
            let reason = error.to_string();
            self.failed("id-token", reason, String::new(), SourceError::from(BoxError::from(error)))
        })?;
        let answer = self
            .sts
            .assume_role_with_web_identity()
            .role_arn(&self.arn)
            .role_session_name(&self.session.name)
            .web_identity_token(token.value.expose_secret())
            .policy(&self.session.policy)
            .duration_seconds(SESSION_SECONDS)
            .send()
            .await;
        let answer = answer.map_err(|error| self.refused(error, token.claims.to_string()))?;
        let given = answer.credentials.ok_or_else(|| {
            let reason = "AWS STS answered without credentials";
            self.failed(
                "no answer",
                reason.to_owned(),
                String::new(),
                SourceError::from(BoxError::from(reason)),
            )
        })?;
        Ok(self.credentials(given))
    }

    fn refused(&self, error: SdkError<AssumeRoleWithWebIdentityError>, claims: String) -> RoleError {
        let (code, reason) = match (error.code(), error.raw_response()) {
            (Some(code), _) => {
                let message = foreign(error.message().unwrap_or("no reason given"));
                (code.to_owned(), format!("{code}: {message}"))
            }
            (None, Some(answer)) => {
                let reason = format!("AWS STS answered with status {}", answer.status().as_u16());
                ("no answer".to_owned(), reason)
            }
            (None, None) => {
                let cause = cause::cause(&error, |connected| self.watch.contact.limit(connected)).cause;
                let reason = format!("cannot reach AWS STS at {}: {cause}", self.watch.address());
                ("no answer".to_owned(), reason)
            }
        };
        self.failed(&code, reason, claims, SourceError::from(BoxError::from(error)))
    }

    /// The credentials from STS, masked before they can be printed.
    fn credentials(&self, given: Given) -> Credentials {
        self.tokens.hide(&given.secret_access_key);
        self.tokens.hide(&given.session_token);
        // A time that cannot be converted counts as over: the next request gets a new session.
        let end = SystemTime::try_from(given.expiration).unwrap_or(SystemTime::UNIX_EPOCH);
        let Given { access_key_id, secret_access_key, session_token, .. } = given;
        Credentials::new(access_key_id, secret_access_key, Some(session_token), Some(end), "role")
    }

    fn failed(&self, code: &str, reason: String, claims: String, source: SourceError) -> RoleError {
        RoleError { role: self.arn.clone(), code: code.to_owned(), reason, claims, source }
    }
}

#[cfg(test)]
mod tests;
