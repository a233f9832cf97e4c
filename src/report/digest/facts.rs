//! What a digest is made of.

use super::StoredBackup;
use crate::record::entries::RecordEntry;
use crate::report::history::HistoryEvent;
use crate::report::metrics::StoreFacts;

/// What was read about one sponsor.
#[derive(Debug, Clone)]
pub struct SponsorFacts {
    /// Sponsor's name.
    pub sponsor: String,
    /// Its records, in any order: those of the period, and the newest ones.
    pub entries: Vec<RecordEntry>,
    /// Locations of records that could not be read.
    pub unread: Vec<String>,
    /// The time line of the period, the newest first.
    pub events: Vec<HistoryEvent>,
    /// What the store shows.
    pub store: StoreFacts,
    /// The backups in it, the newest first.
    pub stored: Vec<StoredBackup>,
}
