//! A local folder that stores objects: a directory on a disk, a NAS or a volume that is mounted into a container.
//!
//! An object becomes visible under its name only after its bytes were read back from the disk, and never replaces another. A
//! run that is killed leaves a temporary file, which [`Folder::unfinished`] shows and [`Folder::remove_dead`] removes.
//! Directories get mode 0700 and files 0600. Symbolic links below the root are errors.
//!
//! A folder has no locks, versions or tags.

mod entry;
mod error;
mod file_system;
mod listing;
mod pending;
pub(super) mod preflight;
mod read;
mod remove;
mod root;
pub(super) mod upload;

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;

use percent_encoding::percent_encode;

pub use error::{Flaw, FolderError};
pub use listing::{FileEntry, UnfinishedFile};
pub use pending::PendingFile;
pub use read::{FileInfo, OpenFile};
pub use root::Surroundings;

use root::Root;

use crate::secrets::PATH_ENCODED;

/// A folder as a store.
#[derive(Debug, Clone)]
pub struct Folder {
    root: Arc<Root>,
}

impl Folder {
    /// Opens a folder for reading and, if [`Folder::check_writable`] agrees, for writing. Creates nothing.
    ///
    /// # Errors
    /// It does not exist, is not a directory of this process's user, or other users can write to it.
    pub fn open(root: &Path, around: &Surroundings) -> Result<Self, FolderError> {
        Ok(Self { root: Arc::new(Root::open(root, around)?) })
    }

    /// Checks that objects can be stored. Creates nothing.
    ///
    /// # Errors
    /// It is read-only, this process must not write to it, or it is gone.
    pub async fn check_writable(&self) -> Result<(), FolderError> {
        let root = Arc::clone(&self.root);
        blocking(move || root.check_writable()).await
    }

    /// Device and inode. Two folders of one identity are the same folder, whatever their paths.
    #[must_use]
    pub fn identity(&self) -> (u64, u64) {
        self.root.identity
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.root.path
    }

    /// `file:///root/key`
    #[must_use]
    pub fn location(&self, key: &str) -> String {
        let root = percent_encode(self.root.path.as_os_str().as_bytes(), PATH_ENCODED);
        format!("file://{root}/{}", percent_encode(key.as_bytes(), PATH_ENCODED))
    }
}

/// Runs what can block in a thread of its own.
async fn blocking<T: Send + 'static>(
    task: impl FnOnce() -> Result<T, FolderError> + Send + 'static,
) -> Result<T, FolderError> {
    match tokio::task::spawn_blocking(task).await {
        Ok(done) => done,
        Err(lost) => match lost.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(FolderError::Stopped),
        },
    }
}

#[cfg(test)]
mod tests;
