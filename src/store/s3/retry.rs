//! Which requests are sent again, and how long an address is waited for that has not answered yet.
//!
//! The SDK retries 500, 502, 503 and 504, and the throttling codes of AWS. [`Retry`] adds the other temporary errors of
//! stores. Until the first answer, a wrong address is likelier than a blip, so a run gives up within seconds
//! ([`Contacts`]). After it, a blip is likelier, so requests are repeated for as long as [`super::client`] says.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use aws_sdk_s3::config::interceptors::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
};
use aws_sdk_s3::config::retry::{ClassifyRetry, RetryAction};
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::RetryReason;

/// Request timeout, too many requests, and Cloudflare's statuses for a store that it cannot reach.
const STATUSES: [u16; 8] = [408, 429, 520, 521, 522, 523, 524, 529];

/// Codes of a store, or of the key service behind it, that has too much to do. Facts: Amazon S3, "Error responses"; AWS KMS,
/// "Common errors".
const BUSY: [&str; 8] = [
    "KMS.DependencyTimeoutException",
    "KMS.InternalException",
    "KMS.KMSInternalException",
    "KMS.KeyUnavailableException",
    "KMS.ThrottlingException",
    "OperationAborted",
    "SlowDown",
    "TooManyRequests",
];

/// Codes of a request whose bytes arrived incomplete or changed.
const SPOILED: [&str; 5] = [
    "BadDigest",
    "IncompleteBody",
    "RequestTimeout",
    "XAmzContentChecksumMismatch",
    "XAmzContentSHA256Mismatch",
];

/// Why another attempt may succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Temporary {
    /// The store is busy.
    Busy,
    /// The request arrived incomplete or changed.
    Spoiled,
}

impl Temporary {
    /// Judges an answer by its status and its code.
    pub(in crate::store) fn of(status: Option<u16>, code: &str) -> Option<Self> {
        if SPOILED.contains(&code) {
            Some(Self::Spoiled)
        } else if BUSY.contains(&code) || status.is_some_and(|status| STATUSES.contains(&status)) {
            Some(Self::Busy)
        } else {
            None
        }
    }
}

/// Before and after the code of an error, in every answer of S3 and of STS.
const CODE: (&str, &str) = ("<Code>", "</Code>");

/// Reads status and code from the response: they are the same for every operation, unlike the SDK's types.
#[derive(Debug)]
pub(super) struct Retry;

impl ClassifyRetry for Retry {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        if !matches!(context.output_or_error(), Some(Err(_))) {
            return RetryAction::NoActionIndicated;
        }
        let Some(answer) = context.response() else { return RetryAction::NoActionIndicated };
        let body = answer.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
        let code = body.split_once(CODE.0).and_then(|(_, rest)| rest.split_once(CODE.1));
        let code = code.map_or("", |(code, _)| code);
        match Temporary::of(Some(answer.status().as_u16()), code) {
            Some(Temporary::Busy) => RetryAction::throttling_error(),
            Some(Temporary::Spoiled) => RetryAction::transient_error(),
            None => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "temporary answers"
    }
}

/// Error codes after which every other request to the bucket would fail in the same way.
pub(in crate::store) const BUCKET_WIDE_CODES: [&str; 7] = [
    "NoSuchBucket",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidToken",
    "ExpiredToken",
    "RequestTimeTooSkewed",
    "AuthorizationHeaderMalformed",
];

/// How long a connection may take once the address has answered.
pub(super) const CONNECT: Duration = Duration::from_secs(5);
/// How long a connection may take until the address has answered once.
const FIRST_CONNECTION: Duration = Duration::from_secs(4);
/// How long the first answer may take. A store that has to wake up first accepts the connection at once.
const FIRST_ANSWER: Duration = Duration::from_secs(10);
/// The same for each request after that time has passed without any answer: the record of a failed backup, for example.
const AFTERWARDS: Duration = Duration::from_millis(500);
/// How long, and how often, a request that fails at once is repeated before the first answer.
const REPEATED: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(500);

