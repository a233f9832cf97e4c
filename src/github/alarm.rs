//! What an issue remembers: its environment, and the failing sponsors. Pure.
//! | The notes are HTML comments in the first lines of the issue and of its comments. They are only added, because
//! the sponsors' jobs run in parallel and must not overwrite each other. Text of other people comes after these
//! lines.

use std::collections::BTreeSet;

/// Label of the issues.
pub const LABEL: &str = "sponsor-backup";
/// Names a run that failed before any sponsor's turn and did not select sponsors by name.
pub const RUN_ITSELF: &str = "the-run-itself";
/// Prefix for a sponsor that did not get its turn. No sponsor name has a colon.
const TURN: &str = "turn:";
/// Number of lines that can contain a note.
const HEAD: usize = 2;

/// The name for a sponsor's missed turn.
#[must_use]
pub fn unprocessed(sponsor: &str) -> String {
    format!("{TURN}{sponsor}")
}

/// Whether a name is that of a missed turn.
#[must_use]
pub fn is_unprocessed(name: &str) -> bool {
    name.starts_with(TURN)
}

/// The first line of an issue, which identifies it: `backup`, `production`.
#[must_use]
pub fn marker(command: &str, environment: &str) -> String {
    format!("<!-- sponsor-backup issue: {command} {environment} -->")
}

/// Whether an issue is the one with this marker.
#[must_use]
pub fn is_marked(body: &str, marker: &str) -> bool {
    body.lines().next().is_some_and(|line| line.trim_end() == marker)
}

/// The line that records that these sponsors fail.
#[must_use]
pub fn failed(sponsors: &BTreeSet<String>) -> String {
    state_line(FAILED, sponsors)
}

/// The line that records that these sponsors have recovered.
#[must_use]
pub fn well(sponsors: &BTreeSet<String>) -> String {
    state_line(WELL, sponsors)
}

const FAILED: &str = "failed";
const WELL: &str = "well";

fn state_line(word: &str, sponsors: &BTreeSet<String>) -> String {
    let names: Vec<&str> = sponsors.iter().map(String::as_str).collect();
    format!("<!-- sponsor-backup {word}: {} -->", names.join(" "))
}

/// The failing sponsors, after an issue and its comments in order.
#[must_use]
pub fn failing<'a>(texts: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    let mut failing = BTreeSet::new();
    for line in texts.into_iter().flat_map(|text| text.lines().take(HEAD)) {
        let names = |word: &str| {
            let rest = line.trim().strip_prefix("<!-- sponsor-backup ")?.strip_prefix(word)?;
            let names = rest.strip_prefix(": ")?.strip_suffix(" -->")?;
            Some(names.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        };
        failing.extend(names(FAILED).unwrap_or_default());
        for name in names(WELL).unwrap_or_default() {
            failing.remove(&name);
        }
    }
    failing
}

#[cfg(test)]
mod tests;
