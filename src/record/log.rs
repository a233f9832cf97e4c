//! Adds a record to the log: always in the workspace, and in S3 if backups are enabled. Never replaces one.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::RecordError;
use crate::layout::key::{Object, file_name};
use crate::sponsors::Environment;
use crate::store::{ObjectAttributes, Store, StoreError};

/// Two records of the same second do not overwrite each other: the later one takes the next free second.
pub(super) const SECONDS_TRIED: i64 = 60;

/// A document to save.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Its kind.
    pub object: Object<'a>,
    /// The sponsor.
    pub sponsor: &'a str,
    /// The environment.
    pub environment: Environment,
    /// Start of the event.
    pub at: Timestamp,
    /// The document.
    pub document: &'a [u8],
}

impl Entry<'_> {
    fn folder(&self) -> PathBuf {
        Path::new(&format!("{}s", self.object.kind())).join(self.sponsor)
    }

    /// Candidate keys. The first free one is used.
    fn keys(&self) -> impl Iterator<Item = String> {
        let Self { object, environment, at, .. } = *self;
        seconds(at).map(move |at| object.key(environment, at))
    }
}

/// Checks whether a record could be written to the workspace, without writing one.
///
/// # Errors
/// The folder, or the folder that would contain it, is not writable.
pub fn can_append_locally(workspace: &Path) -> Result<(), RecordError> {
    use rustix::fs::{Access, access};
    let folder = workspace.join("deployment-logs");
    let asked = if folder.exists() { &folder } else { workspace };
    let failed = |error: rustix::io::Errno| RecordError::Local {
        path: "deployment-logs".to_owned(),
        reason: std::io::Error::from(error).to_string(),
    };
    access(asked, Access::WRITE_OK | Access::EXEC_OK).map_err(failed)
}

/// Adds the record to the workspace. Returns its path there, `deployment-logs/callisto/deployment-prod-….json`.
///
/// # Errors
/// The file cannot be written.
pub fn append_locally(workspace: &Path, entry: Entry<'_>) -> Result<PathBuf, RecordError> {
    let folder = entry.folder();
    let failed = |path: &Path, error: &std::io::Error| RecordError::Local {
        path: path.display().to_string(),
        reason: error.to_string(),
    };
    std::fs::create_dir_all(workspace.join(&folder)).map_err(|error| failed(&folder, &error))?;
    let mut taken = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
    for key in entry.keys() {
        let path = folder.join(file_name(&key));
        // `create_new` fails for a file that exists, so that no record replaces another, not even in a race.
        match OpenOptions::new().write(true).create_new(true).open(workspace.join(&path)) {
            Ok(mut file) => {
                let written = file.write_all(entry.document).and_then(|()| file.sync_all());
                return written.map(|()| path.clone()).map_err(|error| {
                    // A half-written record could be mistaken for a whole one.
                    std::fs::remove_file(workspace.join(&path)).ok();
                    failed(&path, &error)
                });
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => taken = error,
            Err(error) => return Err(failed(&path, &error)),
        }
    }
    Err(failed(&folder, &taken))
}

/// Adds the record to the sponsor's audit log bucket. Returns its key.
///
/// # Errors
/// S3 rejects it.
pub async fn append_to_bucket(
    store: &Store,
    entry: Entry<'_>,
    labels: &ObjectAttributes,
) -> Result<String, RecordError> {
    let body = Bytes::copy_from_slice(entry.document);
    let mut taken = StoreError::AlreadyExists { location: store.location("") };
    for key in entry.keys() {
        match store.put_new(&key, body.clone(), labels).await {
            Ok(()) => return Ok(key),
            Err(error @ StoreError::AlreadyExists { .. }) => taken = error,
            Err(error) => return Err(error.into()),
        }
    }
    Err(taken.into())
}

/// Reads back lock and tags of a record that was just saved, and sets its lock tag to what S3 shows. Returns what could not
/// be checked, as a warning: the record is saved, and its tag says `unknown`, which is true.
///
/// # Errors
/// The stored object has not the lock or the tags that were sent.
pub async fn check_in_bucket(
    store: &Store,
    key: &str,
    sent: &ObjectAttributes,
) -> Result<Option<String>, RecordError> {
    match store.check_attributes(key, sent).await {
        Ok(checked) => Ok(checked.warning),
        Err(error @ StoreError::Differs { .. }) => Err(RecordError::NotAsSent(error)),
        Err(error) => {
            let location = store.location(key);
            Ok(Some(format!("lock and tags of {location} could not be checked: {error}")))
        }
    }
}

fn seconds(at: Timestamp) -> impl Iterator<Item = Timestamp> {
    (0..SECONDS_TRIED).filter_map(move |later| at.checked_add(SignedDuration::from_secs(later)).ok())
}

/// Key prefixes under which the record of a backup at this second can be. One, or two at the end of a minute.
#[must_use]
pub fn record_prefixes(environment: Environment, at: Timestamp) -> BTreeSet<String> {
    let last = at.checked_add(SignedDuration::from_secs(SECONDS_TRIED - 1)).unwrap_or(at);
    let minute = |at| {
        let key = Object::DeploymentLog.key(environment, at);
        key.get(..key.len().saturating_sub("SS.json".len())).unwrap_or_default().to_owned()
    };
    [minute(at), minute(last)].into_iter().collect()
}

/// Whether the record of a backup at this second can have this key.
#[must_use]
pub fn can_be_key_of_record(environment: Environment, at: Timestamp, key: &str) -> bool {
    seconds(at).any(|at| Object::DeploymentLog.key(environment, at) == key)
}

/// The sponsor that a stored record names.
#[must_use]
pub fn sponsor_of(document: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        sponsor: String,
    }
    serde_json::from_slice::<Named>(document).ok().map(|record| record.sponsor)
}

#[cfg(test)]
mod tests;
