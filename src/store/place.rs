//! What identifies the places of a sponsor's objects, so that they can be compared with others'.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

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
}

/// A network file system whose server is gone never answers. Then only the paths are compared.
const EXAMINED: Duration = Duration::from_secs(20);

/// Where the sponsor's backups and its records are stored.
pub async fn of(secrets: &SponsorSecrets) -> Vec<PlaceOfObjects> {
    let (backups, records) = tokio::join!(of_store(&secrets.backups), of_store(&secrets.audit_logs));
    vec![backups, records]
}

/// Where the objects of one store are.
pub async fn of_store(store: &StoreName) -> PlaceOfObjects {
    let shown = store.words();
    match store.kind() {
        StoreKind::Bucket(name) => {
            PlaceOfObjects { shown, names: BTreeSet::from([name.to_owned()]), above: BTreeSet::new() }
        }
        StoreKind::Folder(path) => {
            let path = path.to_owned();
            let typed = names_of(std::slice::from_ref(&path), |_| None);
            let examined = tokio::task::spawn_blocking(move || examined(path));
            let examined = tokio::time::timeout(EXAMINED, examined).await;
            let (names, above) = examined.ok().and_then(Result::ok).unwrap_or(typed);
            PlaceOfObjects { shown, names, above }
        }
    }
}

/// The names of a folder, by path and by what the file system says.
fn examined(path: PathBuf) -> (BTreeSet<String>, BTreeSet<String>) {
    names_of(&[resolved(&path), path], identity)
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
