//! What `preflight` finds out about the selected sponsors. Pure.

use std::num::NonZeroUsize;

use super::{Sponsor, SponsorsError, matrix};
use crate::finding::{Check, Finding};

const SPONSORS: Check =
    Check { name: "sponsors", about: "The selected sponsors are in the manifest and enabled" };
const JOBS: Check = Check { name: "matrix-jobs", about: "Each sponsor gets a matrix job of its own" };

/// What this module checks.
pub const CHECKS: &[Check] = &[SPONSORS, JOBS];

/// Jobs per matrix (GitHub documentation, "Actions limits").
const MOST_JOBS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(255);

/// The finding for a selection that does not fit the manifest.
#[must_use]
pub fn unusable(error: &SponsorsError) -> Finding {
    SPONSORS.fail(error.to_string(), "No sponsor can be backed up.", error.hint())
}

/// The findings for a selection.
#[must_use]
pub fn usable(sponsors: &[Sponsor]) -> Vec<Finding> {
    let names: Vec<&str> = sponsors.iter().map(|sponsor| sponsor.name.as_str()).collect();
    let sharing: Vec<String> = sponsors
        .iter()
        .filter(|sponsor| !sponsor.partners.is_empty())
        .map(|sponsor| {
            let partners: Vec<&str> = sponsor.partners.iter().map(String::as_str).collect();
            format!("{} may share with {}", sponsor.name, partners.join(", "))
        })
        .collect();
    let also = if sharing.is_empty() { String::new() } else { format!(" ({})", sharing.join("; ")) };
    let jobs = matrix(sponsors, MOST_JOBS).include.len();
    let jobs = if jobs < sponsors.len() {
        JOBS.warn(
            format!("{} sponsors share {jobs} jobs", sponsors.len()),
            "GitHub allows 256 jobs per matrix, so a job takes the time of several backups.",
            "Check that each job ends within its `timeout-minutes`.",
        )
    } else {
        JOBS.ok(format!("{jobs} of {MOST_JOBS} jobs"))
    };
    vec![SPONSORS.ok(format!("{}{also}", names.join(", "))), jobs]
}

#[cfg(test)]
mod tests;
