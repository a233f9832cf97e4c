//! GitHub's word for who this job is: ID tokens, each asked for when it is needed, for one audience, and forgotten.
//!
//! The variables and the request: GitHub documentation, "OpenID Connect reference".

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::StatusCode;
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::http::{self, body, chain, persistently};
use super::{Secret, SecretsError};

/// Hears of each secret before anything can quote it.
#[derive(Clone)]
pub struct Hide(Arc<dyn Fn(&str) + Send + Sync>);

impl Hide {
    /// Tells `hide`.
    pub fn new(hide: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(hide))
    }

    /// Hides a value from now on.
    pub fn hide(&self, value: &str) {
        (self.0)(value);
    }
}

impl fmt::Debug for Hide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hide")
    }
}

/// How a job asks for its ID token.
#[derive(Debug, Clone)]
pub struct IdTokenRequest {
    /// `ACTIONS_ID_TOKEN_REQUEST_URL`, which ends in a query.
    pub url: String,
    /// `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
    pub bearer: Secret,
}

/// Where this job's ID tokens come from.
#[derive(Debug, Clone)]
pub struct IdTokens {
    http: reqwest::Client,
    request: IdTokenRequest,
    hide: Hide,
}

/// GitHub's word for this job, to one audience. It is good for some minutes.
#[derive(Debug)]
pub struct IdToken {
    /// The token itself.
    pub value: Secret,
    /// What it says, for hints.
    pub claims: Claims,
}

/// What a token says of the job; read, not checked. Nothing of it is secret.
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
    /// # Errors
    /// The HTTP client cannot be built, for want of root certificates for example.
    pub fn new(request: IdTokenRequest, hide: Hide) -> Result<Self, SecretsError> {
        let http = http::client().map_err(|error| unavailable(chain(&error)))?;
        Ok(Self { http, request, hide })
    }

    /// Hides a value that was got with one of these tokens.
    pub fn hide(&self, value: &str) {
        self.hide.hide(value);
    }

    /// A fresh token for one audience; it is hidden before it is given out. `on_retry` hears why another try is made.
    ///
    /// # Errors
    /// GitHub refuses, or does not answer.
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
        let broken = |error: reqwest::Error| unavailable(chain(&error.without_url()));
        let mut url = reqwest::Url::parse(&self.request.url).map_err(|_| {
            refused("ACTIONS_ID_TOKEN_REQUEST_URL is not an address".to_owned(), StatusCode::BAD_REQUEST)
        })?;
        url.query_pairs_mut().append_pair("audience", audience);
        let request = self.http.get(url).bearer_auth(self.request.bearer.expose_secret());
        let response = request.send().await.map_err(broken)?;
        let status = response.status();
        let (body, _) = body(response).await.map_err(broken)?;
        // What refuses may quote the token that it was sent: the status says enough.
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Err(unavailable(format!("status {status}")));
        }
        if !status.is_success() {
            return Err(refused(format!("status {status}"), status));
        }
        let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        match answer["value"].as_str().filter(|token| token.split('.').count() == 3) {
            Some(token) => Ok(Secret::from(token)),
            None => Err(unavailable("its answer holds no token".to_owned())),
        }
    }
}

fn unavailable(reason: String) -> SecretsError {
    SecretsError::IdToken { reason, status: None }
}

fn refused(reason: String, status: StatusCode) -> SecretsError {
    SecretsError::IdToken { reason, status: Some(status.as_u16()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_read_for_hints_and_what_is_no_token_has_none() {
        let payload = r#"{"aud":"sts.amazonaws.com","sub":"repo:o/r:environment:production"}"#;
        let token = format!("x.{}.y", BASE64_URL_SAFE_NO_PAD.encode(payload));
        let told = "`aud` `sts.amazonaws.com`, `sub` `repo:o/r:environment:production`";
        assert_eq!(Claims::of(&token).to_string(), told);
        for odd in ["", "a.b.c", "..", "a"] {
            assert_eq!(Claims::of(odd).subject, "unknown", "{odd}");
        }
    }

    #[test]
    fn nothing_that_is_secret_stands_in_debug_output() {
        let request = IdTokenRequest { url: "https://x/?a=b".into(), bearer: Secret::from("canary") };
        assert!(!format!("{request:?}{:?}", Hide::new(|_| ())).contains("canary"));
    }
}
