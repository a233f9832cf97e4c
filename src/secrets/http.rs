//! What all requests over HTTP share: time limits, no redirects, short bodies, retries, the URLs that a token may be sent to;
//! and what is done with the words of other servers and libraries.

use std::sync::Arc;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};

use super::{SecretsError, SourceError};

const ATTEMPTS: usize = 5;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
/// Doppler's rate limit is per minute. A longer wait is a failure.
const LONGEST_WAIT: Duration = Duration::from_secs(90);
/// Twice the longest manifest. A longer body does not answer any request.
pub(super) const BODY_BYTES: usize = 32 << 20;

/// A client that follows no redirects: they could lead a token to another host.
///
/// # Errors
/// It cannot be built, for example without root certificates.
pub fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(REQUEST_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("sponsor-backup/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Makes up to five attempts while the failure may pass. Calls `on_retry` with the reason before each retry.
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
        .notify(|error, wait| on_retry(format!("{error}. Next attempt in {:.1}s.", wait.as_secs_f32())))
        .await
}

/// The body up to [`BODY_BYTES`], and whether that is all of it: no server may fill the memory.
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

/// What went wrong, in a few words, and the client's own error without its URL. Its own message is a chain of five layers.
pub fn cause(error: reqwest::Error) -> (String, SourceError) {
    let error = error.without_url();
    let reason = if error.is_timeout() && error.is_connect() {
        format!("no connection within {}s", CONNECT_TIMEOUT.as_secs())
    } else if error.is_timeout() {
        format!("no response within {}s", REQUEST_TIMEOUT.as_secs())
    } else {
        innermost(&error)
    };
    (reason, Arc::new(error))
}

/// The message of the last cause, without the number that the system gives it.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let text = list_causes(error).last().map(ToString::to_string).unwrap_or_default();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    let is_word = letters.clone().nth(1).is_some_and(|second| second.is_lowercase());
    match letters.next() {
        Some(first) if is_word => first.to_lowercase().chain(letters).collect(),
        _ => text.to_owned(),
    }
}

/// An error and its causes, the innermost last. An I/O error hides the error that it wraps from `source()`, so it is looked
/// into.
#[must_use]
pub fn list_causes<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> Vec<&'a (dyn std::error::Error + 'static)> {
    let below = |error: &'a (dyn std::error::Error + 'static)| {
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        wrapped.map(|error| error as &(dyn std::error::Error + 'static)).or_else(|| error.source())
    };
    std::iter::successors(Some(error), |error| below(*error)).collect()
}

/// Whether a token may be sent to a URL. Plain HTTP only to this machine's loopback.
#[must_use]
pub fn is_safe_for_tokens(url: &str) -> bool {
    let Ok(url) = url::Url::parse(url) else { return false };
    let loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "https" && url.has_host() || url.scheme() == "http" && loopback
}

/// Begin and end of foreign text: Unicode isolates, made for quoting. Never printed.
pub const MARKS: [char; 2] = ['\u{2068}', '\u{2069}'];

/// Marks the text of another server or a library inside a message of ours. Such text may quote a request, so even the shortest
/// secret is removed from it before printing. In our own text, a password that equals a database name is that name.
#[must_use]
pub fn foreign(words: &str) -> String {
    format!("{}{}{}", MARKS[0], words.replace(MARKS, ""), MARKS[1])
}
