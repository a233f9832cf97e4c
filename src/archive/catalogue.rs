//! Finds the backups of one environment in a listing, complete and incomplete ones. Pure.
//!
//! A key is ours only if [`Object::key`] writes exactly that key. Similar keys are ignored.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::Timestamp;

use super::codec::Format;
use crate::layout::key::{Object, checksum_key, manifest_key};
use crate::sponsors::Environment;
use crate::store::{ListedObject, ListedUpload};

/// The key of a dump, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupKey {
    /// The whole key.
    pub key: String,
    /// When the backup was taken, to the second.
    pub at: Timestamp,
    /// What decompresses it.
    pub format: Format,
    /// Whether it is encrypted to age recipients.
    pub encrypted: bool,
}

impl BackupKey {
    /// Parses the key of a dump of this environment. Returns `None` for every other key.
    #[must_use]
    pub fn parse(environment: Environment, key: &str) -> Option<Self> {
        let compressed = key.strip_suffix(".age").unwrap_or(key);
        let format = Format::ALL.into_iter().find(|format| compressed.ends_with(format.extension()))?;
        let stem = compressed.strip_suffix(format.extension())?.strip_suffix(".sql")?;
        let at = Object::Backup { suffix: key.get(stem.len()..)? }.time_in(environment, key)?;
        Some(Self { key: key.to_owned(), at, format, encrypted: compressed.len() < key.len() })
    }
}

/// A complete backup: a dump with its checksum file and manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupEntry {
    /// The dump.
    pub backup: BackupKey,
    /// Size as it is stored.
    pub bytes: u64,
    /// S3 storage class of the dump, if the store has classes.
    pub storage_class: Option<String>,
    /// When the dump was written.
    pub modified: Option<Timestamp>,
    /// Size of its manifest.
    pub manifest_bytes: u64,
}

/// The three objects of a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// The dump itself.
    Dump,
    /// `KEY.sha256`.
    Checksum,
    /// `KEY.manifest.json`.
    Manifest,
}

impl Piece {
    /// Its key, given that of the dump.
    #[must_use]
    pub fn key(self, dump: &str) -> String {
        match self {
            Self::Dump => dump.to_owned(),
            Self::Checksum => checksum_key(dump),
            Self::Manifest => manifest_key(dump),
        }
    }

    /// In words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dump => "dump",
            Self::Checksum => "checksum file",
            Self::Manifest => "manifest",
        }
    }
}

/// An incomplete backup: its run was cut off, or an object was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incomplete {
    /// The dump's key, whether the dump exists or not.
    pub backup: BackupKey,
    /// The missing objects; never empty.
    pub lacks: Vec<Piece>,
    /// The dump, if it exists.
    pub dump: Option<ListedObject>,
}

impl Incomplete {
    /// `its checksum file and its manifest are missing`
    #[must_use]
    pub fn words(&self) -> String {
        let verb = if self.lacks.len() == 1 { "is" } else { "are" };
        format!("its {} {verb} missing", self.names(" and its "))
    }

    /// `checksum file and manifest`, joined with `between`.
    #[must_use]
    pub fn names(&self, between: &str) -> String {
        self.lacks.iter().copied().map(Piece::name).collect::<Vec<_>>().join(between)
    }

    /// Key of an object of it that exists.
    #[must_use]
    pub fn existing_key(&self) -> Option<String> {
        let there = |piece: &Piece| !self.lacks.contains(piece);
        [Piece::Dump, Piece::Checksum, Piece::Manifest]
            .into_iter()
            .find(there)
            .map(|piece| piece.key(&self.backup.key))
    }

    /// Whether only the dump exists. That is also the case if another program wrote it.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        self.lacks == [Piece::Checksum, Piece::Manifest]
    }
}

