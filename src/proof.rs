//! Room 7: what was found is compared with what was promised. Pure; the verdict is derived here and nowhere else.

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

/// What a proof found. It is no accident on the way but its result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {}", .findings.join("; "))]
pub struct ProofError {
    /// What was looked at.
    pub place: String,
    /// What is wrong with it, each in words.
    pub findings: Vec<String>,
    /// What the reader can do about it.
    pub hint: String,
}

#[cfg(test)]
mod tests;
