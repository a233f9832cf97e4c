//! Sends metrics to a Prometheus Pushgateway.
//!
//! API: <https://github.com/prometheus/pushgateway#api>. `PUT` replaces a group, `POST` only the metrics that it sends.

use std::time::Duration;

use futures_util::StreamExt as _;
use reqwest::Url;
use secrecy::{ExposeSecret as _, SecretString};

use super::metrics::{Update, render};
use super::posting;
use crate::secrets::http;

/// Requests at once.
const IN_FLIGHT: usize = 8;
/// Sponsors that a message names.
const NAMED: usize = 5;

/// Why metrics were not sent. The text does not repeat the URL: it may contain a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the Pushgateway did not take the metrics{}: {reason}", .whose.as_ref().map(|whose| format!(" of {whose}")).unwrap_or_default())]
pub struct PushError {
    /// `callisto, titan and 3 more`, if it took those of others.
    whose: Option<String>,
    reason: String,
}

/// Sends updates, several at once, within a time limit for all.
///
/// # Errors
/// At least one of them is not taken. All are tried.
pub async fn push(url: &SecretString, updates: &[Update], limit: Duration) -> Result<(), PushError> {
    let failed = |reason: String| PushError { whose: None, reason };
    let base = Url::parse(url.expose_secret()).map_err(|error| failed(error.to_string()))?;
    let client = http::client().map_err(|error| failed(error.without_url().to_string()))?;
    let end = tokio::time::Instant::now() + limit;
    let late = || format!("no answer within {}s", limit.as_secs());
    let sent = futures_util::stream::iter(updates).map(|update| async {
        let sent = tokio::time::timeout_at(end, send(&client, &base, update)).await;
        sent.unwrap_or_else(|_| Err(late())).map_err(|reason| (update.group.name(), reason))
    });
    let all: Vec<Result<(), (&str, String)>> = sent.buffered(IN_FLIGHT).collect().await;
    let refused: Vec<(&str, String)> = all.into_iter().filter_map(Result::err).collect();
    let Some((_, reason)) = refused.first() else { return Ok(()) };
    let names: Vec<&str> = refused.iter().map(|(name, _)| *name).collect();
    let whose = (names.len() < updates.len()).then(|| listed(&names));
    Err(PushError { whose, reason: reason.clone() })
}

/// `callisto, titan and 3 more`
fn listed(names: &[&str]) -> String {
    let (shown, rest) = names.split_at(names.len().min(NAMED));
    let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
    format!("{}{more}", shown.join(", "))
}

async fn send(client: &reqwest::Client, base: &Url, update: &Update) -> Result<(), String> {
    let mut url = base.clone();
    // Never fails: a URL with a host can have a path.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().push("metrics").extend(update.group.labels());
    }
    let body = render(&update.samples);
    let request = || if update.is_whole { client.put(url.clone()) } else { client.post(url.clone()) };
    posting::send(|| request().body(body.clone())).await
}
