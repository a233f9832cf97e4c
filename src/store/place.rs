//! What identifies the places of a sponsor's objects, so that they can be compared with others'.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::StoreError;
use super::folder::FolderError;
use crate::secrets::{SponsorSecrets, StoreKind, StoreName};

/// A place of objects, by all names that identify it. Addresses do not: two paths can lead to one folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceOfObjects {
    /// `bucket NAME`, or `folder /srv/backups`, for messages.
    pub shown: String,
    /// Names that only this place has: a bucket's name, or a folder's paths, device and inode. Never empty.
    pub names: BTreeSet<String>,
    /// The same of each folder above it. Empty for a bucket.
    pub above: BTreeSet<String>,
    /// Path of a folder whose file system did not answer. Nothing can be asked of it without waiting for ever.
    pub silent: Option<PathBuf>,
}

impl PlaceOfObjects {
    /// Checks that its file system answered.
    ///
    /// # Errors
    /// It did not.
    pub fn answers(&self) -> Result<(), StoreError> {
        let Some(path) = &self.silent else { return Ok(()) };
        Err(FolderError::Silent { path: path.display().to_string(), within: EXAMINED }.into())
    }
}

/// A network file system whose server is gone never answers. Then only the paths are compared.
const EXAMINED: Duration = Duration::from_secs(20);

/// Where the sponsor's backups and its records are stored.
pub async fn of(secrets: &SponsorSecrets) -> Vec<PlaceOfObjects> {
    let (backups, records) = tokio::join!(of_store(&secrets.backups), of_store(&secrets.audit_logs));
    let mut places = vec![backups, records];
    // They are the sponsor's own, too: another sponsor's replica must not be one of them.
    for own in &secrets.replaced {
        places.push(of_store(own).await);
    }
    places
}

/// Where the objects of one store are.
pub async fn of_store(store: &StoreName) -> PlaceOfObjects {
    let shown = store.words();
    match store.kind() {
        StoreKind::Bucket(name) => {
            let names = BTreeSet::from([name.to_owned()]);
            PlaceOfObjects { shown, names, above: BTreeSet::new(), silent: None }
        }
        StoreKind::Folder(path) => {
            let path = path.to_owned();
            let typed = names_of(std::slice::from_ref(&path), |_| None);
            let asked = path.clone();
            let examined = tokio::task::spawn_blocking(move || examined(asked));
            let examined = tokio::time::timeout(EXAMINED, examined).await;
            let silent = examined.is_err().then_some(path);
            let (names, above) = examined.ok().and_then(Result::ok).unwrap_or(typed);
            PlaceOfObjects { shown, names, above, silent }
        }
    }
}

/// The names of a folder, by path and by what the file system says.
fn examined(path: PathBuf) -> (BTreeSet<String>, BTreeSet<String>) {
    let resolved = resolved(&path);
    // Device and inode of a bind mount show the folder that is mounted, and nothing of the folders above that one.
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let inner = in_file_system(&resolved, &mounts);
    let (mut names, mut above) = names_of(&[resolved, path], identity);
    if let Some((device, inner)) = inner {
        let name = |path: &Path| format!("file system {device}, {}", path.display());
        names.insert(name(&inner));
        above.extend(inner.ancestors().skip(1).map(name));
    }
    (names, above)
}

/// The device of a path's mount, and the path inside of that file system. `mounts` is the text of `/proc/self/mountinfo`
/// (proc_pid_mountinfo(5)).
fn in_file_system(path: &Path, mounts: &str) -> Option<(String, PathBuf)> {
    let found = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(2);
        let device = fields.next()?;
        let [root, point] = [fields.next()?, fields.next()?].map(|field| PathBuf::from(unescaped(field)));
        let rest = path.strip_prefix(&point).ok()?;
        Some((point.components().count(), device.to_owned(), root.join(rest).components().collect()))
    });
    // Of two mounts at one path, the later one covers the other.
    found.max_by_key(|(depth, ..)| *depth).map(|(_, device, inner)| (device, inner))
}

/// A field of mountinfo: blanks and backslashes are octal codes there.
fn unescaped(field: &str) -> String {
    let codes = [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")];
    codes.into_iter().fold(field.to_owned(), |text, (code, letter)| text.replace(code, letter))
}

/// The path without symbolic links, as far as it exists.
fn resolved(path: &Path) -> PathBuf {
    let found = path.ancestors().find_map(|above| {
        let rest = path.strip_prefix(above).ok()?;
        Some(above.canonicalize().ok()?.components().chain(rest.components()).collect())
    });
    found.unwrap_or_else(|| path.to_owned())
}

/// Device and inode, which are the same at every path. `None` if it is missing or closed to this account.
fn identity(path: &Path) -> Option<String> {
    let found = std::fs::metadata(path).ok()?;
    Some(format!("device {}, inode {}", found.dev(), found.ino()))
}

/// The names of a folder with these paths, and those of each folder above it.
fn names_of(
    paths: &[PathBuf],
    identity: impl Fn(&Path) -> Option<String>,
) -> (BTreeSet<String>, BTreeSet<String>) {
    let all = |path: &Path| std::iter::once(path.to_string_lossy().into_owned()).chain(identity(path));
    let names = paths.iter().flat_map(|path| all(path)).collect();
    let above = paths.iter().flat_map(|path| path.ancestors().skip(1)).flat_map(all).collect();
    (names, above)
}

#[cfg(test)]
mod tests;
