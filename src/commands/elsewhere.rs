//! Backups of the other environments, for a reader who looks in the wrong one.

use std::time::Duration;

use crate::archive::ArchiveError;
use crate::archive::catalogue::{catalogue, prefix};
use crate::sponsors::{Environment, Sponsor};
use crate::store::Store;
use crate::verification::counted;
use crate::verification::previous::{self, PreviousSearch};

/// The error for a backup that does not exist. `which` follows a blank and is empty for any backup.
pub(super) async fn no_backup(
    store: &Store,
    (sponsor, environment): (&Sponsor, Environment),
    which: String,
) -> ArchiveError {
    let elsewhere = elsewhere(store, sponsor, environment).await;
    ArchiveError::NoBackup { place: store.location(&prefix(environment)), which, elsewhere }
}

/// How long the other environments are looked for. This is only a help for the reader.
const LOOKED_FOR: Duration = Duration::from_secs(5);

/// `development holds 9 backups`; `None` if no other environment is known to hold any. An error, or no answer in time, counts as nothing found.
pub(super) async fn elsewhere(store: &Store, sponsor: &Sponsor, environment: Environment) -> Option<String> {
    tokio::time::timeout(LOOKED_FOR, found_elsewhere(store, sponsor, environment)).await.ok().flatten()
}

async fn found_elsewhere(store: &Store, sponsor: &Sponsor, environment: Environment) -> Option<String> {
    // Keys do not name their sponsor: in a shared bucket, the backups may be a partner's.
    if !sponsor.partners.is_empty() {
        return None;
    }
    let mut found = Vec::new();
    for other in Environment::ALL.into_iter().filter(|other| *other != environment) {
        let listed = Box::pin(store.list(&prefix(other))).await.unwrap_or_default();
        let count = catalogue(other, listed).backups.len();
        if count == 0 {
            continue;
        }
        // If the bucket is another sponsor's by mistake, so are the backups in it.
        let newest = Box::pin(previous::newest(store, (sponsor, other), &prefix(other))).await;
        if let Ok(PreviousSearch::Backup { .. }) = newest {
            found.push(format!("{} holds {}", other.name(), counted(count as u64, "backup")));
        }
    }
    (!found.is_empty()).then(|| found.join(", "))
}
