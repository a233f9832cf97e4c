//! The holds of a backup's three objects: looked at, changed by version, and read back.

use crate::archive::catalogue::{BackupKey, Piece};
use crate::failure::Failure;
use crate::record::hold::{HeldObject, HoldAction};
use crate::store::{Store, StoreError};

/// In the order in which holds are added. The dump comes first: it is what a hold is about.
pub(super) const PIECES: [Piece; 3] = [Piece::Dump, Piece::Checksum, Piece::Manifest];

/// The three objects as they are. `holds` says whether the store has legal holds.
///
/// # Errors
/// One does not exist, or the bucket has no Object Lock.
pub(super) async fn examine(
    store: &Store,
    backup: &BackupKey,
    holds: bool,
) -> Result<Vec<HeldObject>, Failure> {
    let mut objects = Vec::new();
    for piece in PIECES {
        let key = piece.key(&backup.key);
        let info = store.examine(&key).await?;
        objects.push(HeldObject { key, version: info.version, held_before: info.legal_hold, held: None });
    }
    if !holds {
        return Ok(objects);
    }
    store.require_object_lock().await.map_err(|error| match error {
        StoreError::NoObjectLock { location } => StoreError::CannotHold { location },
        error => error,
    })?;
    // Object Lock needs versions.
    if objects.iter().any(|object| object.version.is_none()) {
        return Err(StoreError::CannotHold { location: store.location("") }.into());
    }
    // An object that never had a hold shows nothing.
    if objects.iter().any(|object| object.held_before.is_none())
        && store.shows_legal_holds(&backup.key).await?
    {
        objects.iter_mut().for_each(|object| _ = object.held_before.get_or_insert(false));
    }
    Ok(objects)
}

/// Adds or removes the hold of each version, and reads each back. The first failure ends it. What was read back stays. The
/// dump is held first and freed last, because a list shows its hold for the whole backup.
///
/// # Errors
/// The store refuses, or does not show what was asked for.
pub(super) async fn change(
    store: &Store,
    action: HoldAction,
    objects: &mut [HeldObject],
) -> Result<(), Failure> {
    let wanted = action == HoldAction::Add;
    let mut order: Vec<&mut HeldObject> = objects.iter_mut().collect();
    if !wanted {
        order.reverse();
    }
    for object in order {
        if object.held_before == Some(wanted) {
            object.held = Some(wanted);
            continue;
        }
        let version = object.version.clone().unwrap_or_default();
        let changed = store.set_legal_hold(&object.key, &version, wanted).await;
        // Also after an error: its request may have arrived.
        let read_back = store.examine_version(&object.key, &version).await;
        object.held = read_back.as_ref().ok().and_then(|info| info.legal_hold);
        changed?;
        if read_back?.legal_hold != Some(wanted) {
            let (expected, got) = (shown(Some(wanted)), shown(object.held));
            return Err(store.differs(&object.key, "legal hold", expected, got).into());
        }
    }
    Ok(())
}

/// What is held after a failure, in words. `None` if no hold was changed or looked at again.
pub(super) fn left(objects: &[HeldObject]) -> Option<String> {
    if objects.iter().all(|object| object.held.is_none()) {
        return None;
    }
    let are = |held: Option<bool>, words: &str| {
        let those = objects.iter().filter(|object| object.held.or(object.held_before) == held);
        let keys: Vec<&str> = those.map(|object| object.key.as_str()).collect();
        (!keys.is_empty()).then(|| format!("{words}: {}", keys.join(", ")))
    };
    let groups =
        [are(Some(true), "under a legal hold now"), are(Some(false), "not under one"), are(None, "not seen")];
    Some(groups.into_iter().flatten().collect::<Vec<_>>().join("; "))
}

fn shown(held: Option<bool>) -> &'static str {
    match held {
        Some(true) => "ON",
        Some(false) => "OFF",
        None => "not shown",
    }
}
