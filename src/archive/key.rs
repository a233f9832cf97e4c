//! Names, metadata and retention of every object that the product writes. Pure.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::sponsors::Environment;

/// S3 takes 2 KB of metadata in all; no single value needs more than this.
const METADATA_VALUE: usize = 256;
/// The time in a key.
pub(super) const SECOND: &str = "%Y%m%d-%H%M%S";
const METADATA_ENCODED: &AsciiSet = &CONTROLS.add(b'%');

/// An object that the product writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Object<'a> {
    /// A dump. The suffix shows codec and encryption: `.sql.gz`, `.sql.zst.age`.
    Backup {
        /// From `.sql` on.
        suffix: &'a str,
    },
    /// A deployment log.
    DeploymentLog,
    /// A drill's report.
    DrillReport,
}

impl Object<'_> {
    /// The object's key, with the time in UTC to the second.
    #[must_use]
    pub fn key(self, environment: Environment, at: Timestamp) -> String {
        let at = at.to_zoned(TimeZone::UTC);
        let (stem, suffix) = match self {
            Self::Backup { suffix } => ("backup", suffix),
            Self::DeploymentLog => ("deployment", ".json"),
            Self::DrillReport => ("drill", ".json"),
        };
        let folder = self.folder(environment);
        let (day, second) = (at.strftime("%Y/%m/%d"), at.strftime(SECOND));
        format!("{folder}/{day}/{stem}-{}-{second}{suffix}", environment.short())
    }

    /// Prefix of all objects of its kind and environment, without a slash at the end.
    #[must_use]
    pub fn folder(self, environment: Environment) -> String {
        let folder = match self {
            Self::Backup { .. } => "backups",
            Self::DeploymentLog => "deployments",
            Self::DrillReport => "drills",
        };
        match environment {
            Environment::Production => folder.to_owned(),
            Environment::Staging | Environment::Development => format!("{}/{folder}", environment.name()),
        }
    }

    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Backup { .. } => "database-backup",
            Self::DeploymentLog => "deployment-log",
            Self::DrillReport => "drill-report",
        }
    }
}

/// Key of a backup's checksum file.
#[must_use]
pub fn checksum_key(backup: &str) -> String {
    format!("{backup}.sha256")
}

/// Key of a backup's manifest.
#[must_use]
pub fn manifest_key(backup: &str) -> String {
    format!("{backup}.manifest.json")
}

/// The part of a key after its last slash.
#[must_use]
pub fn file_name(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or(key)
}

/// Metadata that HTTP headers can carry: values that are empty are left out, what is not printable ASCII is
/// percent-encoded, and long values are cut.
#[must_use]
pub fn metadata(pairs: &[(&str, Option<&str>)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .filter_map(|(name, value)| Some(((*name).to_owned(), header_value((*value)?))))
        .filter(|(_, value)| !value.is_empty())
        .collect()
}

fn header_value(value: &str) -> String {
    let mut encoded = String::new();
    for character in value.trim().chars() {
        let piece = utf8_percent_encode(character.encode_utf8(&mut [0; 4]), METADATA_ENCODED).to_string();
        if encoded.len() + piece.len() > METADATA_VALUE {
            break;
        }
        encoded.push_str(&piece);
    }
    encoded
}

/// Until when an object must be kept: the first moment (UTC) at which at least `years` calendar years have passed. A leap
/// day's anniversary in a common year is the first of March, not the day before. 365 days a year would fall short of it.
///
/// Gives `None` beyond the year 9999.
#[must_use]
pub fn retain_until(written: Timestamp, years: u16) -> Option<Timestamp> {
    let written = written.to_zoned(TimeZone::UTC).datetime();
    let date = anniversary(written.date(), years)?;
    date.to_datetime(written.time()).to_zoned(TimeZone::UTC).ok().map(|until| until.timestamp())
}

fn anniversary(date: Date, years: u16) -> Option<Date> {
    let same_day = date.checked_add(i64::from(years).years()).ok()?;
    if same_day.day() == date.day() { Some(same_day) } else { same_day.tomorrow().ok() }
}

#[cfg(test)]
mod tests;
