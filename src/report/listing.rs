//! The backups of a sponsor: a table for people, Markdown for the summary, JSON for programs. Pure.

use std::collections::BTreeMap;
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
    /// `complete`, `partial`, `empty`, `damaged`, `missing …`, `unfinished`, `in progress`, `foreign`, `hidden`; `unknown` if S3
    /// did not let it be looked at.
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
    /// End of its Object Lock. `None` if it is not locked, or if that is [unknown](Self::unknown).
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
    /// Whether the store shows the dump's checksum, or that a run of this program wrote it. True in a folder, which shows neither.
    #[serde(skip)]
    pub is_identified: bool,
    /// The tables that the name could mean. Several if it has no schema.
    #[serde(skip)]
    pub named: Vec<HeldTable>,
    /// What is wrong with it, or why not all of it is known, in words.
    pub problem: Option<String>,
    /// Workflow run, as in `github_run_id`.
    pub run: Option<String>,
    /// Whether it is under a hold.
    pub held: Option<bool>,
    /// Whether a delete marker is over one of its objects.
    pub hidden: Option<bool>,
    /// When the newest drill began that proved it. `None` if none did, or if that is unknown.
    pub last_drill: Option<Timestamp>,
    /// Which of `held`, `locked_until`, `hidden` and `last_drill` are unknown, each with the reason.
    pub unknown: BTreeMap<&'static str, String>,
}

impl ListedBackup {
    /// Sets what is known of the dump.
    pub fn holds(&mut self, bytes: u64, storage_class: Option<&str>) {
        (self.size_bytes, self.storage_class) = (Some(bytes), storage_class.map(str::to_owned));
    }

    /// Notes why the value of a key is not known.
    pub fn is_unknown(&mut self, key: &'static str, why: &str) {
        self.unknown.insert(key, why.to_owned());
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
    /// How many rows there would be without a limit and for all times, if there are more.
    pub of: Option<usize>,
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
            _ => {
                let others = self.of.map(|all| match self.rows.len() {
                    0 => format!(", {} older", number(all as u64)),
                    _ => format!(", the newest of {}", number(all as u64)),
                });
                self.held_words() + &others.unwrap_or_default()
            }
        }
    }

    fn held_words(&self) -> String {
        match &self.with {
            Some(table) => {
                let holding = self.rows.iter().filter(|row| row.table_rows.is_some()).count();
                format!("{} with {table}, of {}", count(holding, "backup"), self.count())
            }
            None => self.count(),
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
        aligned(self, &self.columns())
    }

    /// The columns. If a table was asked for, its rows take the place of all rows. Holds and drills have a column if there is
    /// anything to show.
    fn columns(&self) -> Vec<Column> {
        let mut columns = COLUMNS.to_vec();
        if self.with.is_some() {
            columns[ROWS].cell = |row| shown(row.table_rows.map(number));
        }
        if self.rows.iter().any(|row| row.is_a_backup() && row.held != Some(false)) {
            columns.push(HELD);
        }
        if self.rows.iter().any(|row| row.last_drill.is_some()) {
            columns.push(LAST_DRILL);
        }
        columns
    }

    /// The title of a column.
    fn title_of(&self, column: &Column) -> String {
        match &self.with {
            Some(table) if column.title == COLUMNS[ROWS].title => format!("ROWS OF {table}"),
            _ => column.title.to_owned(),
        }
    }
}

/// A column of the table.
#[derive(Clone, Copy)]
struct Column {
    title: &'static str,
    /// Whether it holds amounts.
    right: bool,
    cell: fn(&ListedBackup) -> String,
}

const fn left(title: &'static str, cell: fn(&ListedBackup) -> String) -> Column {
    Column { title, right: false, cell }
}

const fn right(title: &'static str, cell: fn(&ListedBackup) -> String) -> Column {
    Column { title, right: true, cell }
}

