//! Finds objects by the beginning of their keys, and the temporary files of runs that were killed.

use std::fs::File;

use jiff::Timestamp;
use rustix::fs::{self, AtFlags, FileType, FlockOperation, OFlags, Stat};
use rustix::io::Errno;

use super::entry::{Directory, Key, Meaning, expect_kind, meaning};
use super::error::FolderError;
use super::read::FileInfo;
use super::root::{Root, identity};
use super::{Folder, blocking};

/// What some file systems create at their root. Only the system's root user can read it.
const LOST_AND_FOUND: &str = "lost+found";

/// An object in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    /// The whole key.
    pub key: String,
    /// Size.
    pub bytes: u64,
    /// When it was written, by the clock of the file system.
    pub modified: Option<Timestamp>,
}

/// A file that is not published. It is not visible as an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnfinishedFile {
    /// The key that it would get.
    pub key: String,
    /// When it was created or, if the file system does not show that, last written.
    pub begun: Option<Timestamp>,
    /// Whether its writer lives. Also if the file system does not show it.
    pub is_being_written: bool,
}

/// A file that a walk comes to.
struct Visited<'a> {
    here: &'a Directory,
    name: &'a str,
    key: String,
    stat: Stat,
    is_temporary: bool,
}

type Visit<'a> = dyn FnMut(Visited<'_>) -> Result<(), FolderError> + 'a;

impl Folder {
    /// Every object whose key begins with the prefix, in the order of keys.
    ///
    /// # Errors
    /// Something there is neither a directory nor a regular file, or the system refuses.
    pub async fn list(&self, prefix: &str) -> Result<Vec<FileEntry>, FolderError> {
        let listed = self.collect(prefix, false, |_, file| {
            let FileInfo { bytes, modified, .. } = FileInfo::of(&file.stat);
            Ok(Some(FileEntry { key: file.key, bytes, modified }))
        });
        let mut listed = listed.await?;
        listed.sort_by(|one, other| one.key.cmp(&other.key));
        Ok(listed)
    }

    /// Whether an object's key begins with the prefix.
    ///
    /// # Errors
    /// As [`Folder::list`].
    pub async fn holds(&self, prefix: &str) -> Result<bool, FolderError> {
        Ok(!self.list(prefix).await?.is_empty())
    }

    /// The temporary files of objects whose keys begin with the prefix.
    ///
    /// # Errors
    /// As [`Folder::list`].
    pub async fn unfinished(&self, prefix: &str) -> Result<Vec<UnfinishedFile>, FolderError> {
        self.collect(prefix, true, |root, file| {
            let opened = root.open_file(file.here, file.name, OFlags::RDONLY)?;
            Ok(opened.map(|(opened, _)| UnfinishedFile {
                key: file.key,
                begun: begun(&opened),
                is_being_written: fs::flock(&opened, FlockOperation::NonBlockingLockShared).is_err(),
            }))
        })
        .await
    }

    /// Removes the temporary files whose writers are dead. Returns the keys that they would have got.
    ///
    /// # Errors
    /// As [`Folder::list`].
    pub async fn remove_dead(&self, prefix: &str) -> Result<Vec<String>, FolderError> {
        self.collect(prefix, true, |root, file| {
            let Some(opened) = root.open_file(file.here, file.name, OFlags::RDWR)? else { return Ok(None) };
            Ok(root.remove_if_dead(file.here, file.name, &opened)?.then_some(file.key))
        })
        .await
    }

    /// What `take` makes of each object, or of each temporary file.
    async fn collect<T: Send + 'static>(
        &self,
        prefix: &str,
        temporary: bool,
        take: impl Fn(&Root, Visited<'_>) -> Result<Option<T>, FolderError> + Send + 'static,
    ) -> Result<Vec<T>, FolderError> {
        let (root, prefix) = (std::sync::Arc::clone(&self.root), prefix.to_owned());
        blocking(move || {
            let mut found = Vec::new();
            let start = Key::parse_prefix(&prefix)?;
            root.check_there()?;
            if let Some(here) = root.directory(start.folders)? {
                root.walk(&here, start, &mut |file| {
                    if file.is_temporary == temporary {
                        found.extend(take(&root, file)?);
                    }
                    Ok(())
                })?;
            }
            Ok(found)
        })
        .await
    }
}

impl Root {
    /// Visits each file in a directory and below it. `at` names the directory, and how the names in it begin.
    fn walk(&self, here: &Directory, at: Key<'_>, visit: &mut Visit<'_>) -> Result<(), FolderError> {
        for name in self.names(here)? {
            let (object, is_temporary) = match meaning(&name) {
                Some(Meaning::Part(name)) => (name, false),
                Some(Meaning::Temporary(object)) => (object, true),
                None => continue,
            };
            let is_the_systems = at.folders.is_empty() && name == LOST_AND_FOUND;
            if !object.starts_with(at.name) || is_the_systems {
                continue;
            }
            // A file can be published or removed at any time.
            let Some(stat) = self.inspect(here, &name)? else { continue };
            let key =
                if at.folders.is_empty() { object.to_owned() } else { format!("{}/{object}", at.folders) };
            if !is_temporary && FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
                if let Some(below) = self.enter(here, &name)? {
                    self.walk(&below, Key { folders: &key, name: "" }, visit)?;
                }
                continue;
            }
            expect_kind(&stat, FileType::RegularFile, &here.path.join(&name))?;
            if Key::parse(&key).is_ok() {
                visit(Visited { here, name: &name, key, stat, is_temporary })?;
            }
        }
        Ok(())
    }

    /// Removes a temporary file, unless its writer lives.
    fn remove_if_dead(
        &self,
        here: &Directory,
        name: &str,
        (opened, stat): &(File, Stat),
    ) -> Result<bool, FolderError> {
        // Only a lock that is held proves that the writer is dead.
        if fs::flock(opened, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Ok(false);
        }
        // The writer may have published the file since it was opened. Its lock is then free, too.
        let now = self.inspect(here, name)?;
        if now.is_none_or(|now| identity(&now) != identity(stat)) {
            return Ok(false);
        }
        match fs::unlinkat(&here.fd, name, AtFlags::empty()) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(self.failed("remove", &here.path.join(name), errno)),
        }
    }
}

fn begun(file: &File) -> Option<Timestamp> {
    let found = file.metadata().ok()?;
    found.created().or_else(|_| found.modified()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests;
