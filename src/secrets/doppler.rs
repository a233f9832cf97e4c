//! Doppler's REST API: one request for exactly the secrets that are needed. Nothing else talks to Doppler.
//!
//! A token is a service token, or that of a service account's identity: this job's OIDC token is exchanged for a short-lived
//! Doppler token, which is revoked at the end of the run.
//!
//! Endpoints, parameters and error bodies: <https://docs.doppler.com/reference/secrets-download> and `secrets-names`;
//! <https://docs.doppler.com/docs/service-account-identities>, and Doppler's own CLI.

mod rate_limit;
mod sessions;

pub use sessions::DopplerSessions;

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use secrecy::ExposeSecret as _;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use rate_limit::{RateLimit, Shown};

use super::http::{self, BODY_BYTES, body, cause, foreign, persistently};
use super::oidc::IdToken;
use super::{RawSecrets, Secret, SecretsError};

/// The request for values, which has a limit per minute of its own.
const DOWNLOAD: &str = "download";
/// Of Doppler's error message.
const MESSAGE_CHARACTERS: usize = 1000;

/// A client of one Doppler installation.
#[derive(Debug, Clone)]
pub struct Doppler {
    http: reqwest::Client,
    base: String,
    rate_limit: Arc<RateLimit>,
}

/// One config of one project, and a token for it.
#[derive(Debug)]
pub struct Place {
    /// `hht-diary-callisto`.
    pub project: String,
    /// `production`.
    pub config: String,
    /// A service token for exactly this config, or the token of an identity, which can read others too.
    pub token: Secret,
}

impl Place {
    fn name(&self) -> String {
        format!("{}/{}", self.project, self.config)
    }
}

impl Doppler {
    /// A client for `base`, such as `https://api.doppler.com`. Does not follow redirects: they could lead a token to
    /// another host.
    ///
    /// # Errors
    /// The HTTP client cannot be built, for example without root certificates.
    pub fn new(base: &str) -> Result<Self, SecretsError> {
        let http = http::client().map_err(|error| unreachable(base, error))?;
        Ok(Self { http, base: base.trim_end_matches('/').to_owned(), rate_limit: Arc::default() })
    }

    /// Secret reads per minute that the plan allows, as Doppler's answers show it.
    #[must_use]
    pub fn rate_limit(&self) -> Option<u32> {
        self.rate_limit.per_minute()
    }

    /// The named secrets of one config, without those that do not exist.
    ///
    /// Waits while Doppler allows no more requests. Makes up to five attempts on status 429 or 5xx, or without a response. Calls
    /// `on_retry` with the reason.
    ///
    /// # Errors
    /// A final rejection, the last attempt's failure, or secrets of another project or config.
    pub async fn fetch(
        &self,
        place: &Place,
        names: &[&str],
        on_retry: &(dyn Fn(String) + Sync),
    ) -> Result<RawSecrets, SecretsError> {
        let secrets = persistently(|| self.attempt(place, names, on_retry), on_retry).await?;
        check_origin(place, secrets)
    }

    async fn attempt(
        &self,
        place: &Place,
        names: &[&str],
        on_retry: &(dyn Fn(String) + Sync),
    ) -> Result<RawSecrets, SecretsError> {
        while let Err(wait) = self.rate_limit.take(Instant::now()) {
            on_retry(format!(
                "{}: Doppler allows no more requests for {:.1}s. Waiting.",
                place.name(),
                wait.as_secs_f32()
            ));
            tokio::time::sleep(wait).await;
        }
        let names = [names, &["DOPPLER_PROJECT", "DOPPLER_CONFIG"]].concat().join(",");
        let query = [
            ("project", place.project.as_str()),
            ("config", place.config.as_str()),
            ("format", "json"),
            ("include_dynamic_secrets", "false"),
            ("secrets", names.as_str()),
        ];
        let (status, headers, body) = self.get(place, DOWNLOAD, &query).await?;
        answer(place, status, &headers, &body)
    }

