//! The backups of a sponsor: a table for people, Markdown for the summary, JSON for programs. Pure.

use std::fmt::Write as _;
use std::time::Duration;

use bytesize::ByteSize;
use jiff::Timestamp;
use serde::Serialize;

use super::SponsorResult;
use super::lines::{count, number};
use super::markdown::cell;
use super::summary::{FAILURES_LIMIT, LIMIT, Title, failures, verdict};
use crate::archive::backup_manifest::HeldTable;
use crate::verification::limits::{Measured, words};

/// Digits of a hash that are enough to distinguish backups.
const HASH_DIGITS: usize = 12;

/// One backup; as JSON an object with these keys.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ListedBackup {
    /// Sponsor's name.
    pub sponsor: String,
    /// `production`, `staging` or `development`.
    pub environment: &'static str,
    /// `s3://…` of the dump.
    pub location: String,
    /// When it was taken.
    pub timestamp: Timestamp,
    /// `complete`, `partial`, `empty`, `damaged`, `missing …`, `unfinished`, `in progress`, `foreign`; `unknown` if S3 did not let
    /// it be looked at.
    pub status: String,
    /// Whether something was left out on purpose; unknown without a readable manifest.
    pub partial: Option<bool>,
    /// Bytes stored; unknown without a dump.
    pub size_bytes: Option<u64>,
    /// SHA-256 of what is stored, 64 hexadecimal digits; unknown if there is a problem.
    pub sha256: Option<String>,
    /// Rows of all its tables; unknown if there is a problem or the dump's text was not understood.
    pub rows: Option<u64>,
    /// Seconds since it was taken.
    pub age_seconds: u64,
    /// S3 storage class; unknown without a dump.
    pub storage_class: Option<String>,
    /// End of its Object Lock, if it is locked and S3 lets that be read.
    pub locked_until: Option<Timestamp>,
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// `deployment`, `schedule`, `manual`, `workflow` or an event of GitHub; unknown without a readable manifest.
    pub why: Option<String>,
    /// Version that was about to be deployed.
    pub version: Option<String>,
    /// Commit that was about to be deployed.
    pub git_sha: Option<String>,
    /// Who started it.
    pub actor: Option<String>,
    /// Workflow run.
    pub github_run_id: Option<String>,
    /// Attempt of that run.
    pub github_run_attempt: Option<String>,
    /// The table that was asked for, with its schema, if the backup holds it.
    pub table: Option<String>,
    /// Rows of that table.
    pub table_rows: Option<u64>,
    /// The tables that the name could mean. Several if it has no schema.
    #[serde(skip)]
    pub named: Vec<HeldTable>,
    /// What is wrong with it, or why not all of it is known, in words.
    pub problem: Option<String>,
}

impl ListedBackup {
    /// Sets what is known of the dump.
    pub fn holds(&mut self, bytes: u64, storage_class: Option<&str>) {
        (self.size_bytes, self.storage_class) = (Some(bytes), storage_class.map(str::to_owned));
    }

    /// Whether it has the three parts of a backup, whatever state they are in.
    #[must_use]
    pub fn is_a_backup(&self) -> bool {
        ["complete", "partial", "empty", "damaged", "unknown"].contains(&self.status.as_str())
    }
}

/// All backups of one sponsor and environment.
#[derive(Debug, Clone)]
pub struct BackupList {
    /// Sponsor's name.
    pub sponsor: String,
    /// `s3://bucket/prefix`.
    pub place: String,
    /// The newest first, including attempts that do not count as backups.
    pub rows: Vec<ListedBackup>,
    /// Whether only the newest backups were looked at, to check their age.
    pub watched: bool,
    /// The age of the newest backup, if it is within its limit.
    pub newest: Option<Measured>,
    /// The table that was asked for, as it was typed.
    pub with: Option<String>,
}

impl BackupList {
    /// `3 backups`
    #[must_use]
    pub fn count(&self) -> String {
        count(self.rows.iter().filter(|row| row.is_a_backup()).count(), "backup")
    }

    /// `3 backups`, or `newest backup 2h 5m old, limit 8h` if only that one was looked at.
    #[must_use]
    pub fn words(&self) -> String {
        match self.newest {
            Some(Measured { took, limit: Some(limit) }) => {
                format!("newest backup {} old, limit {}", words(took), words(limit))
            }
            _ if self.watched => "newest backups".to_owned(),
            _ => match &self.with {
                Some(table) => {
                    let holding = self.rows.iter().filter(|row| row.table_rows.is_some()).count();
                    format!("{} with {table}, of {}", count(holding, "backup"), self.count())
                }
                None => self.count(),
            },
        }
    }

    /// `callisto: 3 backups, 1.2 GiB, in s3://…/`
    #[must_use]
    pub fn title(&self) -> String {
        if self.watched {
            return format!("{}: {}, in {}", self.sponsor, self.words(), self.place);
        }
        let backups = self.rows.iter().filter(|row| row.is_a_backup());
        let bytes = backups.filter_map(|row| row.size_bytes).sum();
        format!("{}: {}, {}, in {}", self.sponsor, self.words(), ByteSize(bytes), self.place)
    }

    /// How many rows have a problem, if any has.
    #[must_use]
    pub fn problems(&self) -> Option<String> {
        let problems = self.rows.iter().filter(|row| row.problem.is_some()).count();
        let all = self.rows.len();
        let words = "backups with a problem: see their rows, or run `sponsor-backup verify --all`";
        (problems > 0).then(|| format!("{problems} of {all} {words}"))
    }

