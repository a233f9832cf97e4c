//! The page of a report.

use std::io::{Error, ErrorKind};
use std::path::Path;

use super::super::replaced_file::ReplacedFile;
use super::{ReportError, Sink};

impl Sink {
    /// Replaces the page at this path. Blocks.
    ///
    /// # Errors
    /// It cannot be written, or something else than a file is there.
    pub fn page(&self, path: &Path, page: &str) -> Result<(), ReportError> {
        let failed = |reason| ReportError { variable: "`html`", path: path.display().to_string(), reason };
        let file = ReplacedFile::at(path).ok_or_else(|| failed(ErrorKind::InvalidFilename.into()))?;
        if file.is_something_else() {
            return Err(failed(Error::new(ErrorKind::IsADirectory, "it is not a file")));
        }
        file.replace(page.as_bytes()).map_err(failed)
    }
}
