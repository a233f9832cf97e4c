//! Names, metadata and retention of every object that the product writes. Pure.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::sponsors::Environment;

/// S3 takes 2 KB of metadata in all; no single value needs more than this.
const METADATA_VALUE: usize = 256;
/// Calendar years that records are kept, in every environment.
const RECORD_YEARS: u16 = 7;
/// The time in a key.
pub const SECOND: &str = "%Y%m%d-%H%M%S";
/// Letters of the time in a key.
const SECOND_LENGTH: usize = "20260101-000000".len();
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
    /// The record of a copy.
    CopyRecord,
    /// The record of a restore.
    RestoreRecord,
    /// The record of a verification.
    VerificationRecord,
    /// The record of a legal hold that was added or removed.
    HoldRecord,
    /// The record of backups that were removed by a retention policy, or brought back.
    PruneRecord,
}

/// What one kind of object is called.
struct Names {
    /// File names begin with it.
    stem: &'static str,
    /// Folder in the bucket.
    folder: &'static str,
    /// The tag.
    kind: &'static str,
}

/// One of a sponsor's two buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bucket {
    /// The one with the dumps.
    Backups,
    /// The one with the records.
    AuditLogs,
}

impl Object<'static> {
    /// One of each kind that every sponsor has. `preflight` checks the settings of their prefixes, and a test compares the list with the kinds.
    pub const ALL: [Self; 8] = [
        Self::Backup { suffix: "" },
        Self::DeploymentLog,
        Self::DrillReport,
        Self::CopyRecord,
        Self::RestoreRecord,
        Self::VerificationRecord,
        Self::HoldRecord,
        Self::PruneRecord,
    ];

    /// Those of the audit logs' bucket.
    pub fn records() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|object| object.bucket() == Bucket::AuditLogs)
    }
}

impl Object<'_> {
    /// The object's key, with the time in UTC to the second.
    #[must_use]
    pub fn key(self, environment: Environment, at: Timestamp) -> String {
        self.key_of(self.names().stem, self.suffix(), environment, at)
    }

    /// The time in a key of this kind and environment. `None` for every key that [`Self::key`] does not write.
    #[must_use]
    pub fn time_in(self, environment: Environment, key: &str) -> Option<Timestamp> {
        let stem = key.strip_suffix(self.suffix())?;
        let second = stem.get(stem.len().checked_sub(SECOND_LENGTH)?..)?;
        let at = DateTime::strptime(SECOND, second).ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp();
        (self.key(environment, at) == key).then_some(at)
    }

    fn suffix(&self) -> &str {
        match self {
            Self::Backup { suffix } => suffix,
            _ => ".json",
        }
    }

    /// A key next to the object's, which neither a catalogue nor a search for records takes for one of theirs.
    #[must_use]
    pub fn probe_key(self, environment: Environment, at: Timestamp) -> String {
        self.key_of("preflight", "", environment, at)
    }

    fn key_of(self, stem: &str, suffix: &str, environment: Environment, at: Timestamp) -> String {
        let at = at.to_zoned(TimeZone::UTC);
        let folder = self.folder(environment);
        let (day, second) = (at.strftime("%Y/%m/%d"), at.strftime(SECOND));
        format!("{folder}/{day}/{stem}-{}-{second}{suffix}", environment.short())
    }

    /// The bucket that holds it.
    #[must_use]
    pub fn bucket(self) -> Bucket {
        match self {
            Self::Backup { .. } => Bucket::Backups,
            _ => Bucket::AuditLogs,
        }
    }

    /// How long it must be kept. `years` is the retention of a backup, if it is one in years. Records are kept for seven
    /// years in every environment.
    #[must_use]
    pub fn retention(self, environment: Environment, years: Option<u16>) -> Retention {
        let of_backups = || match (years, environment.retention_days()) {
            (Some(years), _) => Retention::Years(years),
            (None, Some(days)) => Retention::Days(days),
            (None, None) => Retention::Years(RECORD_YEARS),
        };
        match self {
            Self::Backup { .. } => of_backups(),
            _ => Retention::Years(RECORD_YEARS),
        }
    }

    /// Prefix of all objects of its kind and environment, without a slash at the end.
    #[must_use]
    pub fn folder(self, environment: Environment) -> String {
        let folder = self.names().folder;
        match environment {
            Environment::Production => folder.to_owned(),
            Environment::Staging | Environment::Development => format!("{}/{folder}", environment.name()),
        }
    }

    pub(crate) fn kind(self) -> &'static str {
        self.names().kind
    }

    fn names(self) -> Names {
        let (stem, folder, kind) = match self {
            Self::Backup { .. } => ("backup", "backups", "database-backup"),
            Self::DeploymentLog => ("deployment", "deployments", "deployment-log"),
            Self::DrillReport => ("drill", "drills", "drill-report"),
            Self::CopyRecord => ("copy", "copies", "copy-record"),
            Self::RestoreRecord => ("restore", "restores", "restore-record"),
            Self::VerificationRecord => ("verification", "verifications", "verification-record"),
            Self::HoldRecord => ("hold", "holds", "hold-record"),
            Self::PruneRecord => ("prune", "prunes", "prune-record"),
        };
        Names { stem, folder, kind }
    }
}

/// How long an object must be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// Calendar years.
    Years(u16),
    /// Days.
    Days(u16),
}

impl Retention {
    /// The days that are enough for every object, whenever it is written. Seven years have up to two leap days.
    #[must_use]
    pub fn days(self) -> u32 {
        match self {
            Self::Years(years) => u32::from(years) * 365 + u32::from(years).div_ceil(4),
            Self::Days(days) => u32::from(days),
        }
    }
}

/// `7 calendar years` or `30 days`.
impl std::fmt::Display for Retention {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Years(1) => f.write_str("1 calendar year"),
            Self::Years(years) => write!(f, "{years} calendar years"),
            Self::Days(1) => f.write_str("1 day"),
            Self::Days(days) => write!(f, "{days} days"),
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
    let same_day = date.checked_add(Span::new().try_years(years).ok()?).ok()?;
    if same_day.day() == date.day() { Some(same_day) } else { same_day.tomorrow().ok() }
}

#[cfg(test)]
mod tests;
