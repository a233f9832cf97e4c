//! The signals of a ping service, as healthchecks.io takes them: <https://healthchecks.io/docs/http_api/>. Pure.

use secrecy::ExposeSecret as _;
use url::Url;
use uuid::Uuid;

use super::{Notification, SponsorPart};
use crate::record::RecordedOutcome;
use crate::secrets::Secret;

/// The service keeps no longer body.
const BODY_BYTES: usize = 100_000;

/// What a ping signals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// The run begins.
    Start,
    /// It succeeded.
    Success,
    /// It failed, with this exit code.
    Failed(u8),
    /// It failed without an exit code of its own, or was stopped.
    Fail,
    /// Nothing was proved: neither a success nor a failure.
    Log,
}

impl Signal {
    /// How a run ended.
    #[must_use]
    pub fn of_run(notification: &Notification) -> Self {
        of(notification.outcome, notification.exit_code, notification.is_stopped)
    }

    /// How a sponsor's part ended.
    #[must_use]
    pub fn of_part(part: &SponsorPart, notification: &Notification) -> Self {
        of(part.outcome, part.exit_code.unwrap_or(notification.exit_code), notification.is_stopped)
    }

    /// The check's URL for this signal. `rid` ties the signals of one run together.
    #[must_use]
    pub fn url(self, check: &Secret, rid: Uuid) -> Secret {
        let Ok(mut url) = Url::parse(check.expose_secret()) else { return check.clone() };
        let path = match self {
            Self::Success => None,
            Self::Start => Some("start".to_owned()),
            Self::Failed(code) => Some(code.to_string()),
            Self::Fail => Some("fail".to_owned()),
            Self::Log => Some("log".to_owned()),
        };
        // Never fails: a URL with a host can have a path.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url.query_pairs_mut().append_pair("rid", &rid.to_string());
        Secret::from(String::from(url))
    }
}

fn of(outcome: RecordedOutcome, exit_code: u8, is_stopped: bool) -> Signal {
    match outcome {
        RecordedOutcome::Success => Signal::Success,
        RecordedOutcome::Failure if exit_code > 0 && !is_stopped => Signal::Failed(exit_code),
        RecordedOutcome::Failure => Signal::Fail,
        RecordedOutcome::Cancelled if is_stopped => Signal::Fail,
        RecordedOutcome::Disabled | RecordedOutcome::Skipped | RecordedOutcome::Cancelled => Signal::Log,
    }
}

/// What the service shows of a run.
#[must_use]
pub fn body(notification: &Notification) -> String {
    let refused = notification.message.iter().map(|message| {
        let stage = notification.stage.as_deref().unwrap_or_default();
        format!("{stage}: {message}")
    });
    // What failed must not be cut off.
    let (bad, well): (Vec<_>, Vec<_>) = notification.sponsors.iter().partition(|part| part.is_bad());
    let parts = bad.into_iter().chain(well).map(SponsorPart::line);
    let lines = [notification.headline()].into_iter().chain(refused).chain(parts);
    shortened(lines.chain(notification.run_url.clone()).collect::<Vec<_>>().join("\n"))
}

/// What it shows of a sponsor's part.
#[must_use]
pub fn body_of_part(part: &SponsorPart, notification: &Notification) -> String {
    let lines = [part.line()].into_iter().chain(notification.run_url.clone());
    shortened(lines.collect::<Vec<_>>().join("\n"))
}

fn shortened(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(BODY_BYTES));
    text
}
