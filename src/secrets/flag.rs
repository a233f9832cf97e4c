//! The flag that enables a sponsor's archival, and what to do if it does not. Pure.

use secrecy::ExposeSecret as _;

use super::{
    AUDIT_LOGS_BUCKET, BACKUPS_BUCKET, Place, REGION, RawSecrets, SecretsError, StoreName, odd_character,
};
use crate::manifest::describe_value;

/// The secret that enables a sponsor's backups.
pub const FLAG: &str = "ENABLE_S3_BACKUP_ARCHIVAL";

/// A flag that does not enable the archival. Displays the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disabled {
    flag: Flag,
    place: Place,
    set: StorageSecrets,
}

/// Stores and region that are set already and have a valid form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StorageSecrets {
    /// Store of the backups.
    pub backups: Option<StoreName>,
    /// Store of the records.
    pub audit_logs: Option<StoreName>,
    /// Region of the buckets.
    pub region: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Flag {
    Missing,
    Empty,
    /// A short word as it is, anything else described.
    Other(String),
}

impl std::fmt::Display for Disabled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.flag {
            Flag::Missing => write!(f, "{FLAG} does not exist"),
            Flag::Empty => write!(f, "{FLAG} is empty"),
            Flag::Other(value) => write!(f, "{FLAG} is {value}, not `true`"),
        }
    }
}

impl Disabled {
    /// `None` if the flag is exactly `true`.
    #[must_use]
    pub fn of(place: &Place, raw: &RawSecrets) -> Option<Self> {
        let flag = match raw.get(FLAG).map(|flag| flag.expose_secret()) {
            Some("true") => return None,
            None => Flag::Missing,
            Some("") => Flag::Empty,
            Some(other) => Flag::Other(describe_value(other)),
        };
        Some(Self { flag, place: place.clone(), set: set_up(raw) })
    }

    /// What is set up already.
    #[must_use]
    pub fn set(&self) -> &StorageSecrets {
        &self.set
    }

    /// Whether the secret does not exist.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.flag == Flag::Missing
    }

    /// Whether it has a value that was meant to be `true` or `false`, and is neither. `false` and nothing are deliberate.
    pub(super) fn is_a_wrong_value(&self) -> bool {
        matches!(&self.flag, Flag::Other(value) if value != "`false`")
    }

    /// How to enable the archival where the flag is stored, as a sentence: ``In secrets.yaml, line 6, write `true`.``
    #[must_use]
    pub fn next_step(&self) -> String {
        self.place.enable(FLAG)
    }

    /// The error if the backup is required.
    #[must_use]
    pub fn required(&self) -> SecretsError {
        SecretsError::Required { reason: self.to_string(), next_step: self.next_step() }
    }

    /// Where the flag is stored.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }
}

/// Values of another form are not shown. They may be secrets in the wrong place.
fn set_up(raw: &RawSecrets) -> StorageSecrets {
    let value = |name: &str| raw.get(name).map(|value| value.expose_secret().trim());
    let store = |name| value(name).and_then(|text| StoreName::parse(text).ok());
    let region = value(REGION).filter(|text| !text.is_empty() && odd_character(text, "-").is_none());
    StorageSecrets {
        backups: store(BACKUPS_BUCKET),
        audit_logs: store(AUDIT_LOGS_BUCKET),
        region: region.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests;
