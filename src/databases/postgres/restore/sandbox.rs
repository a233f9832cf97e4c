//! What surrounds a temporary server: its private folder, the account that owns it, and no network. Also cleans up
//! after killed runs.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::OFlags;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::runtime::Handle;

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

/// Removes the folders of dead runs, after ending their servers.
fn sweep(scratch: &Path, account: Option<&Account>) {
    for dead in dead(scratch, account) {
        dead.remove().ok();
    }
}

/// The folder of a run that was killed. Locked while this lives, so that only one program removes it.
#[derive(Debug)]
pub struct DeadFolder {
    path: PathBuf,
    _lock: File,
}

impl DeadFolder {
    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// When its run created it.
    #[must_use]
    pub fn modified(&self) -> Option<std::time::SystemTime> {
        std::fs::symlink_metadata(self.path.join("owner")).and_then(|found| found.modified()).ok()
    }

    /// Ends its server and removes it.
    ///
    /// # Errors
    /// The system refuses.
    pub fn remove(&self) -> io::Result<()> {
        // The pid in the data folder belongs to a server that really ran there.
        let mut number = String::new();
        let file = opened(&self.path.join("data/postmaster.pid"));
        file.and_then(|file| file.take(32).read_to_string(&mut number).ok());
        let id = number.lines().next().and_then(|line| line.parse().ok());
        quit(id.filter(|id| runs_in(*id, &self.path)));
        remove(&self.path)
    }
}

/// The folders of dead runs, whose lock is free. Other users can write to the same place, so only folders of ours or of our
/// servers' account count.
pub(super) fn dead(scratch: &Path, account: Option<&Account>) -> Vec<DeadFolder> {
    let ours = |owner: u32| {
        owner == rustix::process::geteuid().as_raw() || account.is_some_and(|account| account.user == owner)
    };
    let entries = std::fs::read_dir(scratch).into_iter().flatten().flatten();
    let named = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX));
    let dead = named.filter_map(|entry| {
        let path = entry.path();
        let is_ours = std::fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir() && ours(found.uid()));
        let lock = Some(&path).filter(|_| is_ours).and_then(|path| opened(&path.join("owner")))?;
        lock.try_lock().ok()?;
        Some(DeadFolder { path, _lock: lock })
    });
    dead.collect()
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

/// Starts a program that cannot open network connections, nor can its children. If this machine does not support
/// that, starts it anyway and returns the reason.
///
/// A dump contains foreign servers, subscriptions and dblink calls that name live servers, with passwords. So the
/// temporary server answers on its own socket and cannot connect to anything.
///
/// # Errors
/// The program does not start.
pub(super) fn spawn(mut command: Command) -> io::Result<(Child, Option<String>)> {
    let runtime = Handle::current();
    // The filter lasts as long as this thread, and its children inherit it.
    let thread = std::thread::Builder::new().spawn(move || {
        let open = forbid_connections().err();
        let _inside = runtime.enter();
        command.spawn().map(|child| (child, open))
    })?;
    thread.join().map_err(|_| io::Error::other("the thread that starts it panicked"))?
}

#[cfg(target_os = "linux")]
fn forbid_connections() -> Result<(), String> {
    use std::collections::BTreeMap;

    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
        SeccompRule, TargetArch, apply_filter,
    };

    let words = |error: &dyn std::fmt::Display| error.to_string();
    let local = u64::try_from(libc::AF_UNIX).map_err(|error| words(&error))?;
    let is_not_local = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, local)
        .map_err(|error| words(&error))?;
    let not_local = SeccompRule::new(vec![is_not_local]).map_err(|error| words(&error))?;
    let refuse = SeccompAction::Errno(u32::try_from(libc::EACCES).map_err(|error| words(&error))?);
    // A rule without conditions blocks every call. io_uring can connect without the connect call, so it is blocked
    // too.
    let rules = BTreeMap::from([
        (libc::SYS_socket, vec![not_local]),
        (libc::SYS_connect, Vec::new()),
        (libc::SYS_io_uring_setup, Vec::new()),
    ]);
    let machine = TargetArch::try_from(std::env::consts::ARCH).map_err(|error| words(&error))?;
    let filter =
        SeccompFilter::new(rules, SeccompAction::Allow, refuse, machine).map_err(|error| words(&error))?;
    let program = BpfProgram::try_from(filter).map_err(|error| words(&error))?;
    apply_filter(&program).map_err(|error| words(&error))
}

#[cfg(not(target_os = "linux"))]
fn forbid_connections() -> Result<(), String> {
    Err("only Linux supports this".to_owned())
}

#[cfg(test)]
mod tests;
