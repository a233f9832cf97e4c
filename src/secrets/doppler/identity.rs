//! A service account's identity: GitHub's word for this job is exchanged for a token that lives for minutes or hours, and
//! that is given back at the end.
//!
//! Endpoints: <https://docs.doppler.com/docs/service-account-identities>, and Doppler's own CLI.

use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{Doppler, refusal};
use crate::secrets::github::IdToken;
use crate::secrets::http::{body, chain, persistently};
use crate::secrets::{Secret, SecretsError};

/// A token on loan. It opens every config that its service account may read, so whoever uses it must say which one, and
/// look at which one answered.
#[derive(Debug, Clone)]
pub struct Session {
    /// `dp.said.…`
    pub token: Secret,
    /// When it ends by itself, where Doppler says so.
    pub expires_at: Option<Timestamp>,
}

impl Doppler {
    /// The audience that an ID token for this installation must name: its own address. Whoever is sent such a token by
    /// mistake cannot use it anywhere else.
    #[must_use]
    pub fn audience(&self) -> &str {
        &self.base
    }

    /// Exchanges GitHub's word for a token.
    ///
    /// # Errors
    /// Doppler refuses the identity or the token's claims, or does not answer.
    pub async fn exchange(
        &self,
        identity: &str,
        word: &IdToken,
        on_retry: &(dyn Fn(String) + Sync),
    ) -> Result<Session, SecretsError> {
        let place = format!("identity {identity}");
        let request = json!({"identity": identity, "token": word.value.expose_secret()});
        let answered = persistently(|| self.post("auth/oidc", &place, &request), on_retry).await;
        let answer = answered.map_err(|error| match error {
            SecretsError::Refused { status, message, request_id, .. } => SecretsError::IdentityRefused {
                identity: identity.to_owned(),
                status,
                message,
                request_id,
                claims: word.claims.to_string(),
            },
            other => other,
        })?;
        let token = answer["token"].as_str().filter(|token| !token.is_empty());
        let no_token = || SecretsError::NotSecrets { place, reason: "it holds no token".to_owned() };
        Ok(Session {
            token: Secret::from(token.ok_or_else(no_token)?),
            expires_at: answer["expires_at"].as_str().and_then(|at| at.parse().ok()),
        })
    }

    /// Gives a token back: it opens nothing any more. One try.
    ///
    /// # Errors
    /// Doppler refuses, or does not answer.
    pub async fn revoke(&self, session: &Session) -> Result<(), SecretsError> {
        let request = json!({"token": session.token.expose_secret()});
        self.post("auth/revoke", "the revocation of this run's token", &request).await.map(drop)
    }

    async fn post(&self, path: &str, place: &str, request: &Value) -> Result<Value, SecretsError> {
        let unavailable = |error: reqwest::Error| SecretsError::Unavailable {
            place: place.to_owned(),
            reason: chain(&error.without_url()),
            retry_after: None,
            request_id: None,
        };
        let request = self.http.post(format!("{}/v3/{path}", self.base)).json(request);
        let response = request.send().await.map_err(unavailable)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let (body, _) = body(response).await.map_err(unavailable)?;
        if !status.is_success() {
            return Err(refusal(place, status, &headers, &body));
        }
        Ok(serde_json::from_slice(&body).unwrap_or_default())
    }
}
