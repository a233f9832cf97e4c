//! What of a URL is a secret, for masking. Pure.

use percent_encoding::percent_decode_str;
use url::Url;

/// A shorter part of a URL's path is not a secret by itself: `services`.
const SHORTEST_TOKEN: usize = 16;

/// A URL in every spelling, and those of its parts that look like tokens. Words and short names are not masked: GitHub drops
/// outputs that contain a masked value.
#[must_use]
pub fn secret_parts(text: &str) -> Vec<String> {
    let mut parts = vec![text.to_owned()];
    let Ok(url) = Url::parse(text) else { return parts };
    let path = url.path().trim_matches('/');
    let from_path = &url[url::Position::BeforePath..];
    parts.extend([url.as_str(), from_path, from_path.trim_matches('/'), path].map(str::to_owned));
    parts.extend(url.password().map(str::to_owned));
    let values = url.query_pairs().map(|(_, value)| value.into_owned());
    let tokens = path.split('/').chain([url.username()]).map(str::to_owned).chain(values);
    parts.extend(tokens.filter(|part| is_like_a_token(part)));
    // As it is meant, next to as it is written.
    let decoded = |part: &String| percent_decode_str(part).decode_utf8_lossy().into_owned();
    let meant: Vec<String> = parts.iter().map(decoded).collect();
    parts.extend(meant);
    // A password is one however short it is.
    let password = url.password().map(str::to_owned);
    let passwords: Vec<String> =
        password.iter().flat_map(|written| [written.clone(), decoded(written)]).collect();
    parts.retain(|part| part.len() >= SHORTEST_TOKEN || passwords.contains(part));
    parts.sort_unstable();
    parts.dedup();
    parts
}

/// Whether a part of a path was not chosen as a name: long, with upper-case letters or several digits.
fn is_like_a_token(part: &str) -> bool {
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    part.len() >= SHORTEST_TOKEN && (digits > 3 || part.bytes().any(|byte| byte.is_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_masked_whole_and_by_its_tokens() {
        let parts = secret_parts("https://hooks.slack.com/services/T0001/B0002/CanaryCanaryCanary");
        for expected in ["CanaryCanaryCanary", "services/T0001/B0002/CanaryCanaryCanary"] {
            assert!(parts.contains(&expected.to_owned()), "{parts:?}");
        }
        // A job output that contains a masked word would be lost.
        for kept in ["services", "T0001", "hooks.slack.com"] {
            assert!(!parts.contains(&kept.to_owned()), "{parts:?}");
        }
        let check = secret_parts("https://hc-ping.com/AbCdEfGhIjKlMnOpQrStUv/hht-diary-backups-callisto");
        assert!(check.contains(&"AbCdEfGhIjKlMnOpQrStUv".to_owned()), "{check:?}");
        assert!(!check.contains(&"hht-diary-backups-callisto".to_owned()), "{check:?}");
        let user = secret_parts("https://team:pa%2Fss@hook.example.org/in?token=0123456789abcdef");
        for expected in ["pa%2Fss", "pa/ss", "0123456789abcdef"] {
            assert!(user.contains(&expected.to_owned()), "{user:?}");
        }
    }
}
