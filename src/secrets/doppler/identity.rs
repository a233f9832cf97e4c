//! A service account's identity: exchanges this job's OIDC token for a short-lived Doppler token, which is revoked at the
//! end of the run.
//!
//! Endpoints: <https://docs.doppler.com/docs/service-account-identities>, and Doppler's own CLI.

use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{Doppler, refusal, unreachable};
use crate::secrets::http::{body, persistently};
use crate::secrets::oidc::IdToken;
use crate::secrets::{Secret, SecretsError};

/// A short-lived token. It can read every config of its service account, so each request must name the config, and check
/// which one the response is from.
#[derive(Debug, Clone)]
pub struct DopplerSession {
    /// Begins with `dp.said.`
    pub token: Secret,
    /// When it expires, if Doppler says so.
    pub expires_at: Option<Timestamp>,
}

impl Doppler {
    /// The audience of an OIDC token for this installation: its own URL. A server that receives such a token by mistake
    /// cannot use it elsewhere.
    #[must_use]
    pub fn audience(&self) -> &str {
        &self.base
    }

    /// Exchanges this job's OIDC token for a Doppler token.
    ///
    /// # Errors
    /// Doppler rejects the identity or the claims, or does not answer.
    pub async fn exchange(
        &self,
        identity: &str,
        oidc: &IdToken,
        on_retry: &(dyn Fn(String) + Sync),
    ) -> Result<DopplerSession, SecretsError> {
        let place = format!("identity {identity}");
        let request = json!({"identity": identity, "token": oidc.value.expose_secret()});
        let answered = persistently(|| self.post("auth/oidc", &place, &request), on_retry).await;
        let answer = answered.map_err(|error| match error {
            SecretsError::Refused { status, message, request_id, .. } => SecretsError::IdentityRefused {
                identity: identity.to_owned(),
                status,
                message,
                request_id,
                claims: oidc.claims.to_string(),
            },
            other => other,
        })?;
        let token = answer["token"].as_str().filter(|token| !token.is_empty());
        let no_token = || SecretsError::NotSecrets { place, reason: "it has no token".to_owned() };
        Ok(DopplerSession {
            token: Secret::from(token.ok_or_else(no_token)?),
            expires_at: answer["expires_at"].as_str().and_then(|at| at.parse().ok()),
        })
    }

    /// Revokes a token. One attempt.
    ///
    /// # Errors
    /// Doppler rejects the request, or does not answer.
    pub async fn revoke(&self, session: &DopplerSession) -> Result<(), SecretsError> {
        let request = json!({"token": session.token.expose_secret()});
        self.post("auth/revoke", "the revocation of this run's token", &request).await.map(drop)
    }

    async fn post(&self, path: &str, place: &str, request: &Value) -> Result<Value, SecretsError> {
        let unavailable = |error| unreachable(place, error);
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
