//! What a list shows of backups beyond their own objects: holds and locks, delete markers, drills. Read once for a sponsor.
//! What the credentials do not allow to see is unknown, with the reason.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::backup_attempts::{BackupAttempt, BackupHistory};
use super::protection::{Protection, Protections};
use crate::archive::catalogue::{BackupKey, Piece, piece_of, prefix};
use crate::record::drill_history::{PassedDrills, passed_since};
use crate::report::listing::ListedBackup;
use crate::store::{ObjectInfo, StoreError};

const NOT_WATCHED: &str = "not looked for when only the newest backups are checked";
const NO_RIGHT_FOR_VERSIONS: &str = "S3 does not list versions without s3:ListBucketVersions";

/// The backups of which something is under a delete marker, by the key of the dump.
#[derive(Debug, Default)]
pub(super) struct HiddenPieces(BTreeMap<String, (BackupKey, Vec<Piece>)>);

/// Facts about all rows of one sponsor.
pub(super) struct RowFacts<'a> {
    /// `None`: only what a HEAD shows.
    protections: Option<Protections<'a>>,
    hidden: Result<HiddenPieces, String>,
    drills: Result<PassedDrills, String>,
}

impl HiddenPieces {
    /// Lists the delete markers. An error inside is why they are not known.
    ///
    /// # Errors
    /// No request to the store succeeds.
    pub(super) async fn of(place: &BackupHistory<'_>) -> Result<Result<Self, String>, StoreError> {
        let store = &place.backups;
        if !store.capabilities().versions {
            return Ok(Ok(Self::default()));
        }
        let versions = match Box::pin(store.versions(&prefix(place.environment))).await {
            Ok(versions) => versions,
            Err(error) if error.affects_every_request() => return Err(error),
            Err(error) if error.is_access_denied() => return Ok(Err(NO_RIGHT_FOR_VERSIONS.to_owned())),
            Err(error) => return Ok(Err(error.to_string())),
        };
        let mut found = Self::default();
        for marker in versions.into_iter().filter(|version| version.is_latest && version.is_delete_marker) {
            let (piece, dump) = piece_of(&marker.key);
            let Some(backup) = BackupKey::parse(place.environment, dump) else { continue };
            let (_, pieces) = found.0.entry(backup.key.clone()).or_insert_with(|| (backup, Vec::new()));
            pieces.push(piece);
        }
        Ok(Ok(found))
    }

    /// The backups whose dump is hidden and of which no listing shows anything.
    pub(super) fn unlisted(&self, attempts: &[BackupAttempt]) -> Vec<BackupKey> {
        let listed: std::collections::BTreeSet<&str> =
            attempts.iter().map(|attempt| attempt.backup.key.as_str()).collect();
        let hidden = self.0.values().filter(|(_, pieces)| pieces.contains(&Piece::Dump));
        hidden.map(|(backup, _)| backup.clone()).filter(|backup| !listed.contains(&*backup.key)).collect()
    }

    /// `its checksum file and its manifest`, of those that are hidden.
    fn words(&self, key: &str) -> Option<String> {
        let (_, pieces) = self.0.get(key)?;
        let names: Vec<String> = pieces.iter().map(|piece| format!("its {}", piece.name())).collect();
        Some(names.join(" and "))
    }
}

impl<'a> RowFacts<'a> {
    /// For this number of rows, given the time of the oldest one.
    ///
    /// # Errors
    /// No request to one of the stores succeeds.
    pub(super) async fn of(
        place: &'a BackupHistory<'_>,
        hidden: Result<HiddenPieces, String>,
        (oldest, rows): (Option<Timestamp>, usize),
    ) -> Result<Self, StoreError> {
        let protections = Some(Protections::of(place).await?);
        let drills = match oldest {
            None => Ok(PassedDrills::default()),
            Some(oldest) => {
                let whose = (place.environment, &*place.sponsor.name);
                // One report for each row at most: a list of fifty must not read those of seven years.
                match Box::pin(passed_since(&place.audit_logs, whose, oldest, rows)).await {
                    Ok(drills) => Ok(drills),
                    Err(error) if error.affects_every_request() => return Err(error),
                    Err(error) => Err(format!("the drill reports could not be read: {error}")),
                }
            }
        };
        Ok(Self { protections, hidden, drills })
    }

    /// For a watcher, who needs none of it. Sends no request.
    pub(super) fn of_a_watcher() -> Self {
        let unknown = || NOT_WATCHED.to_owned();
        Self { protections: None, hidden: Err(unknown()), drills: Err(unknown()) }
    }

    /// What keeps a backup, given what the store showed of its dump.
    pub(super) async fn protection(&self, backup: &BackupKey, dump: &ObjectInfo) -> Protection {
        if let Some(protections) = &self.protections {
            return protections.of_examined(backup, dump).await;
        }
        let lock = dump.lock.as_ref().map(|lock| Some(lock.until));
        Protection {
            held: dump.legal_hold.ok_or_else(|| NOT_WATCHED.to_owned()),
            locked_until: lock.ok_or_else(|| NOT_WATCHED.to_owned()),
        }
    }

    /// Fills in what does not come from the backup's own objects.
    pub(super) fn fill(&self, backup: &BackupKey, row: &mut ListedBackup) {
        match &self.hidden {
            Ok(hidden) => {
                let words = hidden.words(&backup.key);
                row.hidden = Some(words.is_some());
                let words = words.map(|words| format!("a delete marker hides {words}"));
                // The status of a backup that is hidden as a whole shows it already.
                row.problem = match (row.problem.take(), words) {
                    (Some(problem), Some(words)) => Some(format!("{problem}; {words}")),
                    (problem, _) => problem,
                };
            }
            Err(why) => row.is_unknown("hidden", why),
        }
        match &self.drills {
            Ok(drills) => match drills.of(&row.location) {
                Some(at) => row.last_drill = Some(at),
                None if drills.covers(backup.at) => {}
                None => row.is_unknown("last_drill", "only the newest drill reports were read"),
            },
            Err(why) => row.is_unknown("last_drill", why),
        }
    }
}
