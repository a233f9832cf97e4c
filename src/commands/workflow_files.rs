//! The workflows of the input `workflows`, for `matrix` and `preflight`.

use std::path::{Path, PathBuf};

use crate::cli::UsageError;
use crate::secrets::workflows::{self, JobSecrets};

/// A workflow's path and text.
pub(super) type WorkflowFile = (String, String);

/// The YAML files of a folder, by name.
pub(super) fn read(folder: &Path) -> Result<Vec<WorkflowFile>, UsageError> {
    let read = |file: PathBuf| {
        let name = file.display().to_string();
        let text = std::fs::read_to_string(&file).map_err(|error| unreadable(&format!("{name}: {error}")))?;
        Ok((name, text))
    };
    paths(folder).map_err(|error| unreadable(&error))?.into_iter().map(read).collect()
}

fn paths(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Each place that passes the token of one sponsor but not of another.
pub(super) fn missing_tokens(files: &[WorkflowFile], sponsors: &[&str]) -> Result<Vec<String>, UsageError> {
    let mut missing = Vec::new();
    for (name, text) in files {
        let found = parsed(name, workflows::missing_tokens(text, sponsors))?;
        missing.extend(found.into_iter().map(|missing| format!("{name}: {missing}")));
    }
    Ok(missing)
}

/// What all jobs read.
pub(super) fn jobs(files: &[WorkflowFile]) -> Result<Vec<JobSecrets>, UsageError> {
    let mut all = Vec::new();
    for (name, text) in files {
        all.extend(parsed(name, workflows::jobs_in(text))?);
    }
    Ok(all)
}

fn parsed<T>(name: &str, found: Result<T, String>) -> Result<T, UsageError> {
    found.map_err(|error| unreadable(&format!("{name}: {error}")))
}

fn unreadable(error: &dyn std::fmt::Display) -> UsageError {
    UsageError::new(format!("cannot read `workflows`: {error}"))
        .hint("Check the `workflows` input: a folder of YAML files, usually `.github/workflows`.")
}
