//! The root of a folder: judged once, then held by its descriptor, so that everything else starts from the same directory
//! whatever becomes of its path.

use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{self, Access, AtFlags, CWD, FileType, Gid, Mode, OFlags, Stat, Statx, StatxFlags, Uid};
use rustix::io::Errno;

use super::error::{Flaw, FolderError, shown};
use super::file_system::FileSystem;

/// Opens directories, and never through a symbolic link.
pub(super) const DIRECTORY: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// Errors that a file system shows after it is gone.
const SIGNS_OF_ABSENCE: [Errno; 6] =
    [Errno::NOENT, Errno::NOTDIR, Errno::STALE, Errno::IO, Errno::NODEV, Errno::NXIO];

/// Where the process runs.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// `GITHUB_WORKSPACE`, if the program runs as the action in a container. Its owner's folders are written to.
    pub workspace: Option<PathBuf>,
    /// Whether the program runs as the action in a container, whose own files vanish with it.
    pub in_action: bool,
}

/// Device and inode.
pub(super) type Identity = (u64, u64);

/// A directory that was found suitable.
#[derive(Debug)]
pub(super) struct Root {
    pub(super) fd: OwnedFd,
    pub(super) path: PathBuf,
    pub(super) identity: Identity,
    /// Owner of what this process creates, if it is root: the folder's own.
    pub(super) owner: Option<(Uid, Gid)>,
}

impl Root {
    pub(super) fn open(path: &Path, around: &Surroundings) -> Result<Self, FolderError> {
        // A slash at the end would make the system follow a symbolic link.
        let path: PathBuf = path.components().collect();
        let unsuitable = |flaw| FolderError::Unsuitable { path: shown(&path), flaw };
        let failed = |errno| FolderError::System { action: "open", path: shown(&path), errno };
        if !path.is_absolute() {
            return Err(unsuitable(Flaw::Relative));
        }
        // Even a folder that cannot be read has an owner and a mode, which say more about it.
        let place = fs::openat(CWD, &path, DIRECTORY | OFlags::PATH, Mode::empty());
        let place = place.map_err(|errno| why_not_opened(&path, errno).map_or(failed(errno), unsuitable))?;
        let stat = fs::fstat(&place).map_err(failed)?;
        if identity(&stat) == identity(&fs::stat("/").map_err(failed)?) {
            return Err(unsuitable(Flaw::FileSystemRoot));
        }
        if Mode::from_raw_mode(stat.st_mode).contains(Mode::WOTH) {
            return Err(unsuitable(Flaw::WorldWritable));
        }
        let workspace = around.workspace.as_deref().and_then(|workspace| fs::stat(workspace).ok());
        let process = rustix::process::geteuid();
        judge_owner(stat.st_uid, process.as_raw(), workspace.map(|found| found.st_uid))
            .map_err(unsuitable)?;
        fs::accessat(&place, ".", Access::READ_OK | Access::EXEC_OK, AtFlags::EACCESS)
            .map_err(|_| unsuitable(Flaw::NoAccess("readable and searchable")))?;
        if around.in_action && !outlives_container(&path, &place, around).map_err(failed)? {
            let workspace = around.workspace.as_deref().map(shown);
            return Err(unsuitable(Flaw::InContainer { workspace }));
        }
        let fd = fs::openat(&place, ".", DIRECTORY, Mode::empty()).map_err(failed)?;
        let owner = process.is_root().then(|| (Uid::from_raw(stat.st_uid), Gid::from_raw(stat.st_gid)));
        Ok(Self { fd, identity: identity(&stat), path, owner })
    }

    /// Checks that this process can create files here. Creates none.
    pub(super) fn check_writable(&self) -> Result<(), FolderError> {
        self.check_there()?;
        match fs::accessat(&self.fd, ".", Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS) {
            Ok(()) => Ok(()),
            Err(Errno::ACCESS) => {
                Err(FolderError::Unsuitable { path: shown(&self.path), flaw: Flaw::NoAccess("writable") })
            }
            Err(errno) => Err(self.failed("write to", &self.path, errno)),
        }
    }

