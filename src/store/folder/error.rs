//! Errors of a folder as a store, each with a hint.

use std::path::Path;
use std::time::Duration;

use rustix::io::Errno;

/// Why a folder cannot store or give back an object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FolderError {
    /// The folder cannot be a store. Nothing was created in it.
    #[error("{path} {flaw}")]
    Unsuitable {
        /// Path of the folder.
        path: String,
        /// What is wrong with it.
        flaw: Flaw,
    },
    /// A folder cannot have an object of this name.
    #[error("{key:?} cannot be a key in a folder: {what}")]
    Key {
        /// The key.
        key: String,
        /// What is wrong with it, as a clause.
        what: &'static str,
    },
    /// A path below the root is of another type than it must be. Symbolic links are never followed.
    #[error("{path} is {found}, not {expected}")]
    Kind {
        /// Path of the entry.
        path: String,
        /// Its type, with an article.
        found: &'static str,
        /// The type that it must have, with an article.
        expected: &'static str,
    },
    /// The key is taken. The object was not touched.
    #[error("{location} exists already and was not overwritten")]
    AlreadyExists {
        /// `file:///root/key`.
        location: String,
    },
    /// The bytes on the disk differ from the bytes that were written. They never became visible.
    #[error("{location} was not stored as sent: {what} {got} instead of {expected}")]
    Differs {
        /// `file:///root/key`.
        location: String,
        /// `size` or `SHA-256`.
        what: &'static str,
        /// What was written.
        expected: String,
        /// What was read back.
        got: String,
    },
    /// The object does not exist.
    #[error("{location} does not exist")]
    Missing {
        /// `file:///root/key`.
        location: String,
    },
    /// The object is longer than the caller reads.
    #[error("{location} is longer than {limit_bytes} bytes")]
    TooLong {
        /// `file:///root/key`.
        location: String,
        /// The limit.
        limit_bytes: u64,
    },
    /// The object was replaced or changed after it was inspected.
    #[error("{location} was replaced while it was read")]
    Replaced {
        /// `file:///root/key`.
        location: String,
    },
    /// The path does not lead any more to the directory that the run began with.
    #[error("{path} was removed, moved or unmounted during the run")]
    Vanished {
        /// The root, or a directory below it.
        path: String,
    },
    /// The file system does not answer. Its server may be gone.
    #[error("{path} does not answer within {} seconds", .within.as_secs())]
    Silent {
        /// Path of the folder.
        path: String,
        /// How long it was waited for.
        within: Duration,
    },
    /// The file system can neither rename without replacing nor create hard links.
    #[error("cannot publish {path}: this file system cannot rename a file without replacing another")]
    CanOnlyReplace {
        /// Path of the object.
        path: String,
    },
    /// The system refuses an operation.
    #[error("cannot {action} {path}: {}", describe(*.errno))]
    System {
        /// What was attempted, as a verb.
        action: &'static str,
        /// Path of the entry.
        path: String,
        /// The system's error code.
        errno: Errno,
    },
    /// A write failed and left something behind.
    #[error("{cause}, and {left}")]
    Unfinished {
        /// Why it failed.
        cause: Box<FolderError>,
        /// What is left, as a clause.
        left: String,
    },
    /// The program ends, so the operation was given up.
    #[error("the transfer was stopped")]
    Stopped,
}

/// What is wrong with a folder that should be a store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// The path is relative.
    #[error("is not an absolute path")]
    Relative,
    /// The path leads to the root of the file system.
    #[error("is the root of the file system")]
    FileSystemRoot,
    /// The path does not exist.
    #[error("does not exist")]
    Missing,
    /// The path is not a directory.
    #[error("is not a directory")]
    NotDirectory,
    /// The path is a symbolic link, which could be pointed elsewhere between two runs.
    #[error("is a symbolic link")]
    Link {
        /// Its target, if it has one.
        target: Option<String>,
    },
    /// Every user of this machine can write to it.
    #[error("is writable for every user")]
    WorldWritable,
    /// It belongs to a user whose backups this process must not write.
    #[error("belongs to user {owner}, but this process runs as user {process}")]
    Owner {
        /// Owner of the folder.
        owner: u32,
        /// User of this process.
        process: u32,
    },
    /// This process cannot read it, search it or write to it.
    #[error("is not {0} for this process")]
    NoAccess(&'static str),
    /// It is a part of the action's container.
    #[error("is inside the action's container and would vanish with it")]
    InContainer {
        /// The workspace, which does not vanish.
        workspace: Option<String>,
    },
}

