//! The job summary, in Markdown: the verdict first, then one row per sponsor, then what failed and what to do. Pure.
//!
//! GitHub drops a summary of more than 1 MiB whole, so rows get shorter, and at last fewer, before that.

mod subject;
mod table;

pub use subject::Subject;

use std::fmt::Write as _;

use jiff::Timestamp;

use super::lines::duration;
use super::markdown::{block, cell, code, link, list, sentence, spans};
use super::{CANCELLED, SponsorResult, count};
use crate::verification::{Outcome, State};

/// Room is left below 1 MiB for what other parts of the step append.
pub(super) const LIMIT: usize = 1_000_000;
/// Of that, failures may take this much.
pub(super) const FAILURES_LIMIT: usize = 300_000;
/// Of a plan, the summary shows these facts. The log has all.
const SHOWN: [&str; 7] = ["database", "server", "object", "record", "lock", "checked", "not checked"];
/// At most this many plans are shown.
const PLANS: usize = 100;
const MESSAGE_CHARACTERS: usize = 1_500;
/// Of disabled sponsors, this many are shown with reason and next step.
const DISABLED: usize = 100;
/// What a command adds at the end is worth more than hashes.
const CHAPTER_LIMIT: usize = 300_000;

/// The head of a summary.
#[derive(Debug, Clone, Copy)]
pub struct Title<'a> {
    /// What it is of.
    pub subject: Subject,
    /// Environment's name.
    pub environment: &'a str,
    /// Who ran what, when and why, in Markdown.
    pub about: &'a str,
    /// Whether the run ended at the plan.
    pub dry_run: bool,
}

impl Title<'_> {
    fn name(&self) -> String {
        let dry_run = if self.dry_run { ", dry run" } else { "" };
        format!("{}, {}{dry_run}", self.subject.name(), self.environment)
    }
}

/// The whole summary.
#[must_use]
pub fn of_results(title: Title<'_>, results: &[SponsorResult]) -> String {
    let mut text = verdict(title, results);
    let failures = failures(results, FAILURES_LIMIT);
    let disabled = disabled(results);
    let plans = plans(results);
    let room = LIMIT - failures.len() - disabled.len() - plans.len() - text.len();
    let table = table::of(title.subject, results, room);
    // One drill has a chapter of its own, which shows all that its row would.
    if title.subject != Subject::Drill || results.len() != 1 {
        text.push_str(&table);
    }
    text.push_str(&failures);
    text.push_str(&disabled);
    text.push_str(&plans);
    text.push_str(&warnings(results));
    text.push_str(&table::details(title.subject, results, LIMIT.saturating_sub(text.len() + CHAPTER_LIMIT)));
    text
}

/// Why sponsors are not enabled, and what to do.
fn disabled(results: &[SponsorResult]) -> String {
    let disabled: Vec<&SponsorResult> = results
        .iter()
        .filter(|result| result.outcome() == Outcome::Disabled && result.message.is_some())
        .collect();
    if disabled.is_empty() {
        return String::new();
    }
    let mut text = "### Not enabled\n\n".to_owned();
    for result in disabled.iter().take(DISABLED) {
        let why = spans(result.message.as_deref().unwrap_or_default());
        let step = result.hint.as_deref().map(|hint| format!(". {}", sentence(hint))).unwrap_or_default();
        // Writing to a String cannot fail.
        writeln!(text, "- {}: {why}{step}", result.sponsor).ok();
    }
    if disabled.len() > DISABLED {
        writeln!(text, "- … and {} more", disabled.len() - DISABLED).ok();
    }
    text + "\n"
}

/// The plans of all sponsors, for the summary. Empty if there is none.
fn plans(results: &[SponsorResult]) -> String {
    let planned: Vec<&SponsorResult> = results.iter().filter(|result| !result.plan.is_empty()).collect();
    let mut text = String::new();
    for result in planned.iter().take(PLANS) {
        // Writing to a String cannot fail.
        write!(text, "### Plan for {}\n\n", result.sponsor).ok();
        for (label, value) in result.plan.iter().filter(|(label, _)| SHOWN.contains(label)) {
            let value = if is_prose(label) { value.clone() } else { code(value) };
            writeln!(text, "- **{label}:** {value}").ok();
        }
        text.push('\n');
    }
    if planned.len() > PLANS {
        write!(text, "… and {} more. The log has them all.\n\n", planned.len() - PLANS).ok();
    }
    text
}

