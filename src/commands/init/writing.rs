//! Writes the files of `init`: all of them are new, and each is checked before the first one is written.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{Error, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, OFlags, access};
use rustix::io::Errno;

use super::files::{MANIFEST, SECRETS};
use crate::cli::UsageError;
use crate::secrets::file::reason;

/// A file for everyone, as the umask allows.
pub(super) const PUBLIC: u32 = 0o666;
/// A file for its owner.
pub(super) const PRIVATE: u32 = 0o600;
const PUBLIC_FOLDER: u32 = 0o777;
const PRIVATE_FOLDER: u32 = 0o700;
/// Bytes of a name, at most, on almost every file system.
const LONGEST_NAME: usize = 255;

const ADD_BY_HAND: &str = "To add a sponsor, add its block to manifest.yaml and its secrets to secrets.yaml, and create its two folders. For a new setup, change to another folder.";

/// A file that does not exist yet.
pub(super) struct NewFile {
    /// Absolute.
    pub(super) path: PathBuf,
    pub(super) text: String,
    pub(super) mode: u32,
}

/// What is to be written. Nothing of it exists yet.
pub(super) struct Plan {
    /// The current folder, absolute. Messages name paths from there.
    pub(super) workspace: PathBuf,
    /// For their owner. Absolute, like those above them.
    pub(super) folders: Vec<PathBuf>,
    /// In the order in which they are written.
    pub(super) files: Vec<NewFile>,
    /// Lines to add to a file that may exist.
    pub(super) added: Option<(PathBuf, Vec<String>)>,
}

impl Plan {
    /// Checks that nothing exists yet and that everything can be created.
    ///
    /// # Errors
    /// Names everything that exists, or the first thing that cannot be created.
    pub(super) fn check(&self) -> Result<(), UsageError> {
        let files = self.files.iter().map(|file| file.path.as_path());
        let targets: Vec<&Path> = self.folders.iter().map(PathBuf::as_path).chain(files).collect();
        refuse_existing(&self.workspace, &targets)?;
        let blocked = targets.into_iter().find_map(|target| Some((target, can_create(target).err()?)));
        blocked.map_or(Ok(()), |(target, error)| Err(failed(&self.shown(target), &error, &[])))
    }

    /// A path from the current folder.
    pub(super) fn shown(&self, path: &Path) -> String {
        shown(&self.workspace, path)
    }

    /// Everything that is written, as messages name it.
    pub(super) fn targets(&self) -> Vec<String> {
        let files = self.files.iter().map(|file| &file.path);
        self.folders.iter().chain(files).map(|path| self.shown(path)).collect()
    }

    /// Writes everything. Returns what was created or changed.
    ///
    /// # Errors
    /// Something cannot be written, although it could when it was checked. Names what was written before it.
    pub(super) fn write(&self) -> Result<Vec<String>, UsageError> {
        let mut written = Vec::new();
        if let Some((file, lines)) = &self.added {
            self.step(file, &mut written, || add_lines(file, lines))?;
        }
        for folder in &self.folders {
            self.create_above(folder, PRIVATE_FOLDER, &mut written)?;
            self.step(folder, &mut written, || DirBuilder::new().mode(PRIVATE_FOLDER).create(folder))?;
        }
        for file in &self.files {
            self.create_above(&file.path, PUBLIC_FOLDER, &mut written)?;
            self.step(&file.path, &mut written, || create(file))?;
        }
        let added = self.added.iter().map(|(file, _)| self.shown(file));
        Ok(added.chain(self.targets()).collect())
    }

    /// Creates the folders above a path that do not exist yet.
    fn create_above(&self, path: &Path, mode: u32, written: &mut Vec<String>) -> Result<(), UsageError> {
        let above = path.ancestors().skip(1);
        let missing: Vec<&Path> = above.take_while(|folder| folder.symlink_metadata().is_err()).collect();
        let mut missing = missing.into_iter().rev();
        missing
            .try_for_each(|folder| self.step(folder, written, || DirBuilder::new().mode(mode).create(folder)))
    }

    fn step(
        &self,
        path: &Path,
        written: &mut Vec<String>,
        write: impl FnOnce() -> std::io::Result<()>,
    ) -> Result<(), UsageError> {
        let shown = self.shown(path);
        write().map_err(|error| failed(&shown, &error, written))?;
        written.push(shown);
        Ok(())
    }
}

/// Names everything that exists, symbolic links included.
///
/// # Errors
/// Something exists, or cannot be looked at.
pub(super) fn refuse_existing(workspace: &Path, targets: &[&Path]) -> Result<(), UsageError> {
    let mut existing = Vec::new();
    for target in targets {
        match target.symlink_metadata() {
            Ok(_) => existing.push(shown(workspace, target)),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(failed(&shown(workspace, target), &error, &[])),
        }
    }
    let exist = match existing.len() {
        0 => return Ok(()),
        1 => "exists",
        _ => "exist",
    };
    let is_set_up = existing.iter().any(|name| [MANIFEST, SECRETS].contains(&name.as_str()));
    let hint = if is_set_up { ADD_BY_HAND } else { "Move it to another place, or choose other folders." };
    let message = format!("{} {exist} already, and `init` replaces nothing", existing.join(", "));
    Err(UsageError::new(message).hint(hint))
}

fn shown(workspace: &Path, path: &Path) -> String {
    path.strip_prefix(workspace).unwrap_or(path).display().to_string()
}

/// Whether the nearest folder above a path can get new entries.
fn can_create(path: &Path) -> std::io::Result<()> {
    if path.iter().any(|name| name.len() > LONGEST_NAME) {
        return Err(Errno::NAMETOOLONG.into());
    }
    let exists = |folder: &&Path| folder.symlink_metadata().is_ok();
    let Some(folder) = path.ancestors().skip(1).find(exists) else { return Err(ErrorKind::NotFound.into()) };
    if !folder.metadata()?.is_dir() {
        return Err(ErrorKind::NotADirectory.into());
    }
    Ok(access(folder, Access::WRITE_OK | Access::EXEC_OK)?)
}

fn failed(path: &str, error: &Error, written: &[String]) -> UsageError {
    let error = UsageError::new(format!("cannot write {path}: {}", reason(error)));
    if written.is_empty() {
        return error.hint("Check that the folder exists and is writable. Nothing was written.");
    }
    error.hint(format!("Remove what was written before, then run `init` again: {}.", written.join(", ")))
}

fn add_lines(file: &Path, lines: &[String]) -> std::io::Result<()> {
    let no_links = OFlags::NOFOLLOW.bits().cast_signed();
    let mut options = OpenOptions::new();
    let mut opened = options.append(true).create(true).custom_flags(no_links).open(file)?;
    let is_open = std::fs::read(file)?.last().is_some_and(|last| *last != b'\n');
    let start = if is_open { "\n" } else { "" };
    opened.write_all(format!("{start}{}\n", lines.join("\n")).as_bytes())
}

/// A file that exists, even as a symbolic link, is never opened.
fn create(file: &NewFile) -> std::io::Result<()> {
    let mut opened = OpenOptions::new().write(true).create_new(true).mode(file.mode).open(&file.path)?;
    opened.write_all(file.text.as_bytes()).inspect_err(|_| {
        // Half a file must not stay. The error that is reported is the first one.
        std::fs::remove_file(&file.path).ok();
    })
}
