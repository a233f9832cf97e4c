//! Names, tags, metadata and retention of every object that the product writes. Pure.

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
    pub(super) fn folder(self, environment: Environment) -> String {
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

    fn kind(self) -> &'static str {
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

/// The object's sponsor, environment and retention.
#[derive(Debug, Clone, Copy)]
pub struct TagValues<'a> {
    /// Sponsor's name.
    pub sponsor: &'a str,
    /// Environment that was backed up.
    pub environment: Environment,
    /// Whether it was written before a deployment.
    pub pre_migration: bool,
    /// Years to keep it, if it is kept for years.
    pub retention_years: Option<u16>,
    /// Whether something was left out of the backup on purpose.
    pub partial: bool,
}

/// The tag for the environment.
pub const ENVIRONMENT_TAG: &str = "environment";
/// The tag for the sponsor.
pub const SPONSOR_TAG: &str = "sponsor";
/// The tag for an object's lock. It is set after S3 has shown the lock, and is [`NOT_KNOWN`] until then.
pub const LOCK_TAG: &str = "object-lock";
/// The value of a tag that was not checked yet.
pub const NOT_KNOWN: &str = "unknown";

/// The object's tags, as they are before anything of the object was read back. S3 takes ten.
#[must_use]
pub fn tags(object: Object<'_>, keeping: TagValues<'_>) -> Vec<(String, String)> {
    let mut tags = vec![
        (ENVIRONMENT_TAG, keeping.environment.name().to_owned()),
        ("type", object.kind().to_owned()),
        (SPONSOR_TAG, keeping.sponsor.to_owned()),
    ];
    if keeping.pre_migration {
        tags.push(("pre-migration", "true".to_owned()));
    }
    if let Some(years) = keeping.retention_years {
        tags.push(("retention-years", years.to_string()));
    } else if let Some(days) = keeping.environment.retention_days() {
        tags.push(("retention-days", days.to_string()));
    }
    if keeping.environment == Environment::Production {
        tags.push(("fda-compliant", is_compliant(keeping).to_string()));
    }
    tags.push((LOCK_TAG, NOT_KNOWN.to_owned()));
    tags.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// As the field means it: the whole database, kept for seven years. It says nothing of a lock.
fn is_compliant(keeping: TagValues<'_>) -> bool {
    !keeping.partial && keeping.retention_years.is_some_and(|years| years >= 7)
}

/// The same tags with what S3 showed of the lock.
#[must_use]
pub fn with_lock(tags: &[(String, String)], lock: &str) -> Vec<(String, String)> {
    let tagged = |(name, value): &(String, String)| {
        let value = if name == LOCK_TAG { lock.to_owned() } else { value.clone() };
        (name.clone(), value)
    };
    tags.iter().map(tagged).collect()
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
