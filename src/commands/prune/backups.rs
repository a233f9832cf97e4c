//! The backups of one sponsor as the policy sees them, from listings and records. Nothing is read of any backup yet.

use std::collections::{BTreeMap, BTreeSet};

use super::recorded::{self, Deployed};
use crate::archive::catalogue::{BackupEntry, BackupKey, Incomplete, Piece};
use crate::commands::backup_attempts::{AttemptStatus, BackupHistory};
use crate::failure::Failure;
use crate::layout::key::retain_until;
use crate::record::prune::PruneAction;
use crate::store::Versioning;
use crate::verification::retention::{Candidate, Kind, Known};

/// The order in which the objects of a backup go: without its manifest it does not count as a backup.
const ORDER: [Piece; 3] = [Piece::Manifest, Piece::Checksum, Piece::Dump];

/// One backup, or what is left of one.
#[derive(Debug)]
pub(super) struct FoundBackup {
    pub(super) backup: BackupKey,
    /// All three objects, if they are there.
    pub(super) entry: Option<BackupEntry>,
    /// Those that are there, in the order in which they go.
    pub(super) pieces: Vec<Piece>,
    /// Of the dump.
    pub(super) bytes: Option<u64>,
    /// The version and the mark of the last of its objects, when they were looked at.
    pub(super) seen: Option<(Option<String>, String)>,
    pub(super) candidate: Candidate,
}

impl FoundBackup {
    fn whole(entry: BackupEntry, candidate: Candidate) -> Self {
        let (backup, bytes) = (entry.backup.clone(), Some(entry.bytes));
        Self { backup, bytes, entry: Some(entry), pieces: ORDER.to_vec(), seen: None, candidate }
    }

    fn part(left: &Incomplete, bytes: Option<u64>, candidate: Candidate) -> Self {
        let pieces = ORDER.into_iter().filter(|piece| !left.lacks.contains(piece)).collect();
        Self { backup: left.backup.clone(), bytes, entry: None, pieces, seen: None, candidate }
    }

    /// Key of the object that goes last: the dump, unless it is gone.
    pub(super) fn last_key(&self) -> String {
        self.pieces.last().map(|piece| piece.key(&self.backup.key)).unwrap_or_default()
    }
}

/// The backups, the newest first, and the last deployment.
pub(super) async fn find(place: &BackupHistory<'_>) -> Result<(Vec<FoundBackup>, Option<Deployed>), Failure> {
    let attempts = place.attempts().await?;
    let incomplete = attempts.iter().filter_map(|attempt| match &attempt.standing {
        AttemptStatus::Lacks(left) => Some(left.backup.key.clone()),
        _ => None,
    });
    let pruned = recorded::pruned(place, incomplete.collect()).await?;
    let mut found = Vec::new();
    for attempt in attempts {
        let candidate = |kind| unseen(place, &attempt.backup, kind);
        match attempt.standing {
            AttemptStatus::Whole(entry) => {
                let candidate = candidate(Kind::Complete);
                found.push(FoundBackup::whole(entry, candidate));
            }
            AttemptStatus::Lacks(left) => {
                let bytes = left.dump.as_ref().map(|dump| dump.bytes);
                // The manifest goes first.
                let has_manifest = !left.lacks.contains(&Piece::Manifest);
                let kind = match pruned.get(&left.backup.key) {
                    Some(PruneAction::Remove) if !has_manifest => Some(Kind::HalfRemoved),
                    // It was to come back.
                    Some(PruneAction::Undo) => Some(Kind::Unreadable),
                    _ => kind_of(place, &left).await?,
                };
                let part = kind.map(|kind| FoundBackup::part(&left, bytes, candidate(kind)));
                found.extend(part);
            }
            // Nothing of it is an object.
            _ => {}
        }
    }
    let deployed = add_records(place, &mut found).await?;
    Ok((found, deployed))
}

/// What is left of a backup. `None` if it is a partner's.
async fn kind_of(place: &BackupHistory<'_>, left: &Incomplete) -> Result<Option<Kind>, Failure> {
    // A manifest is written last.
    if !left.lacks.contains(&Piece::Manifest) {
        return Ok(Some(Kind::Broken));
    }
    Ok(match place.look_closer(left.clone()).await? {
        AttemptStatus::PartnersRest => None,
        AttemptStatus::Foreign(_) => Some(Kind::Foreign),
        _ if place.was_whole(&left.backup).await? => Some(Kind::Broken),
        _ if place.is_own_rest(left).await? => Some(Kind::Leftover),
        _ => Some(Kind::Foreign),
    })
}

/// A backup of which only the key is known. In production, it is kept for seven years at least.
fn unseen(place: &BackupHistory<'_>, backup: &BackupKey, kind: Kind) -> Candidate {
    Candidate {
        at: backup.at,
        kind,
        is_seen: false,
        held: Known::Is(false),
        locked_until: Known::Is(None),
        retained_until: place.environment.retention_years().and_then(|years| retain_until(backup.at, years)),
        is_proven: false,
        precedes: None,
    }
}

async fn add_records(
    place: &BackupHistory<'_>,
    found: &mut [FoundBackup],
) -> Result<Option<Deployed>, Failure> {
    let by_key = found.iter().map(|found| (found.backup.key.clone(), found.backup.at)).collect();
    let proven = recorded::proven(place, &by_key).await?;
    let taken: BTreeSet<_> = found.iter().map(|found| found.backup.at).collect();
    let deployed = recorded::deployed(place, &taken).await?;
    for found in found {
        found.candidate.is_proven = proven.contains(&found.backup.key);
        let location = place.location(&found.backup);
        let named = deployed.as_ref().filter(|deployed| deployed.backup.as_ref() == Some(&location));
        found.candidate.precedes = named.map(|deployed| deployed.version.clone());
    }
    Ok(deployed)
}

/// The version of each object that is visible now.
pub(super) async fn versions(
    place: &BackupHistory<'_>,
    versioning: Versioning,
) -> Result<BTreeMap<String, String>, Failure> {
    if versioning != Versioning::Enabled {
        return Ok(BTreeMap::new());
    }
    let prefix = crate::archive::catalogue::prefix(place.environment);
    let listed = place.backups.versions(&prefix).await?;
    let visible = listed.into_iter().filter(|version| version.is_latest && !version.is_delete_marker);
    Ok(visible.map(|version| (version.key, version.version)).collect())
}
