//! The end of every command: log lines, annotations, outputs, summary, exit code.

use std::sync::OnceLock;

use super::Edge;
use crate::failure::{self, Failure};
use crate::proof::{Conclusion, Outcome};
use crate::report::listing::{self, List};
use crate::report::outputs::Output;
use crate::report::sink::Sink;
use crate::report::summary::{self, Subject, Title};
use crate::report::workflow::{Level, annotation};
use crate::report::{SponsorResult, annotations, outputs, overall, verdict};
use crate::sponsors::Environment;

/// What a sponsor's turn came to, where nothing failed.
pub(super) enum Turn<T> {
    /// All that was asked for was done.
    Done(T),
    /// The sponsor's flag is off, and why.
    Disabled(String),
    /// The turn ended at the plan.
    Planned,
}

/// Knows what the report is of.
pub(super) struct Publisher<'a> {
    pub(super) subject: Subject,
    /// Whether the run is to end at the plan.
    pub(super) dry_run: bool,
    pub(super) environment: Environment,
    pub(super) edge: &'a Edge,
    /// What was reported.
    pub(super) heard: OnceLock<Heard>,
}

/// How a run ended, as it was reported.
pub(super) enum Heard {
    Results(Vec<SponsorResult>),
    /// It failed before any sponsor's turn.
    Refusal {
        stage: &'static str,
        message: String,
        hint: Option<String>,
    },
}

/// What is told of a failure, wherever that is kept: the words of others in it may hold a secret, and these do not.
pub(super) struct Told {
    pub(super) stage: &'static str,
    pub(super) code: u8,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Told {
    pub(super) fn of(failure: &Failure, edge: &Edge) -> Self {
        Self::without_secrets(failure, &edge.sink)
    }

    fn without_secrets(failure: &Failure, sink: &Sink) -> Self {
        let (stage, code) = failure.stage_and_code();
        let clean = |words: String| sink.redacted(&words);
        Self { stage, code, message: clean(failure.to_string()), hint: failure.hint().map(clean) }
    }

    /// Makes a result the failure; gives its code.
    pub(super) fn fail(self, result: &mut SponsorResult) -> u8 {
        result.fail(self.stage, self.message, self.hint);
        self.code
    }
}

/// One sponsor's result, and the code of its failure.
pub(super) type Ended = (SponsorResult, Option<u8>);

impl Publisher<'_> {
    /// Shows one sponsor's result as soon as it is there. Failures are never folded away.
    pub(super) fn sponsor(&self, result: &SponsorResult) {
        let sink = &self.edge.sink;
        let (title, details) = (verdict::title(result), verdict::details(result));
        match result.outcome() {
            Outcome::Success if result.warnings.is_empty() => sink.group(&title, &details),
            _ => sink.block(&std::iter::once(title).chain(details).collect::<Vec<_>>()),
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
    pub(super) fn lists(&self, ended: Vec<Ended>, lists: &[List]) -> Result<u8, Failure> {
        self.conclude(ended, outputs::of_a_list, |title, results| listing::summary(title, results, lists))
    }

    fn conclude(
        &self,
        ended: Vec<Ended>,
        outputs: impl Fn(&[SponsorResult], Conclusion) -> Vec<Output>,
        summary: impl Fn(Title<'_>, &[SponsorResult]) -> String,
    ) -> Result<u8, Failure> {
        let codes: Vec<u8> = ended.iter().filter_map(|(_, code)| *code).collect();
        let results: Vec<SponsorResult> = ended.into_iter().map(|(result, _)| result).collect();
        let sink = &self.edge.sink;
        sink.annotations(&annotations::of_results(&results));
        sink.outputs(&outputs(&results, overall(&results)))?;
        let at = self.edge.now().strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
        if let Err(error) = sink.summary(&summary(self.title(&at), &results)) {
            // The outputs stand, and GitHub does not fail a step over its summary either.
            sink.line(&error.to_string());
            sink.annotations(&[annotation(Level::Warning, "the summary is lost", &error.to_string())]);
        }
        if self.dry_run {
            sink.line(&summary::headline(self.title(&at), &results).1);
        }
        self.heard.set(Heard::Results(results)).ok();
        let Some(signal) = self.edge.stop.signal() else { return Ok(failure::exit_code(&codes)) };
        let cancelled = Failure::Cancelled(signal.into());
        let code = cancelled.stage_and_code().1;
        if !codes.contains(&code) {
            // Whoever asked for an end does not want what comes after this program either.
            sink.line(&format!("{cancelled}, when every sponsor was done"));
        }
        Ok(code)
    }

    /// Reports a failure before any sponsor's turn; gives the exit code.
    pub(super) fn failure(&self, failure: &Failure) -> u8 {
        let sink = &self.edge.sink;
        let Told { stage, message, hint, .. } = Told::without_secrets(failure, sink);
        let text = summary::of_failure(self.title(""), stage, &message, hint.as_deref());
        // The failure that is being reported is the one that counts.
        sink.summary(&text).ok();
        let code = show(failure, sink);
        self.heard.set(Heard::Refusal { stage, message, hint }).ok();
        sink.outputs(&of_a_refusal()).ok();
        code
    }

    fn title<'t>(&self, at: &'t str) -> Title<'t> {
        Title { subject: self.subject, environment: self.environment.name(), at, dry_run: self.dry_run }
    }
}

/// Reports a failure of which nothing else is known; gives the exit code.
pub(super) fn refusal(failure: &Failure, sink: &Sink) -> u8 {
    let code = show(failure, sink);
    sink.outputs(&of_a_refusal()).ok();
    code
}

fn of_a_refusal() -> Vec<Output> {
    let conclusion = outputs::of_a_conclusion(Conclusion::failed(None));
    std::iter::once(("results", "[]".to_owned())).chain(conclusion).collect()
}

fn show(failure: &Failure, sink: &Sink) -> u8 {
    let Told { stage, code, message, hint } = Told::without_secrets(failure, sink);
    let head = format!("{stage} failed");
    let line = hint.as_deref().map(|hint| format!("  hint  {hint}"));
    sink.block(&[Some(format!("{head}: {message}")), line].into_iter().flatten().collect::<Vec<_>>());
    let text = [Some(message), hint].into_iter().flatten().collect::<Vec<_>>().join("\n");
    sink.annotations(&[annotation(Level::Error, &head, &text)]);
    code
}
