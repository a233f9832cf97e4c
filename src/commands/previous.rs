//! The backup before this one: the newest whole backup of the same sponsor and environment, as its manifest describes it.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::stored::MANIFEST_BYTES;
use crate::archive::backup_manifest::{BackupManifest, Partial, PreviousBackup, SourceDatabase};
use crate::archive::catalogue::{catalogue, prefix};
use crate::archive::key::manifest_key;
use crate::archive::{ArchiveError, Store};
use crate::sponsors::{Environment, Sponsor};
use crate::verification::stored::of_another;

/// What a bucket says of the backup before this one.
#[derive(Debug)]
pub(super) enum PreviousSearch {
    /// The bucket holds no whole backup of this sponsor and environment.
    None,
    /// The newest whole one, and the newest of the same scope that held rows, which a new backup is compared with.
    /// A newer one whose manifest cannot be read is passed over, and named.
    Backup {
        location: String,
        description: Box<BackupManifest>,
        baseline: Option<PreviousBackup>,
        unread: Option<String>,
    },
    /// The newest whole backup here is of a sponsor that does not share this bucket.
    AnotherSponsors { owner: String },
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
    pub(super) async fn find(
        store: &Store,
        whose: (&Sponsor, Environment),
        now: Timestamp,
        partial: Option<&Partial>,
    ) -> Result<Self, ArchiveError> {
        let all = prefix(whose.1);
        let this_month = format!("{all}{}", now.to_zoned(TimeZone::UTC).strftime("%Y/%m/"));
        let mut found = Self::None;
        for below in [this_month, all] {
            found = match newest(store, whose, &below, partial).await {
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
    pub(super) fn source(&self) -> Option<&SourceDatabase> {
        match self {
            Self::Backup { description, .. } => description.source.as_ref(),
            Self::None | Self::AnotherSponsors { .. } | Self::Unknown(_) => None,
        }
    }

    /// What a new backup is compared with.
    pub(super) fn baseline(&self) -> Option<PreviousBackup> {
        match self {
            Self::Backup { baseline, .. } => baseline.clone(),
            Self::None | Self::AnotherSponsors { .. } | Self::Unknown(_) => None,
        }
    }

    /// What of it was not compared, in words.
    pub(super) fn warning(&self) -> Option<String> {
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
    pub(super) fn words(&self) -> String {
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

pub(super) async fn newest(
    store: &Store,
    (sponsor, environment): (&Sponsor, Environment),
    below: &str,
    partial: Option<&Partial>,
) -> Result<PreviousSearch, ArchiveError> {
    let listed = store.list(below).await?;
    let keys = catalogue(environment, listed).backups.into_iter().map(|entry| entry.backup.key);
    let (mut found, mut unread) = (PreviousSearch::None, None);
    for key in keys.take(READ) {
        let beside = manifest_key(&key);
        let document = Box::pin(store.read_small(&beside, MANIFEST_BYTES)).await?;
        let description = match BackupManifest::parse(&store.location(&beside), &document) {
            Ok(description) => description,
            Err(error) => {
                unread.get_or_insert(error.to_string());
                continue;
            }
        };
        if sponsor.partners.contains(&description.sponsor) {
            continue;
        }
        if description.sponsor != sponsor.name {
            return Ok(PreviousSearch::AnotherSponsors { owner: description.sponsor });
        }
        let told = [&description.sponsor, &description.environment, &description.key].map(String::as_str);
        let location = store.location(&key);
        let findings = of_another([&sponsor.name, environment.name(), &key], told);
        if !findings.is_empty() {
            unread.get_or_insert(format!("{location}: {}", findings.join("; ")));
            continue;
        }
        let comparable = baseline(&location, &description, partial);
        found = match found {
            PreviousSearch::Backup { location, description, unread, .. } => {
                PreviousSearch::Backup { location, description, baseline: comparable, unread }
            }
            _ => PreviousSearch::Backup {
                location,
                description: Box::new(description),
                baseline: comparable,
                unread: unread.take(),
            },
        };
        if matches!(&found, PreviousSearch::Backup { baseline: Some(_), .. }) {
            break;
        }
    }
    Ok(match (found, unread) {
        (PreviousSearch::None, Some(reason)) => PreviousSearch::Unknown(reason),
        (found, _) => found,
    })
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
