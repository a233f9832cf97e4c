//! This job's OIDC tokens from GitHub. Each is requested when needed, for one audience, and not kept.
//!
//! Variables and request: GitHub documentation, "OpenID Connect reference".

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::StatusCode;
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::http::{self, body, cause, persistently};
use super::{Secret, SecretsError};

/// Masks each secret before anything can print it.
#[derive(Clone)]
pub struct Masker(Arc<dyn Fn(&str) + Send + Sync>);

impl Masker {
    /// Calls `hide` with each secret.
    pub fn new(hide: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(hide))
    }

    /// Masks a value from now on.
    pub fn hide(&self, value: &str) {
        (self.0)(value);
    }
}

impl fmt::Debug for Masker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hide")
    }
}

/// How a job requests its OIDC token.
#[derive(Debug, Clone)]
pub struct IdTokenRequest {
    /// `ACTIONS_ID_TOKEN_REQUEST_URL`, with a query.
    pub url: String,
    /// `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
    pub bearer: Secret,
}

/// Source of this job's OIDC tokens.
#[derive(Debug, Clone)]
pub struct IdTokens {
    http: reqwest::Client,
    request: IdTokenRequest,
    hide: Masker,
}

/// An OIDC token for this job and one audience. Expires after a few minutes.
#[derive(Debug)]
pub struct IdToken {
    /// The token itself.
    pub value: Secret,
    /// Its claims, for hints.
    pub claims: Claims,
}

/// The claims of a token: read, not verified. Not secret.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claims {
    /// `aud`.
    pub audience: String,
    /// `sub`.
    pub subject: String,
}

impl fmt::Display for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`aud` `{}`, `sub` `{}`", self.audience, self.subject)
    }
}

impl Claims {
    fn of(token: &str) -> Self {
        let payload = token.split('.').nth(1).and_then(|part| BASE64_URL_SAFE_NO_PAD.decode(part).ok());
        let claims: Value = serde_json::from_slice(&payload.unwrap_or_default()).unwrap_or_default();
        let text = |name: &str| claims[name].as_str().unwrap_or("unknown").to_owned();
        Self { audience: text("aud"), subject: text("sub") }
    }
}

impl IdTokens {
    /// Prepares a client. Does not send a request.
    ///
    /// # Errors
    /// The HTTP client cannot be built, for example without root certificates.
    pub fn new(request: IdTokenRequest, hide: Masker) -> Result<Self, SecretsError> {
        let http = http::client().map_err(unreachable)?;
        Ok(Self { http, request, hide })
    }

    /// Masks a value that one of these tokens was exchanged for.
    pub fn hide(&self, value: &str) {
        self.hide.hide(value);
    }

    /// Requests a token for one audience and masks it. Calls `on_retry` with the reason for each retry.
    ///
    /// # Errors
    /// GitHub rejects the request, or does not answer.
    pub async fn token(
        &self,
        audience: &str,
        on_retry: &(dyn Fn(String) + Sync),
    ) -> Result<IdToken, SecretsError> {
        self.hide.hide(self.request.bearer.expose_secret());
        let value = persistently(|| self.attempt(audience), on_retry).await?;
        self.hide.hide(value.expose_secret());
        Ok(IdToken { claims: Claims::of(value.expose_secret()), value })
    }

    async fn attempt(&self, audience: &str) -> Result<Secret, SecretsError> {
        let mut url = reqwest::Url::parse(&self.request.url).map_err(|_| {
            refused("ACTIONS_ID_TOKEN_REQUEST_URL is not a URL".to_owned(), StatusCode::BAD_REQUEST)
        })?;
        url.query_pairs_mut().append_pair("audience", audience);
        let request = self.http.get(url).bearer_auth(self.request.bearer.expose_secret());
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let (body, _) = body(response).await.map_err(unreachable)?;
        // The body may quote the token that was sent. The status is enough.
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Err(unavailable(format!("status {status}")));
        }
        if !status.is_success() {
            return Err(refused(format!("status {status}"), status));
        }
        let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        match answer["value"].as_str().filter(|token| token.split('.').count() == 3) {
            Some(token) => Ok(Secret::from(token)),
            None => Err(unavailable("the response has no token".to_owned())),
        }
    }
}

fn unreachable(error: reqwest::Error) -> SecretsError {
    let (reason, source) = cause(error);
    SecretsError::IdToken { reason, status: None, source: Some(source) }
}

fn unavailable(reason: String) -> SecretsError {
    SecretsError::IdToken { reason, status: None, source: None }
}

fn refused(reason: String, status: StatusCode) -> SecretsError {
    SecretsError::IdToken { reason, status: Some(status.as_u16()), source: None }
}

#[cfg(test)]
mod tests;
