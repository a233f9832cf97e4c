//! `undo`: brings back what an earlier run hid, by removing the delete markers over the versions that its record names.

use std::collections::{BTreeMap, BTreeSet};

use super::recorded::read_prune;
use super::{PruneRun, PruneState};
use crate::archive::ArchiveError;
use crate::archive::catalogue::prefix;
use crate::cli::options::Location;
use crate::commands::backup_attempts::BackupHistory;
use crate::commands::session::{Completed, SponsorSession};
use crate::commands::stored;
use crate::failure::Failure;
use crate::record::prune::{
    PruneAction, PruneFate, PrunedBackup, PrunedObject, StoredPrune, StoredPrunedBackup,
};
use crate::report::pruning::{GoneOn, PlannedBackup, PrunePlan, Step};
use crate::store::{ObjectVersion, Store, Versioning};

/// What is over a version.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Cover {
    /// Nothing: requests get it.
    Visible,
    /// Only these delete markers, the newest first.
    Markers(Vec<String>),
    /// A delete marker that another one than this run added since.
    HiddenAgain,
    /// Another object was stored under its key since.
    Replaced,
    /// The version is gone.
    Gone,
}

/// One backup of the record.
struct Hidden {
    backup: StoredPrunedBackup,
    /// Of each object, in the order of the record.
    covers: Vec<Cover>,
}

pub(super) async fn undo(
    run: &PruneRun<'_>,
    session: &SponsorSession<'_>,
    (place, store): (&BackupHistory<'_>, impl Fn() -> Result<Store, Failure>),
    record: &Location,
    state: &mut PruneState,
) -> Result<Completed, Failure> {
    let own = if run.options.apply { Some(store()?) } else { None };
    let hidden = session.limit.unless_stopped(Box::pin(find(place, record))).await?;
    let plan = plan(session, place, &hidden);
    run.show(&plan);
    state.message = Some(plan.count());
    let acting = plan.acting().0;
    state.plan = Some(plan);
    let Some(store) = own else { return Ok(Completed::Planned) };
    if acting == 0 {
        return Ok(Completed::Done);
    }
    let mut returning: Vec<(Vec<Cover>, PrunedBackup)> =
        hidden.into_iter().filter(Hidden::can_return).map(Hidden::planned).collect();
    let mut begun = run.record(
        session,
        place,
        PruneAction::Undo,
        returning.iter().map(|(_, backup)| backup.clone()).collect(),
    );
    begun.undone_record = Some(record.to_string());
    run.save_begin(session, state, begun).await?;
    let done = bring_back(session, &store, &mut returning).await;
    let back = returning.iter().filter(|(_, backup)| backup.fate == PruneFate::BroughtBack).count();
    let all = crate::report::lines::count(returning.len(), "backup");
    state.message = Some(format!("brought back {back} of {all}"));
    if let Some(record) = &mut state.record {
        record.backups = returning.into_iter().map(|(_, backup)| backup).collect();
    }
    done.map(|()| Completed::Done)
}

/// The backups of the record, and what is over their objects now.
async fn find(place: &BackupHistory<'_>, record: &Location) -> Result<Vec<Hidden>, Failure> {
    let not = |why: &str| ArchiveError::NotUndone { location: record.to_string(), why: why.to_owned() };
    let key = stored::key_in(&place.audit_logs, record)
        .ok_or_else(|| not("is not in the store of this sponsor's records"))?;
    let record = read_prune(place, key).await?;
    let record = record.ok_or_else(|| not("is not the record of a prune of this sponsor and environment"))?;
    if record.action != PruneAction::Remove {
        return Err(not("is the record of an undo, not of a removal").into());
    }
    if place.backups.versioning().await? == Versioning::Never {
        return Err(not("cannot be undone: the store keeps no versions").into());
    }
    let StoredPrune { backups, .. } = record;
    let keys: BTreeSet<&str> =
        backups.iter().flat_map(|backup| &backup.objects).map(|object| object.key.as_str()).collect();
    let prefix = prefix(place.environment);
    // A record names keys, and only those of this environment's backups count.
    if keys.iter().any(|key| !key.starts_with(&prefix)) {
        return Err(not("names objects outside of this environment's backups").into());
    }
    let mut versions: BTreeMap<String, Vec<ObjectVersion>> = BTreeMap::new();
    for version in place.backups.versions(&prefix).await? {
        if keys.contains(version.key.as_str()) {
            versions.entry(version.key.clone()).or_default().push(version);
        }
    }
    let cover =
        |object: &PrunedObject| cover(object, versions.get(&object.key).map_or(&[][..], Vec::as_slice));
    let hidden = backups
        .into_iter()
        .map(|backup| Hidden { covers: backup.objects.iter().map(cover).collect(), backup });
    Ok(hidden.collect())
}

/// What is over the version that a record names. `versions` are all of its key, the newest first.
fn cover(object: &PrunedObject, versions: &[ObjectVersion]) -> Cover {
    let is_it = |version: &ObjectVersion| {
        !version.is_delete_marker && Some(&version.version) == object.version.as_ref()
    };
    let Some(at) = versions.iter().position(is_it) else { return Cover::Gone };
    let above = &versions[..at];
    if above.iter().any(|version| !version.is_delete_marker) {
        return Cover::Replaced;
    }
    match above {
        [] => Cover::Visible,
        // Of a request that was repeated after a lost answer, the record names the newest marker.
        [newest, ..] if object.delete_marker.as_ref().is_some_and(|named| *named != newest.version) => {
            Cover::HiddenAgain
        }
        markers => Cover::Markers(markers.iter().map(|marker| marker.version.clone()).collect()),
    }
}

impl Hidden {
    /// Why it does not come back, if it does not.
    fn obstacle(&self) -> Option<&'static str> {
        let has = |wanted: &Cover| self.covers.contains(wanted);
        if has(&Cover::Gone) {
            Some("its version is deleted for good")
        } else if has(&Cover::HiddenAgain) {
            Some("something else hides it")
        } else if has(&Cover::Replaced) {
            Some("another object has its key")
        } else if self.covers.iter().all(|cover| *cover == Cover::Visible) {
            Some("it is visible")
        } else {
            None
        }
    }

    fn can_return(&self) -> bool {
        self.obstacle().is_none()
    }

    /// The objects in the order in which they come back: the manifest last.
    fn planned(self) -> (Vec<Cover>, PrunedBackup) {
        let Self { backup, mut covers } = self;
        let StoredPrunedBackup { key, timestamp, size_bytes, mut objects, .. } = backup;
        covers.reverse();
        objects.reverse();
        let reasons = vec!["undone".to_owned()];
        (covers, PrunedBackup { key, timestamp, size_bytes, reasons, fate: PruneFate::Planned, objects })
    }
}

