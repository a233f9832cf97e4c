//! The options of `metrics`, and where metrics go, for every command that publishes some.

use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::{CommonOptions, endpoint};
use crate::cli::inputs;
use crate::cli::usage::UsageError;
use crate::cli::values::{Values, bad, bad_value};
use crate::secrets::http::is_safe_for_tokens;
use crate::store::Endpoint;

/// Maximum age of a backup if no other is set: a backup every six hours may be late by two.
const EXPECTED_WITHIN: Duration = Duration::from_secs(8 * 3600);

/// `metrics`
#[derive(Debug)]
pub struct MetricsOptions {
    /// Sponsors and their secrets.
    pub common: CommonOptions,
    /// S3 endpoint.
    pub endpoint: Endpoint,
    /// Maximum age of each sponsor's newest backup, for alerts.
    pub expected_within: Duration,
    /// Limit for the size of each sponsor's backups, in bytes.
    pub storage_budget: Option<u64>,
}

/// Where metrics go. Nowhere by default.
#[derive(Debug, Clone, Default)]
pub struct MetricsDestinations {
    /// URL of a Pushgateway.
    pub pushgateway: Option<SecretString>,
    /// File for node_exporter.
    pub file: Option<PathBuf>,
}

pub(super) fn metrics(
    common: Result<CommonOptions, UsageError>,
    values: &Values<'_>,
) -> Result<MetricsOptions, UsageError> {
    let endpoint = values.noted(endpoint(values));
    Ok(MetricsOptions {
        expected_within: expected_within(values)?,
        storage_budget: values.optional(inputs::STORAGE_BUDGET)?.map(|ByteSize(bytes)| bytes),
        endpoint: endpoint?,
        common: common?,
    })
}

pub(super) fn expected_within(values: &Values<'_>) -> Result<Duration, UsageError> {
    Ok(values.optional(inputs::MAX_BACKUP_AGE)?.unwrap_or(EXPECTED_WITHIN))
}

pub(super) fn destinations(values: &Values<'_>) -> Result<MetricsDestinations, UsageError> {
    let pushgateway = values.optional(inputs::PUSHGATEWAY_URL)?;
    if let Some(url) = &pushgateway {
        check_gateway(url.expose_secret(), values)?;
    }
    let file = values.optional(inputs::METRICS_FILE)?;
    if let Some(path) = file.as_ref().filter(|path| path.extension() != Some("prom".as_ref())) {
        let text = path.display().to_string();
        return Err(bad_value(inputs::METRICS_FILE, &text, "a name that ends with `.prom`")
            .hint("Write a name such as `backups.prom`: the collector reads no other."));
    }
    Ok(MetricsDestinations { pushgateway, file })
}

/// The messages do not repeat the URL: it may contain a password.
fn check_gateway(text: &str, values: &Values<'_>) -> Result<(), UsageError> {
    let wrong = |problem: &str| bad(inputs::PUSHGATEWAY_URL, problem);
    let url = Url::parse(text).ok().filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
    let Some(url) = url else {
        return Err(wrong("is not an https:// or http:// URL")
            .hint("Write the URL of a Pushgateway such as `http://gateway.example.org:9091`."));
    };
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("contains `?` or `#`").hint("Write the URL up to its path."));
    }
    let has_user = !url.username().is_empty() || url.password().is_some();
    if has_user && values.is_input(&inputs::PUSHGATEWAY_URL) {
        return Err(wrong("contains a user name or password")
            .hint("Pass the whole URL as the variable `PUSHGATEWAY_URL`, from a secret."));
    }
    if has_user && !is_safe_for_tokens(text) {
        return Err(wrong("does not begin with https://, so the password would be sent in plain text")
            .hint("Write an https:// URL. Only localhost may use http://."));
    }
    Ok(())
}
