//! The private folder of a temporary server and the account that owns it. Also cleans up after killed runs.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::OFlags;
use rustix::process::{Pid, Signal, kill_process};

/// Prefix of every such folder, and of no other.
const PREFIX: &str = "sponsor-backup-drill-";
/// Accounts that can run a server, in order of preference. The first is that of PostgreSQL's packages.
const ACCOUNTS: [&str; 2] = ["postgres", "nobody"];

/// An account of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) user: u32,
    pub(super) group: u32,
}

impl Account {
    /// Account to run PostgreSQL as when running as root (PostgreSQL refuses to). `None` if not root.
    pub(super) fn unprivileged() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            return None;
        }
        let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        ACCOUNTS.iter().find_map(|name| Self::named(name, &accounts))
    }

    fn named(name: &str, accounts: &str) -> Option<Self> {
        let line = accounts.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        let mut numbers = line.split(':').skip(1).map(|field| field.parse().ok());
        Some(Self { user: numbers.next()??, group: numbers.next()?? })
    }

    /// Whether the account can enter a folder and all folders above it. Missing folders count as enterable: their
    /// user reports them.
    pub(super) fn enters(&self, folder: &Path) -> bool {
        let may = |found: std::fs::Metadata| {
            let bit = match (found.uid() == self.user, found.gid() == self.group) {
                (true, _) => 0o100,
                (false, true) => 0o010,
                (false, false) => 0o001,
            };
            found.mode() & bit != 0
        };
        folder.ancestors().all(|above| std::fs::metadata(above).ok().is_none_or(may))
    }
}

/// A folder that only its account can enter. Locked while its run lives, removed when dropped.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Keeps the lock for as long as this lives.
    _lock: File,
}

impl Folder {
    /// Creates a folder, after removing those of killed runs next to it.
    pub(super) fn make(scratch: &Path, account: Option<&Account>) -> std::io::Result<Self> {
        sweep(scratch, account);
        let name = format!("{PREFIX}{}", &uuid::Uuid::new_v4().simple().to_string()[..12]);
        let path = scratch.join(&name);
        // The sweep finds folders by this name, so the folder gets it only after its lock is held.
        let hidden = scratch.join(format!(".{name}"));
        std::fs::DirBuilder::new().mode(0o700).create(&hidden)?;
        let made = locked(&hidden).and_then(|lock| {
            std::fs::rename(&hidden, &path)?;
            Ok(lock)
        });
        let folder = Self { _lock: made.inspect_err(|_| remove(&hidden).unwrap_or_default())?, path };
        if let Some(account) = account {
            chown(&folder.path, Some(account.user), Some(account.group))?;
        }
        Ok(folder)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the folder, even while the server's last processes exit.
    pub(super) fn remove(&self) -> std::io::Result<()> {
        remove(&self.path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Callers that need the error call `remove` first.
        self.remove().ok();
    }
}

/// Asks a server to exit immediately, without cleaning up.
pub(super) fn quit(id: Option<u32>) {
    let id = id.and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(id) = id {
        // It may have exited already.
        kill_process(id, Signal::QUIT).ok();
    }
}

fn locked(folder: &Path) -> std::io::Result<File> {
    let lock =
        File::options().read(true).write(true).create_new(true).mode(0o600).open(folder.join("owner"))?;
    lock.try_lock()?;
    Ok(lock)
}

/// Removes the folders of dead runs, whose lock is free, after ending their servers. Other users can write to the
/// same place, so only folders of ours or of our servers' account are touched.
fn sweep(scratch: &Path, account: Option<&Account>) {
    let ours = |owner: u32| {
        owner == rustix::process::geteuid().as_raw() || account.is_some_and(|account| account.user == owner)
    };
    let entries = std::fs::read_dir(scratch).into_iter().flatten().flatten();
    let named = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX));
    for path in named.map(|entry| entry.path()) {
        let is_ours = std::fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir() && ours(found.uid()));
        let lock = Some(&path).filter(|_| is_ours).and_then(|path| opened(&path.join("owner")));
        if lock.is_some_and(|lock| lock.try_lock().is_ok()) {
            // The pid in the data folder belongs to a server that really ran there.
            let mut number = String::new();
            let file = opened(&path.join("data/postmaster.pid"));
            file.and_then(|file| file.take(32).read_to_string(&mut number).ok());
            let id = number.lines().next().and_then(|line| line.parse().ok());
            quit(id.filter(|id| runs_in(*id, &path)));
            remove(&path).ok();
        }
    }
}

