//! Which URLs a token may be sent to. Pure.

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
