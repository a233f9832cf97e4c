//! Step outputs: as GITHUB_OUTPUT wants them, and as lines for a terminal. Pure.
//!
//! The definitions here are the ones that `action.yml` and the table in docs/reference.md are held against.

use std::collections::BTreeSet;

use super::SponsorResult;
use super::workflow::{Annotation, Level, annotation};
use crate::verification::Conclusion;

/// An output of the action.
#[derive(Debug, Clone, Copy)]
pub struct OutputDefinition {
    /// Name.
    pub name: &'static str,
    /// The commands that set it, or `all`.
    pub from: &'static str,
    /// What it holds, as Markdown.
    pub help: &'static str,
}

/// All outputs, in the order of the documentation.
pub const DEFINITIONS: &[OutputDefinition] = &[
    OutputDefinition {
        name: "matrix",
        from: "matrix",
        help: "Matrix for `strategy.matrix`: `{\"include\":[…]}`. Each entry has `name` and `sponsors`, for a single sponsor also `code` and `region`",
    },
    OutputDefinition { name: "sponsors", from: "all", help: "JSON array of the selected sponsors' names" },
    OutputDefinition {
        name: "count",
        from: "matrix",
        help: "Number of matrix jobs. Skip the matrix job if it is 0: GitHub rejects an empty matrix",
    },
    OutputDefinition {
        name: "backup_location",
        from: "backup, record, show, diff, verify, restore, drill",
        help: "Location of the backup, `not-configured` if backups are disabled. Empty if several sponsors ran",
    },
    OutputDefinition {
        name: "backup_size",
        from: "backup, record, show, diff, verify, restore, drill",
        help: "Stored size in bytes. Empty if several sponsors ran",
    },
    OutputDefinition {
        name: "backup_sha256",
        from: "backup, show, diff, verify, restore, drill",
        help: "SHA-256 of the stored object. Empty if several sponsors ran",
    },
    OutputDefinition {
        name: "deployment_log",
        from: "backup, record",
        help: "Location or local path of the record. Empty if several sponsors ran",
    },
    OutputDefinition {
        name: "drill_report",
        from: "drill",
        help: "Location or local path of the drill report. Empty if several sponsors ran",
    },
    OutputDefinition {
        name: "drill_status",
        from: "drill",
        help: "Result of the drill: `passed`, `incomplete`, `failed`, `error` or `cancelled`. Empty if several sponsors ran",
    },
    OutputDefinition {
        name: "backup_age_minutes",
        from: "drill",
        help: "Age of the backup when the drill started, in minutes",
    },
    OutputDefinition {
        name: "restore_duration_minutes",
        from: "drill",
        help: "Duration of the drill, in minutes. Empty if nothing was restored",
    },
    OutputDefinition {
        name: "rpo_compliant",
        from: "drill",
        help: "`true` if the backup was not older than `max-rpo`, else `false`. Empty without that limit",
    },
    OutputDefinition {
        name: "rto_compliant",
        from: "drill",
        help: "`true` if the drill took no longer than `max-rto`, else `false`. Empty without that limit, or if the drill did not finish",
    },
    OutputDefinition {
        name: "results",
        from: "all",
        help: "JSON array with one object per sponsor: `sponsor`, `outcome`, `state`, `stage`, `message`, `backup_location`, `backup_size`, `backup_sha256`, `deployment_log`, `duration_seconds`. `restore` and `drill` add `target` (`unchanged`, `created`, `replaced`, `unknown`)",
    },
    OutputDefinition {
        name: "outcome",
        from: "all",
        help: "`success`, `failure` or `disabled`. `planned` after a dry run",
    },
    OutputDefinition {
        name: "state",
        from: "all",
        help: "What is known: `complete`, `partial` or `empty` (backup), `verified`, `partly-verified` or `unverified` (verify), `proven`, `incomplete` or `different` (restore, drill), `planned` (dry run). The worst of several sponsors. Empty if nothing is known",
    },
];

