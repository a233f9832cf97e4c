//! The digest as Markdown, for the job summary, and as lines, for the log.

use std::fmt::Write as _;
use std::time::Duration;

use bytesize::ByteSize;
use jiff::Timestamp;

use super::{Deployment, Digest, SponsorDigest, SponsorState};
use crate::layout::key::SECOND;
use crate::report::columns::{Column, aligned};
use crate::report::lines::count;
use crate::report::markdown::cell;
use crate::verification::limits::words;

/// Names in a sentence.
const NAMED: usize = 10;
/// At most this many exceptions of one sponsor are in the job summary.
const EXCEPTIONS: usize = 20;

const HEAD: [Column; 9] = [
    ("SPONSOR", false),
    ("STATE", false),
    ("NEWEST BACKUP", false),
    ("AGE", true),
    ("SIZE", true),
    ("CHANGE", true),
    ("RUNS", true),
    ("PASSED DRILL", false),
    ("STORED", true),
];

impl Digest {
    /// `2026-11-20 to 2026-11-27`
    #[must_use]
    pub fn period(&self) -> String {
        let day = |at: Timestamp| at.strftime("%Y-%m-%d %H:%M").to_string();
        format!("{} to {} UTC", day(self.since), day(self.until))
    }

    /// Exceptions, the table, and what became of the deployments.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let cells: Vec<[String; HEAD.len()]> = self.sponsors.iter().map(cells).collect();
        let mut lines = aligned(&HEAD, &cells);
        for one in &self.sponsors {
            lines.extend(one.exceptions.iter().map(|it| format!("{}: {}", one.sponsor, it.message)));
        }
        lines.extend(self.deployments_line());
        lines.extend(self.deployments_named());
        lines
    }

    /// The chapter of the job summary.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = format!("\n### {}\n\n{}\n\n", cell(&self.headline()), self.period());
        // Writing to a String cannot fail.
        for one in &self.sponsors {
            for exception in one.exceptions.iter().take(EXCEPTIONS) {
                writeln!(text, "- **{}**: {}", cell(&one.sponsor), cell(&exception.message)).ok();
            }
            if let Some(more) = one.exceptions.len().checked_sub(EXCEPTIONS).filter(|more| *more > 0) {
                writeln!(text, "- **{}**: {more} more", cell(&one.sponsor)).ok();
            }
        }
        let titles = HEAD.map(|(title, _)| title).join(" | ");
        writeln!(text, "\n| {titles} |\n|{}", "---|".repeat(HEAD.len())).ok();
        for one in &self.sponsors {
            writeln!(text, "| {} |", cells(one).map(|text| cell(&text)).join(" | ")).ok();
        }
        for line in self.deployments_line().into_iter().chain(self.deployments_named()) {
            writeln!(text, "\n{}", cell(&line)).ok();
        }
        text
    }

    /// The deployments whose backup no drill has proven, by name. Those without one are exceptions.
    #[must_use]
    pub fn deployments_named(&self) -> Option<String> {
        let unproven: Vec<String> = self
            .sponsors
            .iter()
            .flat_map(|one| one.deployments.without_proven_backup.iter().map(|it| named(&one.sponsor, it)))
            .collect();
        let shown = unproven.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        let more = unproven.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        (!unproven.is_empty()).then(|| format!("not proven by a drill: {shown}{more}"))
    }
}

fn named(sponsor: &str, deployment: &Deployment) -> String {
    format!("{sponsor} {}", deployment.name())
}

fn cells(one: &SponsorDigest) -> [String; HEAD.len()] {
    let dash = || "–".to_owned();
    let newest = one.newest_backup.as_ref();
    let size = newest.and_then(|newest| newest.size_bytes);
    [
        one.sponsor.clone(),
        one.state.name().to_owned(),
        newest.map_or_else(|| one.never().to_owned(), |newest| second(newest.timestamp)),
        one.age(),
        size.map_or_else(dash, |bytes| ByteSize(bytes).to_string()),
        one.size_change_percent.map_or_else(dash, percent),
        one.runs(),
        one.last_passed_drill.map_or_else(|| one.never().to_owned(), second),
        one.storage_bytes.map_or_else(dash, |bytes| ByteSize(bytes).to_string()),
    ]
}

fn second(at: Timestamp) -> String {
    at.strftime(SECOND).to_string()
}

/// `+4.2%`
pub(in crate::report) fn percent(percent: f64) -> String {
    format!("{percent:+.1}%")
}

impl SponsorDigest {
    /// What never happened is not the same as what is not known.
    #[must_use]
    pub fn never(&self) -> &'static str {
        match self.state {
            SponsorState::Ok | SponsorState::Attention => "never",
            SponsorState::Disabled | SponsorState::Unknown => "unknown",
        }
    }

    /// Age of the newest backup: `4h 12m`
    #[must_use]
    pub fn age(&self) -> String {
        let age = self.newest_backup.as_ref().map(|newest| words(Duration::from_secs(newest.age_seconds)));
        age.unwrap_or_else(|| "–".to_owned())
    }

    /// `27 of 28`: runs of the period that succeeded. `–` if there were none.
    #[must_use]
    pub fn runs(&self) -> String {
        match self.backups.count() {
            0 => "–".to_owned(),
            all => format!("{} of {all}", self.backups.succeeded),
        }
    }

    /// `3 backups are stored`
    #[must_use]
    pub fn stored_words(&self) -> String {
        let verb = if self.stored.len() == 1 { "is" } else { "are" };
        format!("{} {verb} stored", count(self.stored.len(), "backup"))
    }
}
