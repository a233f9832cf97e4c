//! The deployment log: one document per event of a sponsor, whatever its outcome.
//!
//! Documents are only added, never changed. A command decides what happened, this module records it.

pub mod audit;
pub mod copy;
pub mod deployment;
pub mod drill;
pub mod drill_history;
pub mod entries;
pub mod head;
pub mod hold;
pub mod hold_history;
pub mod leftovers;
pub mod log;
pub mod prune;
pub mod recovery;
pub mod restore;
pub mod timeline;
pub mod verification;

pub use crate::github::provenance::Provenance;
pub use crate::github::run::RunIdentity;
pub use deployment::{DeploymentLog, Event, RecordedOutcome};

use crate::store::StoreError;

/// Why a record was not saved.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RecordError {
    /// The file in the workspace cannot be written.
    #[error("cannot write record {path}: {reason}")]
    Local {
        /// Path of the file.
        path: String,
        /// Error of the system.
        reason: String,
    },
    /// The store did not answer in time.
    #[error("record not saved to {}: no answer {within}", .folder.as_deref().unwrap_or("S3"))]
    NoAnswer {
        /// `file:///srv/audit-logs/`. `None` for a bucket.
        folder: Option<String>,
        /// The time limit as text: `within two minutes`.
        within: &'static str,
    },
    /// The backup that the user named is not this sponsor's, or not there.
    #[error("{location} was not recorded as this deployment's backup: {why}")]
    Untrue {
        /// `s3://bucket/key` of the named backup.
        location: String,
        /// What S3 shows instead.
        why: String,
    },
    /// What is held is unknown.
    #[error("{location}: {why}, so what is held is unknown")]
    UnreadHold {
        /// `s3://bucket/key` of a hold record.
        location: String,
        /// What is wrong with it.
        why: String,
    },
    /// The object in S3 has not the lock or the tags that were sent.
    #[error("{0}")]
    NotAsSent(StoreError),
    /// The object cannot be written.
    #[error("record not saved: {0}")]
    Store(#[from] StoreError),
}

impl RecordError {
    /// What the reader can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Local { .. } => {
                Some("Check that the workspace is writable and not full.".to_owned())
            }
            Self::NoAnswer { folder: Some(_), .. } => Some(
                "Check the disk or the mount of this folder. The workspace has a copy of the record.".to_owned(),
            ),
            Self::NoAnswer { folder: None, .. } => {
                Some("Check that this runner can reach S3. The workspace has a copy of the record.".to_owned())
            }
            Self::Untrue { .. } => Some(
                "Pass the outputs `backup_location` and `backup_size` of this sponsor's own backup step. The deployment itself was recorded."
                    .to_owned(),
            ),
            Self::UnreadHold { .. } => {
                Some("Find out who wrote it, and move it away only if you know that it holds nothing.".to_owned())
            }
            Self::NotAsSent(StoreError::Differs { what: "tags", .. }) => Some(
                "Report this to the store's support: it did not keep the tags. The workspace has a copy of the record."
                    .to_owned(),
            ),
            Self::NotAsSent(error) | Self::Store(error) => error.hint(),
        }
    }
}

/// A document as it is stored: indented JSON with a final line break.
fn to_bytes(document: &impl serde::Serialize) -> Vec<u8> {
    // A struct of text, numbers and options cannot fail to become JSON.
    let mut bytes = serde_json::to_vec_pretty(document).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

#[cfg(test)]
mod tests;
