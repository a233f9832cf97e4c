//! Reads an object: a piece at a time, in constant memory, from the same file until its end.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use rustix::fs::{self, FileType, OFlags, Stat};
use rustix::io::Errno;

use super::entry::{Key, expect_kind};
use super::error::FolderError;
use super::root::Root;
use super::{Folder, blocking};
use crate::store::hash::{Hasher, SizeAndHash};

/// Bytes of a piece.
const PIECE_BYTES: usize = 256 << 10;

/// What a folder shows about an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileInfo {
    /// Size.
    pub bytes: u64,
    /// When it was written, by the clock of the file system.
    pub modified: Option<Timestamp>,
    /// Device, inode, size and time of the last change. Distinguishes this object from a later one under the same key, as an
    /// ETag does.
    pub mark: String,
}

impl FileInfo {
    pub(super) fn of(stat: &Stat) -> Self {
        let bytes = u64::try_from(stat.st_size).unwrap_or_default();
        let nanoseconds = i32::try_from(stat.st_mtime_nsec).unwrap_or_default();
        let modified = Timestamp::new(stat.st_mtime, nanoseconds).ok();
        let changed = modified.map(Timestamp::as_nanosecond).unwrap_or_default();
        Self { bytes, modified, mark: format!("{}-{}-{bytes}-{changed}", stat.st_dev, stat.st_ino) }
    }
}

/// An object that is being read.
#[derive(Debug)]
pub struct OpenFile {
    object: Arc<Object>,
    read: u64,
}

#[derive(Debug)]
struct Object {
    root: Arc<Root>,
    file: File,
    path: PathBuf,
    location: String,
    info: FileInfo,
}

impl Folder {
    /// Inspects an object.
    ///
    /// # Errors
    /// It does not exist, is not a regular file, or the system refuses.
    pub async fn examine(&self, key: &str) -> Result<FileInfo, FolderError> {
        self.at(key, |root, key, location| {
            let Some(here) = root.directory(key.folders)? else {
                return Err(FolderError::Missing { location });
            };
            let stat = root.inspect(&here, key.name)?.ok_or(FolderError::Missing { location })?;
            expect_kind(&stat, FileType::RegularFile, &here.path.join(key.name))?;
            Ok(FileInfo::of(&stat))
        })
        .await
    }

    /// Opens an object, only the one of this mark if one is given. See [`FileInfo::mark`].
    ///
    /// # Errors
    /// It does not exist, has another mark, is not a regular file, or the system refuses.
    pub async fn open_file(&self, key: &str, mark: Option<&str>) -> Result<OpenFile, FolderError> {
        let opened = self.at(key, |root, key, location| {
            let Some(here) = root.directory(key.folders)? else {
                return Err(FolderError::Missing { location });
            };
            let opened = root.open_file(&here, key.name, OFlags::RDONLY)?;
            let Some((file, stat)) = opened else { return Err(FolderError::Missing { location }) };
            let (info, path) = (FileInfo::of(&stat), here.path.join(key.name));
            Ok(Object { root: Arc::clone(root), file, path, location, info })
        });
        let object = opened.await?;
        if mark.is_some_and(|mark| mark != object.info.mark) {
            return Err(FolderError::Replaced { location: object.location });
        }
        Ok(OpenFile { object: Arc::new(object), read: 0 })
    }

    /// The bytes of an object that must not be longer than the limit.
    ///
    /// # Errors
    /// As [`Folder::open_file`] and [`OpenFile::next`], or it is longer.
    pub async fn read_small(&self, key: &str, limit_bytes: u64) -> Result<Bytes, FolderError> {
        let mut file = self.open_file(key, None).await?;
        if file.info().bytes > limit_bytes {
            return Err(FolderError::TooLong { location: self.location(key), limit_bytes });
        }
        let mut bytes = BytesMut::new();
        while let Some(piece) = file.next().await? {
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes.freeze())
    }

    /// Reads an object through and measures it, a piece at a time.
    ///
    /// # Errors
    /// As [`Folder::open_file`] and [`OpenFile::next`].
    pub async fn measure(&self, key: &str) -> Result<SizeAndHash, FolderError> {
        let (mut file, mut hasher) = (self.open_file(key, None).await?, Hasher::default());
        while let Some(piece) = file.next().await? {
            hasher.feed(&piece);
        }
        Ok(hasher.read())
    }

    /// Does something blocking with an object. The task gets the parsed key and the location.
    pub(super) async fn at<T: Send + 'static>(
        &self,
        key: &str,
        task: impl FnOnce(&Arc<Root>, Key<'_>, String) -> Result<T, FolderError> + Send + 'static,
    ) -> Result<T, FolderError> {
        let (root, key, location) = (Arc::clone(&self.root), key.to_owned(), self.location(key));
        blocking(move || task(&root, Key::parse(&key)?, location)).await
    }
}

impl OpenFile {
    /// The object, as it was when it was opened.
    #[must_use]
    pub fn info(&self) -> &FileInfo {
        &self.object.info
    }

    /// From this byte on.
    #[must_use]
    pub fn starting_at(mut self, offset: u64) -> Self {
        self.read = offset;
        self
    }

    /// The next piece of at most 256 KiB; `None` at the end.
    ///
    /// # Errors
    /// The object changed while it was read, or the system refuses.
    pub async fn next(&mut self) -> Result<Option<Bytes>, FolderError> {
        let (object, offset) = (Arc::clone(&self.object), self.read);
        let piece = blocking(move || object.piece(offset)).await?;
        self.read += piece.len() as u64;
        Ok((!piece.is_empty()).then_some(piece))
    }
}

impl Object {
    fn piece(&self, offset: u64) -> Result<Bytes, FolderError> {
        // Manifests are small. A buffer of a whole piece for each would fragment the memory of every thread that reads one.
        let left = usize::try_from(self.info.bytes.saturating_sub(offset)).unwrap_or(usize::MAX);
        let piece = read_at_most(left.min(PIECE_BYTES), (&self.root, &self.file, &self.path), offset)?;
        let read = offset + piece.len() as u64;
        if !piece.is_empty() && read < self.info.bytes {
            return Ok(piece);
        }
        let now = fs::fstat(&self.file).map_err(|errno| self.root.failed("inspect", &self.path, errno))?;
        if read != self.info.bytes || FileInfo::of(&now).mark != self.info.mark {
            return Err(FolderError::Replaced { location: self.location.clone() });
        }
        Ok(piece)
    }
}

/// The bytes from an offset on, at most 256 KiB; empty at the end.
pub(super) fn read_piece(root: &Root, file: &File, path: &Path, offset: u64) -> Result<Bytes, FolderError> {
    read_at_most(PIECE_BYTES, (root, file, path), offset)
}

fn read_at_most(
    most: usize,
    (root, file, path): (&Root, &File, &Path),
    offset: u64,
) -> Result<Bytes, FolderError> {
    let (mut piece, mut filled) = (vec![0; most], 0);
    while filled < piece.len() {
        match rustix::io::pread(file, &mut piece[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(Errno::INTR) => {}
            Err(errno) => return Err(root.failed("read", path, errno)),
        }
    }
    piece.truncate(filled);
    Ok(Bytes::from(piece))
}

#[cfg(test)]
mod tests;
