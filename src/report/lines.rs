//! What the log shows: how a sponsor's part ended, its plan, how far its dump has come, and how amounts read. Pure.
//!
//! Each line begins at the margin with a label or the sponsor's name. The cause comes first, then the hint, then what
//! follows from it.

use std::collections::BTreeSet;
use std::time::Duration;

use bytesize::ByteSize;

use super::SponsorResult;
use crate::verification::limits::words;
use crate::verification::{Outcome, State, counted, grouped};

/// `error: callisto: …` and `hint: …`: the one form of a failure, of a sponsor or of a whole run.
#[must_use]
pub fn failure(sponsor: Option<&str>, message: &str, hint: Option<&str>) -> Vec<String> {
    let sponsor = sponsor.map(|sponsor| format!("{sponsor}: ")).unwrap_or_default();
    let hint = hint.map(|hint| format!("hint: {hint}"));
    std::iter::once(format!("error: {sponsor}{message}")).chain(hint).collect()
}

/// The lines of one sponsor: how its part ended, then what is worth keeping in the log.
#[must_use]
pub fn of_result(result: &SponsorResult) -> Vec<String> {
    let mut lines = match result.outcome() {
        Outcome::Failure => {
            let message = result.message.as_deref().unwrap_or_default();
            failure(Some(&result.sponsor), message, result.hint.as_deref())
        }
        Outcome::Success | Outcome::Disabled | Outcome::Planned => {
            let hint = result.hint.as_ref().map(|hint| format!("hint: {hint}"));
            std::iter::once(title(result)).chain(hint).collect()
        }
    };
    // The location of a disabled sponsor is `not-configured`, for programs.
    let is_disabled = result.outcome() == Outcome::Disabled;
    let facts = [
        ("location", result.backup_location.as_ref().filter(|_| !is_disabled)),
        ("sha256", result.backup_sha256.as_ref()),
        ("record", result.deployment_log.as_ref()),
    ];
    let warnings = result.warnings.iter().map(|warning| ("warning", warning));
    let facts = facts.into_iter().filter_map(|(label, value)| Some((label, value?)));
    let more = result.labels.iter().map(|(label, value)| (*label, value));
    lines.extend(warnings.chain(facts).chain(more).map(|(label, value)| format!("{label}: {value}")));
    lines
}

/// One line: who, how, how much.
fn title(result: &SponsorResult) -> String {
    let sponsor = &result.sponsor;
    let took = duration(result.duration_seconds);
    let message = result.message.as_deref();
    match (result.outcome(), message, result.backup_size, result.dump_size) {
        (Outcome::Disabled, Some(why), ..) => format!("{sponsor}: not enabled: {why}"),
        (Outcome::Disabled, None, ..) => format!("{sponsor}: not enabled"),
        (Outcome::Planned, ..) => format!("{sponsor}: planned only, nothing was done"),
        (_, Some(message), ..) => format!("{sponsor}: {message}, in {took}"),
        (_, None, Some(stored), Some(dump)) => {
            let partial = match result.conclusion.state() {
                Some(State::Partial) => " in part,",
                Some(State::Empty) => " without any table,",
                _ => "",
            };
            let (stored, dump) = (ByteSize(stored), ByteSize(dump));
            format!("{sponsor}: backed up{partial} {stored} ({dump} of dump) in {took}")
        }
        (_, None, ..) => format!("{sponsor}: recorded in {took}"),
    }
}

/// What is going to be done, and would be after a dry run: a title, then each fact with its label.
#[must_use]
pub fn plan(title: String, facts: &[(&str, String)]) -> Vec<String> {
    let facts = facts.iter().map(|(label, value)| format!("{label}: {value}"));
    std::iter::once(title).chain(facts).collect()
}

/// Names in a line; `none` if there are none.
#[must_use]
pub fn join_names(names: &BTreeSet<String>) -> String {
    if names.is_empty() { "none".to_owned() } else { names.iter().cloned().collect::<Vec<_>>().join(", ") }
}

/// One look at a running backup.
#[derive(Debug, Clone, Copy)]
pub struct DumpProgress<'a> {
    /// Sponsor's name.
    pub sponsor: &'a str,
    /// Bytes that pg_dump wrote.
    pub bytes_read: u64,
    /// Bytes that they became.
    pub bytes_stored: u64,
    /// Since the dump began.
    pub elapsed: Duration,
}

impl DumpProgress<'_> {
    /// `callisto: 1.2 GiB read, 301.0 MiB stored, 118.0 MiB/s, 10s`
    #[must_use]
    pub fn line(&self) -> String {
        format!("{}: {}", self.sponsor, self.message())
    }

    /// The same without the name.
    #[must_use]
    pub fn message(&self) -> String {
        // The first reading may come at once.
        let rate = self.bytes_read as f64 / self.elapsed.as_secs_f64().max(0.001);
        format!(
            "{} read, {} stored, {}/s, {}",
            ByteSize(self.bytes_read),
            ByteSize(self.bytes_stored),
            ByteSize(rate as u64),
            words(Duration::from_secs(self.elapsed.as_secs()))
        )
    }
}

/// Seconds as people write them: `0.3s`, `12s`, `1m 30s`, `6h`.
pub(super) fn duration(seconds: f64) -> String {
    words(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

/// `120,000`
#[must_use]
pub fn number(number: u64) -> String {
    grouped(number)
}

/// `1 row`, `52,500 rows`
#[must_use]
pub fn count(number: impl TryInto<u64>, noun: &str) -> String {
    counted(number.try_into().unwrap_or(u64::MAX), noun)
}

#[cfg(test)]
mod tests;
