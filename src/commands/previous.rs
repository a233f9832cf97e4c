//! The backup before this one: the newest whole backup of the same sponsor and environment, as its manifest describes it.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::stored::MANIFEST_BYTES;
use crate::archive::catalogue::{BackupKey, catalogue, prefix};
use crate::archive::description::{BackupManifest, PreviousBackup, SourceDatabase};
use crate::archive::key::description_key;
use crate::archive::{ArchiveError, Store};
use crate::proof::stored::of_another;
use crate::sponsors::{Environment, Sponsor};

/// What a bucket says of the backup before this one.
#[derive(Debug)]
pub(super) enum Previous {
    /// The bucket holds no whole backup of this sponsor and environment.
    None,
    /// The newest whole one.
    Backup { location: String, description: Box<BackupManifest> },
    /// The bucket cannot be listed, or the newest manifest cannot be read. The reason follows a colon.
    Unknown(String),
}

impl Previous {
    /// Looks for it: in this month's folder first, so that a bucket of seven years is not listed for nothing.
    ///
    /// # Errors
    /// S3 refuses in a way that the backup itself cannot survive either. A missing permission is not one.
    pub(super) async fn find(
        store: &Store,
        (sponsor, environment): (&Sponsor, Environment),
        now: Timestamp,
    ) -> Result<Self, ArchiveError> {
        let all = prefix(environment);
        let this_month = format!("{all}{}", now.to_zoned(TimeZone::UTC).strftime("%Y/%m/"));
        for below in [this_month, all] {
            match newest(store, (sponsor, environment), &below).await {
                Ok(Self::None) => {}
                Ok(found) => return Ok(found),
                Err(error) if error.is_hopeless() => return Err(error),
                Err(error) => return Ok(Self::Unknown(error.to_string())),
            }
        }
        Ok(Self::None)
    }

    /// The newest backup that held rows: this one, or the one that this one was compared with. Otherwise a first empty
    /// backup would make the next one look normal.
    pub(super) fn comparand(&self) -> Option<PreviousBackup> {
        let Self::Backup { location, description } = self else { return None };
        let contents = description.contents.as_ref()?;
        if contents.tables.is_empty() && description.previous_backup.is_some() {
            return description.previous_backup.clone();
        }
        Some(PreviousBackup {
            location: location.clone(),
            rows_total: contents.rows_total,
            dump_size_bytes: description.dump.bytes,
        })
    }

    /// The database that it is of, where it says so.
    pub(super) fn source(&self) -> Option<&SourceDatabase> {
        match self {
            Self::Backup { description, .. } => description.source.as_ref(),
            Self::None | Self::Unknown(_) => None,
        }
    }

    /// What a dry run shows of it.
    pub(super) fn words(&self) -> String {
        match self {
            Self::None => "none".to_owned(),
            Self::Backup { location, description } => {
                let rows = description.contents.as_ref().map(|contents| contents.rows_total);
                rows.map_or_else(|| location.clone(), |rows| format!("{location}, {rows} rows"))
            }
            Self::Unknown(reason) => format!("unknown: {reason}"),
        }
    }
}

async fn newest(
    store: &Store,
    (sponsor, environment): (&Sponsor, Environment),
    below: &str,
) -> Result<Previous, ArchiveError> {
    let listed = store.list(below).await?;
    for BackupKey { key, .. } in catalogue(environment, listed).backups.into_iter().map(|entry| entry.backup)
    {
        let beside = description_key(&key);
        let document = Box::pin(store.read_small(&beside, MANIFEST_BYTES)).await?;
        let description = BackupManifest::parse(&store.location(&beside), &document)?;
        if sponsor.partners.contains(&description.sponsor) {
            continue;
        }
        let told = [&description.sponsor, &description.environment, &description.key].map(String::as_str);
        let location = store.location(&key);
        return Ok(match of_another([&sponsor.name, environment.name(), &key], told) {
            findings if findings.is_empty() => {
                Previous::Backup { location, description: Box::new(description) }
            }
            findings => Previous::Unknown(format!("{location}: {}", findings.join("; "))),
        });
    }
    Ok(Previous::None)
}
