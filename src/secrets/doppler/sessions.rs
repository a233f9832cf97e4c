//! The short-lived Doppler tokens of one run: exchanged when needed, used again while they last, revoked at the end.

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use super::{Doppler, DopplerSession};
use crate::secrets::{IdTokens, Secret, SecretsError};

/// A token that expires sooner is not used for a new request.
const BEFORE_THE_END: SignedDuration = SignedDuration::from_secs(60);

/// All tokens of a run, the current one last.
#[derive(Debug, Default)]
pub struct DopplerSessions(Mutex<Vec<(Doppler, DopplerSession)>>);

impl DopplerSessions {
    /// The current token, or a new one if there is none or it is about to expire. The lock is held meanwhile, so that
    /// sponsors in parallel share one token.
    ///
    /// # Errors
    /// GitHub gives no OIDC token, or Doppler rejects it.
    pub async fn token(
        &self,
        doppler: &Doppler,
        identity: &str,
        (id_tokens, now): (impl FnOnce() -> Result<IdTokens, SecretsError>, Timestamp),
        on_retry: &(dyn Fn(String) + Sync),
    ) -> Result<Secret, SecretsError> {
        let mut sessions = self.0.lock().await;
        let lasts =
            |session: &DopplerSession| session.expires_at.is_none_or(|end| now + BEFORE_THE_END < end);
        if let Some((_, session)) = sessions.last().filter(|(_, session)| lasts(session)) {
            return Ok(session.token.clone());
        }
        let oidc = id_tokens()?.token(doppler.audience(), on_retry).await?;
        let session = doppler.exchange(identity, &oidc, on_retry).await?;
        let token = session.token.clone();
        sessions.push((doppler.clone(), session));
        Ok(token)
    }

    /// Revokes all tokens. Calls `on_failure` for each that Doppler did not revoke. Dropped in the middle, the rest stays
    /// for the next call.
    pub async fn revoke_all(&self, on_failure: impl Fn(&SecretsError)) {
        let mut sessions = self.0.lock().await;
        while let Some((doppler, session)) = sessions.pop() {
            if let Err(error) = doppler.revoke(&session).await {
                on_failure(&error);
            }
        }
    }
}
