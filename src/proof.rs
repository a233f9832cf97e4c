//! Room 7: compares what was found with what was promised. Pure. The verdict is derived here and nowhere else.

pub mod aside;
pub mod compare;
pub mod conclusion;
pub mod database;
pub mod drill;
pub mod limits;
pub mod stored;

mod objects;
mod remedy;
mod wording;

pub use aside::Aside;
pub use compare::{Comparison, Verdict};
pub use conclusion::{Conclusion, Outcome, State};
pub use wording::{counted, grouped};

/// The findings of a check. A result, not an error on the way to one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {}", .findings.join("; "))]
pub struct ProofError {
    /// What was checked.
    pub place: String,
    /// What is wrong, each as a phrase.
    pub findings: Vec<String>,
    /// What the reader can do about it.
    pub hint: String,
}

#[cfg(test)]
mod tests;
