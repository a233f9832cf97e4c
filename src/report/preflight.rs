//! The findings of `preflight`: a table for people, Markdown for the summary, JSON for programs. Pure.

use std::fmt::Write as _;

use serde::Serialize;

use super::SponsorResult;
use super::lines::count;
use super::markdown::{cell, sentence};
use super::summary::{LIMIT, Title, headline_with, verdict};
use super::workflow::{Annotation, Level as AnnotationLevel, annotation};
use crate::finding::{Finding, Level};

/// All findings of a run.
#[derive(Debug, Default)]
pub struct PreflightReport {
    /// Those that concern no single sponsor.
    pub general: Vec<Finding>,
    /// Each sponsor's, in the manifest's order.
    pub sponsors: Vec<(String, Vec<Finding>)>,
}

/// A finding as JSON. The keys never change.
#[derive(Serialize)]
struct Row<'a> {
    /// `null` for a finding that concerns no single sponsor.
    sponsor: Option<&'a str>,
    check: &'static str,
    level: Level,
    what: &'a str,
    /// `null` if the level is `ok`.
    why: Option<&'a str>,
    fix: Option<&'a str>,
}

const GENERAL: &str = "all sponsors";

impl PreflightReport {
    /// Findings by sponsor, the general ones first.
    fn groups(&self) -> impl Iterator<Item = (Option<&str>, &[Finding])> {
        let general = std::iter::once((None, self.general.as_slice()));
        let sponsors =
            self.sponsors.iter().map(|(name, findings)| (Some(name.as_str()), findings.as_slice()));
        general.chain(sponsors).filter(|(_, findings)| !findings.is_empty())
    }

    /// One array of all findings, an object a line.
    #[must_use]
    pub fn json(&self) -> String {
        let text = |text: &'_ str| -> Option<String> { (!text.is_empty()).then(|| text.to_owned()) };
        let rows = self.groups().flat_map(|(sponsor, findings)| {
            findings.iter().map(move |finding| {
                let (why, fix) = (text(&finding.why), text(&finding.fix));
                super::outputs::json(&Row {
                    sponsor,
                    check: finding.check,
                    level: finding.level,
                    what: &finding.what,
                    why: why.as_deref(),
                    fix: fix.as_deref(),
                })
            })
        });
        let rows: Vec<String> = rows.collect();
        if rows.is_empty() { "[]\n".to_owned() } else { format!("[\n{}\n]\n", rows.join(",\n")) }
    }

    /// The tables, each with its title, and whether all its findings are well.
    #[must_use]
    pub fn tables(&self) -> Vec<(String, Vec<String>, bool)> {
        let table = |(sponsor, findings): (Option<&str>, &[Finding])| {
            let title = format!("{}: {}", sponsor.unwrap_or(GENERAL), counts(findings));
            (title, lines(findings), findings.iter().all(|finding| finding.level == Level::Ok))
        };
        self.groups().map(table).collect()
    }

    /// Annotations for the findings that concern no single sponsor.
    #[must_use]
    pub fn general_annotations(&self) -> Vec<Annotation> {
        let noted = self.general.iter().filter_map(|finding| {
            let level = match finding.level {
                Level::Ok => return None,
                Level::Warn => AnnotationLevel::Warning,
                Level::Fail => AnnotationLevel::Error,
            };
            Some(annotation(level, &format!("preflight: {}", finding.check), &in_words(finding)))
        });
        noted.collect()
    }
}

/// A finding with what to do about it, on a line of its own.
#[must_use]
pub fn in_words(finding: &Finding) -> String {
    let fix = if finding.fix.is_empty() { String::new() } else { format!("\n{}", finding.fix) };
    format!("{}{fix}", finding.what)
}

/// `1 failed, 2 warnings, 18 ok`
#[must_use]
pub fn counts(findings: &[Finding]) -> String {
    let of = |level| findings.iter().filter(|finding| finding.level == level).count();
    let failed = match of(Level::Fail) {
        0 => None,
        failed => Some(format!("{failed} failed")),
    };
    let warnings = match of(Level::Warn) {
        0 => None,
        warnings => Some(count(warnings, "warning")),
    };
    let words = [failed, warnings, Some(format!("{} ok", of(Level::Ok)))];
    words.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The worst first; those of one level stay in order.
fn by_weight(findings: &[Finding]) -> Vec<&Finding> {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    sorted
}

fn lines(findings: &[Finding]) -> Vec<String> {
    let width = findings.iter().map(|finding| finding.check.len()).max().unwrap_or_default();
    let mut lines = Vec::new();
    for finding in by_weight(findings) {
        lines.push(format!("  {:<4}  {:<width$}  {}", finding.level.name(), finding.check, finding.what));
        let more = [("why: ", &finding.why), ("fix: ", &finding.fix)];
        let more = more.into_iter().filter(|(_, text)| !text.is_empty());
        lines.extend(more.map(|(label, text)| format!("        {label}{text}")));
    }
    lines
}

/// The job summary: the verdict, then a table per sponsor. Rows that would make it too long are counted.
#[must_use]
pub fn summary(title: Title<'_>, results: &[SponsorResult], report: &PreflightReport) -> String {
    let mut text = if results.is_empty() {
        format!("## ❌ {}\n\n{}\n\n", headline_with(title, "failed"), title.about)
    } else {
        verdict(title, results)
    };
    let mut left_out = 0;
    for (sponsor, findings) in report.groups() {
        // Writing to a String cannot fail.
        write!(text, "### {}: {}\n\n", sponsor.unwrap_or("All sponsors"), counts(findings)).ok();
        text.push_str("| | Check | Finding | Fix |\n|---|---|---|---|\n");
        for finding in by_weight(findings) {
            let fix = if finding.fix.is_empty() { String::new() } else { sentence(&finding.fix) };
            let why =
                if finding.why.is_empty() { String::new() } else { format!(". {}", cell(&finding.why)) };
            let what = format!("{}{why}", cell(&finding.what));
            let row = format!("| {} | {} | {what} | {} |\n", sign(finding.level), finding.check, cell(&fix));
            if text.len() + row.len() > LIMIT {
                left_out += 1;
            } else {
                text.push_str(&row);
            }
        }
        text.push('\n');
    }
    if left_out > 0 {
        writeln!(text, "… and {left_out} more. The log has them all.").ok();
    }
    text
}

fn sign(level: Level) -> &'static str {
    match level {
        Level::Ok => "✅",
        Level::Warn => "⚠️",
        Level::Fail => "❌",
    }
}

#[cfg(test)]
mod tests;
