//! Who can read a folder, and who can write to it.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{self, Mode, Stat};
use rustix::io::Errno;

use super::{Checked, NOTHING_STORED, fix};
use crate::finding::{Check, Finding};
use crate::store::folder::error::{FolderError, quoted, shown};
use crate::store::folder::root::Root;

pub(super) const ACCESS: Check =
    Check { name: "folder-access", about: "Only the folder's owner can write to it or read the objects" };

/// Permissions of the folder, and of the first directory on the way to each prefix.
#[derive(Debug)]
pub(super) struct Access {
    folder: Permissions,
    below: Vec<(PathBuf, Permissions)>,
    is_writable: Result<(), FolderError>,
}

#[derive(Debug, Clone, Copy)]
struct Permissions {
    owner: u32,
    group: u32,
    mode: Mode,
}

impl From<Stat> for Permissions {
    fn from(stat: Stat) -> Self {
        Self { owner: stat.st_uid, group: stat.st_gid, mode: Mode::from_raw_mode(stat.st_mode) }
    }
}

pub(super) fn look(root: &Root, prefixes: &[String]) -> Result<Access, FolderError> {
    let stat = |fd: &OwnedFd, path: &Path| {
        fs::fstat(fd).map(Permissions::from).map_err(|errno| root.failed("inspect", path, errno))
    };
    let mut below = Vec::new();
    let mut names: Vec<&str> = prefixes.iter().filter_map(|prefix| prefix.split('/').next()).collect();
    names.dedup();
    for name in names {
        // Another finding reports a directory that cannot be entered.
        if let Ok(Some(first)) = root.directory(name) {
            let permissions = stat(&first.fd, &first.path)?;
            below.push((first.path, permissions));
        }
    }
    Ok(Access { folder: stat(&root.fd, &root.path)?, below, is_writable: root.check_writable() })
}

pub(super) fn judge(folder: &Checked<'_>, found: Result<Access, FolderError>) -> Finding {
    let name = folder.name();
    let Access { folder: Permissions { owner, group, mode }, below, is_writable } = match found {
        Ok(found) => found,
        Err(error) => return ACCESS.unknown(format!("permissions of {name}: {error}"), fix(error.hint())),
    };
    match is_writable {
        // The check of the file system reports one that is read-only.
        Ok(()) | Err(FolderError::System { errno: Errno::ROFS, .. }) => {}
        Err(error) => return ACCESS.fail(error.to_string(), NOTHING_STORED, fix(error.hint())),
    }
    let bits = mode.as_raw_mode() & 0o7777;
    if mode.contains(Mode::WOTH) {
        return ACCESS.fail(
            format!("{name} is writable for every user (mode {bits:04o})"),
            "Every user of this machine can delete backups, and no run writes to such a folder.",
            format!("Remove that permission: `chmod o-w {}`.", folder.argument()),
        );
    }
    if mode.contains(Mode::WGRP) {
        return ACCESS.warn(
            format!("{name} is writable for group {group} (mode {bits:04o})"),
            "Each member of that group can remove the backups from it, or put others in their place.",
            format!("Remove that permission: `chmod g-w {}`.", folder.argument()),
        );
    }
    let opened = below.into_iter().find(|(_, below)| is_open(mode, below.mode));
    if let Some((path, below)) = opened {
        let (path, bits) = (shown(&path), below.mode.as_raw_mode() & 0o7777);
        return ACCESS.warn(
            format!("{path} is open to other users (mode {bits:04o})"),
            "A backup holds everything that its database holds, and other users of this machine can read it.",
            format!("Close it: `chmod -R go= {}`.", quoted(&path)),
        );
    }
    // What a run creates below it is closed to others, whatever the mode of the folder itself is.
    ACCESS
        .ok(format!("{name} belongs to user {owner} (mode {bits:04o}), and its objects are closed to others"))
}

/// Whether group or others can go through the folder, and then do something with the directory below it.
fn is_open(folder: Mode, below: Mode) -> bool {
    (folder.contains(Mode::XGRP) && below.intersects(Mode::RWXG))
        || (folder.contains(Mode::XOTH) && below.intersects(Mode::RWXO))
}

#[cfg(test)]
pub(super) mod tests;