/// One output.
pub type Output = (&'static str, String);

/// The outputs about sponsors. Those of one sponsor are empty if several ran.
#[must_use]
pub fn of_results(results: &[SponsorResult], overall: Conclusion) -> Vec<Output> {
    let names: Vec<&str> = results.iter().map(|result| result.sponsor.as_str()).collect();
    let only = if let [only] = results { Some(only) } else { None };
    let text = |value: Option<&String>| value.cloned().unwrap_or_default();
    vec![
        ("sponsors", json(&names)),
        ("backup_location", text(only.and_then(|only| only.backup_location.as_ref()))),
        (
            "backup_size",
            only.and_then(|only| only.backup_size).map(|size| size.to_string()).unwrap_or_default(),
        ),
        ("backup_sha256", text(only.and_then(|only| only.backup_sha256.as_ref()))),
        ("deployment_log", text(only.and_then(|only| only.deployment_log.as_ref()))),
        ("results", json(results)),
    ]
    .into_iter()
    .chain(of_a_conclusion(overall))
    .collect()
}

/// `outcome` and `state`.
#[must_use]
pub fn of_a_conclusion(conclusion: Conclusion) -> [Output; 2] {
    let state = conclusion.state().map(|state| state.name().to_owned());
    [("outcome", conclusion.outcome().name().to_owned()), ("state", state.unwrap_or_default())]
}

/// The same for a command that makes no backup and means none in particular.
#[must_use]
pub fn of_a_list(results: &[SponsorResult], overall: Conclusion) -> Vec<Output> {
    let mut outputs = of_results(results, overall);
    outputs.retain(|(name, _)| ["sponsors", "results", "outcome", "state"].contains(name));
    outputs
}

/// A warning for each output that GitHub will not pass on to other jobs, because it contains a masked value.
#[must_use]
pub fn dropped(outputs: &[Output], masks: &BTreeSet<String>) -> Vec<Annotation> {
    let holds_a_mask = |value: &str| masks.iter().any(|mask| value.contains(mask.as_str()));
    let dropped = outputs.iter().filter(|(_, value)| holds_a_mask(value)).map(|(name, _)| {
        let message = format!(
            "A secret's value also occurs in the output `{name}`, so GitHub hides it from other jobs. Give that secret a \
             random value that occurs nowhere else."
        );
        annotation(Level::Warning, &format!("output {name} is hidden"), &message)
    });
    dropped.collect()
}

/// JSON on one line.
#[must_use]
pub fn json<T: serde::Serialize + ?Sized>(value: &T) -> String {
    // Text, numbers and lists of them cannot fail to become JSON.
    serde_json::to_string(value).unwrap_or_default()
}

/// A JSON array as lines, one for each element.
pub fn json_array<'r, R: serde::Serialize + 'r>(
    rows: impl Iterator<Item = &'r R> + 'r,
) -> impl Iterator<Item = String> + 'r {
    let mut rows = rows.peekable();
    let (open, close) = if rows.peek().is_some() { ("[", Some("]")) } else { ("[]", None) };
    let elements = std::iter::from_fn(move || {
        let element = json(rows.next()?);
        Some(if rows.peek().is_some() { element + "," } else { element })
    });
    std::iter::once(open.to_owned()).chain(elements).chain(close.map(str::to_owned))
}

/// The text to append to GITHUB_OUTPUT. The delimiter must not be guessable: a value that held it could
/// set outputs of its own.
#[must_use]
pub fn heredoc(outputs: &[Output], delimiter: &str) -> String {
    outputs.iter().map(|(name, value)| format!("{name}<<{delimiter}\n{value}\n{delimiter}\n")).collect()
}

/// `name=value` lines for a terminal; line breaks are shown, not obeyed.
#[must_use]
pub fn lines(outputs: &[Output]) -> String {
    outputs
        .iter()
        .map(|(name, value)| format!("{name}={}\n", value.replace('\n', "\\n").replace('\r', "\\r")))
        .collect()
}

#[cfg(test)]
mod tests;
