//! What a restore's target holds now, compared with what it held before.

use serde::Serialize;

/// The word of results and records. Automation that finds `unchanged` may go on as if nothing had been tried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TargetState {
    /// What it held before; a database that did not exist still does not.
    #[default]
    Unchanged,
    /// A database that the restore made is there, with the backup in it or without.
    Created,
    /// The backup is in a database that was there before.
    Replaced,
    /// Nobody knows: the connection was lost while the restore was committed.
    Unknown,
}

impl TargetState {
    /// The word of outputs.
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
