//! A file that is replaced as a whole: written under another name and renamed, so that a reader, or a run that is killed, never
//! leaves half of it.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// What reads it runs as another user.
const MODE: u32 = 0o644;

/// Where a file is written until it is whole.
pub(super) struct ReplacedFile {
    /// The file itself. A link stays one: what it leads to is replaced.
    pub(super) place: PathBuf,
    /// Its folder.
    pub(super) folder: PathBuf,
    pending: PathBuf,
}

impl ReplacedFile {
    /// `None` for a path without a file name.
    pub(super) fn at(path: &Path) -> Option<Self> {
        let place = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        let mut name = place.file_name()?.to_owned();
        name.push(".pending");
        let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Some(Self { folder: folder.to_path_buf(), pending: folder.join(name), place })
    }

    /// Whether something else than a file is there. Opening a pipe would wait for its reader.
    pub(super) fn is_something_else(&self) -> bool {
        std::fs::metadata(&self.place).is_ok_and(|what| !what.is_file())
    }

    /// Writes it.
    pub(super) fn replace(&self, text: &[u8]) -> std::io::Result<()> {
        self.write(text).inspect_err(|_| {
            // The next run would remove it, too.
            std::fs::remove_file(&self.pending).ok();
        })
    }

    fn write(&self, text: &[u8]) -> std::io::Result<()> {
        match std::fs::remove_file(&self.pending) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(&self.pending)?;
        // The process's umask may have taken rights away.
        file.set_permissions(std::fs::Permissions::from_mode(MODE))?;
        file.write_all(text)?;
        file.sync_all()?;
        std::fs::rename(&self.pending, &self.place)
    }
}
