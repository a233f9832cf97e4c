//! What killed runs left on this machine's disk: a table for people, JSON for programs. Pure.

use std::time::Duration;

use serde::Serialize;

use super::lines::count;
use super::pruning::Step;
use crate::verification::limits::words;

/// One leftover; as JSON an object with these keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Leftover {
    /// What happens to it.
    pub action: Step,
    /// Its path; of a record, in the workspace.
    pub path: String,
    /// `server` or `record`.
    pub kind: &'static str,
    /// Seconds since it was made; unknown if the system does not show it.
    pub age_seconds: Option<u64>,
    /// Why, in words.
    pub reason: String,
}

/// The table. Its last line counts.
#[must_use]
pub fn lines(leftovers: &[Leftover]) -> Vec<String> {
    let width = leftovers.iter().map(|leftover| leftover.path.chars().count()).max().unwrap_or_default();
    let line = |leftover: &Leftover| {
        let action = if leftover.action == Step::Remove { "REMOVE" } else { "KEEP" };
        let age = leftover.age_seconds.map(|seconds| words(Duration::from_secs(seconds)));
        let (path, age) = (&leftover.path, age.unwrap_or_else(|| "–".to_owned()));
        format!("{action:<6}  {path:<width$}  {age:>8}  {}", leftover.reason)
    };
    let removed = leftovers.iter().filter(|leftover| leftover.action == Step::Remove).count();
    let kept = leftovers.len() - removed;
    let last = format!("keeps {}, removes {}", count(kept, "leftover"), count(removed, "leftover"));
    leftovers.iter().map(line).chain([last]).collect()
}

/// One array of all of them, an object a line.
pub fn json_lines(leftovers: &[Leftover]) -> impl Iterator<Item = String> {
    super::outputs::json_array(leftovers.iter())
}

#[cfg(test)]
mod tests;
