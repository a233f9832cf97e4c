//! Sends notifications. Each sink is a secret URL: no text of this module repeats one.

use reqwest::Client;
use secrecy::ExposeSecret as _;

use super::posting::{self, LIMIT};
use crate::secrets::{Secret, http};

/// A request to a sink. Both tries send the same.
#[derive(Debug)]
pub struct Letter {
    /// Where it goes.
    pub url: Secret,
    /// Its headers.
    pub headers: Vec<(&'static str, String)>,
    /// Its body.
    pub body: String,
}

/// Why a sink was not reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotifyError(String);

impl NotifyError {
    /// With these words.
    pub(super) fn new(words: String) -> Self {
        Self(words)
    }

    /// The signal left no time.
    #[must_use]
    pub fn stopped() -> Self {
        Self("no answer in the seconds after the signal".to_owned())
    }

    /// It took too long, with what it waited for.
    #[must_use]
    pub fn late() -> Self {
        Self(format!("no answer within {}s", LIMIT.as_secs()))
    }
}

/// Sends letters over one client.
#[derive(Debug, Clone)]
pub struct Notifier {
    client: Result<Client, NotifyError>,
}

impl Notifier {
    /// A notifier. If there can be no client, each letter fails.
    #[must_use]
    pub fn new() -> Self {
        Self { client: http::client().map_err(|error| NotifyError(error.without_url().to_string())) }
    }

    /// Sends a letter, within five seconds.
    ///
    /// # Errors
    /// The sink does not accept it. The error does not name the sink.
    pub async fn send(&self, letter: &Letter) -> Result<(), NotifyError> {
        let client = self.client.as_ref().map_err(Clone::clone)?;
        let request = || {
            let post = client.post(letter.url.expose_secret()).body(letter.body.clone());
            letter.headers.iter().fold(post, |post, (name, value)| post.header(*name, value))
        };
        let sent = tokio::time::timeout(LIMIT, posting::send(request)).await;
        sent.map_err(|_| NotifyError::late())?.map_err(NotifyError)
    }
}

impl Default for Notifier {
    fn default() -> Self {
        Self::new()
    }
}
