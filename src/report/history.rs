//! The time line of each sponsor: a table for people, one document for programs. Pure.

mod checked;

pub use checked::{CheckFinding, CheckedRecords};

use std::fmt::Write as _;

use bytesize::ByteSize;
use jiff::Timestamp;
use serde::Serialize;

use super::columns::{Column, aligned};
use super::lines::{self, count};
use super::listing::ListedBackup;
use super::markdown::cell;
use crate::layout::key::SECOND;
use crate::record::RecordedOutcome;
use crate::record::entries::{RecordEntry, RecordedEvent};

/// The current version of the document.
const FORMAT_VERSION: u32 = 1;
/// At most this many rows are in the job summary.
const ROWS: usize = 200;
/// Letters of a text in a table.
const LETTERS: usize = 80;

/// One event; as JSON an object with these keys. An unknown or absent fact is `null`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the schema describes each key, once")]
pub struct HistoryEvent {
    pub timestamp: Timestamp,
    pub event: RecordedEvent,
    pub outcome: Option<&'static str>,
    pub state: Option<String>,
    pub version: Option<String>,
    pub reason: Option<String>,
    pub actor: Option<String>,
    pub github_run_id: Option<String>,
    pub github_run_attempt: Option<String>,
    pub github_run_url: Option<String>,
    pub backup_location: Option<String>,
    pub backup_size_bytes: Option<u64>,
    pub backup_sha256: Option<String>,
    pub backup_stored: Option<bool>,
    /// Whether a prune that this time line shows removed the backup. For people.
    #[serde(skip)]
    pub is_pruned: bool,
    /// How many backups a prune was about to remove, or removed. For people.
    #[serde(skip)]
    pub removes: usize,
    pub target: Option<String>,
    pub action: Option<String>,
    pub stage: Option<String>,
    pub message: Option<String>,
    pub duration_seconds: Option<u64>,
    pub record_location: Option<String>,
}

impl HistoryEvent {
    /// An event as its record describes it. `stored` is whether the store holds the backup that it names.
    #[must_use]
    pub fn of_record(entry: RecordEntry, stored: Option<bool>, record_location: String) -> Self {
        Self {
            timestamp: entry.at,
            event: entry.event,
            outcome: entry.outcome.map(RecordedOutcome::name),
            state: entry.state,
            version: entry.version,
            reason: entry.reason,
            actor: entry.actor,
            github_run_id: entry.run_id,
            github_run_attempt: entry.run_attempt,
            github_run_url: entry.run_url,
            backup_location: entry.backup_location,
            backup_size_bytes: entry.backup_bytes,
            backup_sha256: entry.backup_sha256,
            backup_stored: stored,
            is_pruned: false,
            removes: entry.removed.len(),
            target: entry.target,
            action: entry.action,
            stage: entry.stage,
            message: entry.message,
            duration_seconds: entry.seconds,
            record_location: Some(record_location),
        }
    }

    /// A backup that no record names, as the store describes it.
    #[must_use]
    pub fn unrecorded(row: ListedBackup) -> Self {
        Self {
            timestamp: row.timestamp,
            event: RecordedEvent::Backup,
            outcome: None,
            backup_stored: Some(row.is_a_backup()),
            state: Some(row.status),
            version: row.version,
            reason: None,
            actor: row.actor,
            github_run_id: row.github_run_id,
            github_run_attempt: row.github_run_attempt,
            github_run_url: None,
            backup_location: Some(row.location),
            backup_size_bytes: row.size_bytes,
            backup_sha256: row.sha256,
            is_pruned: false,
            removes: 0,
            target: None,
            action: None,
            stage: None,
            message: row.problem,
            duration_seconds: None,
            record_location: None,
        }
    }

    /// Replaces every text by what `clean` makes of it.
    #[must_use]
    pub fn cleaned(mut self, clean: impl Fn(&str) -> String) -> Self {
        let texts = [
            &mut self.state,
            &mut self.version,
            &mut self.reason,
            &mut self.actor,
            &mut self.github_run_id,
            &mut self.github_run_attempt,
            &mut self.github_run_url,
            &mut self.target,
            &mut self.action,
            &mut self.stage,
            &mut self.message,
        ];
        for text in texts {
            *text = text.as_deref().map(&clean);
        }
        self
    }

    fn cells(&self) -> [String; 7] {
        let dash = || "–".to_owned();
        let text = |text: &Option<String>| text.as_deref().map_or_else(dash, short);
        [
            self.timestamp.strftime(SECOND).to_string(),
            self.event.name().to_owned(),
            self.outcome.map_or_else(dash, str::to_owned),
            text(&self.version),
            text(&self.github_run_id),
            text(&self.actor),
            self.details(),
        ]
    }

