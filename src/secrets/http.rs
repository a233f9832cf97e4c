//! What every request of this room has in common: time limits, no redirects, short bodies, and patience with what passes.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};

use super::SecretsError;

const ATTEMPTS: usize = 5;
const CONNECT: Duration = Duration::from_secs(5);
const WHOLE_REQUEST: Duration = Duration::from_secs(15);
/// Doppler counts requests by the minute; who is told to wait longer had better fail and say so.
const LONGEST_WAIT: Duration = Duration::from_secs(90);
/// The longest manifest is a half of it. What is longer is no answer to anything that is asked here.
pub(super) const BODY_BYTES: usize = 32 << 20;

/// A client that follows no redirects: a token must not travel.
///
/// # Errors
/// It cannot be built, for want of root certificates for example.
pub(super) fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .connect_timeout(CONNECT)
        .timeout(WHOLE_REQUEST)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("sponsor-backup/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Up to five tries, as long as a failure is one that may pass; `on_retry` hears why.
///
/// # Errors
/// The last failure.
pub(super) async fn persistently<T, F>(
    attempt: impl FnMut() -> F,
    on_retry: &(dyn Fn(String) + Sync),
) -> Result<T, SecretsError>
where
    F: Future<Output = Result<T, SecretsError>>,
{
    let backoff = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(500))
        .with_max_delay(Duration::from_secs(20))
        .with_max_times(ATTEMPTS - 1)
        .with_jitter();
    attempt
        .retry(backoff)
        .when(SecretsError::is_transient)
        .adjust(|error, planned| match error.retry_after() {
            Some(asked) if asked > LONGEST_WAIT => None,
            Some(asked) => planned.map(|planned| planned.max(asked)),
            None => planned,
        })
        .notify(|error, wait| on_retry(format!("{error}; trying again in {:.1} s", wait.as_secs_f32())))
        .await
}

/// The body as far as anybody needs it, and whether that is all: whatever answers, it must not fill our memory.
pub(super) async fn body(mut response: reqwest::Response) -> Result<(Vec<u8>, bool), reqwest::Error> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await? {
        if body.len() + piece.len() > BODY_BYTES {
            return Ok((body, false));
        }
        body.extend_from_slice(&piece);
    }
    Ok((body, true))
}

/// An error with its causes: reqwest alone says only "error sending request".
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
