//! Reads the manifests of a bucket in search of the backup before this one.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Baseline, PassedOver, PreviousSearch, SearchFor};
use crate::archive::ArchiveError;
use crate::archive::backup_manifest::{BackupManifest, Partial};
use crate::archive::catalogue::{BackupKey, catalogue, prefix};
use crate::layout::key::manifest_key;
use crate::sponsors::{Environment, Sponsor};
use crate::store::Store;
use crate::verification::limits::ahead;
use crate::verification::stored::{MANIFEST_BYTES, of_another};

/// Maximum number of manifests to read. A week of hourly backups of a part does not hide the weekly one of the whole database.
const READ: usize = 200;

/// Where to search, and for whom.
#[derive(Clone, Copy)]
struct Place<'a> {
    store: &'a Store,
    whose: (&'a Sponsor, Environment),
    wanted: SearchFor<'a>,
}

/// What was found so far.
#[derive(Default)]
struct Search {
    /// The newest whole backup.
    newest: Option<(String, Arc<BackupManifest>)>,
    baseline: Option<Baseline>,
    passed_over: PassedOver,
    read: usize,
}

/// Whether a search goes on with older backups.
enum Next {
    Older,
    Ended,
    AnotherSponsors { owner: String },
}

impl PreviousSearch {
    /// Looks for it: in this month's folder first, so that a bucket of seven years is not listed for nothing.
    ///
    /// # Errors
    /// S3 refuses in a way that the backup itself cannot survive either. A missing permission is not one.
    pub async fn find(
        store: &Store,
        whose: (&Sponsor, Environment),
        now: Timestamp,
        wanted: SearchFor<'_>,
    ) -> Result<Self, ArchiveError> {
        match find_until(Place { store, whose, wanted }, now).await {
            Err(error) if !error.affects_every_request() => Ok(Self::Unknown(error.to_string())),
            found => found,
        }
    }
}

/// What is dated in the future comes last: every new backup would be compared with it.
async fn find_until(place: Place<'_>, now: Timestamp) -> Result<PreviousSearch, ArchiveError> {
    let is_ahead = |backup: &BackupKey| ahead(backup.at, now).is_some();
    let all = prefix(place.whose.1);
    let this_month = format!("{all}{}", now.to_zoned(TimeZone::UTC).strftime("%Y/%m/"));
    let mut search = Search::default();
    let listed = listed(place, &this_month).await?;
    let mut next = search.read(place, listed.into_iter().filter(|backup| !is_ahead(backup))).await?;
    if matches!(next, Next::Older) {
        let (ahead, past): (Vec<_>, Vec<_>) =
            self::listed(place, &all).await?.into_iter().partition(is_ahead);
        let older = past.into_iter().filter(|backup| !backup.key.starts_with(&this_month));
        next = search.read(place, older.chain(ahead)).await?;
    }
    Ok(search.ended(next))
}

/// The newest whole backup below a prefix.
///
/// # Errors
/// S3 refuses a request.
pub async fn newest(
    store: &Store,
    whose: (&Sponsor, Environment),
    below: &str,
) -> Result<PreviousSearch, ArchiveError> {
    let place = Place { store, whose, wanted: SearchFor::Newest };
    let mut search = Search::default();
    let next = search.read(place, listed(place, below).await?.into_iter()).await?;
    Ok(search.ended(next))
}

/// The backups below a prefix, the newest first.
async fn listed(place: Place<'_>, below: &str) -> Result<Vec<BackupKey>, ArchiveError> {
    let listed = place.store.list(below).await?;
    Ok(catalogue(place.whose.1, listed).backups.into_iter().map(|entry| entry.backup).collect())
}

impl Search {
    async fn read(
        &mut self,
        place: Place<'_>,
        keys: impl Iterator<Item = BackupKey>,
    ) -> Result<Next, ArchiveError> {
        for BackupKey { key, .. } in keys {
            if self.read == READ {
                self.passed_over.only_read = Some(READ);
                return Ok(Next::Ended);
            }
            self.read += 1;
            match Box::pin(read_manifest(place.store, place.whose, &key)).await? {
                ReadManifest::Own(description) => {
                    if self.take(place, place.store.location(&key), Arc::from(description)) {
                        return Ok(Next::Ended);
                    }
                }
                ReadManifest::Partners => {}
                ReadManifest::Unfit(reason) => drop(self.passed_over.unread.get_or_insert(reason)),
                ReadManifest::AnotherSponsors { owner } => return Ok(Next::AnotherSponsors { owner }),
            }
        }
        Ok(Next::Older)
    }

