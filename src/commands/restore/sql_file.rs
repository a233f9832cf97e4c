//! Writes the SQL of some tables: to standard output, or to a new file, which gets its name only when it is proven.

use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use tokio::io::AsyncWriteExt as _;

use crate::cli::UsageError;
use crate::cli::options::SqlOutput;
use crate::databases::postgres::restore::RestoreError;
use crate::failure::Failure;
use crate::report::sink::Sink;

/// An output that is not complete yet.
pub(super) enum SqlFile {
    Stream,
    File(NewFile),
}

/// A file for its owner, under a temporary name. Dropping it removes it.
pub(super) struct NewFile {
    shown: String,
    path: PathBuf,
    temporary: Option<PathBuf>,
    file: tokio::fs::File,
}

impl SqlFile {
    /// Begins an output. A relative path begins in `workspace`.
    pub(super) fn create(output: &SqlOutput, workspace: &Path) -> Result<Self, Failure> {
        let SqlOutput::File(shown) = output else { return Ok(Self::Stream) };
        let (path, shown) = (workspace.join(shown), shown.display().to_string());
        let problem = |problem: String, hint: &str| {
            UsageError::new(format!("`to-sql` is `{shown}`, {problem}")).hint(hint)
        };
        if path.symlink_metadata().is_ok() {
            return Err(exists(&shown).into());
        }
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(problem("not the path of a file".to_owned(), "Name a new file.").into());
        };
        let unique = uuid::Uuid::new_v4().simple();
        let temporary = folder.join(format!(".{}.{unique}.unproven", name.to_string_lossy()));
        let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary);
        let file = file.map_err(|error| {
            problem(
                format!("which cannot be created: {error}"),
                "Name a new file in a folder that exists and is writable.",
            )
        })?;
        let file = tokio::fs::File::from_std(file);
        Ok(Self::File(NewFile { shown, path, temporary: Some(temporary), file }))
    }

    /// Refuses a file that exists.
    pub(super) fn check(output: &SqlOutput, workspace: &Path) -> Result<(), UsageError> {
        match output {
            SqlOutput::File(shown) if workspace.join(shown).symlink_metadata().is_ok() => {
                Err(exists(&shown.display().to_string()))
            }
            _ => Ok(()),
        }
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), RestoreError> {
        match self {
            Self::Stream => {
                // Its reader decides how long that takes.
                let bytes = bytes.to_vec();
                let written = tokio::task::spawn_blocking(move || Sink::bytes(&bytes)).await;
                let written = written.map_err(std::io::Error::other).flatten();
                written.map_err(|error| failed("standard output", &error))
            }
            Self::File(file) => file.file.write_all(bytes).await.map_err(|error| failed(&file.shown, &error)),
        }
    }

    /// Gives the file its name.
    pub(super) async fn finish(self) -> Result<(), Failure> {
        let Self::File(mut file) = self else { return Ok(()) };
        let failed = |error: &std::io::Error| failed(&file.shown, error);
        file.file.flush().await.map_err(|error| failed(&error))?;
        file.file.sync_all().await.map_err(|error| failed(&error))?;
        let Some(temporary) = &file.temporary else { return Ok(()) };
        // A link, unlike a rename, replaces nothing.
        match std::fs::hard_link(temporary, &file.path) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                return Err(exists(&file.shown).into());
            }
            Err(error) => return Err(failed(&error).into()),
        }
        if let Some(temporary) = file.temporary.take() {
            std::fs::remove_file(temporary).map_err(|error| failed(&error))?;
        }
        Ok(())
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if let Some(temporary) = self.temporary.take() {
            // Its name shows that it is not proven, if it stays.
            std::fs::remove_file(temporary).ok();
        }
    }
}

fn exists(shown: &str) -> UsageError {
    UsageError::new(format!("`to-sql` is `{shown}`, which exists"))
        .hint("Name a new file. Nothing is overwritten.")
}

fn failed(place: &str, error: &std::io::Error) -> RestoreError {
    RestoreError::Sql { place: place.to_owned(), reason: error.to_string() }
}
