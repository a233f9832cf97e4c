//! Storage classes whose objects must be thawed before they can be read. Pure.
//!
//! Facts: Amazon S3 API reference, HeadObject and RestoreObject; S3 user guide, archive retrieval options.

use jiff::Timestamp;
use jiff::fmt::rfc2822;

use super::ArchiveError;

const FROZEN_CLASSES: [&str; 2] = ["GLACIER", "DEEP_ARCHIVE"];

/// What a HEAD request shows about an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Size.
    pub bytes: u64,
    /// ETag, which distinguishes this object from a later one under the same key; empty if the store sends none.
    pub etag: String,
    /// S3 storage class; `STANDARD` if S3 names none.
    pub storage_class: String,
    /// The archive tier that Intelligent-Tiering moved it to. It cannot be read from there.
    pub archive_tier: Option<String>,
    /// S3's CRC64NVME of the whole object, if S3 keeps one.
    pub crc64: Option<String>,
    /// Id of the write that created it. Only objects that sponsor-backup wrote have one.
    pub write_id: Option<String>,
    /// State of its thaw.
    pub restored: ThawState,
    /// End of its Object Lock, if that is known.
    pub retain_until: Option<Timestamp>,
}

/// State of an object's thaw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThawState {
    /// Not requested.
    No,
    /// In progress.
    Ongoing,
    /// Done. The object can be read until then.
    Until(Timestamp),
}

/// Why an object is still frozen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thaw {
    /// Not requested.
    NotRequested,
    /// In progress.
    Ongoing,
}

impl ThawState {
    /// Parses the header `x-amz-restore`. A value that it does not understand counts as no thaw.
    pub(super) fn parse(header: Option<&str>) -> Self {
        let header = header.unwrap_or_default();
        if header.contains("ongoing-request=\"true\"") {
            return Self::Ongoing;
        }
        let date = header.split_once("expiry-date=\"").and_then(|(_, rest)| rest.split_once('"'));
        let until = date.and_then(|(date, _)| rfc2822::parse(date).ok());
        until.map_or(Self::No, |until| Self::Until(until.timestamp()))
    }
}

impl ObjectInfo {
    /// Checks that the object can be read now.
    ///
    /// # Errors
    /// [`ArchiveError::Frozen`] if it must be thawed first.
    pub fn readable(&self, location: &str) -> Result<(), ArchiveError> {
        let thaw = match (self.restored, &self.archive_tier) {
            // Intelligent-Tiering makes no copy: the object leaves the tier, and S3 stops naming it.
            (ThawState::Ongoing, Some(_)) => Thaw::Ongoing,
            (_, Some(_)) => Thaw::NotRequested,
            _ if !FROZEN_CLASSES.contains(&self.storage_class.as_str()) => return Ok(()),
            (ThawState::Until(_), None) => return Ok(()),
            (ThawState::Ongoing, None) => Thaw::Ongoing,
            (ThawState::No, None) => Thaw::NotRequested,
        };
        let class = self.archive_tier.as_ref().unwrap_or(&self.storage_class).clone();
        Err(ArchiveError::Frozen { location: location.to_owned(), class, thaw })
    }

    /// Number of days to request. `None` for Intelligent-Tiering: the object leaves the archive tier for good.
    #[must_use]
    pub fn thaw_days(&self, days: u16) -> Option<u16> {
        self.archive_tier.is_none().then_some(days)
    }
}

/// Duration of a thaw, in words.
pub(super) fn patience(class: &str) -> &'static str {
    match class {
        "GLACIER" | "ARCHIVE_ACCESS" => "3 to 5 hours",
        _ => "up to 12 hours (48 if it was asked for in bulk)",
    }
}

#[cfg(test)]
mod tests;
