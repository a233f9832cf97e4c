//! The flag that enables a sponsor's archival, and what to do if it does not. Pure.

use std::collections::BTreeMap;

use secrecy::ExposeSecret as _;

use super::{
    AUDIT_LOGS_BUCKET, BACKUPS_BUCKET, Place, REGION, RawSecrets, SecretsError, no_bucket_name, odd_character,
};
use crate::manifest::describe_value;

/// The secret that enables a sponsor's backups.
pub const FLAG: &str = "ENABLE_S3_BACKUP_ARCHIVAL";

/// A flag that does not enable the archival. Displays the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disabled {
    flag: Flag,
    place: Place,
    set: BTreeMap<&'static str, String>,
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

    /// Buckets and region that are set already and have a valid form, by the names of their secrets.
    #[must_use]
    pub fn set(&self) -> &BTreeMap<&'static str, String> {
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
fn set_up(raw: &RawSecrets) -> BTreeMap<&'static str, String> {
    let problem = |name: &str, value: &str| match name {
        REGION => odd_character(value, "-"),
        _ => no_bucket_name(value),
    };
    let set = [BACKUPS_BUCKET, AUDIT_LOGS_BUCKET, REGION].into_iter().filter_map(|name| {
        let value = raw.get(name)?.expose_secret().trim();
        (!value.is_empty() && problem(name, value).is_none()).then(|| (name, value.to_owned()))
    });
    set.collect()
}

#[cfg(test)]
mod tests;
