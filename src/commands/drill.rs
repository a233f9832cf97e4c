//! `drill`: for each selected sponsor verifies a backup, restores it into a temporary server, compares and reports.

mod sponsor;
mod target;

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::time::Instant;

use futures_util::FutureExt as _;

use super::buckets::{AttributeSource, SponsorBuckets};
use super::limit::TimeLimit;
use super::publish::{Completed, Ended, Publisher, RedactedFailure};
use super::scope::{self, SecretsSource};
use super::survey::TenancyGuard;
use super::{RunContext, records, restoring, stored};
use crate::archive::Identities;
use crate::archive::key::Object;
use crate::cli::UsageError;
use crate::cli::order::DrillOptions;
use crate::databases::postgres::DumpError;
use crate::databases::postgres::client::Client;
use crate::databases::postgres::restore::{TargetState, script};
use crate::failure::{Doing, Failure, TimedOut};
use crate::record::drill::{DrillContext, DrillReport};
use crate::report::{SponsorResult, drill as text};
use crate::secrets::file::reason;
use crate::sponsors::Sponsor;
use crate::verification::drill::{DrillCourse, DrillFindings};
use crate::verification::{Conclusion, VerificationError};

/// What all sponsors of a run share.
struct DrillRun<'a> {
    order: &'a DrillOptions,
    edge: &'a RunContext,
    survey: TenancyGuard,
    clients: Result<Vec<Client>, DumpError>,
    identities: Identities,
    checks: Vec<String>,
}

/// Facts about one sponsor's drill so far.
#[derive(Default)]
struct DrillState {
    findings: DrillFindings,
    vault: Option<SponsorBuckets>,
    target: TargetState,
    /// What follows from a failure, each in words.
    consequences: Vec<String>,
}

pub(super) async fn run(
    order: DrillOptions,
    edge: &RunContext,
    publisher: &Publisher<'_>,
) -> Result<u8, Failure> {
    let checks = checks(order.checks.as_deref()).await?;
    let identities = stored::identities(&order.opening, edge).await?;
    let selected = scope::select_some(&order.scope, edge).await?;
    let secrets = SecretsSource::open(&order.scope, edge, &selected.sponsors).await?;
    let run = DrillRun {
        survey: TenancyGuard::of_secrets(&secrets, &selected, Some(order.opening.timeout), edge).await,
        clients: scope::clients(edge).await?,
        order: &order,
        edge,
        identities,
        checks,
    };
    let (mut ended, mut drilled) = (Vec::new(), Vec::new());
    // One at a time: each drill takes the disk space of a database, and its duration is measured.
    for sponsor in &selected.sponsors {
        let (result, report) = Box::pin(run.sponsor(sponsor, publisher)).await;
        ended.push(result);
        drilled.extend(report);
    }
    let outputs = if let [only] = drilled.as_slice() { text::outputs(only) } else { text::no_outputs() };
    publisher.results_with(ended, outputs, &text::summary(&drilled))
}

/// The sponsor's own checks.
async fn checks(path: Option<&Path>) -> Result<Vec<String>, UsageError> {
    let Some(path) = path else { return Ok(Vec::new()) };
    let shown = path.display();
    let unreadable = |error| {
        UsageError::new(format!("cannot read `drill-checks` {shown}: {}", reason(&error)))
            .hint("Check the `drill-checks` input: the path of a file of SQL statements.")
    };
    let bad = |problem: &str| {
        UsageError::new(format!("`drill-checks` {shown}: {problem}"))
            .hint("Write SQL statements that each return true, and end each with a semicolon.")
    };
    let text = tokio::fs::read_to_string(path).await.map_err(unreadable)?;
    let found = script::statements(&text).map_err(bad)?;
    if found.is_empty() { Err(bad("contains no statement")) } else { Ok(found) }
}

