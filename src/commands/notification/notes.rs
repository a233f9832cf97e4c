//! What a run learns for notifications before it ends.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use super::pings::Pings;
use crate::record::recovery::EarlierEvents;

/// The notes of one run.
#[derive(Debug, Default)]
pub(in crate::commands) struct NotificationNotes {
    /// Whether anyone wants to know of earlier events. Asking for them costs time.
    wants_earlier: AtomicBool,
    earlier: Mutex<BTreeMap<String, EarlierEvents>>,
    /// The checks that are pinged.
    pings: OnceLock<Pings>,
}

impl NotificationNotes {
    pub(super) fn want_earlier(&self) {
        self.wants_earlier.store(true, Ordering::Relaxed);
    }

    pub(super) fn wants_earlier(&self) -> bool {
        self.wants_earlier.load(Ordering::Relaxed)
    }

    pub(super) fn note_earlier(&self, sponsor: &str, events: EarlierEvents) {
        self.all_earlier().insert(sponsor.to_owned(), events);
    }

    /// What earlier records say about a sponsor. Nothing if they were not read.
    pub(super) fn earlier(&self, sponsor: &str) -> EarlierEvents {
        self.all_earlier().get(sponsor).cloned().unwrap_or_default()
    }

    pub(super) fn ping(&self, pings: Pings) {
        self.pings.set(pings).ok();
    }

    pub(super) fn pings(&self) -> Option<&Pings> {
        self.pings.get()
    }

    /// Signals the start of a sponsor's part to its check, if it has one.
    pub(in crate::commands) fn sponsor_begins(&self, sponsor: &str) {
        if let Some(pings) = self.pings.get() {
            pings.start_part(sponsor);
        }
    }

    fn all_earlier(&self) -> MutexGuard<'_, BTreeMap<String, EarlierEvents>> {
        self.earlier.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
