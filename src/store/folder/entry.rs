//! Keys and the entries that they lead to. A path is walked one part at a time, from the root's descriptor, and never through
//! a symbolic link.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use rustix::fs::{self, AtFlags, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use uuid::Uuid;

use super::error::{Flaw, FolderError, shown};
use super::root::{DIRECTORY, Root};

/// Longest key, as in S3.
const KEY_BYTES: usize = 1024;
/// Longest name of a file or directory on Linux.
const NAME_BYTES: usize = 255;
const TEMPORARY: &str = ".partial";
/// Letters of a UUID without hyphens.
const UUID_LENGTH: usize = 32;
/// Letters that a temporary name adds: two dots, the UUID, and the ending.
const ADDED: usize = 2 + UUID_LENGTH + TEMPORARY.len();

/// A key, split into the names of directories and the name of the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key<'k> {
    pub(super) folders: &'k str,
    pub(super) name: &'k str,
}

impl<'k> Key<'k> {
    pub(super) fn parse(key: &'k str) -> Result<Self, FolderError> {
        let (folders, name) = key.rsplit_once('/').unwrap_or(("", key));
        let what = if key.starts_with('/') {
            Some("it begins with a slash")
        } else if key.len() > KEY_BYTES {
            Some("it has more than 1024 bytes")
        } else {
            key.split('/').find_map(flaw)
        };
        let what = what.or((!is_file_name(name)).then_some("its last part has more than 213 bytes"));
        what.map_or(Ok(Self { folders, name }), |what| Err(FolderError::Key { key: key.to_owned(), what }))
    }

    /// The directories of a key prefix, and how the names in the last one begin.
    pub(super) fn parse_prefix(prefix: &'k str) -> Result<Self, FolderError> {
        let (folders, name) = prefix.rsplit_once('/').unwrap_or(("", prefix));
        let of_names = if name.is_empty() { None } else { flaw(name) };
        let of_folders = if folders.is_empty() {
            prefix.starts_with('/').then_some("it begins with a slash")
        } else {
            folders.split('/').find_map(flaw)
        };
        let what = of_folders.or(of_names);
        what.map_or(Ok(Self { folders, name }), |what| Err(FolderError::Key { key: prefix.to_owned(), what }))
    }
}

/// What is wrong with a part of a key.
fn flaw(part: &str) -> Option<&'static str> {
    match part {
        "" => Some("a part of it is empty"),
        // `.` and `..` are directories of the system, and other such names are hidden or temporary files.
        part if part.starts_with('.') => Some("a part of it begins with a dot"),
        part if part.len() > NAME_BYTES => Some("a part of it has more than 255 bytes"),
        part if !part.bytes().all(|byte| (b' '..=b'~').contains(&byte)) => {
            Some("it has a character that is not printable ASCII")
        }
        _ => None,
    }
}

/// Whether a file under this name can be an object: its temporary name must fit, too.
fn is_file_name(name: &str) -> bool {
    flaw(name).is_none() && name.len() <= NAME_BYTES - ADDED
}

/// A name for a file until it is published.
pub(super) fn temporary_name(name: &str) -> String {
    format!(".{name}.{}{TEMPORARY}", Uuid::new_v4().simple())
}

/// What a name in a directory means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning<'n> {
    /// A part of a key.
    Part(&'n str),
    /// A temporary file. Its object would get this name.
    Temporary(&'n str),
}

/// `None` for what is not ours: no key leads there.
pub(super) fn meaning(name: &str) -> Option<Meaning<'_>> {
    if flaw(name).is_none() {
        return Some(Meaning::Part(name));
    }
    let (object, uuid) = name.strip_prefix('.')?.strip_suffix(TEMPORARY)?.rsplit_once('.')?;
    let is_uuid = uuid.len() == UUID_LENGTH && uuid.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_uuid && is_file_name(object)).then_some(Meaning::Temporary(object))
}

/// A directory at or below the root, and its path for messages.
#[derive(Debug)]
pub(super) struct Directory {
    pub(super) fd: OwnedFd,
    pub(super) path: PathBuf,
}

impl Root {
    /// The directory of these names; `None` if it does not exist.
    pub(super) fn directory(&self, folders: &str) -> Result<Option<Directory>, FolderError> {
        let mut here = self.itself()?;
        for name in folders.split('/').filter(|name| !name.is_empty()) {
            match self.enter(&here, name)? {
                Some(next) => here = next,
                None => return Ok(None),
            }
        }
        Ok(Some(here))
    }

    /// The directory of these names. Creates what is missing.
    pub(super) fn make_directory(&self, folders: &str) -> Result<Directory, FolderError> {
        self.check_there()?;
        let mut here = self.itself()?;
        for name in folders.split('/').filter(|name| !name.is_empty()) {
            let path = here.path.join(name);
            let is_new = match fs::mkdirat(&here.fd, name, Mode::RWXU) {
                Ok(()) => true,
                Err(Errno::EXIST) => false,
                Err(errno) => return Err(self.failed("create", &path, errno)),
            };
            let next = self.enter(&here, name)?;
            let next = next.ok_or_else(|| FolderError::Vanished { path: shown(&path) })?;
            if is_new {
                self.set_mode(&next.fd, &next.path, Mode::RWXU)?;
            }
            self.hand_over(&next.fd, &next.path, is_new)?;
            self.expect_own(&next)?;
            self.sync_directory(&here)?;
            here = next;
        }
        Ok(here)
    }

