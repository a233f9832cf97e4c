//! The one backup that a restore or a drill takes: found, described, read through. If `latest` may fall back, the next
//! older backup replaces one that turns out to be damaged, at whatever step that shows.

use tokio_util::sync::CancellationToken;

use super::backup_attempts::{BackupHistory, Candidate, Latest};
use super::stored::{self, StoredBackup, VerifiedContents};
use super::which_backup;
use crate::archive::Identities;
use crate::cli::options::{ReadOptions, WhichBackup};
use crate::failure::Failure;

/// A backup whose three parts are there and agree with each other, and what may stand in for it.
pub(super) struct SelectedBackup<'a> {
    /// The backup.
    pub(super) stored: StoredBackup,
    place: BackupHistory<'a>,
    /// Nothing if it is not to be opened.
    identities: Option<&'a Identities>,
    thaw: bool,
    /// Nothing where a certain backup was asked for.
    latest: Option<Latest<'a>>,
}

impl<'a> SelectedBackup<'a> {
    /// Finds the backup that is meant, and reads the objects next to its dump.
    pub(super) async fn find(
        place: BackupHistory<'a>,
        reading: &ReadOptions,
        identities: Option<&'a Identities>,
    ) -> Result<Self, Failure> {
        let thaw = reading.thaw;
        let (mut latest, stored);
        if reading.which == WhichBackup::Latest {
            let mut newest = Latest::of(place.clone(), reading.allow_older).await?;
            stored = next(&mut newest, &place, identities, thaw).await?;
            latest = Some(newest);
        } else {
            let whose = (place.sponsor, place.environment);
            let key = Box::pin(which_backup::find(&place, &reading.which)).await?;
            stored = stored::describe(&place.backups, whose, key, identities, thaw).await?;
            latest = None;
        }
        let latest = latest.take();
        Ok(Self { stored, place, identities, thaw, latest })
    }

    /// What was passed over for it, each in words.
    pub(super) fn passed(&self) -> Vec<String> {
        self.latest.as_ref().map(Latest::passed).unwrap_or_default()
    }

    /// Reads it through to its end. If it is damaged and an older one may replace it, [`Self::stored`] is the older one
    /// afterwards.
    pub(super) async fn verify(&mut self, stop: &CancellationToken) -> Result<VerifiedContents, Failure> {
        loop {
            let failure = match stored::verify(&self.stored, stop).await {
                Ok(verified) => return Ok(verified),
                Err(failure) => failure,
            };
            self.replace(failure).await?;
        }
    }

    /// Takes the next older backup, if this failure is the backup's own and an older one may replace it.
    ///
    /// # Errors
    /// The failure itself.
    pub(super) async fn replace(&mut self, failure: Failure) -> Result<(), Failure> {
        let Some(latest) = &mut self.latest else { return Err(failure) };
        pass_over(latest, &self.place, &self.stored.source.key, failure)?;
        self.stored = next(latest, &self.place, self.identities, self.thaw).await?;
        Ok(())
    }
}

/// The next backup of which nothing bad is known yet.
async fn next(
    latest: &mut Latest<'_>,
    place: &BackupHistory<'_>,
    identities: Option<&Identities>,
    thaw: bool,
) -> Result<StoredBackup, Failure> {
    loop {
        let backup = match latest.next().await? {
            Candidate::Backup(backup) => backup,
            Candidate::Bad(backup, words) => {
                let location = place.location(&backup);
                pass_over(latest, place, &backup.key, stored::proof(&location, vec![words]))?;
                continue;
            }
        };
        let (key, whose) = (backup.key.clone(), (place.sponsor, place.environment));
        match stored::describe(&place.backups, whose, backup, identities, thaw).await {
            Ok(stored) => match stored.description.lost_everything() {
                None => return Ok(stored),
                Some(words) => pass_over(latest, place, &key, stored::proof(&stored.location, vec![words]))?,
            },
            Err(failure) => pass_over(latest, place, &key, failure)?,
        }
    }
}

/// A failure of the backup itself is a failed proof, and the search may pass over it. Every other failure ends the search.
fn pass_over(
    latest: &mut Latest<'_>,
    place: &BackupHistory<'_>,
    key: &str,
    failure: Failure,
) -> Result<(), Failure> {
    let findings = match failure {
        Failure::Proof(error) => error.findings,
        Failure::Archive(error) if error.is_finding() => {
            vec![stored::in_words(&place.backups, key, &error)]
        }
        failure => return Err(failure),
    };
    let location = place.backups.location(key);
    if latest.passes_over(&location, &findings) { Ok(()) } else { Err(stored::proof(&location, findings)) }
}
