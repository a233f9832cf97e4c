//! OIDC in place of stored Doppler tokens: which token authenticates for which project, and the revocation of short-lived
//! tokens at the end of the run.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use tokio::sync::Mutex;

use super::{RunContext, UNTIL_AFTER_A_SIGNAL, scope};
use crate::cli::order::CommonOptions;
use crate::secrets::doppler::{Doppler, DopplerSession};
use crate::secrets::oidc::Masker;
use crate::secrets::variables::Owner;
use crate::secrets::{IdTokens, Secret, SecretsError};

/// A token that expires sooner is not used for a new request.
const BEFORE_THE_END: SignedDuration = SignedDuration::from_secs(60);
/// Time limit of a revocation. The token expires on its own too.
const TO_REVOKE: Duration = Duration::from_secs(10);

/// The short-lived Doppler tokens of this run, the current one last.
#[derive(Debug, Default)]
pub(super) struct DopplerSessions(Mutex<Vec<(Doppler, DopplerSession)>>);

/// The source of this job's OIDC tokens, or why it has none.
pub(super) fn id_tokens(scope: &CommonOptions, edge: &RunContext) -> Result<IdTokens, SecretsError> {
    let request = scope.keyring.id_token_request()?;
    let sink = Arc::clone(&edge.sink);
    IdTokens::new(request, Masker::new(move |secret| sink.mask(secret)))
}

/// The token for a Doppler project: the variable named after its owner, then the identity of the order, then
/// `DOPPLER_TOKEN` if exactly one sponsor is selected.
pub(super) async fn token(
    (scope, edge): (&CommonOptions, &RunContext),
    doppler: &Doppler,
    owner: Owner<'_>,
    only: bool,
    place: &str,
) -> Result<Secret, SecretsError> {
    let token = match (&scope.doppler_identity, scope.keyring.own_token(owner)?) {
        (Some(identity), None) => edge.doppler_sessions.token((scope, edge), doppler, identity).await?,
        (Some(_), Some(token)) => {
            let variable = owner.variable();
            edge.sink.line(&format!("{place}: {variable} is set, so `doppler-identity-id` is not used here"));
            token
        }
        (None, Some(token)) => token,
        (None, None) => scope.keyring.token(owner, only, place)?,
    };
    edge.sink.mask(token.expose_secret());
    Ok(token)
}

impl DopplerSessions {
    /// The current token, or a new one if there is none or it is about to expire.
    async fn token(
        &self,
        (scope, edge): (&CommonOptions, &RunContext),
        doppler: &Doppler,
        identity: &str,
    ) -> Result<Secret, SecretsError> {
        let mut sessions = self.0.lock().await;
        let lasts =
            |session: &DopplerSession| session.expires_at.is_none_or(|end| edge.now() + BEFORE_THE_END < end);
        if let Some((_, session)) = sessions.last().filter(|(_, session)| lasts(session)) {
            return Ok(session.token.clone());
        }
        let print = |line: String| edge.sink.line(&line);
        let oidc = id_tokens(scope, edge)?.token(doppler.audience(), &print).await?;
        let session = doppler.exchange(identity, &oidc, &print).await?;
        edge.sink.mask(session.token.expose_secret());
        let token = session.token.clone();
        sessions.push((doppler.clone(), session));
        Ok(token)
    }

    /// Revokes all of them. A failure is a warning: it does not change the run's outcome.
    pub(super) async fn revoke_all(&self, edge: &RunContext) {
        let all = async {
            let mut sessions = self.0.lock().await;
            while let Some((doppler, session)) = sessions.pop() {
                if let Err(error) = doppler.revoke(&session).await {
                    warn_not_revoked(edge, &error.to_string());
                }
            }
        };
        tokio::select! {
            // Without a token to revoke, the time after a signal does not matter.
            biased;
            () = all => (),
            () = tokio::time::sleep(TO_REVOKE) => warn_not_revoked(edge, "no response from Doppler"),
            () = edge.stop.over(UNTIL_AFTER_A_SIGNAL) => {
                warn_not_revoked(edge, "no response from Doppler in the seconds after the signal");
            }
        }
    }
}

fn warn_not_revoked(edge: &RunContext, why: &str) {
    let message = format!("could not revoke the short-lived Doppler token: {why}. It expires on its own.");
    scope::warn(edge, "a token was not revoked", &message);
}
