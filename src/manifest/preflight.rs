//! What `preflight` finds out about the manifest. Pure.

use super::{Manifest, ManifestError};
use crate::finding::{Check, Finding};

const MANIFEST: Check = Check { name: "manifest", about: "The manifest parses, with unique names and codes" };

/// What this module checks.
pub const CHECKS: &[Check] = &[MANIFEST];

/// The finding for a manifest that cannot be used.
#[must_use]
pub fn unusable(error: &ManifestError) -> Finding {
    MANIFEST.fail(error.to_string(), "No sponsor can be backed up.", error.hint())
}

/// The findings for a manifest.
#[must_use]
pub fn usable(manifest: &Manifest) -> Vec<Finding> {
    let (all, enabled) = (manifest.entries.len(), enabled(manifest));
    let noun = if all == 1 { "sponsor" } else { "sponsors" };
    let mut findings = vec![MANIFEST.ok(format!("{all} {noun}, {enabled} enabled"))];
    let undecided: Vec<&str> = manifest
        .entries
        .iter()
        .filter(|entry| entry.enabled.is_none())
        .map(|entry| entry.name.as_str())
        .collect();
    if !undecided.is_empty() {
        findings.push(MANIFEST.warn(
            format!("`enabled` is missing for {}", undecided.join(", ")),
            "Such a sponsor counts as disabled, so it is not backed up.",
            "Write `enabled: true` or `enabled: false` for each.",
        ));
    }
    findings
}

fn enabled(manifest: &Manifest) -> usize {
    manifest.entries.iter().filter(|entry| entry.enabled == Some(true)).count()
}
