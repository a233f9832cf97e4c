//! Doppler's REST API: one request for just the names that are needed. The only place that talks to Doppler.
//!
//! Endpoint, parameters and error bodies: <https://docs.doppler.com/reference/secrets-download>.

mod identity;

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use secrecy::ExposeSecret as _;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::foreign::foreign;
use super::http::{self, BODY_BYTES, body, chain, persistently};
use super::{RawSecrets, Secret, SecretsError};
pub use identity::Session;

/// Of what an error says.
const MESSAGE_CHARACTERS: usize = 1000;

/// A client of one Doppler installation.
#[derive(Debug, Clone)]
pub struct Doppler {
    http: reqwest::Client,
    base: String,
}

/// One config of one project, and what opens it.
#[derive(Debug)]
pub struct Place {
    /// `hht-diary-callisto`.
    pub project: String,
    /// `production`.
    pub config: String,
    /// A service token of exactly this config, or one of an identity, which opens others too.
    pub token: Secret,
}

impl Place {
    fn name(&self) -> String {
        format!("{}/{}", self.project, self.config)
    }
}

impl Doppler {
    /// A client for `base`, such as `https://api.doppler.com`. Redirects are not followed: a token must not travel.
    ///
    /// # Errors
    /// The HTTP client cannot be built, for want of root certificates for example.
    pub fn new(base: &str) -> Result<Self, SecretsError> {
        let http = http::client().map_err(|error| SecretsError::Unavailable {
            place: base.to_owned(),
            reason: chain(&error),
            retry_after: None,
            request_id: None,
        })?;
        Ok(Self { http, base: base.trim_end_matches('/').to_owned() })
    }

    /// The named secrets of one config; those that do not exist are absent from the answer.
    ///
    /// Tries up to five times where Doppler says 429 or 5xx or does not answer; `on_retry` hears why.
    ///
    /// # Errors
    /// A final refusal, exhausted tries, or an answer from another project or config than was meant.
    pub async fn fetch(
        &self,
        place: &Place,
        names: &[&str],
        on_retry: &(dyn Fn(String) + Sync),
    ) -> Result<RawSecrets, SecretsError> {
        let secrets = persistently(|| self.attempt(place, names), on_retry).await?;
        from_the_place(place, secrets)
    }

    async fn attempt(&self, place: &Place, names: &[&str]) -> Result<RawSecrets, SecretsError> {
        let names = [names, &["DOPPLER_PROJECT", "DOPPLER_CONFIG"]].concat().join(",");
        let query = [
            ("project", place.project.as_str()),
            ("config", place.config.as_str()),
            ("format", "json"),
            ("include_dynamic_secrets", "false"),
            ("secrets", names.as_str()),
        ];
        let unavailable = |error: reqwest::Error| SecretsError::Unavailable {
            place: place.name(),
            reason: chain(&error.without_url()),
            retry_after: None,
            request_id: None,
        };
        let response = self
            .http
            .get(format!("{}/v3/configs/config/secrets/download", self.base))
            .query(&query)
            .bearer_auth(place.token.expose_secret())
            .send()
            .await
            .map_err(unavailable)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let (body, is_whole) = body(response).await.map_err(unavailable)?;
        if status.is_success() && !is_whole {
            let reason = format!("it is longer than {BODY_BYTES} bytes");
            return Err(SecretsError::NotSecrets { place: place.name(), reason });
        }
        answer(place, status, &headers, &body)
    }
}

/// The secrets without what tells their origin. Pure.
///
/// # Errors
/// They come from another project or config than was meant.
pub fn from_the_place(place: &Place, mut secrets: RawSecrets) -> Result<RawSecrets, SecretsError> {
    let mut origin = |name: &str| secrets.remove(name).unwrap_or_default().expose_secret().to_owned();
    let got = format!("{}/{}", origin("DOPPLER_PROJECT"), origin("DOPPLER_CONFIG"));
    if got == place.name() { Ok(secrets) } else { Err(SecretsError::WrongPlace { meant: place.name(), got }) }
}

/// What an answer means. Pure.
///
/// # Errors
/// A refusal, or something else than a map of names to text.
pub fn answer(
    place: &Place,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<RawSecrets, SecretsError> {
    if status.is_success() { parse(place, body) } else { Err(refusal(&place.name(), status, headers, body)) }
}

fn parse(place: &Place, body: &[u8]) -> Result<RawSecrets, SecretsError> {
    let Pairs(pairs) = serde_json::from_slice(body).map_err(|error| {
        let reason = format!("line {}, column {}", error.line(), error.column());
        SecretsError::NotSecrets { place: place.name(), reason }
    })?;
    let mut secrets = RawSecrets::new();
    for (name, value) in pairs {
        // A secret without a value is none. Of two values nobody knows which is meant.
        if let Some(value) = value
            && secrets.insert(name, Secret::from(value)).is_some()
        {
            let reason = "it holds a name twice".to_owned();
            return Err(SecretsError::NotSecrets { place: place.name(), reason });
        }
    }
    Ok(secrets)
}

/// A JSON object as it is written, names that occur twice included.
struct Pairs(Vec<(String, Option<String>)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PairsVisitor)
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Pairs;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("names and texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Pairs(pairs))
    }
}

fn refusal(place: &str, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> SecretsError {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let request_id = header("x-request-id");
    let told: Value = serde_json::from_slice(body).unwrap_or_default();
    let messages: Vec<&str> =
        told["messages"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let message = match messages.as_slice() {
        [] => status.canonical_reason().unwrap_or("no reason given").to_owned(),
        messages => foreign(&messages.join("; ").chars().take(MESSAGE_CHARACTERS).collect::<String>()),
    };
    // Some answers say themselves whether another try makes sense, and when.
    let (says, seconds) =
        (told["data"]["isRetryable"].as_bool(), told["data"]["isRetryableAfterSec"].as_u64());
    let by_status = status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error();
    if says.unwrap_or(by_status || seconds.is_some()) {
        let asked = header("retry-after").and_then(|value| value.parse().ok()).or(seconds);
        let (reason, retry_after) =
            (format!("status {}: {message}", status.as_u16()), asked.map(Duration::from_secs));
        return SecretsError::Unavailable { place: place.to_owned(), reason, retry_after, request_id };
    }
    SecretsError::Refused { place: place.to_owned(), status: status.as_u16(), message, request_id }
}