impl DrillRun<'_> {
    /// Drills one sponsor. Failures and panics stay with that sponsor.
    async fn sponsor(
        &self,
        sponsor: &Sponsor,
        publisher: &Publisher<'_>,
    ) -> (Ended, Option<text::ReportedDrill>) {
        let (begun, at) = (Instant::now(), self.edge.now());
        let over = TimedOut::new(self.order.opening.timeout, Doing::Drill);
        let clock = TimeLimit::start(self.edge, over, self.survey.took(sponsor));
        let mut facts = DrillState::default();
        let done = AssertUnwindSafe(self.drill(sponsor, &mut facts, at, &clock)).catch_unwind().await;
        let done = done.unwrap_or_else(|_| Err(Failure::Bug("panicked (see the lines above)".to_owned())));
        let took = begun.elapsed();
        let done = done.map_err(|failure| clock.cause(failure)).map_err(|failure| match facts.target {
            TargetState::Unchanged => failure,
            _ => failure.after_a_change(),
        });
        let broken = done.as_ref().err().map(|failure| RedactedFailure::of(failure, self.edge));
        let course = DrillCourse {
            at,
            took,
            max_rpo: self.order.max_rpo,
            max_rto: self.order.max_rto,
            broken: broken
                .as_ref()
                .map(|told| (told.stage, told.message.as_str(), told.stage == "cancelled")),
        };
        let whose = DrillContext { sponsor, environment: self.order.scope.environment, run: &self.edge.run };
        let conclusion = match &done {
            Ok(Completed::Disabled(_)) => Conclusion::disabled(),
            Ok(Completed::Planned) => Conclusion::planned(),
            Ok(Completed::Done(())) | Err(_) => course.conclusion(&facts.findings),
        };
        let mut result = SponsorResult::new(&sponsor.name, conclusion, took.as_secs_f64());
        result.target = Some(facts.target);
        if let Some(backup) = &facts.findings.backup {
            result.backup_location = Some(backup.location.clone());
            result.backup_size = Some(backup.bytes);
            result.backup_sha256 = Some(backup.sha256.clone());
        }
        let partial = facts.findings.backup.as_ref().and_then(|backup| backup.partial.as_ref());
        let warnings = course.restored(&facts.findings).warnings(partial);
        let warnings = facts.findings.passed.iter().cloned().chain(warnings);
        result.warnings = warnings.chain(std::mem::take(&mut facts.consequences)).collect();
        let (done, drilled) = match done {
            Ok(Completed::Disabled(why)) => {
                result.message = Some(why);
                (Ok(()), None)
            }
            Ok(Completed::Planned) => {
                let (vault, labelling) = (facts.vault.as_ref(), self.labelling(at));
                (records::could_keep(sponsor, vault, Object::DrillReport, &labelling).await, None)
            }
            // A dry run that found an obstacle drilled nothing, so it leaves no report.
            Err(failure) if self.order.dry_run => (Err(failure), None),
            other => {
                let report = DrillReport::new(whose, &course, &facts.findings);
                let kept = self.keep(sponsor, &report, facts.vault.as_ref(), at).await;
                result.warnings.extend(kept.warning);
                let (location, failure) = (kept.place, kept.failure);
                let done = other.map(drop).and_then(|()| wrong(&course, &facts.findings));
                let done = done.and(failure.map_or(Ok(()), Err));
                (done, Some(text::ReportedDrill { report, location }))
            }
        };
        let code = match &done {
            Ok(()) => {
                result.message = result.message.or(drilled.as_ref().map(text::line));
                None
            }
            Err(failure) => Some(RedactedFailure::of(failure, self.edge).fail(&mut result)),
        };
        result.labels.extend(drilled.as_ref().and_then(text::ReportedDrill::label));
        publisher.sponsor(&result);
        ((result, code), drilled)
    }

    fn labelling(&self, at: jiff::Timestamp) -> AttributeSource<'_> {
        AttributeSource {
            deployment: &self.order.deployment,
            edge: self.edge,
            environment: self.order.scope.environment,
            pre_migration: false,
            partial: false,
            at,
        }
    }

    /// Saves the report in the workspace and in the sponsor's audit log bucket.
    async fn keep(
        &self,
        sponsor: &Sponsor,
        report: &DrillReport,
        vault: Option<&SponsorBuckets>,
        at: jiff::Timestamp,
    ) -> records::SavedRecord {
        let labelling = self.labelling(at);
        records::keep((Object::DrillReport, &report.to_bytes()), sponsor, vault, &labelling).await
    }
}

/// The failure for what a drill found.
fn wrong(course: &DrillCourse<'_>, findings: &DrillFindings) -> Result<(), Failure> {
    if course.conclusion(findings).is_success() {
        return Ok(());
    }
    let mut found = course.wrong(findings);
    if found.is_empty() {
        found.push(restoring::incomplete(findings.left_out.len()));
    }
    let place = findings.backup.as_ref().map(|backup| backup.location.clone()).unwrap_or_default();
    Err(VerificationError { place, findings: found, hint: course.hint(findings) }.into())
}
