//! What the records show of backups: which one a drill proved, which one is the way back from the version now deployed, and which
//! ones an earlier prune began to remove.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::archive::ArchiveError;
use crate::archive::catalogue::prefix;
use crate::commands::backup_attempts::BackupHistory;
use crate::failure::Failure;
use crate::layout::key::Object;
use crate::record::RecordedOutcome;
use crate::record::entries::{RecordEntry, RecordedEvent};
use crate::record::prune::{PruneAction, StoredPrune};
use crate::verification::limits::ahead;

/// Records of earlier runs that are read in search of what they left.
const PRUNES: usize = 50;
/// A record is some kilobytes long. That of a prune has some hundred bytes for each backup.
const RECORD_BYTES: u64 = 64 << 20;

/// The last deployment that succeeded.
#[derive(Debug, Clone)]
pub(super) struct Deployed {
    /// Empty if it is not known.
    pub(super) version: String,
    pub(super) at: Timestamp,
    /// The backup that the record names.
    pub(super) backup: Option<String>,
}

/// The keys of one kind of record, the newest first.
async fn newest_first(place: &BackupHistory<'_>, object: Object<'_>) -> Result<Vec<String>, Failure> {
    let listed = place.audit_logs.list(&format!("{}/", object.folder(place.environment))).await?;
    let mut keys: Vec<String> = listed.into_iter().map(|object| object.key).collect();
    // Keys begin with the date.
    keys.sort_unstable_by(|one, other| other.cmp(one));
    Ok(keys)
}

async fn read(place: &BackupHistory<'_>, key: &str) -> Result<Option<RecordEntry>, Failure> {
    let document = place.audit_logs.read_small(key, RECORD_BYTES).await?;
    let entry = RecordEntry::parse(place.environment, key, &document);
    Ok(entry.filter(|entry| entry.sponsor == place.sponsor.name))
}

/// The keys of those of these backups that drills proved, the newest complete one for certain. A store can have moved, so the key
/// identifies a backup, not its location.
pub(super) async fn proven(
    place: &BackupHistory<'_>,
    backups: &BTreeMap<String, Timestamp>,
) -> Result<BTreeSet<String>, Failure> {
    let (mut proven, mut newest) = (BTreeSet::new(), None);
    let prefix = prefix(place.environment);
    for key in newest_first(place, Object::DrillReport).await? {
        // A drill is later than its backup, so no older report is about a newer backup.
        let at = Object::DrillReport.time_in(place.environment, &key);
        if newest.zip(at).is_some_and(|(newest, at)| at < newest) {
            break;
        }
        let Some(drill) = read(place, &key).await? else { continue };
        let location = drill.backup_location.filter(|_| drill.outcome == Some(RecordedOutcome::Success));
        let key = location.and_then(|location| Some(location.get(location.rfind(&prefix)?..)?.to_owned()));
        let Some((key, taken)) = key.and_then(|key| backups.get_key_value(&key)) else { continue };
        proven.insert(key.clone());
        if !drill.is_partial {
            newest = newest.max(Some(*taken));
        }
    }
    Ok(proven)
}

/// The last deployment that succeeded. `taken` are the times of all backups: each has a record of its own under the same second,
/// which is not read.
///
/// # Errors
/// The store holds no record at all, although each backup leaves one.
pub(super) async fn deployed(
    place: &BackupHistory<'_>,
    taken: &BTreeSet<Timestamp>,
) -> Result<Option<Deployed>, Failure> {
    let keys = newest_first(place, Object::DeploymentLog).await?;
    if keys.is_empty() && !taken.is_empty() {
        let place =
            place.audit_logs.location(&format!("{}/", Object::DeploymentLog.folder(place.environment)));
        return Err(ArchiveError::NoRecords { place }.into());
    }
    let all: BTreeSet<&String> = keys.iter().collect();
    let key_of = |at: Timestamp| Object::DeploymentLog.key(place.environment, at);
    // Two records of one second: the later one takes the next second.
    let is_a_backups = |key: &String| {
        let next = |at: &Timestamp| at.checked_add(jiff::SignedDuration::from_secs(1)).map(key_of);
        let at = Object::DeploymentLog.time_in(place.environment, key);
        at.filter(|at| taken.contains(at)).is_some_and(|at| next(&at).is_ok_and(|next| !all.contains(&next)))
    };
    for key in keys.iter().filter(|key| !is_a_backups(key)) {
        let Some(record) = read(place, key).await? else { continue };
        let has_succeeded =
            record.event == RecordedEvent::Deployment && record.outcome == Some(RecordedOutcome::Success);
        // One from a wrong clock would stay the last for years.
        if has_succeeded && ahead(record.at, place.context.now()).is_none() {
            let RecordEntry { version, at, backup_location: backup, .. } = record;
            return Ok(Some(Deployed { version: version.unwrap_or_default(), at, backup }));
        }
    }
    Ok(None)
}

/// What the newest record of a prune that names each of these keys wanted of it, if it may have left a part.
pub(super) async fn pruned(
    place: &BackupHistory<'_>,
    mut keys: BTreeSet<String>,
) -> Result<BTreeMap<String, PruneAction>, Failure> {
    let mut found = BTreeMap::new();
    if keys.is_empty() {
        return Ok(found);
    }
    for key in newest_first(place, Object::PruneRecord).await?.into_iter().take(PRUNES) {
        let Some(record) = read_prune(place, &key).await? else { continue };
        for backup in &record.backups {
            if keys.remove(&backup.key) && record.may_have_left(backup) {
                found.insert(backup.key.clone(), record.action);
            }
        }
        if keys.is_empty() {
            break;
        }
    }
    Ok(found)
}

/// The record of a prune. `None` if it is not this sponsor's and environment's.
pub(super) async fn read_prune(place: &BackupHistory<'_>, key: &str) -> Result<Option<StoredPrune>, Failure> {
    let document = place.audit_logs.read_small(key, RECORD_BYTES).await?;
    Ok(StoredPrune::parse(key, &document, (&place.sponsor.name, place.environment)))
}
