//! The file system that a folder is on, as far as its type shows what becomes of files.

use std::os::fd::AsFd;

use rustix::fs;

/// What a type of file system means for files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileSystem {
    /// On a disk of this machine.
    Disk(&'static str),
    /// In memory. Its files are gone after the last unmount.
    Memory(&'static str),
    /// Layers, as a container has. Its files vanish with the container.
    Layers(&'static str),
    /// On another machine, or behind a program that decides what a sync and a lock mean.
    Remote(&'static str),
    /// A type that is not listed here.
    Unlisted(u64),
}

/// `f_type`, as statfs(2) and `linux/magic.h` list it.
const LISTED: [(u64, FileSystem); 16] = [
    (0xef53, FileSystem::Disk("ext2, ext3 or ext4")),
    (0x5846_5342, FileSystem::Disk("XFS")),
    (0x9123_683e, FileSystem::Disk("Btrfs")),
    (0x2fc1_2fc1, FileSystem::Disk("ZFS")),
    (0xf2f5_2010, FileSystem::Disk("F2FS")),
    (0xca45_1a4e, FileSystem::Disk("bcachefs")),
    (0x0102_1994, FileSystem::Memory("tmpfs")),
    (0x8584_58f6, FileSystem::Memory("ramfs")),
    (0x794c_7630, FileSystem::Layers("overlayfs")),
    (0x6969, FileSystem::Remote("NFS")),
    (0xff53_4d42, FileSystem::Remote("CIFS")),
    (0xfe53_4d42, FileSystem::Remote("SMB2")),
    (0x00c3_6400, FileSystem::Remote("Ceph")),
    (0x0bd0_0bd0, FileSystem::Remote("Lustre")),
    (0x0102_1997, FileSystem::Remote("9P")),
    (0x6573_5546, FileSystem::Remote("FUSE")),
];

impl FileSystem {
    /// What a file or directory is on.
    pub(super) fn of(entry: impl AsFd) -> rustix::io::Result<Self> {
        Ok(Self::of_type(u64::try_from(fs::fstatfs(entry)?.f_type).unwrap_or_default()))
    }

    fn of_type(number: u64) -> Self {
        let listed = LISTED.iter().find(|(listed, _)| *listed == number);
        listed.map_or(Self::Unlisted(number), |(_, file_system)| *file_system)
    }
}

/// Its name; the number of one that is not listed.
impl std::fmt::Display for FileSystem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Disk(name) | Self::Memory(name) | Self::Layers(name) | Self::Remote(name) => {
                f.write_str(name)
            }
            Self::Unlisted(number) => write!(f, "type {number:#x}"),
        }
    }
}

#[cfg(test)]
mod tests;
