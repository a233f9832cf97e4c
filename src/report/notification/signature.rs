//! Signs requests as Standard Webhooks 1.0 wants it: <https://www.standardwebhooks.com>. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use ring::hmac;
use secrecy::ExposeSecret as _;

use super::Notification;
use crate::secrets::Secret;

const PREFIX: &str = "whsec_";
/// Bytes of a secret.
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A secret that signs requests.
#[derive(Debug, Clone)]
pub struct SigningKey {
    text: Secret,
    key: hmac::Key,
}

impl SigningKey {
    /// `whsec_` and base64. `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text.strip_prefix(PREFIX)?).ok()?;
        let key = BYTES.contains(&bytes.len()).then(|| hmac::Key::new(hmac::HMAC_SHA256, &bytes))?;
        Some(Self { text: Secret::from(text), key })
    }

    /// The secret without its prefix.
    #[must_use]
    pub fn text(&self) -> Secret {
        Secret::from(self.text.expose_secret().trim_start_matches(PREFIX))
    }

    fn sign(&self, content: &str) -> String {
        format!("v1,{}", STANDARD.encode(hmac::sign(&self.key, content.as_bytes())))
    }
}

/// The headers of a document's request, signed with each key: while a secret is replaced, receivers may have either.
#[must_use]
pub fn headers(notification: &Notification, body: &str, keys: &[SigningKey]) -> Vec<(&'static str, String)> {
    signed((&notification.id, notification.occurred_at), body, keys)
}

fn signed((id, at): (&str, Timestamp), body: &str, keys: &[SigningKey]) -> Vec<(&'static str, String)> {
    let timestamp = at.as_second().to_string();
    let content = format!("{id}.{timestamp}.{body}");
    let signatures: Vec<String> = keys.iter().map(|key| key.sign(&content)).collect();
    vec![
        ("content-type", "application/json".to_owned()),
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", timestamp),
        ("webhook-signature", signatures.join(" ")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's reference libraries.
    #[test]
    fn a_known_signature_is_made() {
        let key = SigningKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let at = Timestamp::from_second(1_614_265_330).unwrap();
        let headers = signed(("msg_p5jXN8AQM9LWM0D4loKWxJek", at), r#"{"test": 2432232314}"#, &[key]);
        assert_eq!(headers[3].1, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn only_a_secret_of_the_standard_is_taken() {
        let long = format!("whsec_{}", STANDARD.encode([7; 65]));
        for wrong in ["", "whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_?", &long] {
            assert!(SigningKey::parse(wrong).is_none(), "{wrong}");
        }
    }
}