/// Opens a regular file. Rejects links that lead elsewhere and pipes that would block.
fn opened(path: &Path) -> Option<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = File::options().read(true).custom_flags(i32::try_from(flags.bits()).ok()?).open(path).ok()?;
    file.metadata().ok()?.is_file().then_some(file)
}

/// Whether the process works in this folder. Pids are reused.
fn runs_in(id: u32, folder: &Path) -> bool {
    std::fs::read_link(format!("/proc/{id}/cwd")).is_ok_and(|cwd| cwd.starts_with(folder))
}

fn remove(path: &Path) -> std::io::Result<()> {
    let mut removed = Ok(());
    for _ in 0..300 {
        removed = match std::fs::remove_dir_all(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            other => other,
        };
        if removed.is_ok() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    removed
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn an_account_is_read_by_its_whole_name() {
        let accounts = "root:x:0:0:root:/root:/bin/sh\npostgres-exporter:x:7:7::/:/bin/false\npostgres:x:104:106::/:/bin/sh\n";
        assert_eq!(Account::named("postgres", accounts), Some(Account { user: 104, group: 106 }));
        assert_eq!(Account::named("nobody", accounts), None);
    }

    #[test]
    fn a_folder_is_entered_through_all_above_it() {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("folder");
        std::fs::create_dir(&folder).unwrap();
        let mode = |path: &Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        let owner = std::fs::metadata(&folder).unwrap();
        let somebody = Account { user: owner.uid() + 1, group: owner.gid() + 1 };
        let one_of_us = Account { group: owner.gid(), ..somebody };
        for (modes, enters) in [
            ((0o755, 0o755), (true, true)),
            ((0o711, 0o711), (true, true)),
            ((0o700, 0o755), (false, false)),
            ((0o755, 0o700), (false, false)),
            ((0o755, 0o750), (false, true)),
        ] {
            mode(above.path(), modes.0);
            mode(&folder, modes.1);
            assert_eq!((somebody.enters(&folder), one_of_us.enters(&folder)), enters, "{modes:?}");
        }
    }

    #[test]
    fn a_folder_is_private_held_and_gone() {
        let scratch = tempfile::tempdir().unwrap();
        let first = Folder::make(scratch.path(), None).unwrap();
        assert_eq!(std::fs::metadata(first.path()).unwrap().permissions().mode() & 0o777, 0o700);
        // A second run leaves the first run's folder alone.
        let second = Folder::make(scratch.path(), None).unwrap();
        assert!(first.path().exists() && second.path().exists());
        // A killed run only drops its lock.
        let orphan = scratch.path().join(format!("{PREFIX}orphan"));
        std::fs::create_dir_all(orphan.join("data")).unwrap();
        drop(locked(&orphan).unwrap());
        // Another user puts traps there.
        let trap = scratch.path().join(format!("{PREFIX}trap"));
        std::fs::create_dir_all(trap.join("data")).unwrap();
        let fifo = std::process::Command::new("mkfifo").arg(trap.join("owner")).status().unwrap();
        assert!(fifo.success());
        let link = scratch.path().join(format!("{PREFIX}link"));
        std::os::unix::fs::symlink("/", &link).unwrap();
        let third = Folder::make(scratch.path(), None).unwrap();
        assert!(!orphan.exists() && first.path().exists() && trap.exists() && link.is_symlink());
        let gone = [first.path().to_owned(), second.path().to_owned(), third.path().to_owned()];
        drop((first, second, third));
        assert!(gone.iter().all(|path| !path.exists()));
    }
}