async fn bring_back(
    session: &SponsorSession<'_>,
    store: &Store,
    returning: &mut [(Vec<Cover>, PrunedBackup)],
) -> Result<(), Failure> {
    for (covers, backup) in returning {
        if session.limit.stop().is_cancelled() {
            return Err(session.context().cancelled());
        }
        for (cover, object) in covers.iter().zip(&mut backup.objects) {
            let Cover::Markers(markers) = cover else { continue };
            for marker in markers {
                store.remove_marker(&object.key, marker).await?;
                object.delete_marker = Some(marker.clone());
                backup.fate = PruneFate::PartlyBroughtBack;
            }
        }
        backup.fate = PruneFate::BroughtBack;
    }
    Ok(())
}

fn plan(session: &SponsorSession<'_>, place: &BackupHistory<'_>, hidden: &[Hidden]) -> PrunePlan {
    let now = session.started;
    let row = |hidden: &Hidden| {
        let StoredPrunedBackup { key, timestamp, size_bytes, .. } = &hidden.backup;
        let obstacle = hidden.obstacle();
        PlannedBackup {
            sponsor: session.sponsor.name.clone(),
            environment: place.environment.name(),
            action: if obstacle.is_none() { Step::Restore } else { Step::Keep },
            location: place.backups.location(key),
            timestamp: *timestamp,
            status: "complete",
            size_bytes: *size_bytes,
            age_seconds: u64::try_from(now.duration_since(*timestamp).as_secs()).unwrap_or_default(),
            reasons: vec![obstacle.unwrap_or("hidden by this run").to_owned()],
            gone_on: None,
        }
    };
    PrunePlan {
        sponsor: session.sponsor.name.clone(),
        place: place.backups.location(&prefix(place.environment)),
        rows: hidden.iter().map(row).collect(),
        gone: GoneOn::Unknown,
        floor: None,
    }
}

#[cfg(test)]
mod tests;
