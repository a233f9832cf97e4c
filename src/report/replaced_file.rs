//! A file that is replaced as a whole: written under another name and renamed, so that a reader, or a run that is killed, never
//! leaves half of it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Error, ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What reads it may run as another user.
pub(super) const MODE: u32 = 0o644;
/// Another run holds the lock for milliseconds.
const LOCK_TRIES: u32 = 40;
const LOCK_WAIT: Duration = Duration::from_millis(50);

/// A file that no other run replaces meanwhile.
#[derive(Debug)]
pub(super) struct ReplacedFile {
    /// The file itself. A link to a file stays one: what it leads to is replaced.
    pub(super) place: PathBuf,
    pending: PathBuf,
    /// The folder, locked: two runs at once would each lose what the other one wrote.
    _lock: File,
}

impl ReplacedFile {
    /// Locks the file's folder. Blocks.
    ///
    /// # Errors
    /// Something else than a file is there, or a link to a file of another kind, or the folder cannot be locked.
    pub(super) fn lock(path: &Path) -> std::io::Result<Self> {
        let place = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        // Opening a pipe would wait for its reader.
        let is_file = std::fs::metadata(&place).map_or(true, |what| what.is_file());
        let name = place.file_name().filter(|_| is_file && place.extension() == path.extension());
        let mut pending = name.ok_or_else(|| Error::other("it is not a file of this kind"))?.to_owned();
        pending.push(".pending");
        let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let lock = locked(folder)?;
        Ok(Self { pending: folder.join(pending), _lock: lock, place })
    }

    /// The rights that it has already.
    pub(super) fn mode(&self) -> Option<u32> {
        Some(std::fs::metadata(&self.place).ok()?.permissions().mode() & 0o777)
    }

    /// Writes it, with these rights.
    pub(super) fn replace(&self, text: &[u8], mode: u32) -> std::io::Result<()> {
        self.write(text, mode).inspect_err(|_| {
            // The next run would remove it, too.
            std::fs::remove_file(&self.pending).ok();
        })
    }

    fn write(&self, text: &[u8], mode: u32) -> std::io::Result<()> {
        match std::fs::remove_file(&self.pending) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&self.pending)?;
        // The process's umask may have taken rights away.
        file.set_permissions(std::fs::Permissions::from_mode(mode))?;
        file.write_all(text)?;
        file.sync_all()?;
        std::fs::rename(&self.pending, &self.place)
    }
}

fn locked(folder: &Path) -> std::io::Result<File> {
    let lock = File::open(folder)?;
    for _ in 0..LOCK_TRIES {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_WAIT),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(Error::other("another run is writing it"))
}
