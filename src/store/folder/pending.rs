//! Writes an object under a temporary name, proves what the disk holds, and only then gives it its own name.

mod rehearsal;

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use bytes::Bytes;
use rustix::fs::{self, Advice, AtFlags, FileType, FlockOperation, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use super::entry::{Directory, Key, expect_kind, temporary_name};
use super::error::{FolderError, describe, shown};
use super::read::read_piece;
use super::root::{Identity, Root, identity};
use super::{Folder, blocking};
use crate::store::hash::{Hasher, SizeAndHash};

/// Times that a temporary file is created. Another run that removes the files of dead runs can catch one of ours before its
/// lock is held.
const ATTEMPTS: u32 = 8;
/// After this number of bytes, the system begins to write to the disk. The sync at the end has less to wait for.
const WRITE_BACK_BYTES: u64 = 8 << 20;
/// How long a file that is dropped may wait for its removal.
const REMOVED: Duration = Duration::from_secs(1);

/// An object that is being written and not visible yet. Dropping it removes its temporary file.
#[must_use = "a pending file is neither visible nor gone until it is published or abandoned"]
#[derive(Debug)]
pub struct PendingFile {
    file: Arc<Temporary>,
    written: u64,
}

#[derive(Debug)]
struct Temporary {
    root: Arc<Root>,
    /// Names of the directories below the root.
    folders: String,
    directory: Directory,
    /// Name of the object.
    name: String,
    temporary: String,
    location: String,
    /// Locked as long as it is open. Others know from the lock that its writer lives.
    file: File,
    identity: Identity,
    /// Whether the temporary name was removed.
    is_gone: AtomicBool,
}

impl Folder {
    /// Begins an object. Creates the directories that its key names.
    ///
    /// # Errors
    /// It is not a key, or the system refuses.
    pub async fn begin(&self, key: &str) -> Result<PendingFile, FolderError> {
        let (root, key, location) = (Arc::clone(&self.root), key.to_owned(), self.location(key));
        blocking(move || PendingFile::begin(&root, Key::parse(&key)?, &location)).await
    }

    /// Stores a small object under a key that must be free.
    ///
    /// # Errors
    /// As [`Folder::begin`], [`PendingFile::write`] and [`PendingFile::publish`].
    pub async fn put_new(&self, key: &str, body: Bytes) -> Result<(), FolderError> {
        let mut hasher = Hasher::default();
        hasher.feed(&body);
        let mut pending = self.begin(key).await?;
        pending.write(body).await?;
        pending.publish(&hasher.read()).await
    }
}

impl PendingFile {
    fn begin(root: &Arc<Root>, key: Key<'_>, location: &str) -> Result<Self, FolderError> {
        for _ in 0..ATTEMPTS {
            if let Some(pending) = Self::create(root, key, temporary_name(key.name), location)? {
                return Ok(pending);
            }
        }
        let path = root.path.join(key.folders).join(key.name);
        Err(root.failed("lock a temporary file for", &path, Errno::WOULDBLOCK))
    }

    /// `None` if another process removed or locked the file before its lock was held.
    fn create(
        root: &Arc<Root>,
        key: Key<'_>,
        temporary: String,
        location: &str,
    ) -> Result<Option<Self>, FolderError> {
        let directory = root.make_directory(key.folders)?;
        let path = directory.path.join(&temporary);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = fs::openat(&directory.fd, &temporary, flags, Mode::RUSR | Mode::WUSR)
            .map_err(|errno| root.failed("create", &path, errno))?;
        let stat = fs::fstat(&file).map_err(|errno| root.failed("inspect", &path, errno))?;
        // From here on, dropping it removes the file.
        let pending = Self {
            file: Arc::new(Temporary {
                root: Arc::clone(root),
                folders: key.folders.to_owned(),
                directory,
                name: key.name.to_owned(),
                temporary,
                location: location.to_owned(),
                file: File::from(file),
                identity: identity(&stat),
                is_gone: AtomicBool::new(false),
            }),
            written: 0,
        };
        let is_ours = pending.file.lock()?;
        root.set_mode(&pending.file.file, &path, Mode::RUSR | Mode::WUSR)?;
        root.hand_over(&pending.file.file, &path, true)?;
        Ok(is_ours.then_some(pending))
    }

    /// Adds bytes at the end.
    ///
    /// # Errors
    /// The system refuses. The temporary file was removed.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), FolderError> {
        let file = Arc::clone(&self.file);
        let (before, after) = (self.written, self.written + bytes.len() as u64);
        self.written = after;
        blocking(move || {
            let done = file.write(&bytes, before);
            done.map_err(|errno| file.give_up(file.root.failed("write", &file.object_path(), errno)))?;
            if before / WRITE_BACK_BYTES < after / WRITE_BACK_BYTES {
                file.leave_cache();
            }
            Ok(())
        })
        .await
    }

    /// Waits until the bytes are on the disk, reads them back, compares them with `expected`, and makes the object visible.
    /// Never replaces another.
    ///
    /// # Errors
    /// The key is taken, the bytes differ, the folder is gone, or the system refuses. The temporary file was removed.
    pub async fn publish(self, expected: &SizeAndHash) -> Result<(), FolderError> {
        let file = Arc::clone(&self.file);
        let proven = self.prove(expected).await;
        // If this future is dropped during the proof, nothing becomes visible.
        blocking(move || {
            let ready = proven.and_then(|()| file.check_place());
            ready.and_then(|()| file.rename()).map_err(|cause| file.give_up(cause))?;
            let confirmed = file.confirm();
            // After a success, the temporary name exists only if it was hard-linked.
            file.remove().ok();
            confirmed
        })
        .await
    }

    /// Removes the temporary file. Nothing becomes visible.
    ///
    /// # Errors
    /// The system refuses, and the file is left.
    pub async fn abandon(self) -> Result<(), FolderError> {
        let file = Arc::clone(&self.file);
        let removed = move || file.remove().map_err(|errno| file.root.failed("remove", &file.path(), errno));
        blocking(removed).await
    }

    async fn prove(&self, expected: &SizeAndHash) -> Result<(), FolderError> {
        let file = Arc::clone(&self.file);
        let stored = Arc::new(blocking(move || file.reopen()).await?);
        let mut hasher = Hasher::default();
        let mut offset = 0;
        loop {
            let (file, stored) = (Arc::clone(&self.file), Arc::clone(&stored));
            let piece = blocking(move || read_piece(&file.root, &stored, &file.path(), offset)).await?;
            if piece.is_empty() {
                break;
            }
            offset += piece.len() as u64;
            hasher.feed(&piece);
        }
        self.file.compare(expected, hasher.read())
    }
}

