//! The page of a report.

use std::path::Path;

use super::super::replaced_file::{MODE, ReplacedFile};
use super::{ReportError, Sink};

impl Sink {
    /// Replaces the page at this path. Blocks.
    ///
    /// # Errors
    /// It cannot be written, or another kind of file is there.
    pub fn page(&self, path: &Path, page: &str) -> Result<(), ReportError> {
        let written = ReplacedFile::lock(path)
            .and_then(|file| file.replace(page.as_bytes(), file.mode().unwrap_or(MODE)));
        written.map_err(|reason| ReportError { variable: "`html`", path: path.display().to_string(), reason })
    }
}
