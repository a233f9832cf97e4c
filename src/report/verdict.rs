//! How one sponsor fared, as lines of a log. Pure.

use bytesize::ByteSize;

use super::SponsorResult;
use crate::proof::{Outcome, State};

/// One line: who, how, how much.
#[must_use]
pub fn title(result: &SponsorResult) -> String {
    let SponsorResult { sponsor, duration_seconds: seconds, .. } = result;
    let message = result.message.as_deref();
    match (result.outcome(), message, result.backup_size, result.dump_size) {
        (Outcome::Failure, ..) => {
            let (stage, message) = (result.stage.unwrap_or("bug"), message.unwrap_or_default());
            format!("{sponsor}: {stage} failed: {message}")
        }
        (Outcome::Disabled, ..) => format!("{sponsor}: not enabled"),
        (Outcome::Planned, ..) => format!("{sponsor}: planned only, nothing was done"),
        (Outcome::Success, Some(message), ..) => format!("{sponsor}: {message}, in {seconds:.1} s"),
        (Outcome::Success, None, Some(stored), Some(dump)) => {
            let partial = match result.conclusion.state() {
                Some(State::Partial) => " in part",
                Some(State::Empty) => " without any table",
                _ => "",
            };
            let (stored, dump) = (ByteSize(stored), ByteSize(dump));
            format!("{sponsor}: backed up{partial}: {stored}, compressed from {dump}, in {seconds:.1} s")
        }
        (Outcome::Success, ..) => format!("{sponsor}: recorded, in {seconds:.1} s"),
    }
}

/// What else is worth keeping in the log.
#[must_use]
pub fn details(result: &SponsorResult) -> Vec<String> {
    let warnings = result.warnings.iter().map(|warning| ("warning", Some(warning)));
    let facts = [
        ("location", result.backup_location.as_ref().filter(|_| result.outcome() == Outcome::Success)),
        ("sha256", result.backup_sha256.as_ref()),
        ("record", result.deployment_log.as_ref()),
        ("hint", result.hint.as_ref()),
    ];
    let facts: Vec<_> =
        warnings.chain(facts).filter_map(|(label, value)| Some((label, value?.clone()))).collect();
    super::plan::lines(&facts)
}