impl Drop for PendingFile {
    fn drop(&mut self) {
        // For a run that is canceled or panics.
        if self.file.is_gone.load(Ordering::Relaxed) {
            return;
        }
        // A file system that does not answer must not hold up the other sponsors, which share this thread.
        let file = Arc::clone(&self.file);
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            file.remove().ok();
            return;
        };
        let (done, removed) = std::sync::mpsc::channel();
        runtime.spawn_blocking(move || {
            file.remove().ok();
            done.send(()).ok();
        });
        // A runtime that is ending starts nothing any more.
        if removed.recv_timeout(REMOVED) == Err(RecvTimeoutError::Disconnected) {
            self.file.remove().ok();
        }
    }
}

impl Temporary {
    fn path(&self) -> PathBuf {
        self.directory.path.join(&self.temporary)
    }

    fn object_path(&self) -> PathBuf {
        self.directory.path.join(&self.name)
    }

    /// Whether the lock is held and the file still has its name.
    fn lock(&self) -> Result<bool, FolderError> {
        let failed = |errno| self.root.failed("lock", &self.path(), errno);
        match fs::flock(&self.file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(fs::fstat(&self.file).map_err(failed)?.st_nlink > 0),
            Err(Errno::WOULDBLOCK) => Ok(false),
            // Without locks, no other run sees this one as dead either.
            Err(Errno::NOLCK | Errno::NOSYS | Errno::OPNOTSUPP | Errno::INVAL) => Ok(true),
            Err(errno) => Err(failed(errno)),
        }
    }

