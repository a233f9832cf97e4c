//! The private keys that open what was encrypted (<https://age-encryption.org/v1>). Pure; shows none of them, ever.

use age::x25519;

use super::ArchiveError;

/// Private keys; there may be none.
#[derive(Clone, Default)]
pub struct Identities(Vec<x25519::Identity>);

impl std::fmt::Debug for Identities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identities({})", self.0.len())
    }
}

impl Identities {
    /// Reads private keys, one per line, as `age-keygen` writes them. Blank lines and lines that start with `#` are skipped.
    ///
    /// # Errors
    /// The line that is not an age identity, as a phrase that follows the input's name. The line itself is not shown.
    pub fn parse(text: &str) -> Result<Self, String> {
        let lines = text.lines().map(str::trim).enumerate();
        let keys = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')).map(|(at, line)| {
            let public = line.to_ascii_lowercase().starts_with("age1");
            let what = if public { "a public key, not a private one" } else { "not an age private key" };
            line.parse().map_err(|_| format!("is wrong in line {}: {what}", at + 1))
        });
        Ok(Self(keys.collect::<Result<_, _>>()?))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of them opens what was encrypted to these public keys.
    #[must_use]
    pub fn matches(&self, recipients: &[String]) -> bool {
        self.0.iter().any(|key| recipients.contains(&key.to_public().to_string()))
    }

    /// Checks the identities before the object at `location` is fetched. An object without recipients needs none.
    ///
    /// # Errors
    /// There is no key, or none that fits.
    pub fn check(&self, location: &str, recipients: &[String]) -> Result<(), ArchiveError> {
        let (location, listed) = (location.to_owned(), recipients.to_vec());
        match self {
            _ if recipients.is_empty() || self.matches(recipients) => Ok(()),
            Self(keys) if keys.is_empty() => {
                Err(ArchiveError::IdentityMissing { location, recipients: listed })
            }
            Self(_) => Err(ArchiveError::IdentityWrong { location, recipients: listed }),
        }
    }

    /// The private keys as they are written: what logs must never show.
    #[must_use]
    pub fn masks(&self) -> Vec<age::secrecy::SecretString> {
        self.0.iter().map(x25519::Identity::to_string).collect()
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &dyn age::Identity> {
        self.0.iter().map(|key| key as &dyn age::Identity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    #[test]
    fn an_identity_fits_what_was_encrypted_to_its_public_key() {
        let (ours, other) = (x25519::Identity::generate(), x25519::Identity::generate());
        let (ours_public, other_public) = (ours.to_public().to_string(), other.to_public().to_string());
        let file =
            format!("# created today\n# public key: {ours_public}\n{}\n", ours.to_string().expose_secret());
        let identities = Identities::parse(&file).unwrap();
        assert!(identities.matches(&[other_public.clone(), ours_public.clone()]));
        assert!(!identities.matches(std::slice::from_ref(&other_public)));
        assert!(!identities.matches(&[]));
        assert_eq!(format!("{identities:?}"), "Identities(1)");

        assert!(identities.check("s3://b/k", std::slice::from_ref(&ours_public)).is_ok());
        assert!(Identities::default().check("s3://b/k", &[]).is_ok());
        let wrong = identities.check("s3://b/k", std::slice::from_ref(&other_public)).unwrap_err();
        assert_eq!(
            wrong.to_string(),
            format!("none of the given age identities opens s3://b/k (it is encrypted to {other_public})")
        );
        let missing =
            Identities::default().check("s3://b/k", std::slice::from_ref(&ours_public)).unwrap_err();
        assert!(matches!(missing, ArchiveError::IdentityMissing { .. }), "{missing}");
        assert!(missing.hint().unwrap().contains("AGE_IDENTITY"));
    }

    #[test]
    fn a_bad_line_is_named_by_its_number_and_never_shown() {
        let refused = |text: &str| Identities::parse(text).unwrap_err();
        assert_eq!(refused("\nAGE-SECRET-KEY-1CANARY"), "is wrong in line 2: not an age private key");
        let public = x25519::Identity::generate().to_public().to_string();
        assert_eq!(refused(&public), "is wrong in line 1: a public key, not a private one");
        assert!(Identities::parse("# nothing\n\n").unwrap().is_empty());
    }
}
