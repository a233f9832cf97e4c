//! Which annotations a step shows. Pure.
//!
//! The runner shows ten of each type and drops the others, so the important ones come first and the last one counts.

use super::SponsorResult;
use super::workflow::{Annotation, Level, annotation};
use crate::verification::Outcome;

const SHOWN: usize = 10;

/// One error per failed sponsor, and one warning per disabled one and per odd thing, ten of each at most.
#[must_use]
pub fn of_results(results: &[SponsorResult]) -> Vec<Annotation> {
    let failed = results.iter().filter(|result| result.outcome() == Outcome::Failure).map(|result| {
        let stage = result.stage.unwrap_or("bug");
        let message = result.message.as_deref().unwrap_or_default();
        let hint = result.hint.as_deref().map(|hint| format!("\n{hint}")).unwrap_or_default();
        (format!("{}: {stage} failed", result.sponsor), format!("{message}{hint}"))
    });
    let disabled = results.iter().filter(|result| result.outcome() == Outcome::Disabled).map(|result| {
        let why = result.message.as_deref().unwrap_or_default();
        (format!("{}: no backup", result.sponsor), format!("S3 backup archival is not enabled: {why}"))
    });
    let odd = results.iter().flat_map(|result| {
        result.warnings.iter().map(|warning| (format!("{}: warning", result.sponsor), warning.clone()))
    });
    let mut shown =
        limited(Level::Error, failed.collect(), "more sponsors failed, all listed in the summary");
    shown.extend(limited(
        Level::Warning,
        disabled.chain(odd).collect(),
        "more warnings, all listed in the summary",
    ));
    shown
}

fn limited(level: Level, all: Vec<(String, String)>, rest: &str) -> Vec<Annotation> {
    let keep = if all.len() > SHOWN { SHOWN - 1 } else { all.len() };
    let more = all.len() - keep;
    let mut shown: Vec<Annotation> =
        all.iter().take(keep).map(|(title, message)| annotation(level, title, message)).collect();
    if more > 0 {
        shown.push(annotation(level, &format!("{more} {rest}"), &format!("{more} {rest}.")));
    }
    shown
}

#[cfg(test)]
mod tests;