    fn write(&self, bytes: &[u8], offset: u64) -> Result<(), Errno> {
        let mut done = 0;
        while done < bytes.len() {
            match rustix::io::pwrite(&self.file, &bytes[done..], offset + done as u64) {
                Ok(0) => return Err(Errno::IO),
                Ok(written) => done += written,
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(())
    }

    /// Starts to write what is only in memory to the disk, and frees what is on the disk. Best effort.
    fn leave_cache(&self) {
        fs::fadvise(&self.file, 0, None, Advice::DontNeed).ok();
    }

    /// Opens the same file once more, so that its bytes come from the disk.
    fn reopen(&self) -> Result<File, FolderError> {
        fs::fsync(&self.file).map_err(|errno| self.root.failed("sync", &self.object_path(), errno))?;
        self.leave_cache();
        match self.root.open_file(&self.directory, &self.temporary, OFlags::RDONLY)? {
            Some((file, stat)) if identity(&stat) == self.identity => Ok(file),
            _ => Err(FolderError::Vanished { path: shown(&self.path()) }),
        }
    }

    fn compare(&self, expected: &SizeAndHash, stored: SizeAndHash) -> Result<(), FolderError> {
        if stored == *expected {
            return Ok(());
        }
        let (what, expected, got) = if stored.bytes == expected.bytes {
            ("SHA-256", expected.sha256.clone(), stored.sha256)
        } else {
            ("size", expected.bytes.to_string(), stored.bytes.to_string())
        };
        Err(FolderError::Differs { location: self.location.clone(), what, expected, got })
    }

    /// Checks that the paths of root and directory still lead to where this file is.
    fn check_place(&self) -> Result<(), FolderError> {
        self.root.check_there()?;
        let vanished = || FolderError::Vanished { path: shown(&self.directory.path) };
        let now = self.root.directory(&self.folders)?.ok_or_else(vanished)?;
        let identity = |directory: &Directory| fs::fstat(&directory.fd).map(|stat| identity(&stat));
        let failed = |errno| self.root.failed("inspect", &self.directory.path, errno);
        if identity(&now).map_err(failed)? == identity(&self.directory).map_err(failed)? {
            Ok(())
        } else {
            Err(vanished())
        }
    }

    fn rename(&self) -> Result<(), FolderError> {
        self.rename_to(&self.name)
    }

    /// Gives the file a name that must be free.
    fn rename_to(&self, name: &str) -> Result<(), FolderError> {
        let here = &self.directory.fd;
        let renamed = fs::renameat_with(here, &self.temporary, here, name, RenameFlags::NOREPLACE);
        let (done, by_link) = match renamed {
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                (fs::linkat(here, &self.temporary, here, name, AtFlags::empty()), true)
            }
            done => (done, false),
        };
        let existing = match done {
            Ok(()) => return Ok(()),
            Err(_) => self.root.inspect(&self.directory, name)?,
        };
        match (done, existing) {
            // A network file system can lose the answer and repeat the request.
            (_, Some(stat)) if identity(&stat) == self.identity => Ok(()),
            (Err(Errno::EXIST), Some(stat)) => {
                expect_kind(&stat, FileType::RegularFile, &self.object_path())?;
                Err(FolderError::AlreadyExists { location: self.location.clone() })
            }
            (Err(Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL | Errno::MLINK), _)
                if by_link =>
            {
                Err(FolderError::CanOnlyReplace { path: shown(&self.object_path()) })
            }
            (done, _) => done.map_err(|errno| self.root.failed("publish", &self.object_path(), errno)),
        }
    }

    /// Makes the new name last, and checks that the path of the object leads to it.
    fn confirm(&self) -> Result<(), FolderError> {
        let uncertain = |cause| FolderError::Unfinished {
            cause: Box::new(cause),
            left: format!("the outcome of the write to {} is unknown", self.location),
        };
        self.root.sync_directory(&self.directory).map_err(uncertain)?;
        self.check_place().map_err(uncertain)?;
        match self.root.inspect(&self.directory, &self.name).map_err(uncertain)? {
            Some(stat) if identity(&stat) == self.identity => Ok(()),
            _ => Err(FolderError::Vanished { path: shown(&self.object_path()) }),
        }
    }

    /// Removes the temporary name. Another call does no harm.
    fn remove(&self) -> Result<(), Errno> {
        match fs::unlinkat(&self.directory.fd, &self.temporary, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {
                self.is_gone.store(true, Ordering::Relaxed);
                Ok(())
            }
            Err(errno) => Err(errno),
        }
    }

    /// Removes the temporary file after a failure. Returns the cause, and what could not be removed.
    fn give_up(&self, cause: FolderError) -> FolderError {
        match self.remove() {
            Ok(()) => cause,
            Err(errno) => {
                let (path, reason) = (self.path(), describe(errno));
                let left = format!("its temporary file {} was not removed: {reason}", path.display());
                FolderError::Unfinished { cause: Box::new(cause), left }
            }
        }
    }
}

#[cfg(test)]
mod tests;
