//! What a folder is stored on, and how much room is left there.

use bytesize::ByteSize;
use rustix::fs::{self, StatVfs, StatVfsMountFlags};
use rustix::io::Errno;

use super::{Checked, NOTHING_STORED, fix};
use crate::finding::{Check, Finding};
use crate::store::folder::error::FolderError;
use crate::store::folder::file_system::FileSystem;
use crate::store::folder::root::Root;

pub(super) const FILE_SYSTEM: Check = Check {
    name: "folder-file-system",
    about: "Folder is on a disk of this machine, which is mounted writable",
};
pub(super) const SPACE: Check = Check {
    name: "folder-space",
    about: "Disk has room for two backups like the newest one, and 1 GiB and 5 % free",
};

/// Less is little on any disk.
const LITTLE_BYTES: u64 = 1 << 30;
/// One in twenty, 5 %.
const LITTLE_PART: u64 = 20;

/// The file system, and its size and room.
#[derive(Debug)]
pub(super) struct Disk {
    file_system: FileSystem,
    is_read_only: bool,
    bytes: Room,
    /// Files that can be created. `None` if the file system has no such limit.
    files: Option<Room>,
}

#[derive(Debug, Clone, Copy)]
struct Room {
    /// As far as users other than root can use it.
    free: u64,
    total: u64,
}

impl Room {
    fn is_little(self) -> bool {
        self.free < self.total / LITTLE_PART
    }
}

pub(super) fn look(root: &Root) -> Result<Disk, FolderError> {
    let failed = |errno: Errno| root.failed("inspect the file system of", &root.path, errno);
    let file_system = FileSystem::of(&root.fd).map_err(failed)?;
    Ok(Disk::new(file_system, &fs::fstatvfs(&root.fd).map_err(failed)?))
}

impl Disk {
    fn new(file_system: FileSystem, found: &StatVfs) -> Self {
        let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
        Self {
            file_system,
            is_read_only: found.f_flag.contains(StatVfsMountFlags::RDONLY),
            bytes: Room { free: bytes(found.f_bavail), total: bytes(found.f_blocks) },
            files: (found.f_files > 0).then_some(Room { free: found.f_favail, total: found.f_files }),
        }
    }
}

pub(super) fn file_system(folder: &Checked<'_>, found: &Result<Disk, FolderError>) -> Finding {
    let name = folder.name();
    let disk = match found {
        Ok(disk) => disk,
        Err(error) => return unknown(FILE_SYSTEM, folder, error),
    };
    let kind = disk.file_system;
    if disk.is_read_only {
        return FILE_SYSTEM.fail(
            format!("{name} is on a read-only file system ({kind})"),
            NOTHING_STORED,
            "Mount the file system writable, or use a folder on another one.",
        );
    }
    let passing = |what: String, why: &str, fix: &str| {
        let is_final = folder.expected.in_production();
        if is_final { FILE_SYSTEM.fail(what, why, fix) } else { FILE_SYSTEM.warn(what, why, fix) }
    };
    match kind {
        FileSystem::Disk(_) => FILE_SYSTEM.ok(format!("{name} is on a disk of this machine ({kind})")),
        FileSystem::Memory(_) => passing(
            format!("{name} is in memory ({kind})"),
            "All that is in it is gone after a reboot or an unmount.",
            "Use a folder on a disk.",
        ),
        FileSystem::Layers(_) => passing(
            format!("{name} is on a container's own file system ({kind})"),
            "All that is in it is gone with the container.",
            "Mount a volume into the container, and use a folder on it.",
        ),
        FileSystem::Remote(_) => FILE_SYSTEM.warn(
            format!("{name} is not directly on a disk of this machine ({kind})"),
            "Bytes that were synced can be lost if the other side loses power, and locks might not work between machines.",
            "Write to it from one machine only, and prove backups regularly with `sponsor-backup drill`.",
        ),
        FileSystem::Unlisted(_) => FILE_SYSTEM.warn(
            format!("{name} is on a file system that is not known to keep backups safe ({kind})"),
            "Bytes that were synced can be lost if the power fails, for example.",
            format!(
                "Find its name with `stat -f -c %T {}`. Use a disk with ext4, XFS, Btrfs or ZFS, or prove backups regularly with `sponsor-backup drill`.",
                folder.argument()
            ),
        ),
    }
}

/// `newest` is the size of the newest backup.
pub(super) fn space(folder: &Checked<'_>, found: &Result<Disk, FolderError>, newest: Option<u64>) -> Finding {
    let name = folder.name();
    let disk = match found {
        Ok(disk) => disk,
        Err(error) => return unknown(SPACE, folder, error),
    };
    let Room { free, total } = disk.bytes;
    let more = format!(
        "Free space on this file system (`df -h {}`), or use a folder on a larger one.",
        folder.argument()
    );
    if disk.files.is_some_and(|files| files.free == 0) {
        return SPACE.fail(
            format!("the file system of {name} has no inode left"),
            "No file can be created, so no backup can be stored.",
            format!("Delete files that you do not need. `df -i {}` shows the inodes.", folder.argument()),
        );
    }
    let mut what = format!("{} of {} are free for {name}", ByteSize(free), ByteSize(total));
    if let Some(bytes) = newest {
        what = format!("{what}, whose newest backup has {}", ByteSize(bytes));
    }
    if free == 0 || newest.is_some_and(|bytes| free < bytes) {
        return SPACE.fail(what, "The next backup does not fit, unless it is smaller.", more);
    }
    if newest.is_some_and(|bytes| free / 2 < bytes) {
        return SPACE.warn(what, "Only one more backup of this size fits.", more);
    }
    if free < LITTLE_BYTES || disk.bytes.is_little() {
        return SPACE.warn(what, "A backup fails when the disk is full, which can be after hours.", more);
    }
    if let Some(files) = disk.files.filter(|files| files.is_little()) {
        return SPACE.warn(
            format!("{} of {} inodes are free for {name}", files.free, files.total),
            "Without an inode, no file can be created.",
            format!("Delete files that you do not need. `df -i {}` shows the inodes.", folder.argument()),
        );
    }
    SPACE.ok(what)
}

fn unknown(check: Check, folder: &Checked<'_>, error: &FolderError) -> Finding {
    check.unknown(format!("file system of {}: {error}", folder.name()), fix(error.hint()))
}

#[cfg(test)]
pub(super) mod tests;
