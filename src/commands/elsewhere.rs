//! Backups of the other environments, for a reader who looks in the wrong one.

use super::attempts::Place;
use crate::archive::catalogue::{catalogue, prefix};
use crate::archive::{ArchiveError, Store};
use crate::sponsors::{Environment, Sponsor};

/// The error for a backup that does not exist. `which` follows a blank and is empty for any backup.
pub(super) async fn no_backup(
    store: &Store,
    (sponsor, environment): (&Sponsor, Environment),
    which: String,
) -> ArchiveError {
    let elsewhere = elsewhere(store, sponsor, environment).await;
    ArchiveError::NoBackup { place: store.location(&prefix(environment)), which, elsewhere }
}

impl Place<'_> {
    /// The same for any backup of this place.
    pub(super) async fn no_backup(&self) -> ArchiveError {
        no_backup(&self.backups, (self.sponsor, self.environment), String::new()).await
    }

    /// `development holds 9 backups`; `None` if no other environment is known to hold any.
    pub(super) async fn elsewhere(&self) -> Option<String> {
        elsewhere(&self.backups, self.sponsor, self.environment).await
    }
}

/// Only a help for the reader, so an error counts as nothing found.
async fn elsewhere(store: &Store, sponsor: &Sponsor, environment: Environment) -> Option<String> {
    // Keys do not name their sponsor: in a shared bucket, the backups may be a partner's.
    if !sponsor.partners.is_empty() {
        return None;
    }
    let mut found = Vec::new();
    for other in Environment::ALL.into_iter().filter(|other| *other != environment) {
        let listed = Box::pin(store.list(&prefix(other))).await.unwrap_or_default();
        match catalogue(other, listed).backups.len() {
            0 => {}
            1 => found.push(format!("{} holds 1 backup", other.name())),
            count => found.push(format!("{} holds {count} backups", other.name())),
        }
    }
    (!found.is_empty()).then(|| found.join(", "))
}
