//! How one sponsor fared, as lines of a log. Pure.

use bytesize::ByteSize;

use super::SponsorResult;
use crate::record::Outcome;

/// One line: who, how, how much.
#[must_use]
pub fn title(result: &SponsorResult) -> String {
    let SponsorResult { sponsor, outcome, duration_seconds: seconds, .. } = result;
    match (outcome, result.backup_size, result.dump_size) {
        (Outcome::Success, ..) if result.message.is_some() => {
            format!("{sponsor}: {}, in {seconds:.1} s", result.message.as_deref().unwrap_or_default())
        }
        (Outcome::Success, Some(stored), Some(dump)) => {
            format!(
                "{sponsor}: backed up {}, compressed from {}, in {seconds:.1} s",
                ByteSize(stored),
                ByteSize(dump)
            )
        }
        (Outcome::Success, ..) => {
            let done = result.message.as_deref().unwrap_or("done");
            format!("{sponsor}: {done} in {seconds:.1} s")
        }
        (Outcome::Disabled, ..) => format!("{sponsor}: not enabled"),
        _ => format!(
            "{sponsor}: {} failed: {}",
            result.stage.unwrap_or("bug"),
            result.message.as_deref().unwrap_or_default()
        ),
    }
}

/// What else is worth keeping in the log.
#[must_use]
pub fn details(result: &SponsorResult) -> Vec<String> {
    let facts = [
        ("location", result.backup_location.as_ref().filter(|_| result.outcome == Outcome::Success)),
        ("sha256", result.backup_sha256.as_ref()),
        ("record", result.deployment_log.as_ref()),
        ("hint", result.hint.as_ref()),
    ];
    let facts: Vec<_> =
        facts.into_iter().filter_map(|(label, value)| Some((label, value?.clone()))).collect();
    super::plan::lines(&facts)
}