    /// Checks that no other user can rename or replace what is in a directory below the root.
    pub(super) fn expect_own(&self, directory: &Directory) -> Result<(), FolderError> {
        let stat =
            fs::fstat(&directory.fd).map_err(|errno| self.failed("inspect", &directory.path, errno))?;
        let (owner, process) = (stat.st_uid, rustix::process::geteuid().as_raw());
        let unsuitable = |flaw| Err(FolderError::Unsuitable { path: shown(&directory.path), flaw });
        if Mode::from_raw_mode(stat.st_mode).contains(Mode::WOTH) {
            return unsuitable(Flaw::WorldWritable);
        }
        let is_roots = self.owner.is_some_and(|(user, _)| user.as_raw() == owner);
        if owner == process || is_roots { Ok(()) } else { unsuitable(Flaw::Owner { owner, process }) }
    }

    /// The root as a directory. Each has its own position in the listing.
    pub(super) fn itself(&self) -> Result<Directory, FolderError> {
        let fd = fs::openat(&self.fd, ".", DIRECTORY, Mode::empty());
        let fd = fd.map_err(|errno| self.failed("open", &self.path, errno))?;
        Ok(Directory { fd, path: self.path.clone() })
    }

    /// The directory of this name; `None` if it does not exist.
    pub(super) fn enter(&self, here: &Directory, name: &str) -> Result<Option<Directory>, FolderError> {
        let path = here.path.join(name);
        match fs::openat(&here.fd, name, DIRECTORY, Mode::empty()) {
            Ok(fd) => Ok(Some(Directory { fd, path })),
            Err(Errno::NOENT) => self.check_there().map(|()| None),
            Err(errno) => {
                if let Some(stat) = self.inspect(here, name)? {
                    expect_kind(&stat, FileType::Directory, &path)?;
                }
                Err(self.failed("open", &path, errno))
            }
        }
    }

    /// What an entry is; `None` if it does not exist. A symbolic link is not followed.
    pub(super) fn inspect(&self, here: &Directory, name: &str) -> Result<Option<Stat>, FolderError> {
        match fs::statat(&here.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => self.check_there().map(|()| None),
            Err(errno) => Err(self.failed("inspect", &here.path.join(name), errno)),
        }
    }

    /// Opens a regular file; `None` if it does not exist. A pipe or a device could block, so its kind is checked first.
    pub(super) fn open_file(
        &self,
        here: &Directory,
        name: &str,
        access: OFlags,
    ) -> Result<Option<(File, Stat)>, FolderError> {
        let path = here.path.join(name);
        let Some(stat) = self.inspect(here, name)? else { return Ok(None) };
        expect_kind(&stat, FileType::RegularFile, &path)?;
        let flags = access | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match fs::openat(&here.fd, name, flags, Mode::empty()) {
            Ok(fd) => File::from(fd),
            Err(Errno::NOENT) => return self.check_there().map(|()| None),
            Err(errno) => return Err(self.failed("open", &path, errno)),
        };
        let stat = fs::fstat(&file).map_err(|errno| self.failed("inspect", &path, errno))?;
        // The name may have changed hands between the two calls.
        expect_kind(&stat, FileType::RegularFile, &path)?;
        Ok(Some((file, stat)))
    }

    /// The names in a directory that can be parts of keys or temporary.
    pub(super) fn names(&self, here: &Directory) -> Result<Vec<String>, FolderError> {
        let failed = |errno| self.failed("list", &here.path, errno);
        let mut names = Vec::new();
        for entry in Dir::read_from(&here.fd).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name().to_str().map(str::to_owned);
            names.extend(name.ok().filter(|name| meaning(name).is_some()));
        }
        Ok(names)
    }

    /// Sets permissions, whatever the umask made of them.
    pub(super) fn set_mode(
        &self,
        entry: impl AsFd,
        path: &std::path::Path,
        mode: Mode,
    ) -> Result<(), FolderError> {
        fs::fchmod(entry, mode).map_err(|errno| self.failed("set the permissions of", path, errno))
    }

    /// Waits until the names in a directory are on the disk.
    pub(super) fn sync_directory(&self, here: &Directory) -> Result<(), FolderError> {
        match fs::fsync(&here.fd) {
            // Some file systems cannot sync a directory, and need not.
            Ok(()) | Err(Errno::INVAL) => Ok(()),
            Err(errno) => Err(self.failed("sync", &here.path, errno)),
        }
    }
}

/// Checks the type of an entry.
pub(super) fn expect_kind(stat: &Stat, kind: FileType, path: &std::path::Path) -> Result<(), FolderError> {
    let found = FileType::from_raw_mode(stat.st_mode);
    if found == kind {
        return Ok(());
    }
    let expected = if kind == FileType::Directory { "a directory" } else { "a file" };
    Err(FolderError::Kind { path: shown(path), found: kind_name(found), expected })
}

fn kind_name(kind: FileType) -> &'static str {
    match kind {
        FileType::RegularFile => "a file",
        FileType::Directory => "a directory",
        FileType::Symlink => "a symbolic link",
        FileType::Fifo => "a named pipe",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        FileType::Unknown => "of an unknown type",
    }
}

#[cfg(test)]
mod tests;
