//! The end of every command: log lines, annotations, outputs, summary, exit code.

use std::sync::OnceLock;
use std::time::Instant;

use super::RunContext;
use crate::cli::{CommandOptions, FreeText};
use crate::failure::{self, Failure};
use crate::report::listing::{self, BackupList};
use crate::report::outputs::{self, Output};
use crate::report::preflight::{self, PreflightReport};
use crate::report::sink::Sink;
use crate::report::summary::{self, About, Subject, Title};
use crate::report::workflow::{Level, annotation, annotations_of};
use crate::report::{Record, SponsorResult, lines, overall};
use crate::secrets::http::{foreign, list_causes};
use crate::sponsors::Environment;
use crate::verification::{Conclusion, Outcome};

/// Reports a run: each sponsor's result as it comes, and all of them at the end.
pub(super) struct Publisher<'a> {
    pub(super) subject: Subject,
    /// Whether the run is to end at the plan.
    pub(super) dry_run: bool,
    pub(super) environment: Environment,
    pub(super) context: &'a RunContext,
    /// What was reported.
    pub(super) reported: OnceLock<ReportedEnd>,
    /// Version and reason of a deployment.
    pub(super) deployed: (Option<FreeText>, Option<FreeText>),
    /// When the run began.
    pub(super) begun: Instant,
    /// The verdict of the run, which is its last line.
    pub(super) verdict: OnceLock<String>,
}

/// How a run ended, as it was reported.
pub(super) enum ReportedEnd {
    Results {
        results: Vec<SponsorResult>,
        /// The exit code of each failed one, in the same order.
        codes: Vec<Option<u8>>,
    },
    /// It failed before any sponsor was processed.
    Refusal { stage: &'static str, message: String, hint: Option<String> },
}

/// A failure as it is reported and recorded: without any secret that others quoted.
#[derive(Clone)]
pub(super) struct RedactedFailure {
    pub(super) stage: &'static str,
    pub(super) code: u8,
    pub(super) message: String,
    pub(super) hint: Option<String>,
    /// What caused it, the nearest cause first.
    causes: Vec<String>,
}

impl RedactedFailure {
    pub(super) fn of(failure: &Failure, sink: &Sink) -> Self {
        let (stage, code) = failure.stage_and_code();
        let clean = |words: String| sink.redacted(&words);
        let (message, hint) = (clean(failure.to_string()), failure.hint().map(clean));
        // Libraries write them, so that even the shortest secret is taken out.
        let mut causes: Vec<String> =
            list_causes(failure).iter().skip(1).map(|error| clean(foreign(&error.to_string()))).collect();
        causes.dedup();
        Self { stage, code, message, hint, causes }
    }

    /// Makes a result the failure; gives its code.
    pub(super) fn fail(self, result: &mut SponsorResult) -> u8 {
        result.fail(self.stage, self.message, self.hint);
        result.causes = self.causes;
        self.code
    }
}

/// One sponsor's result, and the code of its failure.
pub(super) type Ended = (SponsorResult, Option<u8>);

impl<'a> Publisher<'a> {
    pub(super) fn new(options: &CommandOptions, context: &'a RunContext) -> Self {
        let subject = match options {
            CommandOptions::Matrix(_) => Subject::Matrix,
            CommandOptions::Backup(_) => Subject::Backup,
            CommandOptions::Record(_) => Subject::Record,
            CommandOptions::List(_) => Subject::List,
            CommandOptions::History(_) => Subject::History,
            CommandOptions::Show(_) => Subject::Show,
            CommandOptions::Diff(_) => Subject::Diff,
            CommandOptions::Verify(_) => Subject::Verify,
            CommandOptions::Restore(_) => Subject::Restore,
            CommandOptions::Drill(_) => Subject::Drill,
            CommandOptions::Copy(_) => Subject::Copy,
            CommandOptions::Hold(_) => Subject::Hold,
            CommandOptions::HoldList(_) => Subject::HoldList,
            CommandOptions::Prune(_) => Subject::Prune,
            CommandOptions::Report(_) => Subject::Report,
            CommandOptions::Metrics(_) => Subject::Metrics,
            CommandOptions::NotifyTest(_) => Subject::NotifyTest,
            CommandOptions::Preflight(_) => Subject::Preflight,
        };
        let common = options.common();
        let deployment = options.deployment();
        Self {
            subject,
            dry_run: common.dry_run,
            environment: common.environment,
            context,
            reported: OnceLock::new(),
            verdict: OnceLock::new(),
            deployed: deployment.map(|told| (told.version.clone(), told.reason.clone())).unwrap_or_default(),
            begun: Instant::now(),
        }
    }

