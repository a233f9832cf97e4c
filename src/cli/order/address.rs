//! The URL of an S3-compatible store.

use url::Url;

use crate::cli::UsageError;
use crate::cli::values::bad;

/// A URL to which `bucket/key` can be appended: its path ends with a slash.
pub(super) fn of_a_store(text: &str) -> Result<String, UsageError> {
    let wrong = |problem: &str| bad("s3-endpoint-url", problem);
    let url = Url::parse(text).ok().filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
    let Some(url) = url else {
        return Err(wrong(&format!("is `{text}`, not an https:// or http:// URL"))
            .hint("Write a URL such as `https://store.example.org`."));
    };
    // The messages do not repeat the URL: it may contain keys.
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("contains a user name or password")
            .hint("Write only the URL. Pass the keys as the sponsor's secrets."));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("contains `?` or `#`")
            .hint("Write the URL up to its path, such as `https://store.example.org/storage/v1/s3`."));
    }
    let slash = if url.path().ends_with('/') || url.path().is_empty() { "" } else { "/" };
    Ok(format!("{text}{slash}"))
}

#[cfg(test)]
mod tests;
