//! A drill report as a document, defined by `schemas/drill-report.v1.json`. Pure.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::RunIdentity;
use crate::archive::backup_manifest::Partial;
use crate::databases::postgres::proof::TablePair;
use crate::databases::postgres::restore::LeftOut;
use crate::sponsors::{Environment, Sponsor};
use crate::verification::drill::{Check, DrillCourse, DrillFindings, Status, Target};
use crate::verification::limits::{Measured, minutes};
use crate::verification::{Comparison, Outcome, State};

/// The current version of [`DrillReport`].
const FORMAT_VERSION: u32 = 1;

/// The document. Other programs read its keys, so they never change. An absent fact is `null`.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the schema describes each key, once")]
pub struct DrillReport {
    pub format_version: u32,
    pub status: Status,
    pub outcome: Outcome,
    pub state: Option<State>,
    pub verdict: Option<&'static str>,
    pub drill_timestamp: Timestamp,
    pub environment: String,
    pub sponsor: String,
    pub sponsor_code: String,
    pub backup_location: Option<String>,
    pub backup_snapshot_at: Option<Timestamp>,
    pub backup_size_bytes: Option<u64>,
    pub backup_sha256: Option<String>,
    pub partial: Option<Partial>,
    pub passed_over: Vec<String>,
    pub backup_age_minutes: Option<f64>,
    pub max_rpo_minutes: Option<f64>,
    pub rpo_compliant: Option<bool>,
    pub restore_duration_minutes: f64,
    pub max_rto_minutes: Option<f64>,
    pub rto_compliant: Option<bool>,
    pub durations_ms: Durations,
    pub target: Option<Target>,
    pub rows_expected: Option<u64>,
    pub rows_found: Option<u64>,
    pub tables: Vec<TablePair>,
    pub statements: Option<Statements>,
    pub not_compared: Vec<String>,
    pub checks: Vec<Check>,
    pub left_out: Vec<LeftOut>,
    pub roles_made: Vec<String>,
    pub findings: Vec<String>,
    pub warnings: Vec<String>,
    pub stage: Option<&'static str>,
    pub message: Option<String>,
    pub tool_version: &'static str,
    pub actor: Option<String>,
    pub repository: Option<String>,
    pub workflow: Option<String>,
    pub github_run_id: Option<String>,
    pub github_run_attempt: Option<String>,
    pub github_run_url: Option<String>,
}

/// Sponsor, environment and run of a drill.
#[derive(Debug, Clone, Copy)]
pub struct DrillContext<'a> {
    /// The sponsor being drilled.
    pub sponsor: &'a Sponsor,
    /// Its environment.
    pub environment: Environment,
    /// The run and its actors.
    pub run: &'a RunIdentity,
}

/// Milliseconds per phase and in total.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the schema describes each key, once")]
pub struct Durations {
    pub fetch: Option<u64>,
    pub decrypt: Option<u64>,
    pub load: Option<u64>,
    pub verify: Option<u64>,
    pub total: u64,
}

/// Comparison of the statements.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the schema describes each key, once")]
pub struct Statements {
    pub expected: u64,
    pub found: u64,
    pub equal: Option<bool>,
}

impl DrillReport {
    /// The report of a drill.
    #[must_use]
    pub fn new(whose: DrillContext<'_>, course: &DrillCourse<'_>, findings: &DrillFindings) -> Self {
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let (backup, comparison, run) =
            (findings.backup.as_ref(), findings.comparison.as_ref(), whose.run.clone());
        let conclusion = course.conclusion(findings);
        let (age, restore, phases) = (course.age(findings), course.restore_time(), findings.phases);
        let total = |rows: fn(&TablePair) -> Option<u64>| {
            comparison.map(|comparison| comparison.tables.iter().filter_map(rows).sum())
        };
        Self {
            format_version: FORMAT_VERSION,
            status: course.status(findings),
            outcome: conclusion.outcome(),
            state: conclusion.state(),
            verdict: comparison.map(|comparison| comparison.verdict().name()),
            drill_timestamp: course.at,
            environment: whose.environment.name().to_owned(),
            sponsor: whose.sponsor.name.clone(),
            sponsor_code: whose.sponsor.code.clone(),
            backup_location: backup.map(|backup| backup.location.clone()),
            backup_snapshot_at: backup.map(|backup| backup.snapshot_at),
            backup_size_bytes: backup.map(|backup| backup.bytes),
            backup_sha256: backup.map(|backup| backup.sha256.clone()),
            partial: backup.and_then(|backup| backup.partial.clone()),
            passed_over: findings.passed.clone(),
            backup_age_minutes: age.map(Measured::minutes),
            max_rpo_minutes: course.max_rpo.map(minutes),
            rpo_compliant: course.is_rpo_kept(findings),
            restore_duration_minutes: restore.minutes(),
            max_rto_minutes: course.max_rto.map(minutes),
            rto_compliant: course.is_rto_kept(findings),
            durations_ms: Durations {
                fetch: phases.fetch.map(ms),
                decrypt: phases.decrypt.map(ms),
                load: phases.load.map(ms),
                verify: phases.verify.map(ms),
                total: ms(course.took),
            },
            target: findings.target.clone(),
            rows_expected: total(|table| table.rows_expected),
            rows_found: total(|table| table.rows_found),
            tables: comparison.map(|comparison| comparison.tables.clone()).unwrap_or_default(),
            statements: comparison.map(|comparison| Statements {
                expected: comparison.statements.0,
                found: comparison.statements.1,
                equal: comparison.statements_equal,
            }),
            not_compared: comparison.map(Comparison::not_compared).unwrap_or_default(),
            checks: findings.checks.clone(),
            left_out: findings.left_out.clone(),
            roles_made: findings.roles_made.clone(),
            findings: course.wrong(findings),
            warnings: course.restored(findings).warnings(backup.and_then(|backup| backup.partial.as_ref())),
            stage: course.broken.map(|(stage, ..)| stage),
            message: course.broken.map(|(_, message, _)| message.to_owned()),
            tool_version: env!("CARGO_PKG_VERSION"),
            actor: run.actor,
            repository: run.repository,
            workflow: run.workflow,
            github_run_id: run.run_id,
            github_run_attempt: run.run_attempt,
            github_run_url: run.run_url,
        }
    }

    /// The document as it is stored.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        super::to_bytes(self)
    }
}

#[cfg(test)]
mod tests;