impl FolderError {
    /// Whether every other operation in this folder would fail in the same way.
    #[must_use]
    pub fn is_about_the_root(&self) -> bool {
        match self {
            Self::Unsuitable { .. } | Self::Vanished { .. } | Self::Silent { .. } => true,
            Self::Unfinished { cause, .. } => cause.is_about_the_root(),
            _ => false,
        }
    }

    /// What you can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Unsuitable { path, flaw } => return Some(flaw.hint(path)),
            Self::System { errno, .. } => return hint_for(*errno).map(str::to_owned),
            Self::Unfinished { cause, .. } => return cause.hint(),
            Self::Stopped => return None,
            Self::Key { .. } => {
                "Use a key of printable ASCII characters, with `/` between its parts. No part may begin with a dot, and the last one has at most 213 characters."
            }
            Self::Kind { .. } => {
                "Move it out of this folder: sponsor-backup keeps only directories and regular files there, and follows no symbolic links."
            }
            Self::AlreadyExists { .. } => "Run again. Another run used the same second.",
            Self::Differs { .. } => {
                "Do not trust this disk: check it, its cable and this machine's memory. Then run again."
            }
            Self::Missing { .. } => "List the backups with `sponsor-backup list`.",
            Self::TooLong { .. } => {
                "Find out who changed this file: sponsor-backup never writes one of this size."
            }
            Self::Replaced { .. } => {
                "Find out who writes to this folder: sponsor-backup never replaces a backup. Then run again."
            }
            Self::Vanished { .. } => {
                "Mount or restore this folder, and make sure that it stays until the run ends. Then run again."
            }
            Self::Silent { .. } => {
                "Check the disk or the mount of this folder, and the server of a network file system. Then run again."
            }
            Self::CanOnlyReplace { .. } => {
                "Use a folder on another file system, such as ext4, XFS, Btrfs or NFS. This one could overwrite a backup."
            }
        };
        Some(hint.to_owned())
    }
}

impl Flaw {
    fn hint(&self, path: &str) -> String {
        let shown = quoted(path);
        match self {
            Self::Relative => "Use an absolute path, as in `file:///srv/backups`.".to_owned(),
            Self::FileSystemRoot => "Use a directory below it, as in `file:///srv/backups`.".to_owned(),
            Self::Missing => format!("Create it with `mkdir -m 700 -p {shown}`, or mount its file system."),
            Self::NotDirectory => "Use the path of a directory.".to_owned(),
            Self::Link { target: Some(target) } => format!("Use the path that it leads to, {target}."),
            Self::Link { target: None } => {
                "Remove it: it leads nowhere. Then use the path of a directory.".to_owned()
            }
            Self::WorldWritable => format!("Remove that permission: `chmod o-w {shown}`."),
            Self::Owner { owner, process } => {
                format!("Run as user {owner}, or change the folder's owner: `chown {process} {shown}`.")
            }
            Self::NoAccess(_) => {
                format!("Check it and the directories above it. Its owner needs `chmod u+rwx {shown}`.")
            }
            Self::InContainer { workspace } => {
                let inside = workspace.as_ref().map(|path| format!(", {path}")).unwrap_or_default();
                format!("Use a folder inside the workspace{inside}, or one that the runner mounts.")
            }
        }
    }
}

/// A path as a shell takes it.
pub(super) fn quoted(path: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:@%".contains(c);
    if path.chars().all(is_plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

/// The system's text in lower case and without its number.
pub(super) fn describe(errno: Errno) -> String {
    let text = std::io::Error::from(errno).to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    match letters.next() {
        // `RPC struct is bad` keeps its capital.
        Some(first) if !letters.clone().next().is_some_and(char::is_uppercase) => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}

fn hint_for(errno: Errno) -> Option<&'static str> {
    Some(match errno {
        Errno::NOSPC => "Free space on the file system of this folder, and run again.",
        Errno::DQUOT => {
            "Free space that counts toward the disk quota of the folder's owner, or raise the quota. Then run again."
        }
        Errno::ROFS => "Mount the file system writable, or use a folder on another one.",
        Errno::IO => "Check the disk or the mount, for example with `dmesg`. Then run again.",
        Errno::STALE | Errno::NODEV | Errno::NXIO | Errno::NOTCONN => {
            "Mount the file system again, and run again."
        }
        Errno::ACCESS | Errno::PERM => {
            "Check owner and permissions of this path, and how its file system is mounted."
        }
        Errno::XDEV => "Use a folder on another file system: this one cannot rename within a directory.",
        Errno::FBIG => "Use a file system that can store files of this size. FAT cannot store 4 GiB.",
        Errno::MFILE | Errno::NFILE => "Raise the limit of open files, with `ulimit -n` or in the container.",
        _ => return None,
    })
}

/// A path in messages.
pub(super) fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests;
