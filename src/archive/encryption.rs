//! Encryption to age recipients (<https://age-encryption.org/v1>), and the private keys that open it. Pure: bytes in, bytes
//! out. Shows no private key, ever.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use age::x25519;

use super::ArchiveError;

/// Who can open an archive: none means that it is not encrypted.
#[derive(Debug, Clone, Default)]
pub struct Recipients(Vec<x25519::Recipient>);

impl Recipients {
    /// Reads public keys, one per line. Blank lines and lines that start with `#` are skipped. An empty text asks for no
    /// encryption. A text with something other than keys asked for encryption, so it is an error.
    ///
    /// # Errors
    /// The line that is not an age public key, as a phrase that follows the input's name, or that there is none. The line
    /// itself is not shown, because a key file that is pasted whole includes the private key.
    pub fn parse(text: &str) -> Result<Self, String> {
        let lines = text.lines().map(str::trim).enumerate();
        let keys = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')).map(|(at, line)| {
            let private = line.to_ascii_uppercase().starts_with("AGE-SECRET-KEY-");
            let what = if private { "a private key, not a public one" } else { "not an age public key" };
            line.parse().map_err(|_| format!("is wrong in line {}: {what}", at + 1))
        });
        let keys: Vec<_> = keys.collect::<Result<_, _>>()?;
        match text.lines().position(|line| !line.trim().is_empty()) {
            Some(first) if keys.is_empty() => {
                Err(format!("holds no age public key, only a comment in line {}", first + 1))
            }
            _ => Ok(Self(keys)),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The public keys, as the manifest of a backup lists them.
    #[must_use]
    pub fn public_keys(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }
}

/// The last step before the bytes are counted: encryption, or nothing.
pub(super) enum Encryption {
    /// As they come.
    None,
    /// To age recipients.
    Age(age::stream::StreamWriter<Spill>, Spill),
}

impl Encryption {
    pub(super) fn new(recipients: &Recipients) -> Result<Self, ArchiveError> {
        if recipients.is_empty() {
            return Ok(Self::None);
        }
        let keys = recipients.0.iter().map(|key| key as &dyn age::Recipient);
        let encryptor = age::Encryptor::with_recipients(keys).map_err(failed)?;
        let spill = Spill::default();
        Ok(Self::Age(encryptor.wrap_output(spill.clone()).map_err(failed)?, spill))
    }

    /// What the bytes become.
    pub(super) fn update(&mut self, bytes: Vec<u8>) -> Result<Vec<u8>, ArchiveError> {
        match self {
            Self::None => Ok(bytes),
            Self::Age(writer, spill) => {
                writer.write_all(&bytes).map_err(failed)?;
                Ok(spill.take())
            }
        }
    }

    /// What is still to come. Without it, age's format makes the stream a truncated one.
    pub(super) fn finish(self) -> Result<Vec<u8>, ArchiveError> {
        match self {
            Self::None => Ok(Vec::new()),
            Self::Age(writer, spill) => {
                writer.finish().map_err(failed)?;
                Ok(spill.take())
            }
        }
    }
}

/// Bytes that the age writer produced and that were not taken yet.
#[derive(Clone, Default)]
pub(super) struct Spill(Arc<Mutex<Vec<u8>>>);

impl Spill {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Spill {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn failed(error: impl std::fmt::Display) -> ArchiveError {
    ArchiveError::Transform { what: "encrypted", reason: error.to_string() }
}

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
    /// No private key was given, or none decrypts the dump.
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
