//! Keeps metrics in a file for node_exporter's textfile collector.
//!
//! A run replaces what it knows and keeps the rest, as a Pushgateway does. The file is written under another name and renamed, so
//! that a reader, or a run that is killed, never leaves half of it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;

use super::metrics::{Sample, Update, parse, render, updated};

/// The collector runs as another user.
const MODE: u32 = 0o644;
/// Longer than the samples of thousands of sponsors.
const LONGEST: u64 = 64 << 20;
/// Another run holds the lock for milliseconds.
const LOCK_TRIES: u32 = 40;
const LOCK_WAIT: Duration = Duration::from_millis(50);

/// Why metrics were not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot write `metrics-file` {path}: {reason}")]
pub struct MetricsFileError {
    path: String,
    reason: String,
}

/// Applies updates to the file. Blocks.
///
/// # Errors
/// It cannot be read or written, or another program wrote it.
pub fn write(path: &Path, updates: &[Update]) -> Result<(), MetricsFileError> {
    let failed = |reason: String| MetricsFileError { path: path.display().to_string(), reason };
    // A link stays one: what it leads to is replaced.
    let place = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let (folder, pending) = places(&place).ok_or_else(|| failed("it has no name".to_owned()))?;
    let _held = lock(folder).map_err(failed)?;
    let samples = updates.iter().fold(read(&place).map_err(failed)?, updated);
    let written = replace(&place, &pending, render(&samples).as_bytes());
    written.map_err(|error| {
        // The next run would remove it, too.
        std::fs::remove_file(&pending).ok();
        failed(error.to_string())
    })
}

/// The folder, and the name under which the new file is written. The collector passes over names that do not end with `.prom`.
fn places(path: &Path) -> Option<(&Path, std::path::PathBuf)> {
    let mut name = path.file_name()?.to_owned();
    name.push(".pending");
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Some((folder, folder.join(name)))
}

/// Two runs at once would each lose what the other one knows.
fn lock(folder: &Path) -> Result<File, String> {
    let held = File::open(folder).map_err(|error| error.to_string())?;
    for _ in 0..LOCK_TRIES {
        match held.try_lock() {
            Ok(()) => return Ok(held),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_WAIT),
            Err(TryLockError::Error(error)) => return Err(error.to_string()),
        }
    }
    Err("another run is writing it".to_owned())
}

fn read(path: &Path) -> Result<Vec<Sample>, String> {
    let mut text = String::new();
    // Opening a pipe would wait for its writer.
    if std::fs::metadata(path).is_ok_and(|what| !what.is_file()) {
        return Err("it is not a file".to_owned());
    }
    match File::open(path) {
        Ok(file) => file.take(LONGEST).read_to_string(&mut text).map_err(|error| error.to_string())?,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.to_string()),
    };
    parse(&text).ok_or_else(|| "it holds something else than metrics of sponsor-backup".to_owned())
}

fn replace(path: &Path, pending: &Path, text: &[u8]) -> std::io::Result<()> {
    match std::fs::remove_file(pending) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(pending)?;
    // The process's umask may have taken rights away.
    file.set_permissions(std::fs::Permissions::from_mode(MODE))?;
    file.write_all(text)?;
    file.sync_all()?;
    std::fs::rename(pending, path)
}