    /// Shows one sponsor's result as soon as it is there. Failures are never folded away.
    pub(super) fn show_sponsor(&self, result: &SponsorResult) {
        let (sink, lines) = (&self.context.sink, lines::of_result(result));
        match lines.split_first() {
            Some((title, details)) if result.outcome() == Outcome::Success && result.warnings.is_empty() => {
                sink.group(title, details);
            }
            _ => sink.block(&lines),
        }
        result
            .causes
            .iter()
            .for_each(|cause| sink.debug(|| format!("{}: caused by: {cause}", result.sponsor)));
        if let Some(record) = &result.record {
            self.show_record(result, record);
        }
    }

    /// Shows a deployment record. A runner's disk is gone after the job, so a record that did not reach S3 is shown open
    /// there; one that did is folded. Elsewhere nothing folds and the file stays: the record is shown only if it was
    /// kept nowhere.
    fn show_record(&self, result: &SponsorResult, record: &Record) {
        let sink = &self.context.sink;
        let lines: Vec<String> = record.text.lines().map(str::to_owned).collect();
        let title = format!("Deployment record: {}", result.sponsor);
        match (sink.is_workflow(), record.is_in_s3) {
            (true, true) => sink.group(&title, &lines),
            (false, _) if result.deployment_log.is_some() => {}
            _ => sink.block(&std::iter::once(title).chain(lines).collect::<Vec<_>>()),
        }
    }

    /// Reports all sponsors' results; gives the exit code.
    pub(super) fn results(&self, ended: Vec<Ended>) -> Result<u8, Failure> {
        self.conclude(ended, outputs::of_results, summary::of_results)
    }

    /// The same, with outputs and a chapter of the summary that only this command has.
    pub(super) fn results_with(
        &self,
        ended: Vec<Ended>,
        own: Vec<Output>,
        chapter: &str,
    ) -> Result<u8, Failure> {
        let outputs = |results: &[SponsorResult], overall: Conclusion| {
            outputs::of_results(results, overall).into_iter().chain(own.clone()).collect()
        };
        self.conclude(ended, outputs, |title, results| summary::with_chapter(title, results, chapter))
    }

    /// Reports all sponsors' lists; gives the exit code.
    pub(super) fn lists(&self, ended: Vec<Ended>, lists: &[BackupList]) -> Result<u8, Failure> {
        self.conclude(ended, outputs::of_a_list, |title, results| listing::summary(title, results, lists))
    }

    /// Reports what a preflight found; gives the exit code. A finding that concerns no single sponsor counts, too.
    pub(super) fn preflight(&self, ended: Vec<Ended>, report: &PreflightReport) -> Result<u8, Failure> {
        let general = Conclusion::of_preflight(&report.general);
        let all_of = |results: &[SponsorResult]| Conclusion::overall(&[overall(results), general]);
        self.context.sink.annotations(&report.general_annotations());
        if general.is_failure() {
            // The first verdict counts, and results alone would seem well.
            self.conclude_with(&format!("failed ({})", preflight::counts(&report.general)));
        }
        let code = self.conclude(
            ended,
            |results, _| outputs::of_a_list(results, all_of(results)),
            |title, results| preflight::summary(title, results, report),
        )?;
        let is_hidden = code == 0 && general.is_failure();
        Ok(if is_hidden { failure::PROOF } else { code })
    }