    /// The table.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        aligned(&self.rows, &self.columns())
    }

    /// The titles of the columns.
    fn columns(&self) -> Columns {
        let rows = self.with.as_ref().map_or_else(|| "ROWS".to_owned(), |table| format!("ROWS OF {table}"));
        HEAD.map(|title| if title == "ROWS" { rows.clone() } else { title.to_owned() })
    }
}

/// A cell for each column.
type Columns = [String; 10];

const HEAD: [&str; 10] =
    ["BACKUP (UTC)", "STATUS", "AGE", "SIZE", "ROWS", "WHY", "VERSION", "SHA-256", "CLASS", "LOCKED UNTIL"];
/// Of its columns, those that hold amounts.
const RIGHT: [bool; 10] = [false, false, true, true, true, false, false, false, false, false];

/// What the input `backup` takes comes first. If a table was asked for, its rows take the place of all rows.
fn cells(row: &ListedBackup, head: &Columns) -> Columns {
    let is_of_a_table = head.iter().all(|title| title != "ROWS");
    let rows = if is_of_a_table { row.table_rows } else { row.rows };
    let dash = || "–".to_owned();
    [
        row.timestamp.strftime("%Y%m%d-%H%M%S").to_string(),
        row.status.clone(),
        words(Duration::from_secs(row.age_seconds)),
        row.size_bytes.map_or_else(dash, |bytes| ByteSize(bytes).to_string()),
        rows.map_or_else(dash, number),
        row.why.clone().unwrap_or_else(dash),
        row.version.as_deref().map_or_else(dash, |version| version.replace('\n', " ")),
        row.sha256.as_deref().map_or_else(dash, |hash| hash.chars().take(HASH_DIGITS).collect()),
        row.storage_class.clone().unwrap_or_else(dash),
        row.locked_until.map_or_else(dash, |until| until.strftime("%Y-%m-%d").to_string()),
    ]
}

fn aligned(rows: &[ListedBackup], head: &Columns) -> Vec<String> {
    if rows.is_empty() {
        return Vec::new();
    }
    let cells: Vec<Columns> = rows.iter().map(|row| cells(row, head)).collect();
    let width = |column: usize| {
        let widths = cells.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or_default().max(head[column].chars().count())
    };
    let widths: [usize; 10] = std::array::from_fn(width);
    let line = |row: &Columns| {
        let cell = |column: usize| match (RIGHT[column], widths[column]) {
            (true, width) => format!("{:>width$}", row[column]),
            (false, width) => format!("{:<width$}", row[column]),
        };
        (0..HEAD.len()).map(cell).collect::<Vec<_>>().join("  ")
    };
    let head = line(head).trim_end().to_owned();
    let body = cells.iter().zip(rows).map(|(cells, row)| match &row.problem {
        Some(problem) => format!("{}  {}", line(cells), problem.replace('\n', " ")),
        None => line(cells).trim_end().to_owned(),
    });
    std::iter::once(head).chain(body).collect()
}

/// One array of all rows, an object a line.
#[must_use]
pub fn json(lists: &[BackupList]) -> String {
    let rows: Vec<String> = lists.iter().flat_map(|list| &list.rows).map(super::outputs::json).collect();
    if rows.is_empty() { "[]\n".to_owned() } else { format!("[\n{}\n]\n", rows.join(",\n")) }
}

/// The job summary: the verdict, each sponsor's table, what failed. Rows that would make it too long are counted.
#[must_use]
pub fn summary(title: Title<'_>, results: &[SponsorResult], lists: &[BackupList]) -> String {
    const NOTES: usize = 400;
    let mut text = verdict(title, results);
    let failures = failures(results, FAILURES_LIMIT);
    let room = LIMIT.saturating_sub(failures.len() + NOTES * lists.len());
    for list in lists {
        write!(text, "### {}\n\n", cell(&list.title())).ok();
        markdown(&mut text, &list.rows, &list.columns(), room);
    }
    text.push_str(&failures);
    text
}

fn markdown(text: &mut String, rows: &[ListedBackup], head: &Columns, room: usize) {
    if rows.is_empty() {
        return;
    }
    // Writing to a String cannot fail.
    let has_problems = rows.iter().any(|row| row.problem.is_some());
    let (title, rule) = if has_problems { (" Problem |", "---|") } else { ("", "") };
    let titles = head.iter().map(|title| cell(title)).collect::<Vec<_>>().join(" | ");
    writeln!(text, "| {titles} |{title}\n|---|---|---:|---:|---:|---|---|---|---|---|{rule}").ok();
    for (at, row) in rows.iter().enumerate() {
        let problem = row.problem.as_deref().unwrap_or_default();
        let problem = if has_problems { format!(" {} |", cell(problem)) } else { String::new() };
        let cells = cells(row, head).map(|text| cell(&text).replace(' ', "\u{a0}")).join(" | ");
        let line = format!("| {cells} |{problem}\n");
        if text.len() + line.len() > room {
            write!(text, "\n… and {} more. The log has them all.\n", rows.len() - at).ok();
            break;
        }
        text.push_str(&line);
    }
    text.push('\n');
}

#[cfg(test)]
mod tests;
