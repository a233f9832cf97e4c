//! Copies of records that runs left in the workspace. A record counts as one of ours only if name, folder and contents show it.

use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::RecordError;
use super::entries::RecordEntry;
use crate::layout::key::Object;
use crate::sponsors::Environment;

/// Letters of the time in a name.
const SECOND_LENGTH: usize = "20260101-000000".len();
/// No record is longer.
const RECORD_BYTES: u64 = 64 << 20;

/// A record in the workspace.
#[derive(Debug)]
pub struct LocalRecord {
    /// Its path in the workspace.
    pub path: PathBuf,
    /// Its contents. Its key is the one that the same record has in a store.
    pub entry: RecordEntry,
    /// The document.
    pub document: Vec<u8>,
}

/// The records of a sponsor and environment in the workspace, by path.
#[must_use]
pub fn local_records(workspace: &Path, sponsor: &str, environment: Environment) -> Vec<LocalRecord> {
    let mut found = Vec::new();
    for object in Object::records() {
        let folder = Path::new(&format!("{}s", object.kind())).join(sponsor);
        // Behind a link can be the store itself.
        let is_here =
            folder.ancestors().all(|path| path.as_os_str().is_empty() || is_directory(&workspace.join(path)));
        let entries = is_here.then(|| std::fs::read_dir(workspace.join(&folder)));
        let entries = entries.into_iter().flatten().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        found.extend(names.filter_map(|name| {
            let key = key_of(object, environment, &name)?;
            let path = folder.join(&name);
            let document = contents(&workspace.join(&path))?;
            let entry = RecordEntry::parse(environment, &key, &document)?;
            (entry.sponsor == sponsor).then_some(LocalRecord { path, entry, document })
        }));
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

/// Removes a record from the workspace.
///
/// # Errors
/// The system refuses.
pub fn remove_local(workspace: &Path, record: &LocalRecord) -> Result<(), RecordError> {
    std::fs::remove_file(workspace.join(&record.path)).map_err(|error| RecordError::Local {
        path: record.path.display().to_string(),
        reason: error.to_string(),
    })
}

fn is_directory(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|found| found.is_dir())
}

/// The key that a file of this name has in a store.
fn key_of(object: Object<'_>, environment: Environment, name: &str) -> Option<String> {
    let stem = name.strip_suffix(".json")?;
    let second = stem.get(stem.len().checked_sub(SECOND_LENGTH)?..)?;
    let (year, month, day) = (second.get(..4)?, second.get(4..6)?, second.get(6..8)?);
    let key = format!("{}/{year}/{month}/{day}/{name}", object.folder(environment));
    object.time_in(environment, &key)?;
    Some(key)
}

/// The bytes of a regular file. Rejects links that lead elsewhere and pipes that would block.
fn contents(path: &Path) -> Option<Vec<u8>> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).ok()?;
    let file = std::fs::File::options().read(true).custom_flags(flags).open(path).ok()?;
    file.metadata().ok().filter(|found| found.is_file() && found.len() <= RECORD_BYTES)?;
    let mut bytes = Vec::new();
    file.take(RECORD_BYTES).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests;