/// Which addresses have answered one sponsor. Clones share what they know.
#[derive(Debug, Clone, Default)]
pub(super) struct Contacts(Arc<Mutex<HashMap<String, Contact>>>);

impl Contacts {
    /// What is known of one address, by any name that is the same for all requests to it.
    pub(super) fn of(&self, address: &str) -> Contact {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(address.to_owned()).or_default().clone()
    }
}

/// What is known of one address.
#[derive(Debug, Clone, Default)]
pub(super) struct Contact(Arc<Known>);

#[derive(Debug, Default)]
struct Known {
    begun: OnceLock<Instant>,
    answered: AtomicBool,
}

impl Contact {
    /// Whether an answer ever came from there.
    pub(super) fn answered(&self) -> bool {
        self.0.answered.load(Ordering::Relaxed)
    }

    /// How long a connection, and an answer, may take now. `None` leaves an answer to the request's own limit.
    fn limits(&self) -> (Duration, Option<Duration>) {
        if self.answered() {
            return (CONNECT, None);
        }
        let spent = self.0.begun.get_or_init(Instant::now).elapsed();
        let connection = if spent < FIRST_CONNECTION { FIRST_CONNECTION } else { AFTERWARDS };
        (connection, Some(if spent < FIRST_ANSWER { FIRST_ANSWER } else { AFTERWARDS }))
    }

    /// How long a request was waited for that one of these limits ended, if that is certain.
    pub(super) fn limit(&self, connected: bool) -> Option<Duration> {
        if self.answered() {
            return Some(CONNECT);
        }
        let first = if connected { FIRST_ANSWER } else { FIRST_CONNECTION };
        let spent = self.0.begun.get().map(Instant::elapsed).unwrap_or_default();
        (spent < first + AFTERWARDS).then_some(first)
    }

    /// What becomes of a request that was not answered.
    fn again(&self) -> RetryAction {
        let begun = self.0.begun.get();
        if begun.is_some_and(|begun| begun.elapsed() >= REPEATED) {
            return RetryAction::RetryForbidden;
        }
        match RetryAction::transient_error() {
            RetryAction::RetryIndicated(RetryReason::RetryableError { kind, .. }) => {
                RetryAction::retryable_error_with_explicit_delay(kind, PAUSE)
            }
            other => other,
        }
    }
}

/// Watches the requests of one client.
#[derive(Debug, Clone)]
pub(super) struct ContactWatch {
    pub(super) contact: Contact,
    /// Scheme and host of the requests.
    pub(super) address: Arc<OnceLock<String>>,
}

impl ContactWatch {
    pub(super) fn new(contact: Contact) -> Self {
        Self { contact, address: Arc::default() }
    }

    /// `https://host`, if a request was sent.
    pub(super) fn address(&self) -> String {
        self.address.get().cloned().unwrap_or_default()
    }
}

impl Intercept for ContactWatch {
    fn name(&self) -> &'static str {
        "reach"
    }

    /// Runs once per attempt, so that the first answer changes the limits of the next one.
    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Ok(url) = url::Url::parse(context.request().uri()) {
            self.address.get_or_init(|| url.origin().ascii_serialization());
        }
        let (connect, answer) = self.contact.limits();
        let timeouts = config.load::<TimeoutConfig>().cloned().unwrap_or_else(TimeoutConfig::disabled);
        let mut timeouts = timeouts.into_builder();
        timeouts.set_connect_timeout(Some(connect));
        timeouts.set_read_timeout(answer);
        config.interceptor_state().store_put(timeouts.build());
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        _: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.contact.0.answered.store(true, Ordering::Relaxed);
        Ok(())
    }
}

/// Until the first answer, the SDK's own patience does not count.
impl ClassifyRetry for ContactWatch {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let Some(Err(error)) = context.output_or_error() else { return RetryAction::NoActionIndicated };
        match error.as_connector_error() {
            Some(error) if !error.is_user() && !self.contact.answered() => self.contact.again(),
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "first contact"
    }
}

#[cfg(test)]
mod tests;