/// An upload of a dump that was neither completed nor taken back. Nothing of it is visible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenUpload {
    /// Key of the dump that it would become.
    pub backup: BackupKey,
    /// When it began, if the store shows it.
    pub begun: Option<Timestamp>,
    /// Whether a run is still writing it, if the store shows it.
    pub is_being_written: Option<bool>,
}

/// The backups of an environment, as a listing shows them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// The newest first; those of one second by key.
    pub backups: Vec<BackupEntry>,
    /// In the same order.
    pub incomplete: Vec<Incomplete>,
}

/// Key prefix of an environment's backups.
#[must_use]
pub fn prefix(environment: Environment) -> String {
    format!("{}/", Object::Backup { suffix: "" }.folder(environment))
}

/// The open uploads of this environment's dumps, out of a list of keys and times.
#[must_use]
pub fn open_uploads(environment: Environment, listed: Vec<ListedUpload>) -> Vec<OpenUpload> {
    let parsed = listed.into_iter().filter_map(|ListedUpload { key, begun, is_being_written }| {
        BackupKey::parse(environment, &key).map(|backup| OpenUpload { backup, begun, is_being_written })
    });
    parsed.collect()
}

/// Sorts a listing into backups. Objects that belong to no dump of this environment are ignored.
#[must_use]
pub fn catalogue(environment: Environment, listed: Vec<ListedObject>) -> Catalogue {
    let mut found: BTreeMap<String, FoundObjects> = BTreeMap::new();
    for object in listed {
        let (piece, dump) = piece_of(&object.key);
        let Some(backup) = BackupKey::parse(environment, dump) else { continue };
        let found = found.entry(backup.key.clone()).or_insert_with(|| FoundObjects::of(backup));
        match piece {
            Piece::Dump => found.dump = Some(object),
            Piece::Checksum => found.checksum = true,
            Piece::Manifest => found.manifest_bytes = Some(object.bytes),
        }
    }
    let mut found: Vec<FoundObjects> = found.into_values().collect();
    // Stable: the map has sorted those of one second by key.
    found.sort_by_key(|found| Reverse(found.backup.at));
    let mut catalogue = Catalogue::default();
    for found in found {
        match found.judge() {
            Ok(entry) => catalogue.backups.push(entry),
            Err(incomplete) => catalogue.incomplete.push(*incomplete),
        }
    }
    catalogue
}

/// Which piece a key would be, and of which dump.
#[must_use]
pub fn piece_of(key: &str) -> (Piece, &str) {
    let beside = |name: fn(&str) -> String| key.strip_suffix(&name(""));
    match (beside(checksum_key), beside(manifest_key)) {
        (Some(dump), _) => (Piece::Checksum, dump),
        (_, Some(dump)) => (Piece::Manifest, dump),
        _ => (Piece::Dump, key),
    }
}

struct FoundObjects {
    backup: BackupKey,
    dump: Option<ListedObject>,
    checksum: bool,
    manifest_bytes: Option<u64>,
}

impl FoundObjects {
    fn of(backup: BackupKey) -> Self {
        Self { backup, dump: None, checksum: false, manifest_bytes: None }
    }

    fn judge(self) -> Result<BackupEntry, Box<Incomplete>> {
        match self {
            Self { backup, dump: Some(dump), checksum: true, manifest_bytes: Some(manifest_bytes) } => {
                Ok(BackupEntry {
                    backup,
                    bytes: dump.bytes,
                    storage_class: dump.storage_class,
                    modified: dump.modified,
                    manifest_bytes,
                })
            }
            Self { backup, dump, checksum, manifest_bytes } => {
                let there = [
                    (dump.is_some(), Piece::Dump),
                    (checksum, Piece::Checksum),
                    (manifest_bytes.is_some(), Piece::Manifest),
                ];
                let lacks = there.into_iter().filter(|(there, _)| !there).map(|(_, piece)| piece);
                Err(Box::new(Incomplete { backup, lacks: lacks.collect(), dump }))
            }
        }
    }
}

#[cfg(test)]
mod tests;
