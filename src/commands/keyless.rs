//! GitHub's word for this job in place of stored secrets: what opens a place of Doppler's, and what is given back at the
//! end of the run.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use tokio::sync::Mutex;

use super::{Edge, UNTIL_AFTER_A_SIGNAL};
use crate::cli::order::Scope;
use crate::report::workflow::{Level, annotation};
use crate::secrets::doppler::{Doppler, Session};
use crate::secrets::github::Hide;
use crate::secrets::keyring::Owner;
use crate::secrets::{IdTokens, Secret, SecretsError};

/// A token that ends so soon is not used for a new request.
const BEFORE_THE_END: SignedDuration = SignedDuration::from_secs(60);
/// Nobody waits longer for a revocation: the token ends by itself, too.
const TO_REVOKE: Duration = Duration::from_secs(10);

/// The tokens that Doppler lent this run, the one in use last.
#[derive(Debug, Default)]
pub(super) struct Loans(Mutex<Vec<(Doppler, Session)>>);

/// Where this job's ID tokens come from, or why there are none.
pub(super) fn id_tokens(scope: &Scope, edge: &Edge) -> Result<IdTokens, SecretsError> {
    let request = scope.keyring.id_token_request()?;
    let sink = Arc::clone(&edge.sink);
    IdTokens::new(request, Hide::new(move |secret| sink.mask(secret)))
}

/// What opens a place of Doppler's: the token in the variable that is named after its owner, then the identity of the
/// order, then `DOPPLER_TOKEN` where one sponsor alone is selected.
pub(super) async fn token(
    (scope, edge): (&Scope, &Edge),
    doppler: &Doppler,
    owner: Owner<'_>,
    only: bool,
    place: &str,
) -> Result<Secret, SecretsError> {
    let token = match (&scope.doppler_identity, scope.keyring.own_token(owner)?) {
        (Some(identity), None) => edge.loans.token((scope, edge), doppler, identity).await?,
        (Some(_), Some(token)) => {
            let variable = owner.variable();
            edge.sink
                .line(&format!("{place}: {variable} is set, so `doppler-identity-id` is not used for it"));
            token
        }
        (None, Some(token)) => token,
        (None, None) => scope.keyring.token(owner, only, place)?,
    };
    edge.sink.mask(token.expose_secret());
    Ok(token)
}

impl Loans {
    /// The token in use, or a new one where there is none or it is about to end.
    async fn token(
        &self,
        (scope, edge): (&Scope, &Edge),
        doppler: &Doppler,
        identity: &str,
    ) -> Result<Secret, SecretsError> {
        let mut lent = self.0.lock().await;
        let lasts =
            |session: &Session| session.expires_at.is_none_or(|end| edge.now() + BEFORE_THE_END < end);
        if let Some((_, session)) = lent.last().filter(|(_, session)| lasts(session)) {
            return Ok(session.token.clone());
        }
        let say = |line: String| edge.sink.line(&line);
        let word = id_tokens(scope, edge)?.token(doppler.audience(), &say).await?;
        let session = doppler.exchange(identity, &word, &say).await?;
        edge.sink.mask(session.token.expose_secret());
        let token = session.token.clone();
        lent.push((doppler.clone(), session));
        Ok(token)
    }

    /// Gives all of them back. That it failed is said, and nothing else: the run is what it was without it.
    pub(super) async fn give_back(&self, edge: &Edge) {
        let all = async {
            let mut lent = self.0.lock().await;
            while let Some((doppler, session)) = lent.pop() {
                if let Err(error) = doppler.revoke(&session).await {
                    not_given_back(edge, &error.to_string());
                }
            }
        };
        tokio::select! {
            // Where there is nothing to give back, nobody is late.
            biased;
            () = all => (),
            () = tokio::time::sleep(TO_REVOKE) => not_given_back(edge, "Doppler does not answer"),
            () = edge.stop.over(UNTIL_AFTER_A_SIGNAL) => {
                not_given_back(edge, "Doppler did not answer in the seconds after the signal");
            }
        }
    }
}

fn not_given_back(edge: &Edge, why: &str) {
    let words = format!("Doppler's short-lived token was not revoked, and ends by itself: {why}");
    edge.sink.line(&words);
    edge.sink.annotations(&[annotation(Level::Warning, "a token was not revoked", &words)]);
}