    fn conclude(
        &self,
        ended: Vec<Ended>,
        outputs: impl Fn(&[SponsorResult], Conclusion) -> Vec<Output>,
        summary: impl Fn(Title<'_>, &[SponsorResult]) -> String,
    ) -> Result<u8, Failure> {
        let (results, each): (Vec<SponsorResult>, Vec<Option<u8>>) = ended.into_iter().unzip();
        let codes: Vec<u8> = each.iter().filter_map(|code| *code).collect();
        let sink = &self.context.sink;
        sink.annotations(&annotations_of(&results));
        sink.outputs(&outputs(&results, overall(&results)))?;
        let about = self.about();
        if let Err(error) = sink.summary(&summary(self.title(&about), &results)) {
            // The outputs are set, and GitHub does not fail a step over its summary either.
            sink.line(&error.to_string());
            sink.annotations(&[annotation(Level::Warning, "the summary is lost", &error.to_string())]);
        }
        let verdict = summary::headline(self.title(&about), &results).1;
        self.reported.set(ReportedEnd::Results { results, codes: each }).ok();
        let Some(signal) = self.context.stop.signal() else {
            self.verdict.set(verdict).ok();
            return Ok(failure::exit_code(&codes));
        };
        let cancelled = Failure::Cancelled(signal.into());
        let code = cancelled.stage_and_code().1;
        // A stopped run must not continue with the next step, even if the signal came when every sponsor was done.
        let late = if codes.contains(&code) { String::new() } else { format!(", then {cancelled}") };
        self.verdict.set(verdict + &late).ok();
        Ok(code)
    }

    /// Reports a failure before any sponsor was processed; gives the exit code.
    pub(super) fn failure(&self, failure: &Failure) -> u8 {
        let sink = &self.context.sink;
        let RedactedFailure { stage, message, hint, .. } = RedactedFailure::of(failure, sink);
        let text = summary::of_failure(self.title(&self.about()), stage, &message, hint.as_deref());
        let ended = summary::ended(stage);
        self.verdict.set(summary::headline_with(self.title(""), ended)).ok();
        // The failure that is being reported is the one that counts.
        sink.summary(&text).ok();
        let code = show(failure, sink);
        self.reported.set(ReportedEnd::Refusal { stage, message, hint }).ok();
        sink.outputs(&of_a_refusal()).ok();
        code
    }

    /// Reports a failure after the results; gives the exit code. That of the results comes first.
    pub(super) fn also_failed(&self, failure: &Failure, code: u8) -> u8 {
        let own = show(failure, &self.context.sink);
        if code == 0 { own } else { code }
    }

    /// Sets the verdict of a command that has no results.
    pub(super) fn conclude_with(&self, words: &str) {
        self.verdict.set(summary::headline_with(self.title(""), words)).ok();
    }

    /// The verdict, as the last line of the log.
    pub(super) fn last_word(&self) {
        if let Some(verdict) = self.verdict.get() {
            self.context.sink.line(verdict);
        }
    }

    /// Who ran what, when and why.
    fn about(&self) -> String {
        let run = &self.context.run;
        let (version, reason) = &self.deployed;
        let clean = |text: &Option<FreeText>| text.as_ref().map(|text| text.redacted(&self.context.sink));
        About {
            version: clean(version).as_deref(),
            reason: clean(reason).as_deref(),
            actor: run.triggering_actor.as_deref().or(run.actor.as_deref()),
            run_id: run.run_id.as_deref(),
            attempt: run.run_attempt.as_deref(),
            url: run.run_url.as_deref(),
            at: self.context.now(),
            seconds: self.begun.elapsed().as_secs_f64(),
        }
        .line()
    }

    fn title<'t>(&self, about: &'t str) -> Title<'t> {
        Title { subject: self.subject, environment: self.environment.name(), about, dry_run: self.dry_run }
    }
}

/// Reports a failure of which nothing else is known; gives the exit code.
pub(super) fn refusal(failure: &Failure, sink: &Sink) -> u8 {
    let each: Vec<Failure> = match failure {
        Failure::Usage(error) => error.each().into_iter().map(Failure::from).collect(),
        _ => Vec::new(),
    };
    let code = match each.as_slice() {
        [] => show(failure, sink),
        each => each.iter().map(|failure| show(failure, sink)).max().unwrap_or_default(),
    };
    sink.outputs(&of_a_refusal()).ok();
    code
}

fn of_a_refusal() -> Vec<Output> {
    let conclusion = outputs::of_a_conclusion(Conclusion::failed(None));
    std::iter::once(("results", "[]".to_owned())).chain(conclusion).collect()
}

fn show(failure: &Failure, sink: &Sink) -> u8 {
    let RedactedFailure { stage, code, message, hint, causes } = RedactedFailure::of(failure, sink);
    sink.block(&lines::failure(None, &message, hint.as_deref()));
    causes.iter().for_each(|cause| sink.debug(|| format!("caused by: {cause}")));
    let head = format!("{stage} failed");
    let text = [Some(message), hint].into_iter().flatten().collect::<Vec<_>>().join("\n");
    sink.annotations(&[annotation(Level::Error, &head, &text)]);
    code
}
