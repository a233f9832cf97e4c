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
mod tests;
