//! The backup before this one: the newest whole backup of the same sponsor and environment, as its manifest describes it.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::limits::ahead;
use super::stored::{MANIFEST_BYTES, of_another};
use crate::archive::ArchiveError;
use crate::archive::backup_manifest::{BackupManifest, Partial, PreviousBackup, SourceDatabase};
use crate::archive::catalogue::{BackupKey, catalogue, prefix};
use crate::layout::key::manifest_key;
use crate::sponsors::{Environment, Sponsor};
use crate::store::Store;

/// What a bucket says of the backup before this one.
#[derive(Debug)]
pub enum PreviousSearch {
    /// The bucket holds no whole backup of this sponsor and environment.
    None,
    /// The newest whole one, and the newest of the same scope that held rows, which a new backup is compared with.
    /// A newer one whose manifest cannot be read is passed over, and named.
    Backup {
        /// `s3://bucket/key`.
        location: String,
        /// Its manifest.
        description: Box<BackupManifest>,
        /// What a new backup is compared with.
        baseline: Option<PreviousBackup>,
        /// Why a newer one was passed over.
        unread: Option<String>,
    },
    /// The newest whole backup here is of a sponsor that does not share this bucket.
    AnotherSponsors {
        /// That sponsor.
        owner: String,
    },
    /// The bucket cannot be listed, or a manifest cannot be read. The reason follows a colon.
    Unknown(String),
}

/// Maximum number of manifests to read in search of one of the same scope that held rows.
const READ: usize = 20;

impl PreviousSearch {
    /// Looks for it: in this month's folder first, so that a bucket of seven years is not listed for nothing. `partial` is
    /// what the new backup leaves out by request.
    ///
    /// # Errors
    /// S3 refuses in a way that the backup itself cannot survive either. A missing permission is not one.
    pub async fn find(
        store: &Store,
        whose: (&Sponsor, Environment),
        now: Timestamp,
        partial: Option<&Partial>,
    ) -> Result<Self, ArchiveError> {
        let all = prefix(whose.1);
        let this_month = format!("{all}{}", now.to_zoned(TimeZone::UTC).strftime("%Y/%m/"));
        let mut found = Self::None;
        for below in [this_month, all] {
            found = match newest_by(store, whose, &below, (partial, now)).await {
                Ok(found) => found,
                Err(error) if error.affects_every_request() => return Err(error),
                Err(error) => return Ok(Self::Unknown(error.to_string())),
            };
            let goes_on =
                matches!(found, Self::None | Self::Unknown(_) | Self::Backup { baseline: None, .. });
            if !goes_on {
                break;
            }
        }
        Ok(found)
    }

    /// The database that it is of, where it says so.
    #[must_use]
    pub fn source(&self) -> Option<&SourceDatabase> {
        match self {
            Self::Backup { description, .. } => description.source.as_ref(),
            Self::None | Self::AnotherSponsors { .. } | Self::Unknown(_) => None,
        }
    }

    /// What a new backup is compared with.
    #[must_use]
    pub fn baseline(&self) -> Option<PreviousBackup> {
        match self {
            Self::Backup { baseline, .. } => baseline.clone(),
            Self::None | Self::AnotherSponsors { .. } | Self::Unknown(_) => None,
        }
    }

    /// What of it was not compared, in words.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        match self {
            Self::Unknown(reason) => {
                Some(format!("neither rows nor source were compared with the backup before: {reason}"))
            }
            Self::Backup { unread: Some(reason), location, .. } => {
                Some(format!("compared with {location}, since a newer backup cannot be read: {reason}"))
            }
            Self::None | Self::AnotherSponsors { .. } | Self::Backup { .. } => None,
        }
    }

    /// What a dry run shows of it.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::None => "none".to_owned(),
            Self::Backup { location, description, .. } => {
                let rows = description.contents.as_ref().map(|contents| contents.rows_total);
                rows.map_or_else(|| location.clone(), |rows| format!("{location}, {rows} rows"))
            }
            Self::AnotherSponsors { owner } => format!("of {owner}"),
            Self::Unknown(reason) => format!("unknown: {reason}"),
        }
    }
}