    /// What became of a backup that the store does not hold as a whole.
    fn missing(&self) -> Option<&'static str> {
        let is_missing = self.backup_location.is_some() && self.backup_stored == Some(false);
        is_missing.then_some(if self.is_pruned { "pruned since" } else { "gone or incomplete now" })
    }

    /// What else is known, in words.
    pub(super) fn details(&self) -> String {
        let own = self.event == RecordedEvent::Backup;
        let of_another = self.backup_location.as_deref().filter(|_| !own).and_then(second_of);
        let parts = [
            self.action.as_ref().map(|action| match self.removes {
                0 => action.clone(),
                count => format!("{action} {}", lines::count(count, "backup")),
            }),
            of_another.map(|second| format!("of {second}")),
            self.target.as_ref().map(|target| format!("into {target}")),
            self.state.clone(),
            self.backup_size_bytes.filter(|_| own).map(|bytes| ByteSize(bytes).to_string()),
            self.missing().map(str::to_owned),
            self.record_location.is_none().then(|| "no record".to_owned()),
            self.message.clone().or_else(|| self.reason.clone()),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().map(|part| short(&part)).collect();
        if parts.is_empty() { "–".to_owned() } else { parts.join(", ") }
    }
}

/// `20261120-013000` of a location of a backup.
fn second_of(location: &str) -> Option<&str> {
    let name = location.rsplit('/').next()?;
    let stem = name.split('.').next()?;
    stem.get(stem.len().checked_sub("20261120-013000".len())?..)
}

/// One line that is not too long for a table.
fn short(text: &str) -> String {
    let line = text.replace(char::is_control, " ");
    match line.char_indices().nth(LETTERS) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

const HEAD: [Column; 7] = [
    ("TIME (UTC)", false),
    ("EVENT", false),
    ("OUTCOME", false),
    ("VERSION", false),
    ("RUN", false),
    ("BY", false),
    ("DETAILS", false),
];

/// The time line of one sponsor and environment.
#[derive(Debug, Clone, Default)]
pub struct SponsorHistory {
    /// Sponsor's name.
    pub sponsor: String,
    /// Environment's name.
    pub environment: String,
    /// The newest first.
    pub events: Vec<HistoryEvent>,
    /// Whether older ones are left out.
    pub more: bool,
    /// The backup that preceded a workflow run, if one was asked for.
    pub before_run: Option<BeforeRun>,
    /// The comparison of records and store, if it was asked for.
    pub check: Option<CheckedRecords>,
}

/// The backup that preceded a workflow run.
#[derive(Debug, Clone, Serialize)]
pub struct BeforeRun {
    /// Id of the run.
    pub run: String,
    /// The backup. `None` if none was found.
    pub backup: Option<HistoryEvent>,
    /// Whether the run has a record.
    #[serde(skip)]
    pub is_recorded: bool,
}

impl SponsorHistory {
    /// `callisto: 50 events of production, and older ones`
    #[must_use]
    pub fn title(&self) -> String {
        let of = if self.check.is_some() { String::new() } else { format!(" of {}", self.environment) };
        format!("{}: {}{of}", self.sponsor, self.words())
    }

    /// `50 events, and older ones`
    #[must_use]
    pub fn words(&self) -> String {
        match &self.check {
            Some(check) => check.words(&self.environment),
            None => {
                let more = if self.more { " (older ones are left out)" } else { "" };
                format!("{}{more}", count(self.events.len(), "event"))
            }
        }
    }

    /// The table, and what was asked for besides.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let cells: Vec<[String; 7]> = self.events.iter().map(HistoryEvent::cells).collect();
        let before = self.before_run.as_ref().map(BeforeRun::line);
        let findings = self.check.as_ref().map(CheckedRecords::findings).unwrap_or_default();
        aligned(&HEAD, &cells).into_iter().chain(before).chain(findings).collect()
    }

    /// A chapter of the job summary.
    #[must_use]
    pub fn chapter(&self) -> String {
        let mut text = format!("\n### {}\n\n", cell(&self.title()));
        if !self.events.is_empty() {
            let titles = HEAD.map(|(title, _)| title).join(" | ");
            // Writing to a String cannot fail.
            writeln!(text, "| {titles} |\n|{}", "---|".repeat(HEAD.len())).ok();
            for event in self.events.iter().take(ROWS) {
                writeln!(text, "| {} |", event.cells().map(|text| cell(&text)).join(" | ")).ok();
            }
        }
        if self.events.len() > ROWS {
            writeln!(text, "\n… and {} more. The log has them all.", self.events.len() - ROWS).ok();
        }
        if let Some(before) = &self.before_run {
            writeln!(text, "\n{}", cell(&before.line())).ok();
        }
        text
    }
}

impl BeforeRun {
    fn line(&self) -> String {
        let Self { run, backup, is_recorded } = self;
        let Some(backup) = backup else {
            return match is_recorded {
                true => format!("no backup before run {run} was found"),
                false => format!(
                    "run {run} has no record here, so what preceded it is unknown: check `environment`"
                ),
            };
        };
        let location = backup.backup_location.as_deref().unwrap_or_default();
        let missing = backup.missing().map(|what| format!(", {what}")).unwrap_or_default();
        format!("before run {run}: {location}{missing}")
    }
}

/// One document with all sponsors' time lines.
#[must_use]
pub fn json(all: &[SponsorHistory], environment: &str, now: Timestamp) -> String {
    let sponsors: Vec<serde_json::Value> = all
        .iter()
        .map(|one| {
            serde_json::json!({
                "sponsor": one.sponsor,
                "events": one.events,
                "more": one.more,
                "before_run": one.before_run,
                "check": one.check,
            })
        })
        .collect();
    let document = serde_json::json!({
        "format_version": FORMAT_VERSION,
        "environment": environment,
        "generated_at": now,
        "sponsors": sponsors,
    });
    format!("{document:#}\n")
}

#[cfg(test)]
mod tests;
