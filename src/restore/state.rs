//! What a restore's target contains now, compared with before.

use serde::Serialize;

/// The value in results and records. After `unchanged`, automation can continue as if nothing had been tried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TargetState {
    /// Same contents as before. A database that did not exist still does not exist.
    #[default]
    Unchanged,
    /// The restore created the database, with or without the backup in it.
    Created,
    /// An existing database now contains the backup.
    Replaced,
    /// The connection was lost during COMMIT, so the target contains either the backup or its previous contents.
    Unknown,
}

impl TargetState {
    /// The value in outputs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Created => "created",
            Self::Replaced => "replaced",
            Self::Unknown => "unknown",
        }
    }
}
