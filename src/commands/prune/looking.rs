//! Decides which backups go, and looks at those on which the decision hangs: manifest, hold and lock. Ten thousand backups that
//! stay whatever they are cost no request.

use futures_util::{StreamExt as _, TryStreamExt as _};

use super::backups::FoundBackup;
use crate::archive::ArchiveError;
use crate::archive::backup_manifest::{Excerpt, retained_until};
use crate::archive::catalogue::BackupEntry;
use crate::commands::backup_attempts::BackupHistory;
use crate::commands::manifests::ManifestReads;
use crate::commands::protection::{Protection, Protections};
use crate::failure::Failure;
use crate::store::{ObjectInfo, StoreError};
use crate::verification::retention::{Candidate, Decision, Kind, Known, Question, decide, undecided};
use crate::verification::stored::of_another;

/// Backups that are looked at at once.
const IN_FLIGHT: usize = 16;

/// Looks at backups.
pub(super) struct Looking<'a> {
    place: &'a BackupHistory<'a>,
    manifests: ManifestReads,
    protections: Protections<'a>,
}

/// What was seen of one backup. `None` if it is a partner's.
type Seen = Option<(Candidate, (Option<String>, String))>;

impl<'a> Looking<'a> {
    /// # Errors
    /// No request to the store of the records succeeds.
    pub(super) async fn at(place: &'a BackupHistory<'a>) -> Result<Self, StoreError> {
        let protections = Protections::of(place).await?;
        Ok(Self { place, manifests: ManifestReads::new(), protections })
    }

    /// The decision about each backup. Those of partners are left out.
    pub(super) async fn decide(
        &self,
        found: &mut Vec<FoundBackup>,
        question: Question<'_>,
    ) -> Result<Vec<Decision>, Failure> {
        // Only manifests show whose a backup in a shared bucket is.
        if !self.place.sponsor.partners.is_empty() {
            self.look_at(found, (0..found.len()).collect()).await?;
        }
        loop {
            let candidates: Vec<Candidate> = found.iter().map(|found| found.candidate.clone()).collect();
            let decisions = decide(&candidates, question);
            let open = undecided(&candidates, &decisions);
            if open.is_empty() {
                return Ok(decisions);
            }
            self.look_at(found, open).await?;
        }
    }

    async fn look_at(&self, found: &mut Vec<FoundBackup>, places: Vec<usize>) -> Result<(), Failure> {
        let here = &*found;
        // A few at a time: the state of a request is large.
        let seen: Vec<(usize, Seen)> = futures_util::stream::iter(places)
            .map(|place| self.look(place, &here[place]))
            .buffer_unordered(IN_FLIGHT)
            .try_collect()
            .await?;
        let mut partners = Vec::new();
        for (place, seen) in seen {
            match seen {
                Some((candidate, mark)) => {
                    (found[place].candidate, found[place].seen) = (candidate, Some(mark));
                }
                None => partners.push(place),
            }
        }
        partners.sort_unstable();
        for place in partners.into_iter().rev() {
            found.remove(place);
        }
        Ok(())
    }

    async fn look(&self, place: usize, found: &FoundBackup) -> Result<(usize, Seen), Failure> {
        let mut candidate = Candidate { is_seen: true, ..found.candidate.clone() };
        if let Some(entry) = &found.entry {
            match self.kind(entry, &mut candidate).await {
                Ok(false) => return Ok((place, None)),
                Ok(true) => {}
                Err(error) if error.affects_every_request() => return Err(error.into()),
                // What it is cannot be known, and that keeps it.
                Err(error) => {
                    self.place.say(&format!("{}: {error}", self.place.location(&found.backup)));
                    candidate.kind = Kind::Unreadable;
                }
            }
        }
        let key = found.last_key();
        let info = match self.place.backups.examine(&key).await {
            Ok(info) => info,
            // It went after it was listed.
            Err(StoreError::Missing { .. }) => {
                candidate.kind = Kind::Unreadable;
                return Ok((place, Some((candidate, (None, String::new())))));
            }
            Err(error) => return Err(error.into()),
        };
        self.protect(found, &info, &mut candidate).await;
        Ok((place, Some((candidate, (info.version, info.mark)))))
    }

    /// What a backup is, by its manifest. Returns whether it is the sponsor's.
    async fn kind(&self, entry: &BackupEntry, candidate: &mut Candidate) -> Result<bool, ArchiveError> {
        let parse = |location: &str, document: &[u8]| {
            Ok((Excerpt::parse(location, document)?, retained_until(document, entry.backup.at)))
        };
        let (place, key) = (self.place, &entry.backup.key);
        let (told, retained) = self.manifests.read(&place.backups, entry, parse).await?;
        if place.sponsor.partners.contains(&told.sponsor) {
            return Ok(false);
        }
        let asked = [place.sponsor.name.as_str(), place.environment.name(), key.as_str()];
        let problems = of_another(asked, [&told.sponsor, &told.environment, &told.key], told.timestamp);
        let lost_rows =
            told.rows_total == Some(0) && told.previous_backup.as_ref().is_some_and(|it| it.rows_total > 0);
        if retained.is_err() {
            let words = "its tag `retention-years` cannot be read";
            place.say(&format!("{}: {words}", place.location(&entry.backup)));
        }
        let is_another = !problems.is_empty() || told.stored.bytes != entry.bytes;
        candidate.kind = if is_another || retained.is_err() {
            Kind::Unreadable
        } else if told.is_partial() || lost_rows || told.exceeded_a_limit() {
            Kind::Partial
        } else {
            Kind::Complete
        };
        candidate.retained_until = candidate.retained_until.max(retained.unwrap_or_default());
        Ok(true)
    }

    /// Looks again for what keeps backups beside their own objects.
    ///
    /// # Errors
    /// The store of the records refuses.
    pub(super) async fn again(&self) -> Result<(), StoreError> {
        self.protections.look_again().await
    }

    /// Notes hold and lock, given what the store showed of the last of its objects.
    pub(super) async fn protect(&self, found: &FoundBackup, info: &ObjectInfo, candidate: &mut Candidate) {
        let Protection { held, locked_until } = self.protections.of_examined(&found.backup, info).await;
        candidate.held = held.map_or(Known::Unknown, Known::Is);
        candidate.locked_until = locked_until.map_or(Known::Unknown, Known::Is);
    }
}
