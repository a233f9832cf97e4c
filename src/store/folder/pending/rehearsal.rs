//! Tries whether an object could be published, without making anything visible.

use std::path::PathBuf;
use std::sync::Arc;

use super::{PendingFile, Temporary};
use crate::store::folder::entry::Key;
use crate::store::folder::error::{FolderError, shown};
use crate::store::folder::read::read_piece;
use crate::store::folder::root::Root;
use crate::store::folder::{Folder, blocking};
use crate::store::hash::{Hasher, SizeAndHash};

/// Takes a block of the disk, so that a full disk or quota shows.
const CONTENT: [u8; 4096] = [b'.'; 4096];

impl Folder {
    /// Does with a file what a publication does, but gives it only another temporary name, and removes it. Creates no
    /// directory: the file is in the deepest one on the way to the key that exists. Returns the path of that one.
    ///
    /// # Errors
    /// As an object under this key would fail, except that the key can be taken.
    pub(in crate::store::folder) async fn rehearse(&self, key: &str) -> Result<PathBuf, FolderError> {
        let (root, key, location) = (Arc::clone(&self.root), key.to_owned(), self.location(key));
        // A single task: it ends, and removes both files, even if the caller does not wait for it.
        blocking(move || {
            let Key { folders, name } = Key::parse(&key)?;
            let place = Key { folders: deepest(&root, folders)?, name };
            let begin = || PendingFile::begin(&root, place, &location);
            let (one, other) = (begin()?, begin()?);
            let tried = try_out(&one.file, &other.file);
            tried.map_err(|cause| other.file.give_up(one.file.give_up(cause)))?;
            for file in [&one.file, &other.file] {
                file.remove().map_err(|errno| root.failed("remove", &file.path(), errno))?;
            }
            Ok(one.file.directory.path.clone())
        })
        .await
    }
}

/// The deepest of these directories that exists.
fn deepest<'f>(root: &Root, mut folders: &'f str) -> Result<&'f str, FolderError> {
    // The root itself has no name, and exists.
    while root.directory(folders)?.is_none() {
        folders = folders.rsplit_once('/').map_or("", |(above, _)| above);
    }
    Ok(folders)
}

fn try_out(one: &Temporary, other: &Temporary) -> Result<(), FolderError> {
    one.write(&CONTENT, 0).map_err(|errno| one.root.failed("write", &one.object_path(), errno))?;
    let stored = one.reopen()?;
    let stored = read_piece(&one.root, &stored, &one.path(), 0)?;
    one.compare(&measured(&CONTENT), measured(&stored))?;
    one.check_place()?;
    match one.rename_to(&other.temporary) {
        Err(FolderError::AlreadyExists { .. }) => {}
        Ok(()) => return Err(FolderError::CanOnlyReplace { path: shown(&one.object_path()) }),
        Err(error) => return Err(error),
    }
    other.remove().map_err(|errno| other.root.failed("remove", &other.path(), errno))?;
    one.rename_to(&other.temporary)?;
    one.root.sync_directory(&one.directory)
}

fn measured(bytes: &[u8]) -> SizeAndHash {
    let mut hasher = Hasher::default();
    hasher.feed(bytes);
    hasher.read()
}

#[cfg(test)]
mod tests;