/// Whether a fact is a sentence of this program.
fn is_prose(label: &str) -> bool {
    ["checked", "not checked"].contains(&label)
}

/// The warnings of all results. They are few and short compared with failures, which must never be cut for them.
fn warnings(results: &[SponsorResult]) -> String {
    let all: Vec<String> = results
        .iter()
        .flat_map(|result| result.warnings.iter().map(|warning| format!("{}: {warning}", result.sponsor)))
        .collect();
    let mut text = String::new();
    list(&mut text, "Warnings", &all);
    text
}

/// The same with a chapter of its own at the end, or what of it there is room for.
#[must_use]
pub fn with_chapter(title: Title<'_>, results: &[SponsorResult], chapter: &str) -> String {
    let text = of_results(title, results);
    let full = "\nThere is no room for the tables here. The reports have them.\n";
    let fits = text.len() + chapter.len() <= LIMIT;
    text + if fits { chapter } else { full }
}

/// The summary of a run that failed before it reached any sponsor.
#[must_use]
pub fn of_failure(title: Title<'_>, stage: &str, message: &str, hint: Option<&str>) -> String {
    let mut text = format!("## ❌ {}\n\n{}\n\n", headline_with(title, ended(stage)), title.about);
    text.push_str(&failure(None, stage, message, hint));
    text
}

/// How a run without results ended, by the stage of its failure.
#[must_use]
pub fn ended(stage: &str) -> &'static str {
    if stage == CANCELLED { CANCELLED } else { "failed" }
}

/// `Backup, production: failed`, of a run without results.
#[must_use]
pub fn headline_with(title: Title<'_>, words: &str) -> String {
    format!("{}: {words}", title.name())
}

pub(super) fn verdict(title: Title<'_>, results: &[SponsorResult]) -> String {
    let (sign, headline) = headline(title, results);
    format!("## {sign} {headline}\n\n{}\n\n", title.about)
}

/// The sign, and `Backup, production: 2 of 3 backed up, 1 not enabled (1 partial)`.
#[must_use]
pub fn headline(title: Title<'_>, results: &[SponsorResult]) -> (&'static str, String) {
    let of = |outcome| count(results, outcome);
    let (subject, all) = (title.subject, results.len());
    let cancelled = results.iter().filter(|result| result.is_cancelled()).count();
    let would = if title.dry_run { "would fail" } else { "failed" };
    // The worst comes first, and every result is counted once.
    let counted = [
        (of(Outcome::Failure) - cancelled, would),
        (cancelled, "cancelled"),
        (of(Outcome::Planned), "planned"),
        (of(Outcome::Success), subject.done()),
        (of(Outcome::Disabled), "not enabled"),
    ];
    let (sign, words) = match (of(Outcome::Failure), of(Outcome::Disabled)) {
        (0, 0) if !title.dry_run => (sign_of_all(results), format!("{all} of {all} {}", subject.done())),
        (0, disabled) if disabled == all && !title.dry_run => {
            ("⚠️", format!("{all} of {all} {}", subject.disabled()))
        }
        (failed, _) => {
            let sign = match failed {
                0 if title.dry_run => "📝",
                0 => "⚠️",
                _ => "❌",
            };
            (sign, counts(&counted, all))
        }
    };
    let nothing = if title.dry_run { format!("{}, ", subject.planned()) } else { String::new() };
    (sign, format!("{}: {nothing}{words}{}", title.name(), notes(subject, results)))
}

/// `1 of 3 failed, 1 backed up, 1 not enabled`
fn counts(counted: &[(usize, &str)], all: usize) -> String {
    let counted = counted.iter().filter(|(count, _)| *count > 0);
    let words = counted.enumerate().map(|(at, (count, what))| match at {
        0 => format!("{count} of {all} {what}"),
        _ => format!("{count} {what}"),
    });
    words.collect::<Vec<_>>().join(", ")
}

fn sign_of_all(results: &[SponsorResult]) -> &'static str {
    if results.iter().all(|result| result.sign() == "✅") { "✅" } else { "⚠️" }
}

