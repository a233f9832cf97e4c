//! Keeps metrics in a file for node_exporter's textfile collector.
//!
//! A run replaces what it knows and keeps the rest, as a Pushgateway does.

use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Read as _};
use std::path::Path;
use std::time::Duration;

use super::metrics::{Sample, Update, parse, render, updated};
use super::replaced_file::ReplacedFile;

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
    let file = ReplacedFile::at(path).ok_or_else(|| failed("it has no name".to_owned()))?;
    let _held = lock(&file.folder).map_err(failed)?;
    let samples = updates.iter().fold(read(&file).map_err(failed)?, updated);
    // The collector passes over the name that it has while it is written: it does not end with `.prom`.
    file.replace(render(&samples).as_bytes()).map_err(|error| failed(error.to_string()))
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

fn read(file: &ReplacedFile) -> Result<Vec<Sample>, String> {
    let mut text = String::new();
    if file.is_something_else() {
        return Err("it is not a file".to_owned());
    }
    match File::open(&file.place) {
        Ok(file) => file.take(LONGEST).read_to_string(&mut text).map_err(|error| error.to_string())?,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.to_string()),
    };
    parse(&text).ok_or_else(|| "it holds something else than metrics of sponsor-backup".to_owned())
}