    /// Checks that the path still leads to this directory. Otherwise objects would be written where nothing finds them.
    pub(super) fn check_there(&self) -> Result<(), FolderError> {
        match fs::statat(CWD, &self.path, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) if identity(&stat) == self.identity => Ok(()),
            _ => Err(FolderError::Vanished { path: shown(&self.path) }),
        }
    }

    /// The error of a system call, or of its cause if that is a folder that is gone.
    pub(super) fn failed(&self, action: &'static str, path: &Path, errno: Errno) -> FolderError {
        let gone = SIGNS_OF_ABSENCE.contains(&errno).then(|| self.check_there().err()).flatten();
        gone.unwrap_or_else(|| FolderError::System { action, path: shown(path), errno })
    }

    /// Gives what this process created to the folder's owner, if it runs as root. Also what an earlier run left to root,
    /// because it was killed before it came to this.
    pub(super) fn hand_over(&self, entry: impl AsFd, path: &Path, is_new: bool) -> Result<(), FolderError> {
        let Some((user, group)) = self.owner else { return Ok(()) };
        let stat = fs::fstat(&entry).map_err(|errno| self.failed("inspect", path, errno))?;
        let is_ours = is_new || Uid::from_raw(stat.st_uid).is_root();
        if !is_ours || (stat.st_uid, stat.st_gid) == (user.as_raw(), group.as_raw()) {
            return Ok(());
        }
        fs::fchown(&entry, Some(user), Some(group))
            .map_err(|errno| self.failed("change the owner of", path, errno))
    }
}

pub(super) fn identity(stat: &Stat) -> Identity {
    (stat.st_dev, stat.st_ino)
}

/// What is wrong with a path that could not be opened as a directory, as far as that is known.
fn why_not_opened(path: &Path, errno: Errno) -> Option<Flaw> {
    match (errno, fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW)) {
        (Errno::NOENT, _) => Some(Flaw::Missing),
        (Errno::NOTDIR | Errno::LOOP, Ok(stat)) => match FileType::from_raw_mode(stat.st_mode) {
            FileType::Symlink => {
                Some(Flaw::Link { target: path.canonicalize().ok().map(|target| shown(&target)) })
            }
            _ => Some(Flaw::NotDirectory),
        },
        (Errno::ACCESS, _) => Some(Flaw::NoAccess("readable and searchable")),
        _ => None,
    }
}

/// Another user could change what this process writes to a folder of theirs. The exception is root in the action's
/// container: it writes for the user who owns the workspace.
fn judge_owner(owner: u32, process: u32, workspace: Option<u32>) -> Result<(), Flaw> {
    let is_ours = owner == process;
    let is_the_runners = process == 0 && workspace == Some(owner);
    if is_ours || is_the_runners { Ok(()) } else { Err(Flaw::Owner { owner, process }) }
}

/// Whether a folder is part of a volume that the runner mounts into the container.
fn outlives_container(path: &Path, place: &OwnedFd, around: &Surroundings) -> rustix::io::Result<bool> {
    let real = |path: &Path| path.canonicalize().ok();
    if let (Some(folder), Some(workspace)) = (real(path), around.workspace.as_deref().and_then(real))
        && folder.starts_with(workspace)
    {
        return Ok(true);
    }
    if let FileSystem::Memory(_) = FileSystem::of(place)? {
        return Ok(false);
    }
    let mount = |fd, path: &str| fs::statx(fd, path, AtFlags::empty(), StatxFlags::MNT_ID);
    let (ours, containers) = (mount(place.as_fd(), ".")?, mount(CWD, "/")?);
    let has_id = |found: &Statx| StatxFlags::from_bits_retain(found.stx_mask).contains(StatxFlags::MNT_ID);
    Ok(if has_id(&ours) && has_id(&containers) {
        ours.stx_mnt_id != containers.stx_mnt_id
    } else {
        // A kernel before 5.8 numbers devices only. Volumes and the container's own files are on different ones.
        (ours.stx_dev_major, ours.stx_dev_minor) != (containers.stx_dev_major, containers.stx_dev_minor)
    })
}

#[cfg(test)]
mod tests;
