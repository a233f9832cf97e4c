//! Tags of an object in S3: whose it is, and how long to keep it. Pure.

use crate::layout::key::Object;
use crate::sponsors::Environment;

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

#[cfg(test)]
mod tests;
