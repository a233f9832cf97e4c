//! The numbers of a record, as metrics need them. Pure.

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use super::lenient;

/// What a record says in numbers. What it does not say is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Measures {
    /// Bytes of a backup's dump, before compression.
    pub dump_bytes: Option<u64>,
    /// Rows of all tables of a backup.
    pub rows: Option<u64>,
    /// End of a backup's Object Lock.
    pub locked_until: Option<Timestamp>,
    /// Until when a backup is kept by its retention in years.
    pub retained_until: Option<Timestamp>,
    /// `pg_dump`'s version.
    pub pg_dump_version: Option<String>,
    /// Age of the backup of a drill, and its limit.
    pub rpo: (Option<Duration>, Option<Duration>),
    /// Duration of a drill, and its limit.
    pub rto: (Option<Duration>, Option<Duration>),
}

/// The keys of a deployment log and of a drill report. One of an unexpected type counts as absent.
#[derive(Deserialize)]
struct Document {
    #[serde(default, deserialize_with = "lenient")]
    dump_size_bytes: Option<u64>,
    #[serde(default, deserialize_with = "lenient")]
    rows_total: Option<u64>,
    #[serde(default, deserialize_with = "lenient")]
    locked_until: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient")]
    retained_until: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient")]
    pg_dump_version: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    backup_age_minutes: Option<f64>,
    #[serde(default, deserialize_with = "lenient")]
    max_rpo_minutes: Option<f64>,
    #[serde(default, deserialize_with = "lenient")]
    restore_duration_minutes: Option<f64>,
    #[serde(default, deserialize_with = "lenient")]
    max_rto_minutes: Option<f64>,
}

impl Measures {
    pub(super) fn parse(document: &[u8]) -> Option<Self> {
        let told: Document = serde_json::from_slice(document).ok()?;
        Some(Self {
            dump_bytes: told.dump_size_bytes,
            rows: told.rows_total,
            locked_until: told.locked_until,
            retained_until: told.retained_until,
            pg_dump_version: told.pg_dump_version,
            rpo: (told.backup_age_minutes.and_then(minutes), told.max_rpo_minutes.and_then(minutes)),
            rto: (told.restore_duration_minutes.and_then(minutes), told.max_rto_minutes.and_then(minutes)),
        })
    }
}

/// `None` for a negative number, among others.
fn minutes(minutes: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(minutes * 60.0).ok()
}
