//! Storage classes whose objects must be thawed before they can be read. Pure.
//!
//! Facts: Amazon S3 API reference, HeadObject and RestoreObject; S3 user guide, archive retrieval options.

use jiff::Timestamp;
use jiff::fmt::rfc2822;

const FROZEN_CLASSES: [&str; 2] = ["GLACIER", "DEEP_ARCHIVE"];

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

/// Whether objects of a storage class must be thawed.
pub(super) fn is_frozen_class(storage_class: &str) -> bool {
    FROZEN_CLASSES.contains(&storage_class)
}

/// Why an object cannot be read now; `None` if it can.
pub(super) fn why_frozen(storage_class: &str, archive_tier: Option<&str>, state: ThawState) -> Option<Thaw> {
    match (state, archive_tier) {
        // Intelligent-Tiering makes no copy: the object leaves the tier, and S3 stops naming it.
        (ThawState::Ongoing, Some(_)) => Some(Thaw::Ongoing),
        (_, Some(_)) => Some(Thaw::NotRequested),
        _ if !is_frozen_class(storage_class) => None,
        (ThawState::Until(_), None) => None,
        (ThawState::Ongoing, None) => Some(Thaw::Ongoing),
        (ThawState::No, None) => Some(Thaw::NotRequested),
    }
}

/// Duration of a thaw, in words.
pub(super) fn describe_duration(class: &str) -> &'static str {
    match class {
        "GLACIER" | "ARCHIVE_ACCESS" => "3 to 5 hours",
        _ => "up to 12 hours, or 48 with bulk retrieval",
    }
}

#[cfg(test)]
mod tests;
