//! Keeps metrics in a file for node_exporter's textfile collector.
//!
//! A run replaces what it knows and keeps the rest, as a Pushgateway does.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::Path;

use super::metrics::{Sample, Update, parse, render, updated};
use super::replaced_file::{MODE, ReplacedFile};

/// Longer than the samples of thousands of sponsors.
const LONGEST: u64 = 64 << 20;
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
    let file = ReplacedFile::lock(path).map_err(|error| failed(error.to_string()))?;
    let samples = updates.iter().fold(read(&file).map_err(failed)?, updated);
    // The collector passes over the name that it has while it is written: it does not end with `.prom`.
    file.replace(render(&samples).as_bytes(), MODE).map_err(|error| failed(error.to_string()))
}

fn read(file: &ReplacedFile) -> Result<Vec<Sample>, String> {
    let mut text = String::new();
    match File::open(&file.place) {
        Ok(file) => file.take(LONGEST).read_to_string(&mut text).map_err(|error| error.to_string())?,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.to_string()),
    };
    parse(&text).ok_or_else(|| "it holds something else than metrics of sponsor-backup".to_owned())
}