    /// The names of all secrets of one config, without values, to find a misspelled one.
    ///
    /// # Errors
    /// Doppler rejects the request, does not answer, or returns something else than names.
    pub async fn names(
        &self,
        place: &Place,
        on_retry: &(dyn Fn(String) + Sync),
    ) -> Result<Vec<String>, SecretsError> {
        persistently(|| self.attempt_of_names(place), on_retry).await
    }

    async fn attempt_of_names(&self, place: &Place) -> Result<Vec<String>, SecretsError> {
        let query = [
            ("project", place.project.as_str()),
            ("config", place.config.as_str()),
            ("include_dynamic_secrets", "false"),
        ];
        let (status, headers, body) = self.get(place, "names", &query).await?;
        if !status.is_success() {
            return Err(refusal(&place.name(), status, &headers, &body));
        }
        let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        let names = answer["names"].as_array().ok_or_else(|| {
            let reason = "it has no list of names".to_owned();
            SecretsError::NotSecrets { place: place.name(), reason }
        })?;
        Ok(names.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }

    async fn get(
        &self,
        place: &Place,
        what: &str,
        query: &[(&str, &str)],
    ) -> Result<(StatusCode, HeaderMap, Vec<u8>), SecretsError> {
        let unavailable = |error| unreachable(&place.name(), error);
        let request = self.http.get(format!("{}/v3/configs/config/secrets/{what}", self.base)).query(query);
        let request = request.bearer_auth(place.token.expose_secret());
        let response = request.send().await.map_err(unavailable)?;
        let (status, headers) = (response.status(), response.headers().clone());
        if let Some(shown) = shown_limit(&headers).filter(|_| what == DOWNLOAD) {
            self.rate_limit.learn(shown);
        }
        let (body, is_whole) = body(response).await.map_err(unavailable)?;
        if status.is_success() && !is_whole {
            let reason = format!("it is longer than {BODY_BYTES} bytes");
            return Err(SecretsError::NotSecrets { place: place.name(), reason });
        }
        Ok((status, headers, body))
    }
}

/// A short-lived token. It can read every config of its service account, so each request must name the config, and check
/// which one the response is from.
#[derive(Debug, Clone)]
pub struct DopplerSession {
    /// Begins with `dp.said.`
    pub token: Secret,
    /// When it expires, if Doppler says so.
    pub expires_at: Option<Timestamp>,
}

impl Doppler {
    /// The audience of an OIDC token for this installation: its own URL. A server that receives such a token by mistake
    /// cannot use it elsewhere.
    #[must_use]
    pub fn audience(&self) -> &str {
        &self.base
    }

    /// Exchanges this job's OIDC token for a Doppler token.
    ///
    /// # Errors
    /// Doppler rejects the identity or the claims, or does not answer.
    pub async fn exchange(
        &self,
        identity: &str,
        oidc: &IdToken,
        on_retry: &(dyn Fn(String) + Sync),
    ) -> Result<DopplerSession, SecretsError> {
        let place = format!("identity {identity}");
        let request = json!({"identity": identity, "token": oidc.value.expose_secret()});
        let answered = persistently(|| self.post("auth/oidc", &place, &request), on_retry).await;
        let answer = answered.map_err(|error| match error {
            SecretsError::Refused { status, message, request_id, .. } => SecretsError::IdentityRefused {
                identity: identity.to_owned(),
                status,
                message,
                request_id,
                claims: oidc.claims.to_string(),
            },
            other => other,
        })?;
        let token = answer["token"].as_str().filter(|token| !token.is_empty());
        let no_token = || SecretsError::NotSecrets { place, reason: "it has no token".to_owned() };
        Ok(DopplerSession {
            token: Secret::from(token.ok_or_else(no_token)?),
            expires_at: answer["expires_at"].as_str().and_then(|at| at.parse().ok()),
        })
    }

    /// Revokes a token. One attempt.
    ///
    /// # Errors
    /// Doppler rejects the request, or does not answer.
    pub async fn revoke(&self, session: &DopplerSession) -> Result<(), SecretsError> {
        let request = json!({"token": session.token.expose_secret()});
        self.post("auth/revoke", "the revocation of this run's token", &request).await.map(drop)
    }

