//! Whose failure a run of `issue-on-failure` reports, and whose recovery. Pure.

use std::collections::BTreeSet;

use super::issues::{self, RUN_ITSELF, unprocessed};
use crate::manifest::is_name;
use crate::sponsors::Selection;

/// A run with an issue.
#[derive(Debug, Clone)]
pub struct WatchedRun {
    /// The command, and what of it: `list age` is another promise than `list`.
    pub command: &'static str,
    /// The sponsors that it is for.
    pub selection: Selection,
}

impl WatchedRun {
    /// The first line of its issue, see [`issues::marker`].
    #[must_use]
    pub fn marker(&self, environment: &str) -> String {
        issues::marker(self.command, environment)
    }

    /// What failed if no sponsor was reached. A run for certain sponsors failed for these: others' success says
    /// nothing of them. The matrix runs for all jobs that come after it.
    #[must_use]
    pub fn refused(&self) -> BTreeSet<String> {
        match &self.selection {
            // An input that is not a valid name must not get into the lines that are read again.
            Selection::Named(names) | Selection::Listed(names)
                if !self.is_matrix() && names.iter().all(|name| is_name(name)) =>
            {
                names.iter().map(|name| unprocessed(name)).collect()
            }
            _ => BTreeSet::from([RUN_ITSELF.to_owned()]),
        }
    }

    /// What has recovered as soon as sponsors are reached.
    #[must_use]
    pub fn reached(&self) -> BTreeSet<String> {
        if self.is_of_all() { BTreeSet::from([RUN_ITSELF.to_owned()]) } else { self.refused() }
    }

    /// Whether it is for every enabled sponsor.
    #[must_use]
    pub fn is_of_all(&self) -> bool {
        self.is_matrix() || self.selection == Selection::AllEnabled
    }

    fn is_matrix(&self) -> bool {
        self.command == "matrix"
    }
}

/// Without what only the lines of an issue know: the sponsors that people read about.
#[must_use]
pub fn sponsors_of(names: &BTreeSet<String>) -> BTreeSet<String> {
    names.iter().filter(|name| is_name(name) && *name != RUN_ITSELF).cloned().collect()
}
