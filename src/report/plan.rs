//! What a dry run would do, in lines. Pure.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::SponsorResult;
use super::markdown::code;

/// Of a plan, the summary shows these facts. The log has all.
const SHOWN: [&str; 7] = ["database", "server", "object", "record", "lock", "checked", "not checked"];
/// At most this many plans are shown.
const PLANS: usize = 100;

/// One sponsor's plan in order: `database: db.example.org:5432/app`.
#[must_use]
pub fn lines(facts: &[(&str, String)]) -> Vec<String> {
    facts.iter().map(|(label, value)| format!("{label}: {value}")).collect()
}

/// The plans of all sponsors, for the summary. Empty if there is none.
pub(super) fn chapter(results: &[SponsorResult]) -> String {
    let planned: Vec<&SponsorResult> = results.iter().filter(|result| !result.plan.is_empty()).collect();
    let mut text = String::new();
    for result in planned.iter().take(PLANS) {
        // Writing to a String cannot fail.
        write!(text, "### Plan for {}\n\n", result.sponsor).ok();
        for (label, value) in result.plan.iter().filter(|(label, _)| SHOWN.contains(label)) {
            let value = if is_prose(label) { value.clone() } else { code(value) };
            writeln!(text, "- **{label}:** {value}").ok();
        }
        text.push('\n');
    }
    if planned.len() > PLANS {
        write!(text, "… and {} more. The log has them all.\n\n", planned.len() - PLANS).ok();
    }
    text
}

/// Whether a fact is a sentence of this program.
fn is_prose(label: &str) -> bool {
    ["checked", "not checked"].contains(&label)
}

/// Names in a line; `none` if there are none.
#[must_use]
pub fn names(names: &BTreeSet<String>) -> String {
    if names.is_empty() { "none".to_owned() } else { names.iter().cloned().collect::<Vec<_>>().join(", ") }
}

#[cfg(test)]
mod tests;
