//! Removes the backups of a plan, one at a time: looks at each once more, then removes manifest, checksum file and dump. It stops
//! at the first failure: the next run removes what is left of a backup.

use std::collections::BTreeMap;

use super::backups::FoundBackup;
use super::looking::Looking;
use crate::archive::ArchiveError;
use crate::archive::catalogue::Piece;
use crate::commands::session::SponsorSession;
use crate::failure::Failure;
use crate::record::prune::{PruneFate, PrunedBackup, PrunedObject};
use crate::store::{ListedObject, ObjectVersion, Store, StoreError, Versioning};
use crate::verification::retention::{Known, Reason};

/// What a plan removes, with the objects as they are to be removed.
pub(super) fn planned(
    found: &FoundBackup,
    reasons: &[Reason],
    versions: &BTreeMap<String, String>,
) -> PrunedBackup {
    let object =
        |key: String| PrunedObject { version: versions.get(&key).cloned(), key, delete_marker: None };
    PrunedBackup {
        key: found.backup.key.clone(),
        timestamp: found.backup.at,
        size_bytes: found.bytes,
        reasons: reasons.iter().map(ToString::to_string).collect(),
        fate: PruneFate::Planned,
        objects: found.pieces.iter().map(|piece| object(piece.key(&found.backup.key))).collect(),
    }
}

/// What the last look at a backup shows.
enum Look {
    /// It is as the plan saw it.
    Same,
    /// It must stay after all.
    Changed(Reason),
    /// Something else removed it.
    Gone,
}

/// Removes backups with keys of its own.
pub(super) struct Hiding<'a> {
    pub(super) looking: &'a Looking<'a>,
    pub(super) session: &'a SponsorSession<'a>,
    /// The store, as the keys that may remove open it.
    pub(super) store: Store,
    /// The store, as the keys that back up open it.
    pub(super) reading: &'a Store,
    pub(super) versioning: Versioning,
}

impl Hiding<'_> {
    /// Removes each backup, and notes what became of it.
    pub(super) async fn remove(&self, plan: &mut [(&FoundBackup, PrunedBackup)]) -> Result<(), Failure> {
        for (found, backup) in plan {
            // Between two backups, so that each is whole or gone, as far as it is up to this run.
            if self.session.limit.stop().is_cancelled() {
                return Err(self.session.context().cancelled());
            }
            let place = self.reading.location(&backup.key);
            let say = |words| {
                self.session.context().sink.line(&format!("{}: {place} {words}", self.session.sponsor.name));
            };
            match self.look(found, backup).await? {
                Look::Same => self.remove_one(backup).await?,
                Look::Changed(why) => {
                    say(format!("stays: {why}"));
                    (backup.fate, backup.reasons) = (PruneFate::Kept, vec![why.to_string()]);
                }
                Look::Gone => {
                    say("is gone already".to_owned());
                    backup.fate = PruneFate::GoneAlready;
                }
            }
        }
        Ok(())
    }

    /// Whether a backup is still as the plan saw it, and nothing keeps it by now.
    async fn look(&self, found: &FoundBackup, backup: &PrunedBackup) -> Result<Look, StoreError> {
        self.looking.again().await?;
        let key = found.last_key();
        let info = match self.reading.examine(&key).await {
            Ok(info) => info,
            Err(StoreError::Missing { .. }) => {
                // Who removed the dump alone was no prune.
                let listed = self.reading.list(&backup.key).await?;
                let is_left = listed.iter().any(|left| backup.objects.iter().any(|it| it.key == left.key));
                return Ok(if is_left { Look::Changed(Reason::Changed) } else { Look::Gone });
            }
            Err(error) => return Err(error),
        };
        let mut candidate = found.candidate.clone();
        self.looking.protect(found, &info, &mut candidate).await;
        let is_same =
            found.seen.as_ref() == Some(&(info.version, info.mark)) && self.has_same(backup).await?;
        let now = self.session.context().now();
        let reason = match (candidate.held, candidate.locked_until) {
            (Known::Is(true), _) => Reason::Held,
            (Known::Unknown, _) => Reason::HoldUnknown,
            (_, Known::Unknown) => Reason::LockUnknown,
            (_, Known::Is(Some(until))) if until > now => Reason::LockedUntil(until),
            _ if is_same => return Ok(Look::Same),
            _ => Reason::Changed,
        };
        Ok(Look::Changed(reason))
    }

    /// Whether the backup has the objects of the plan and no others, none written since.
    async fn has_same(&self, backup: &PrunedBackup) -> Result<bool, StoreError> {
        let planned: BTreeMap<&str, Option<&String>> =
            backup.objects.iter().map(|object| (object.key.as_str(), object.version.as_ref())).collect();
        let started = self.session.started;
        let now: Vec<(String, bool)> = if self.versioning == Versioning::Enabled {
            let versions = self.reading.versions(&backup.key).await?.into_iter();
            let visible = versions.filter(|version| version.is_latest && !version.is_delete_marker);
            let is_planned = |it: &ObjectVersion| planned.get(&*it.key) == Some(&Some(&it.version));
            visible.map(|version| (version.key.clone(), is_planned(&version))).collect()
        } else {
            let listed = self.reading.list(&backup.key).await?.into_iter();
            let is_old = |object: &ListedObject| object.modified.is_none_or(|at| at < started);
            listed.map(|object| (object.key.clone(), is_old(&object))).collect()
        };
        let pieces = [Piece::Manifest, Piece::Checksum, Piece::Dump].map(|piece| piece.key(&backup.key));
        let now: Vec<(String, bool)> = now.into_iter().filter(|(key, _)| pieces.contains(key)).collect();
        let is_planned = |(key, is_same): &(String, bool)| *is_same && planned.contains_key(&**key);
        Ok(now.len() == planned.len() && now.iter().all(is_planned))
    }

    async fn remove_one(&self, backup: &mut PrunedBackup) -> Result<(), Failure> {
        for object in &mut backup.objects {
            let marker = self.store.remove(&object.key).await?;
            backup.fate = PruneFate::PartlyRemoved;
            if self.versioning == Versioning::Enabled && marker.is_none() {
                let location = self.reading.location(&object.key);
                return Err(ArchiveError::NotHidden { location }.into());
            }
            object.delete_marker = marker;
        }
        backup.fate = PruneFate::Removed;
        Ok(())
    }
}