    async fn post(&self, path: &str, place: &str, request: &Value) -> Result<Value, SecretsError> {
        let unavailable = |error| unreachable(place, error);
        let request = self.http.post(format!("{}/v3/{path}", self.base)).json(request);
        let response = request.send().await.map_err(unavailable)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let (body, _) = body(response).await.map_err(unavailable)?;
        if !status.is_success() {
            return Err(refusal(place, status, &headers, &body));
        }
        Ok(serde_json::from_slice(&body).unwrap_or_default())
    }
}

/// Checks that the secrets belong to the place, and removes the two names that say so. Pure.
///
/// # Errors
/// They belong to another project or config.
pub fn check_origin(place: &Place, mut secrets: RawSecrets) -> Result<RawSecrets, SecretsError> {
    let mut origin = |name: &str| secrets.remove(name).unwrap_or_default().expose_secret().to_owned();
    let got = format!("{}/{}", origin("DOPPLER_PROJECT"), origin("DOPPLER_CONFIG"));
    // A token can belong to another config than its name says. Another sponsor's secrets must never pass.
    if got == place.name() { Ok(secrets) } else { Err(SecretsError::WrongPlace { meant: place.name(), got }) }
}

/// The secrets of a response. Pure.
///
/// # Errors
/// A rejection, or something else than a map of names to text.
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
        // A secret without a value does not exist. Two values of one name are ambiguous.
        if let Some(value) = value
            && secrets.insert(name, Secret::from(value)).is_some()
        {
            let reason = "a name appears twice".to_owned();
            return Err(SecretsError::NotSecrets { place: place.name(), reason });
        }
    }
    Ok(secrets)
}

/// A JSON object as written, with duplicate names.
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

/// The limit of requests, if the answer shows it with its own time.
fn shown_limit(headers: &HeaderMap) -> Option<Shown> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let number = |name: &str| text(name)?.parse().ok();
    let sent_at = jiff::fmt::rfc2822::parse(text("date")?).ok()?.timestamp().as_second();
    let resets_at = i64::from(number("x-ratelimit-reset")?);
    let left = Duration::from_secs(u64::try_from(resets_at - sent_at).unwrap_or_default());
    let (limit, remaining) = (number("x-ratelimit-limit")?, number("x-ratelimit-remaining")?);
    Some(Shown { limit, remaining, resets_at, ends: Instant::now().checked_add(left)? })
}

fn unreachable(place: &str, error: reqwest::Error) -> SecretsError {
    let (reason, source) = cause(error);
    let (place, source) = (place.to_owned(), Some(source));
    SecretsError::Unavailable { place, reason, retry_after: None, request_id: None, source }
}

fn refusal(place: &str, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> SecretsError {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let request_id = header("x-request-id");
    let parsed: Value = serde_json::from_slice(body).unwrap_or_default();
    let messages: Vec<&str> =
        parsed["messages"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let message = match messages.as_slice() {
        [] => status.canonical_reason().unwrap_or("no reason given").to_owned(),
        messages => foreign(&messages.join("; ").chars().take(MESSAGE_CHARACTERS).collect::<String>()),
    };
    // Some responses state whether and when to retry.
    let (says, seconds) =
        (parsed["data"]["isRetryable"].as_bool(), parsed["data"]["isRetryableAfterSec"].as_u64());
    let by_status = status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error();
    if says.unwrap_or(by_status || seconds.is_some()) {
        let asked = header("retry-after").and_then(|value| value.parse().ok()).or(seconds);
        let (reason, retry_after) =
            (format!("status {}: {message}", status.as_u16()), asked.map(Duration::from_secs));
        let place = place.to_owned();
        return SecretsError::Unavailable { place, reason, retry_after, request_id, source: None };
    }
    SecretsError::Refused { place: place.to_owned(), status: status.as_u16(), message, request_id }
}
