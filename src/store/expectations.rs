//! What `preflight` judges a sponsor's stores by.

use std::time::Duration;

use jiff::Timestamp;

use super::LockChoice;
use super::s3::lifecycle::ObjectFamily;
use crate::finding::Check;
use crate::layout::key::{Bucket, Object};
use crate::sponsors::Environment;

/// The check that every kind of store has.
pub(super) const WRITE_PROBE: Check = Check {
    name: "write-probe",
    about: "An upload like a backup's can begin and be taken back (with `write-probe`)",
};

/// What the stores are judged by.
#[derive(Debug, Clone, Copy)]
pub struct StorageExpectations<'a> {
    /// Whose objects.
    pub environment: Environment,
    /// Sponsor's name, for tags.
    pub sponsor: &'a str,
    /// Region that the secrets name.
    pub region: &'a str,
    /// Input `object-lock`.
    pub lock: LockChoice,
    /// Input `retention-years`, with its default in production.
    pub retention_years: Option<u16>,
    /// Input `storage-class`.
    pub storage_class: &'a str,
    /// Input `max-rto`.
    pub max_rto: Option<Duration>,
    /// Now.
    pub now: Timestamp,
}

impl<'a> StorageExpectations<'a> {
    pub(super) fn in_production(&self) -> bool {
        self.environment == Environment::Production
    }

    /// The objects of each kind that a bucket holds.
    pub(super) fn families(&self, bucket: Bucket) -> Vec<ObjectFamily<'a>> {
        let Self { environment, sponsor, retention_years, .. } = *self;
        let there = Object::ALL.into_iter().filter(|object| object.bucket() == bucket);
        there.map(|object| ObjectFamily { object, environment, sponsor, retention_years }).collect()
    }
}
