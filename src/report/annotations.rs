//! Which annotations a step shows. Pure.
//!
//! The runner shows ten of each type and drops the others, so the important ones come first and the last one counts.

use super::SponsorResult;
use super::workflow::{Annotation, Level, annotation};
use crate::proof::Outcome;

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
mod tests {
    use super::*;
    use crate::report::sample::result;

    #[test]
    fn eleven_failures_make_ten_annotations_and_the_last_counts() {
        let results: Vec<_> = (0..11).map(|n| result(&format!("s{n}"), Outcome::Failure)).collect();
        let shown: Vec<String> = of_results(&results).iter().map(Annotation::command).collect();
        assert_eq!(shown.len(), 10);
        assert!(shown[9].starts_with("::error title=2 more sponsors failed"), "{}", shown[9]);
        assert!(shown[0].starts_with("::error title=s0%3A dump failed::db.example.org"), "{}", shown[0]);
        assert!(shown[0].ends_with("%0ACorrect user and password in DATABASE_URL."));
    }

    #[test]
    fn a_disabled_sponsor_is_a_warning_and_a_success_is_silent() {
        let shown = of_results(&[result("a", Outcome::Disabled), result("b", Outcome::Success)]);
        assert_eq!(shown.len(), 1);
        assert!(shown[0].command().starts_with("::warning title=a%3A no backup::"));
        let mut odd = result("c", Outcome::Success);
        odd.warnings.push("rows excluded by request: diary.*".to_owned());
        let shown = of_results(&[odd]);
        assert!(shown[0].command().starts_with("::warning title=c%3A warning::rows excluded"));
    }
}