/// What the numbers of a headline would hide: ` (1 partial, 2 frozen backups not read)`.
fn notes(subject: Subject, results: &[SponsorResult]) -> String {
    let having = |state| results.iter().filter(|result| result.conclusion().state() == Some(state)).count();
    let states = State::ALL.into_iter().filter(|state| state.is_notable());
    let states = states.map(|state| (having(state), state.name().replace('-', " ")));
    let mut notes: Vec<String> =
        states.filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}")).collect();
    let frozen: usize = results.iter().map(|result| result.frozen).sum();
    let without_record = results.iter().filter(|result| result.lacks_only_its_record());
    let is_stored = |result: &&SponsorResult| result.record.as_ref().is_some_and(|record| record.is_in_s3);
    let (odd, unsaved): (Vec<_>, Vec<_>) = without_record.partition(is_stored);
    for (results, what) in [(unsaved, "not saved"), (odd, "stored without its lock or tags")] {
        if !results.is_empty() {
            notes.push(format!("{} {}, but record {what}", results.len(), subject.done()));
        }
    }
    let there = results.iter().filter(|result| result.was_there).count();
    if there > 0 {
        notes.push(format!("{there} already there"));
    }
    if frozen > 0 {
        notes.push(format!("{frozen} frozen {} not read", if frozen == 1 { "backup" } else { "backups" }));
    }
    if notes.is_empty() { String::new() } else { format!(" ({})", notes.join(", ")) }
}

/// What failed, up to a length.
pub(super) fn failures(results: &[SponsorResult], limit: usize) -> String {
    let failed: Vec<&SponsorResult> =
        results.iter().filter(|result| result.outcome() == Outcome::Failure).collect();
    if failed.is_empty() {
        return String::new();
    }
    let mut text = "### What failed\n\n".to_owned();
    for (at, result) in failed.iter().enumerate() {
        let stage = result.stage.unwrap_or("bug");
        let message = result.message.as_deref().unwrap_or_default();
        let one = failure(Some(&result.sponsor), stage, message, result.hint.as_deref());
        if text.len() + one.len() > limit {
            writeln!(text, "… and {} more. The output `results` has them all.", failed.len() - at).ok();
            break;
        }
        text.push_str(&one);
    }
    text
}

pub(super) fn failure(sponsor: Option<&str>, stage: &str, message: &str, hint: Option<&str>) -> String {
    let message: String = message.chars().take(MESSAGE_CHARACTERS).collect();
    let who = sponsor.map(|sponsor| format!("**{sponsor}**, ")).unwrap_or_default();
    let hint = hint.map(|hint| format!("{}\n\n", sentence(hint))).unwrap_or_default();
    format!("{who}{stage}:\n\n{}\n\n{hint}", block(&message))
}

// Who ran what, when and why: one line below a summary's heading, in Markdown. Pure.

/// The facts. Absent ones are left out.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// Version that is deployed.
    pub version: Option<&'a str>,
    /// Why.
    pub reason: Option<&'a str>,
    /// Who started the attempt.
    pub actor: Option<&'a str>,
    /// Id of the run.
    pub run_id: Option<&'a str>,
    /// Its attempt.
    pub attempt: Option<&'a str>,
    /// Its page.
    pub url: Option<&'a str>,
    /// When it ended.
    pub at: Timestamp,
    /// How long it took.
    pub seconds: f64,
}

impl About<'_> {
    /// `**v2.4.0** · adds consent forms · by octocat · [run 17342009911](…) · 2026-11-20 12:00:00 UTC · 12.3s`
    #[must_use]
    pub fn line(&self) -> String {
        let run = self.run_id.map(|id| {
            let attempt = self.attempt.filter(|attempt| *attempt != "1");
            let attempt = attempt.map(|attempt| format!(", attempt {attempt}")).unwrap_or_default();
            let name = format!("run {id}{attempt}");
            self.url.map_or_else(|| cell(&name), |url| link(&name, url))
        });
        let parts = [
            self.version.map(|version| format!("**{}**", cell(version))),
            self.reason.map(cell),
            self.actor.map(|actor| format!("by {}", cell(actor))),
            run,
            Some(self.at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()),
            Some(duration(self.seconds)),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }
}

#[cfg(test)]
mod tests;
