//! What `preflight` finds out about a sponsor's secrets. Pure.

use super::SecretsError;
use super::flag::{Disabled, FLAG};
use crate::finding::{Check, Finding};

const DOPPLER: Check = Check {
    name: "doppler",
    about: "Doppler accepts the token, and the token belongs to this project and config",
};
const RATE_LIMIT: Check =
    Check { name: "doppler-rate-limit", about: "Doppler's limit per minute covers a run over all sponsors" };
const SECRETS: Check = Check { name: "secrets", about: "Each secret exists and is well-formed" };
const FLAG_CHECK: Check = Check {
    name: "flag",
    about: "`ENABLE_S3_BACKUP_ARCHIVAL` is exactly `true`, or the sponsor is not rolled out yet",
};
/// What this module checks.
pub const CHECKS: &[Check] = &[DOPPLER, RATE_LIMIT, SECRETS, FLAG_CHECK];

const NO_BACKUP: &str = "No backup can be taken.";

/// The finding for secrets that cannot be used.
#[must_use]
pub fn unusable(error: &SecretsError) -> Finding {
    let check = if error.is_about_access() { DOPPLER } else { SECRETS };
    check.fail(error.to_string(), NO_BACKUP, error.hint())
}

/// The findings for secrets that can be used.
#[must_use]
pub fn usable(source: &str) -> Finding {
    SECRETS.ok(format!("complete, from {source}"))
}

/// The finding for the flag. `None` means that it is `true`.
#[must_use]
pub fn flag(place: Option<&Disabled>) -> Finding {
    let Some(disabled) = place else { return FLAG_CHECK.ok(format!("{FLAG} is `true`")) };
    let (what, fix) = (disabled.to_string(), disabled.next_step());
    if disabled.is_a_wrong_value() {
        return FLAG_CHECK.fail(what, "Only the exact value `true` enables backups.", fix);
    }
    FLAG_CHECK.warn(what, "The sponsor is not rolled out yet, so nothing is backed up.", fix)
}

/// Compares one run's requests with Doppler's limit per minute, as its answers show it.
#[must_use]
pub fn rate_limit(sponsors: usize, limit: Option<u32>) -> Finding {
    // One request for the manifest, and one per sponsor.
    let needed = sponsors + 1;
    match limit {
        None => RATE_LIMIT.unknown(
            format!("Doppler's answers show no limit, and a run sends {needed} requests"),
            "Compare with the limit of your Doppler plan: 120 secret reads per minute on the smallest.",
        ),
        Some(limit) if needed > limit as usize => RATE_LIMIT.warn(
            format!("a run over all sponsors sends {needed} requests, and Doppler allows {limit} per minute"),
            "Requests above the limit are retried, so the run takes longer and can fail.",
            "Split the sponsors with `max-jobs` of `matrix`, or choose a larger Doppler plan.",
        ),
        Some(limit) => RATE_LIMIT.ok(format!("a run sends {needed} of {limit} requests per minute")),
    }
}

#[cfg(test)]
mod tests;
