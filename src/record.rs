//! Room 8: the deployment log, one document for each thing that happened to a sponsor, whatever its outcome.
//!
//! Documents are only ever added. Who decides what happened is the hallway; this room writes it down.

pub mod alarm;
pub mod circumstances;
pub mod document;
pub mod drill;
pub mod github;
pub mod identity;
pub mod log;
pub mod trace;

pub use circumstances::Circumstances;
pub use document::{DeploymentLog, Event, Outcome};
pub use identity::RunIdentity;

use crate::archive::ArchiveError;

/// Why a record could not be kept.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RecordError {
    /// The file in the workspace could not be written.
    #[error("cannot write record {path}: {reason}")]
    Local {
        /// Path of the file.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// The store took too long.
    #[error("record not saved to S3: no answer {within}")]
    NoAnswer {
        /// How long was waited: `within two minutes`.
        within: &'static str,
    },
    /// What it was to say is not so.
    #[error("{location} was not recorded as this deployment's backup: {why}")]
    Untrue {
        /// `s3://bucket/key` of the backup that was named.
        location: String,
        /// What S3 showed.
        why: String,
    },
    /// The object could not be written.
    #[error("record not saved: {0}")]
    Archive(#[from] ArchiveError),
}

impl RecordError {
    /// What the reader can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Local { .. } => {
                Some("Check that the workspace is writable and not full.".to_owned())
            }
            Self::NoAnswer { .. } => {
                Some("Check that this runner can reach S3. The workspace has a copy of the record.".to_owned())
            }
            Self::Untrue { .. } => Some(
                "Pass the outputs `backup_location` and `backup_size` of this sponsor's own backup step. The deployment itself was recorded."
                    .to_owned(),
            ),
            Self::Archive(error) => error.hint(),
        }
    }
}

#[cfg(test)]
mod tests;
