//! Names, tags and metadata of every object that the product writes. Pure.

use jiff::Timestamp;
use jiff::tz::TimeZone;
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
pub fn description_key(backup: &str) -> String {
    format!("{backup}.manifest.json")
}

/// The part of a key after its last slash.
#[must_use]
pub fn file_name(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or(key)
}

/// The object's sponsor, environment and retention.
#[derive(Debug, Clone, Copy)]
pub struct Keeping<'a> {
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

/// The tag for an object's lock. It is set after S3 has shown the lock, and is [`NOT_KNOWN`] until then.
pub const LOCK_TAG: &str = "object-lock";
/// The value of a tag that was not checked yet.
pub const NOT_KNOWN: &str = "unknown";

/// The object's tags, as they are before anything of the object was read back. S3 takes ten.
#[must_use]
pub fn tags(object: Object<'_>, keeping: Keeping<'_>) -> Vec<(String, String)> {
    let mut tags = vec![
        ("environment", keeping.environment.name().to_owned()),
        ("type", object.kind().to_owned()),
        ("sponsor", keeping.sponsor.to_owned()),
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
fn is_compliant(keeping: Keeping<'_>) -> bool {
    !keeping.partial && keeping.retention_years.is_some_and(|years| years >= 7)
}

/// The same tags with what S3 showed of the lock.
#[must_use]
pub fn with_lock(tags: &[(String, String)], lock: &str) -> Vec<(String, String)> {
    let told = |(name, value): &(String, String)| {
        let value = if name == LOCK_TAG { lock.to_owned() } else { value.clone() };
        (name.clone(), value)
    };
    tags.iter().map(told).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop_assert, proptest};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn keys_are_the_ones_of_the_field() {
        let backup = |environment, suffix, time| Object::Backup { suffix }.key(environment, at(time));
        assert_eq!(
            backup(Environment::Production, ".sql.gz", "2026-03-29T01:30:05.9Z"),
            "backups/2026/03/29/backup-prod-20260329-013005.sql.gz"
        );
        assert_eq!(
            backup(Environment::Staging, ".sql.zst.age", "2026-12-31T23:59:59+00:00"),
            "staging/backups/2026/12/31/backup-staging-20261231-235959.sql.zst.age"
        );
        assert_eq!(
            Object::DeploymentLog.key(Environment::Development, at("2026-01-01T00:00:00+02:00")),
            "development/deployments/2025/12/31/deployment-dev-20251231-220000.json"
        );
        assert_eq!(
            Object::DrillReport.key(Environment::Production, at("2026-11-21T01:02:03Z")),
            "drills/2026/11/21/drill-prod-20261121-010203.json"
        );
        assert_eq!(checksum_key("a/b.sql.gz"), "a/b.sql.gz.sha256");
        assert_eq!(description_key("a/b.sql.gz"), "a/b.sql.gz.manifest.json");
        assert_eq!(file_name("a/b.sql.gz"), "b.sql.gz");
    }

    fn told(object: Object<'_>, environment: Environment, pre_migration: bool, years: Option<u16>) -> String {
        let keeping = Keeping {
            sponsor: "callisto",
            environment,
            pre_migration,
            retention_years: years,
            partial: false,
        };
        let tags = tags(object, keeping).into_iter().map(|(name, value)| format!("{name}={value}"));
        tags.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn tags_are_the_ones_of_the_field() {
        let backup = Object::Backup { suffix: ".sql.gz" };
        assert_eq!(
            told(backup, Environment::Production, true, Some(7)),
            "environment=production type=database-backup sponsor=callisto pre-migration=true retention-years=7 fda-compliant=true object-lock=unknown"
        );
        assert_eq!(
            told(Object::DeploymentLog, Environment::Staging, false, None),
            "environment=staging type=deployment-log sponsor=callisto retention-days=30 object-lock=unknown"
        );
        assert_eq!(
            told(backup, Environment::Development, false, None),
            "environment=development type=database-backup sponsor=callisto retention-days=7 object-lock=unknown"
        );
    }

    #[test]
    fn a_partial_backup_is_not_compliant_and_its_lock_is_tagged() {
        let keeping = Keeping {
            sponsor: "callisto",
            environment: Environment::Production,
            pre_migration: true,
            retention_years: Some(7),
            partial: true,
        };
        let tags = tags(Object::Backup { suffix: ".sql.gz" }, keeping);
        assert!(tags.contains(&("fda-compliant".to_owned(), "false".to_owned())), "{tags:?}");
        assert!(tags.len() <= 10);
        let told = with_lock(&tags, "governance");
        assert_eq!((told.len(), told.last().unwrap().1.as_str()), (tags.len(), "governance"));
    }

    #[test]
    fn metadata_is_readable_ascii() {
        let pairs = metadata(&[("deployer", Some("José\n100%")), ("version", Some("  ")), ("git-sha", None)]);
        assert_eq!(pairs, [("deployer".to_owned(), "Jos%C3%A9%0A100%25".to_owned())]);
    }

    proptest! {
        #[test]
        fn metadata_is_always_short_ascii_that_decodes(value in "\\PC{0,400}") {
            for (_, value) in metadata(&[("reason", Some(&value))]) {
                prop_assert!(value.len() <= METADATA_VALUE && value.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
                let escapes = value.split('%').skip(1);
                prop_assert!(escapes.into_iter().all(|rest| rest.len() >= 2 && u8::from_str_radix(&rest[..2], 16).is_ok()));
            }
        }
    }
}
