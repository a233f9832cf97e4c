//! A drill's report for people and workflows: outputs, a line for the log, a chapter of the summary. Pure.

use std::fmt::Write as _;

use super::lines::{duration, number};
use super::markdown::{cell, code, list};
use super::outputs::Output;
use super::restore::{comparison_line, left_out, tables};
use crate::record::drill::DrillReport;
use crate::verification::Verdict;
use crate::verification::drill::{Check, Status};

/// A drill that was reported.
#[derive(Debug, Clone)]
pub struct ReportedDrill {
    /// The report.
    pub report: DrillReport,
    /// Where it is kept.
    pub location: Option<String>,
}

impl ReportedDrill {
    /// `report: s3://…`, as a line of the log.
    #[must_use]
    pub fn label(&self) -> Option<(&'static str, String)> {
        self.location.clone().map(|location| ("report", location))
    }
}

/// The outputs of the one drill.
#[must_use]
pub fn outputs(drilled: &ReportedDrill) -> Vec<Output> {
    let report = &drilled.report;
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let boolean = |value: Option<bool>| value.map(|value| value.to_string()).unwrap_or_default();
    vec![
        ("drill_report", drilled.location.clone().unwrap_or_default()),
        ("drill_status", report.status.name().to_owned()),
        ("backup_age_minutes", number(report.backup_age_minutes)),
        // A drill that was interrupted did not measure a restore.
        (
            "restore_duration_minutes",
            number(report.durations_ms.load.map(|_| report.restore_duration_minutes)),
        ),
        ("rpo_compliant", boolean(report.rpo_compliant)),
        ("rto_compliant", boolean(report.rto_compliant)),
    ]
}

/// The same outputs, empty, if none or several drills ran.
#[must_use]
pub fn no_outputs() -> Vec<Output> {
    let names = [
        "drill_report",
        "drill_status",
        "backup_age_minutes",
        "restore_duration_minutes",
        "rpo_compliant",
        "rto_compliant",
    ];
    names.map(|name| (name, String::new())).to_vec()
}

/// `equal: 5 tables, 1,200 rows`
#[must_use]
pub fn line(drilled: &ReportedDrill) -> String {
    let report = &drilled.report;
    let verdict = report.verdict.unwrap_or(report.status.name());
    let counts = (report.tables.len(), report.rows_found.unwrap_or_default(), report.left_out.len());
    comparison_line(verdict, counts, report.partial.as_ref())
}

/// One chapter a drill.
#[must_use]
pub fn summary(drilled: &[ReportedDrill]) -> String {
    drilled.iter().map(chapter).collect::<Vec<_>>().join("\n")
}

fn chapter(drilled: &ReportedDrill) -> String {
    let report = &drilled.report;
    let mut text = format!(
        "\n### {} {}: {}\n\n",
        sign(report),
        report.sponsor,
        report.verdict.unwrap_or(report.status.name())
    );
    for (label, value) in facts(drilled) {
        // Writing to a String cannot fail.
        writeln!(text, "- **{label}:** {value}").ok();
    }
    list(&mut text, "What is wrong", &report.findings);
    list(&mut text, "Not compared", &report.not_compared);
    left_out(&mut text, &report.left_out);
    checks(&mut text, &report.checks);
    tables(&mut text, &report.tables);
    text
}

fn facts(drilled: &ReportedDrill) -> Vec<(&'static str, String)> {
    let report = &drilled.report;
    let minutes = |minutes: f64| duration(minutes * 60.0);
    let limit = |limit: Option<f64>, kept: Option<bool>| match (limit, kept) {
        (Some(limit), Some(true)) => format!(", limit {}", minutes(limit)),
        (Some(limit), Some(false)) => format!(", **over the limit of {}**", minutes(limit)),
        _ => String::new(),
    };
    let durations = &report.durations_ms;
    let phases = [
        ("fetch", durations.fetch),
        ("unpack", durations.decrypt),
        ("load", durations.load),
        ("verify", durations.verify),
    ];
    let phases =
        phases.into_iter().filter_map(|(name, ms)| Some(format!("{name} {}", duration(ms? as f64 / 1000.0))));
    let phases = phases.collect::<Vec<_>>().join(", ");
    let age = report.backup_age_minutes.map_or("–".to_owned(), minutes);
    let mut facts = vec![
        ("Backup", report.backup_location.as_deref().map_or("–".to_owned(), code)),
        ("Age (RPO)", age + &limit(report.max_rpo_minutes, report.rpo_compliant)),
        (
            "Duration (RTO)",
            format!(
                "{}{}",
                minutes(report.restore_duration_minutes),
                limit(report.max_rto_minutes, report.rto_compliant)
            ),
        ),
    ];
    if !phases.is_empty() {
        facts.push(("Phases", phases));
    }
    if let Some(partial) = &report.partial {
        facts.push(("Not in the backup", cell(&partial.words())));
    }
    if let Some(target) = &report.target {
        let place = cell(target.place.as_deref().unwrap_or("temporary server"));
        facts.push(("Restored into", format!("{place}, PostgreSQL {}", cell(&target.server_version))));
    }
    if let Some(statements) = &report.statements {
        let equal = match statements.equal {
            Some(true) => "equal",
            Some(false) if report.verdict != Some(Verdict::NotEqual.name()) => {
                "equal, except what was not compared or left out"
            }
            Some(false) => "**not equal**",
            None => "not compared: other versions write them in other words",
        };
        facts.push((
            "Statements",
            format!("{} of {}, {equal}", number(statements.found), number(statements.expected)),
        ));
    }
    if !report.roles_made.is_empty() {
        facts.push(("Roles made", cell(&report.roles_made.join(", "))));
    }
    facts.push(("Report", drilled.location.as_deref().map_or("–".to_owned(), code)));
    facts
}

/// The checks: the comment of each as its title, its SQL as code.
fn checks(text: &mut String, checks: &[Check]) {
    if checks.is_empty() {
        return;
    }
    text.push_str("\n**Checks**\n\n");
    for check in checks {
        let sign = if check.passed { "✅" } else { "❌" };
        let (comments, sql): (Vec<&str>, Vec<&str>) =
            check.statement.lines().map(str::trim).partition(|line| line.starts_with("--"));
        let comments = comments.iter().map(|line| line.trim_start_matches('-').trim()).collect::<Vec<_>>();
        let title = cell(comments.join(" ").trim());
        let sql = code(&sql.join(" ").split_whitespace().collect::<Vec<_>>().join(" "));
        let title = if title.is_empty() { title } else { format!("{title} ") };
        writeln!(text, "- {sign} {title}{sql}").ok();
    }
}

fn sign(report: &DrillReport) -> &'static str {
    match report.status {
        Status::Passed if report.partial.is_none() && !report.tables.is_empty() => "✅",
        Status::Passed => "⚠️",
        Status::Incomplete | Status::Failed | Status::Error | Status::Cancelled => "❌",
    }
}
