//! Removes an object for good. Only `prune` does this.

use rustix::fs::{self, AtFlags, FileType};
use rustix::io::Errno;

use super::Folder;
use super::entry::expect_kind;
use super::error::FolderError;

impl Folder {
    /// Removes an object for good, and waits until the disk has forgotten its name.
    ///
    /// # Errors
    /// It does not exist, is not a regular file in a directory of our own, or the system refuses.
    pub async fn remove(&self, key: &str) -> Result<(), FolderError> {
        self.at(key, |root, key, location| {
            root.check_there()?;
            let Some(here) = root.directory(key.folders)? else {
                return Err(FolderError::Missing { location });
            };
            root.expect_own(&here)?;
            let path = here.path.join(key.name);
            let Some(stat) = root.inspect(&here, key.name)? else {
                return Err(FolderError::Missing { location });
            };
            expect_kind(&stat, FileType::RegularFile, &path)?;
            match fs::unlinkat(&here.fd, key.name, AtFlags::empty()) {
                Ok(()) => root.sync_directory(&here),
                Err(Errno::NOENT) => Err(FolderError::Missing { location }),
                Err(errno) => Err(root.failed("remove", &path, errno)),
            }
        })
        .await
    }
}