    /// Whether nothing older is of interest.
    fn take(&mut self, place: Place<'_>, location: String, description: Arc<BackupManifest>) -> bool {
        let is_last = match place.wanted {
            SearchFor::Newest => true,
            SearchFor::Baseline { partial, limits } => {
                match Baseline::of(&location, &description, partial, &limits) {
                    Ok(baseline) => {
                        self.baseline = Some(baseline);
                        true
                    }
                    Err(unfit) => {
                        self.passed_over.note(&location, unfit);
                        false
                    }
                }
            }
        };
        self.newest.get_or_insert((location, description));
        is_last
    }

    fn ended(self, next: Next) -> PreviousSearch {
        let Self { newest, baseline, passed_over, .. } = self;
        if let Next::AnotherSponsors { owner } = next {
            return PreviousSearch::AnotherSponsors { owner };
        }
        match newest {
            Some((location, description)) => {
                PreviousSearch::Backup { location, description, baseline, passed_over }
            }
            None => match (passed_over.unread, passed_over.only_read) {
                (Some(reason), _) => PreviousSearch::Unknown(reason),
                (None, Some(read)) => {
                    PreviousSearch::Unknown(format!("none of the newest {read} backups is of this sponsor"))
                }
                (None, None) => PreviousSearch::None,
            },
        }
    }
}

/// A whole backup that is older than another one.
#[derive(Debug)]
pub struct EarlierBackup {
    /// Its key.
    pub backup: BackupKey,
    /// Its manifest.
    pub description: Box<BackupManifest>,
    /// Why a newer one was passed over.
    pub unread: Option<String>,
}

/// The newest whole backup of the same scope that is older than `at`, if its manifest can be read. Reads 200 manifests of the
/// month at most, and 200 older ones.
///
/// # Errors
/// S3 refuses a request.
pub async fn before(
    store: &Store,
    whose: (&Sponsor, Environment),
    at: Timestamp,
    partial: Option<&Partial>,
) -> Result<Option<EarlierBackup>, ArchiveError> {
    let mut unread = None;
    let all = prefix(whose.1);
    let month = format!("{all}{}", at.to_zoned(TimeZone::UTC).strftime("%Y/%m/"));
    for (below, was_read) in [(&month, None), (&all, Some(&month))] {
        let listed = catalogue(whose.1, store.list(below).await?).backups.into_iter();
        let older = listed.map(|entry| entry.backup).filter(|backup| backup.at < at);
        let others = older.filter(|backup| was_read.is_none_or(|read| !backup.key.starts_with(read)));
        for backup in others.take(READ) {
            match Box::pin(read_manifest(store, whose, &backup.key)).await? {
                ReadManifest::Own(description) if description.partial.as_ref() == partial => {
                    return Ok(Some(EarlierBackup { backup, description, unread }));
                }
                ReadManifest::Unfit(reason) => drop(unread.get_or_insert(reason)),
                ReadManifest::Own(_) | ReadManifest::Partners | ReadManifest::AnotherSponsors { .. } => {}
            }
        }
    }
    Ok(None)
}

/// Whose a backup is, by its manifest.
enum ReadManifest {
    Own(Box<BackupManifest>),
    Partners,
    AnotherSponsors {
        owner: String,
    },
    /// It cannot be read, or is of another backup. The reason.
    Unfit(String),
}

async fn read_manifest(
    store: &Store,
    (sponsor, environment): (&Sponsor, Environment),
    key: &str,
) -> Result<ReadManifest, ArchiveError> {
    let beside = manifest_key(key);
    let document = store.read_small(&beside, MANIFEST_BYTES).await?;
    let description = match BackupManifest::parse(&store.location(&beside), &document) {
        Ok(description) => description,
        Err(error) => return Ok(ReadManifest::Unfit(error.to_string())),
    };
    if sponsor.partners.contains(&description.sponsor) {
        return Ok(ReadManifest::Partners);
    }
    if description.sponsor != sponsor.name {
        return Ok(ReadManifest::AnotherSponsors { owner: description.sponsor });
    }
    let told = [&description.sponsor, &description.environment, &description.key].map(String::as_str);
    let findings = of_another([&sponsor.name, environment.name(), key], told, description.timestamp);
    if findings.is_empty() {
        return Ok(ReadManifest::Own(Box::new(description)));
    }
    Ok(ReadManifest::Unfit(format!("{}: {}", store.location(key), findings.join("; "))))
}