/// The newest whole backup of the same scope that is older than `at`, if its manifest can be read. Reads 20 manifests of the
/// month at most, and 20 older ones.
///
/// # Errors
/// S3 refuses a request.
pub async fn before(
    store: &Store,
    whose: (&Sponsor, Environment),
    at: Timestamp,
    partial: Option<&Partial>,
) -> Result<Option<(BackupKey, Box<BackupManifest>)>, ArchiveError> {
    let all = prefix(whose.1);
    let month = format!("{all}{}", at.to_zoned(TimeZone::UTC).strftime("%Y/%m/"));
    for (below, was_read) in [(&month, None), (&all, Some(&month))] {
        let listed = catalogue(whose.1, store.list(below).await?).backups.into_iter();
        let older = listed.map(|entry| entry.backup).filter(|backup| backup.at < at);
        let unread = older.filter(|backup| was_read.is_none_or(|read| !backup.key.starts_with(read)));
        for backup in unread.take(READ) {
            match Box::pin(read_manifest(store, whose, &backup.key)).await? {
                ReadManifest::Own(description) if description.partial.as_ref() == partial => {
                    return Ok(Some((backup, description)));
                }
                _ => {}
            }
        }
    }
    Ok(None)
}

/// As [`PreviousSearch::find`], below a prefix.
///
/// # Errors
/// S3 refuses a request.
pub async fn newest(
    store: &Store,
    whose: (&Sponsor, Environment),
    below: &str,
    partial: Option<&Partial>,
) -> Result<PreviousSearch, ArchiveError> {
    newest_by(store, whose, below, (partial, Timestamp::MAX)).await
}

/// The same by a clock. What is dated in its future comes last: every new backup would be compared with it.
async fn newest_by(
    store: &Store,
    whose: (&Sponsor, Environment),
    below: &str,
    (partial, now): (Option<&Partial>, Timestamp),
) -> Result<PreviousSearch, ArchiveError> {
    let listed = store.list(below).await?;
    let keys = catalogue(whose.1, listed).backups.into_iter().map(|entry| entry.backup);
    let (ahead, past): (Vec<_>, Vec<_>) = keys.partition(|backup| ahead(backup.at, now).is_some());
    let (mut newest, mut unread) = (None, None);
    for BackupKey { key, .. } in past.into_iter().chain(ahead).take(READ) {
        let description = match Box::pin(read_manifest(store, whose, &key)).await? {
            ReadManifest::Own(description) => description,
            ReadManifest::Partners => continue,
            ReadManifest::Unfit(reason) => {
                // Only what is newer than the newest whole one matters.
                if newest.is_none() {
                    unread.get_or_insert(reason);
                }
                continue;
            }
            ReadManifest::AnotherSponsors { owner } => return Ok(PreviousSearch::AnotherSponsors { owner }),
        };
        let location = store.location(&key);
        let baseline = baseline(&location, &description, partial);
        let is_found = baseline.is_some();
        // The newest whole one stays, and only the search for one to compare with goes on.
        let (location, description, _) = newest.unwrap_or((location, description, None));
        newest = Some((location, description, baseline));
        if is_found {
            break;
        }
    }
    Ok(match (newest, unread) {
        (Some((location, description, baseline)), unread) => {
            PreviousSearch::Backup { location, description, baseline, unread }
        }
        (None, Some(reason)) => PreviousSearch::Unknown(reason),
        (None, None) => PreviousSearch::None,
    })
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

/// What a backup of the same scope held, or what it was compared with if it held no row: otherwise a first empty backup
/// would make the next one look normal.
fn baseline(
    location: &str,
    description: &BackupManifest,
    partial: Option<&Partial>,
) -> Option<PreviousBackup> {
    let contents = description.contents.as_ref().filter(|_| description.partial.as_ref() == partial)?;
    if contents.rows_total == 0 && description.previous_backup.is_some() {
        return description.previous_backup.clone();
    }
    Some(PreviousBackup {
        location: location.to_owned(),
        rows_total: contents.rows_total,
        dump_size_bytes: description.dump.bytes,
    })
}