/// What the input `backup` takes comes first.
const COLUMNS: [Column; 10] = [
    left("BACKUP (UTC)", |row| row.timestamp.strftime("%Y%m%d-%H%M%S").to_string()),
    left("STATUS", |row| row.status.clone()),
    right("AGE", |row| words(Duration::from_secs(row.age_seconds))),
    right("SIZE", |row| shown(row.size_bytes.map(|bytes| ByteSize(bytes).to_string()))),
    right("ROWS", |row| shown(row.rows.map(number))),
    left("WHY", |row| shown(row.why.clone())),
    left("VERSION", |row| shown(row.version.as_deref().map(|version| version.replace('\n', " ")))),
    left("SHA-256", |row| shown(row.sha256.as_deref().map(|hash| hash.chars().take(HASH_DIGITS).collect()))),
    left("CLASS", |row| shown(row.storage_class.clone())),
    left("LOCKED UNTIL", |row| shown(row.locked_until.map(day))),
];
/// Place of the column with the rows.
const ROWS: usize = 4;
const HELD: Column = left("HELD", |row| match row.held {
    Some(true) => "yes".to_owned(),
    Some(false) => "no".to_owned(),
    None if row.is_a_backup() => "unknown".to_owned(),
    None => shown(None),
});
const LAST_DRILL: Column = left("LAST DRILL", |row| shown(row.last_drill.map(day)));

fn shown(text: Option<String>) -> String {
    text.unwrap_or_else(|| "–".to_owned())
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

fn aligned(list: &BackupList, columns: &[Column]) -> Vec<String> {
    if list.rows.is_empty() {
        return Vec::new();
    }
    let head: Vec<String> = columns.iter().map(|column| list.title_of(column)).collect();
    let cells = |row| columns.iter().map(|column| (column.cell)(row)).collect::<Vec<String>>();
    let body: Vec<Vec<String>> = list.rows.iter().map(cells).collect();
    let width = |at: usize| {
        let widths = std::iter::once(&head).chain(&body).map(|row| row[at].chars().count());
        widths.max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let line = |row: &[String]| {
        let cells = row.iter().zip(columns).zip(&widths).map(|((cell, column), width)| match column.right {
            true => format!("{cell:>width$}"),
            false => format!("{cell:<width$}"),
        });
        cells.collect::<Vec<_>>().join("  ")
    };
    let lines = body.iter().zip(&list.rows).map(|(cells, row)| match &row.problem {
        Some(problem) => format!("{}  {}", line(cells), problem.replace('\n', " ")),
        None => line(cells).trim_end().to_owned(),
    });
    std::iter::once(line(&head).trim_end().to_owned()).chain(lines).collect()
}

/// One array of all rows, an object a line.
pub fn json_lines(lists: &[BackupList]) -> impl Iterator<Item = String> {
    super::outputs::json_array(lists.iter().flat_map(|list| &list.rows))
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
        markdown(&mut text, list, room);
    }
    text.push_str(&failures);
    text
}

fn markdown(text: &mut String, list: &BackupList, room: usize) {
    let (rows, columns) = (&list.rows, list.columns());
    if rows.is_empty() {
        return;
    }
    // Writing to a String cannot fail.
    let has_problems = rows.iter().any(|row| row.problem.is_some());
    let (title, rule) = if has_problems { (" Problem |", "---|") } else { ("", "") };
    let titles: Vec<String> = columns.iter().map(|column| cell(&list.title_of(column))).collect();
    let rules: String = columns.iter().map(|column| if column.right { "---:|" } else { "---|" }).collect();
    writeln!(text, "| {} |{title}\n|{rules}{rule}", titles.join(" | ")).ok();
    for (at, row) in rows.iter().enumerate() {
        let problem = row.problem.as_deref().unwrap_or_default();
        let problem = if has_problems { format!(" {} |", cell(problem)) } else { String::new() };
        let cells: Vec<String> =
            columns.iter().map(|column| cell(&(column.cell)(row)).replace(' ', "\u{a0}")).collect();
        let line = format!("| {} |{problem}\n", cells.join(" | "));
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
