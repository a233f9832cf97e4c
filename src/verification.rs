//! Decides what counts as a success, and compares sponsors, backups and databases. Pure, except [`previous`], which reads
//! from S3.

pub mod backup_diff;
pub mod conclusion;
pub mod contents_changes;
pub mod database;
pub mod drill;
pub mod limits;
pub mod preflight;
pub mod previous;
pub mod retention;
pub mod share;
pub mod source;
pub mod stored;
pub mod tenancy;
pub mod version_search;

pub use crate::databases::postgres::proof::exemptions::Exemptions;
pub use crate::databases::postgres::proof::{Comparison, Verdict, counted, grouped};
pub use conclusion::{Conclusion, Outcome, State};

/// The findings of a check. A result, not an error on the way to one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}:{}", lines(.findings))]
pub struct VerificationError {
    /// What was checked.
    pub place: String,
    /// What is wrong, each as a phrase.
    pub findings: Vec<String>,
    /// What the reader can do about it.
    pub hint: String,
}

/// One finding goes on in its line. Several have a line each.
fn lines(findings: &[String]) -> String {
    match findings {
        [one] => format!(" {one}"),
        several => several.iter().map(|finding| format!("\n- {finding}")).collect(),
    }
}

#[cfg(test)]
mod tests;
