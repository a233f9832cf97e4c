//! `drill`: for each selected sponsor verifies a backup, restores it into a temporary server, compares and reports.

mod sponsor;
mod target;

use std::path::Path;

use super::buckets::{AttributeSource, SponsorBuckets};
use super::publish::{Ended, Publisher, RedactedFailure};
use super::secrets_source::SecretsSource;
use super::session::{Completed, Sessions, SponsorSession, contained};
use super::tenancy_guard::TenancyGuard;
use super::{RunContext, restoring, save_record, sponsor_selection, stored};
use crate::archive::Identities;
use crate::cli::UsageError;
use crate::cli::options::DrillOptions;
use crate::databases::postgres::PostgresError;
use crate::databases::postgres::client::Client;
use crate::databases::postgres::restore::{TargetState, script};
use crate::failure::{Doing, Failure, TimedOut};
use crate::layout::key::Object;
use crate::record::drill::{DrillContext, DrillReport};
use crate::report::{SponsorResult, drill as text};
use crate::secrets::file::reason;
use crate::sponsors::Sponsor;
use crate::verification::drill::{DrillCourse, DrillFindings};
use crate::verification::{Conclusion, VerificationError};

/// What all sponsors of a run share.
struct DrillRun<'a> {
    options: &'a DrillOptions,
    context: &'a RunContext,
    sessions: Sessions<'a>,
    clients: Result<Vec<Client>, PostgresError>,
    identities: Identities,
    checks: Vec<String>,
}

/// Facts about one sponsor's drill so far.
#[derive(Default)]
struct DrillState {
    findings: DrillFindings,
    buckets: Option<SponsorBuckets>,
    target: TargetState,
    /// What follows from a failure, each in words.
    consequences: Vec<String>,
}

pub(super) async fn run(
    options: DrillOptions,
    context: &RunContext,
    publisher: &Publisher<'_>,
) -> Result<u8, Failure> {
    let checks = checks(options.checks.as_deref()).await?;
    let identities = stored::identities(&options.reading, context).await?;
    let selected = sponsor_selection::select_some(&options.common, context).await?;
    let secrets = SecretsSource::open(&options.common, context, &selected.sponsors).await?;
    let timeout = options.reading.timeout;
    let guard = TenancyGuard::of_stores(&secrets, &selected, Some(timeout), context).await;
    let run = DrillRun {
        sessions: Sessions { common: &options.common, context, guard, publisher },
        clients: sponsor_selection::clients(context).await?,
        options: &options,
        context,
        identities,
        checks,
    };
    let (mut ended, mut drilled) = (Vec::new(), Vec::new());
    // One at a time: each drill takes the disk space of a database, and its duration is measured.
    for sponsor in &selected.sponsors {
        let broken = |failure| (run.sessions.end_broken(sponsor, &failure), None);
        let (result, report) = contained(Box::pin(run.sponsor(sponsor)), broken).await;
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
    async fn sponsor(&self, sponsor: &Sponsor) -> (Ended, Option<text::ReportedDrill>) {
        let limit = TimedOut::new(self.options.reading.timeout, Doing::Drill);
        let session = self.sessions.begin(sponsor, Some(limit));
        let mut state = DrillState::default();
        let done = session.run(Box::pin(self.drill(&session, &mut state))).await;
        let done = done.map_err(|failure| match state.target {
            TargetState::Unchanged => failure,
            _ => failure.after_a_change(),
        });
        let broken = done.as_ref().err().map(|failure| session.redacted(failure));
        let course = self.course(&session, broken.as_ref());
        let mut result = session.result(match &done {
            Ok(Completed::Disabled(_)) => Conclusion::disabled(),
            Ok(Completed::Planned) => Conclusion::planned(),
            Ok(Completed::Done) | Err(_) => course.conclusion(&state.findings),
        });
        state.fill(&mut result, &course);
        let (done, drilled) = self.report(&session, &state, (done, &course), &mut result).await;
        if done.is_ok() {
            result.message = result.message.or(drilled.as_ref().map(text::line));
        }
        result.labels.extend(drilled.as_ref().and_then(text::ReportedDrill::label));
        (session.end(result, done.err().map(|failure| session.redacted(&failure))), drilled)
    }

    fn course<'s>(
        &self,
        session: &SponsorSession<'_>,
        broken: Option<&'s RedactedFailure>,
    ) -> DrillCourse<'s> {
        DrillCourse {
            at: session.started,
            took: session.took(),
            max_rpo: self.options.max_rpo,
            max_rto: self.options.max_rto,
            broken: broken
                .map(|failure| (failure.stage, failure.message.as_str(), failure.stage == "cancelled")),
        }
    }

    /// Saves the report, if there was a drill. Returns the final outcome: what the drill found, and whether its report
    /// was saved.
    async fn report(
        &self,
        session: &SponsorSession<'_>,
        state: &DrillState,
        (done, course): (Result<Completed, Failure>, &DrillCourse<'_>),
        result: &mut SponsorResult,
    ) -> (Result<(), Failure>, Option<text::ReportedDrill>) {
        let (sponsor, buckets) = (session.sponsor, state.buckets.as_ref());
        let source = self.attribute_source(session);
        match done {
            Ok(Completed::Disabled(why)) => {
                result.message = Some(why.to_string());
                (Ok(()), None)
            }
            Ok(Completed::Planned) => {
                (save_record::check_save(sponsor, buckets, Object::DrillReport, &source).await, None)
            }
            // A dry run that found an obstacle drilled nothing, so it leaves no report.
            Err(failure) if self.options.common.dry_run => (Err(failure), None),
            drilled => {
                let environment = self.options.common.environment;
                let whose = DrillContext { sponsor, environment, run: &self.context.run };
                let report = DrillReport::new(whose, course, &state.findings);
                let entry = (Object::DrillReport, &*report.to_bytes());
                let kept = save_record::save(entry, sponsor, buckets, &source).await;
                result.warnings.extend(kept.warning);
                let done = drilled.map(drop).and_then(|()| wrong(course, &state.findings));
                let done = done.and(kept.failure.map_or(Ok(()), Err));
                (done, Some(text::ReportedDrill { report, location: kept.place }))
            }
        }
    }

    fn attribute_source(&self, session: &SponsorSession<'_>) -> AttributeSource<'_> {
        AttributeSource {
            deployment: &self.options.deployment,
            context: self.context,
            environment: self.options.common.environment,
            pre_migration: false,
            partial: false,
            at: session.started,
        }
    }
}

impl DrillState {
    /// What the result shows of the drill, whatever its outcome.
    fn fill(&mut self, result: &mut SponsorResult, course: &DrillCourse<'_>) {
        result.target = Some(self.target);
        if let Some(backup) = &self.findings.backup {
            result.backup_location = Some(backup.location.clone());
            result.backup_size = Some(backup.bytes);
            result.backup_sha256 = Some(backup.sha256.clone());
        }
        let partial = self.findings.backup.as_ref().and_then(|backup| backup.partial.as_ref());
        let warnings = course.restored(&self.findings).warnings(partial);
        let warnings = self.findings.passed.iter().cloned().chain(warnings);
        result.warnings = warnings.chain(std::mem::take(&mut self.consequences)).collect();
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
