//! What `prune` keeps and removes, or brings back: a table for people, JSON for programs. Pure.

use std::fmt::Write as _;
use std::time::Duration;

use bytesize::ByteSize;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use super::lines::{count, number};
use super::markdown::cell;
use super::summary::LIMIT;
use crate::verification::limits::words;

/// What a line of a plan begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// It stays.
    Keep,
    /// It goes.
    Remove,
    /// It comes back.
    Restore,
}

impl Step {
    fn word(self) -> &'static str {
        match self {
            Self::Keep => "KEEP",
            Self::Remove => "REMOVE",
            Self::Restore => "RESTORE",
        }
    }
}

/// One backup of a plan; as JSON an object with these keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedBackup {
    /// Sponsor's name.
    pub sponsor: String,
    /// `production`, `staging` or `development`.
    pub environment: &'static str,
    /// What happens to it.
    pub action: Step,
    /// Location of the dump.
    pub location: String,
    /// When it was taken.
    pub timestamp: Timestamp,
    /// `complete`, `partial`, `foreign`, `leftover`, `unreadable`.
    pub status: &'static str,
    /// Bytes of the dump; unknown without one.
    pub size_bytes: Option<u64>,
    /// Seconds since it was taken.
    pub age_seconds: u64,
    /// Why, in words.
    pub reasons: Vec<String>,
    /// First day on which its bytes are deleted, if it goes and a lifecycle rule deletes them.
    pub gone_on: Option<Date>,
}

/// When the bytes of what is removed are deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoneOn {
    /// At once: the store keeps no versions.
    Now,
    /// A lifecycle rule deletes noncurrent versions from this day on.
    Day(Date),
    /// No rule does.
    Never,
    /// The rules cannot be read.
    Unknown,
}

impl GoneOn {
    /// The day, if there is one.
    #[must_use]
    pub fn day(self) -> Option<Date> {
        match self {
            Self::Day(day) => Some(day),
            Self::Now | Self::Never | Self::Unknown => None,
        }
    }
}

/// `bytes go on 2026-12-30`.
impl std::fmt::Display for GoneOn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Now => f.write_str("the bytes go at once, for good"),
            Self::Day(day) => write!(f, "the bytes go on {day}, by the bucket's lifecycle rules"),
            Self::Never => f.write_str("the bytes go never: no rule"),
            Self::Unknown => f.write_str(
                "the bytes go on an unknown day: grant s3:GetLifecycleConfiguration on the bucket",
            ),
        }
    }
}

/// The plan for one sponsor.
#[derive(Debug, Clone)]
pub struct PrunePlan {
    /// Sponsor's name.
    pub sponsor: String,
    /// `s3://bucket/prefix`.
    pub place: String,
    /// The newest first.
    pub rows: Vec<PlannedBackup>,
    /// When what it removes is deleted.
    pub gone: GoneOn,
    /// The input `min-keep`. `None` if the plan is to bring backups back.
    pub floor: Option<u32>,
}

const HEAD: [&str; 5] = ["PLAN", "BACKUP (UTC)", "AGE", "SIZE", "REASON"];
/// Of its columns, those that hold amounts.
const RIGHT: [bool; 5] = [false, false, true, true, false];

impl PrunePlan {
    /// `callisto: in s3://…/`
    #[must_use]
    pub fn title(&self) -> String {
        format!("{}: backups in {}", self.sponsor, self.place)
    }

    /// `keeps 17, removes 3 (1.2 GiB), min-keep 3`
    #[must_use]
    pub fn count(&self) -> String {
        let (acting, bytes) = self.acting();
        let kept = number(u64::try_from(self.rows.len() - acting).unwrap_or(u64::MAX));
        let (acting, bytes) = (number(u64::try_from(acting).unwrap_or(u64::MAX)), ByteSize(bytes));
        match self.floor {
            Some(floor) => format!("keeps {kept}, removes {acting} ({bytes}), min-keep {floor}"),
            None => format!("brings back {acting} ({bytes}), leaves {kept}"),
        }
    }

    /// How many backups it removes or brings back, and their bytes.
    #[must_use]
    pub fn acting(&self) -> (usize, u64) {
        let acting = self.rows.iter().filter(|row| row.action != Step::Keep);
        acting.fold((0, 0), |(count, bytes), row| (count + 1, bytes + row.size_bytes.unwrap_or_default()))
    }

    /// The table. Its last line counts.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let cells: Vec<[String; 5]> = self.rows.iter().map(cells).collect();
        let width = |column: usize| {
            let widths = cells.iter().map(|row| row[column].chars().count());
            widths.max().unwrap_or_default().max(HEAD[column].len())
        };
        let widths: [usize; 5] = std::array::from_fn(width);
        let line = |row: &[String; 5]| {
            let cell = |column: usize| match (RIGHT[column], widths[column]) {
                (true, width) => format!("{:>width$}", row[column]),
                (false, width) => format!("{:<width$}", row[column]),
            };
            (0..HEAD.len()).map(cell).collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        let head = (!cells.is_empty()).then(|| line(&HEAD.map(str::to_owned)));
        let gone = (self.floor.is_some() && self.acting().0 > 0).then(|| self.gone.to_string());
        head.into_iter().chain(cells.iter().map(line)).chain(gone).chain([self.count()]).collect()
    }

    /// A chapter of the job summary. Rows that would make it too long are counted.
    #[must_use]
    pub fn markdown(&self) -> String {
        const ROOM: usize = LIMIT / 4;
        let titles = HEAD.join(" | ");
        let mut text = format!("### {}\n\n| {titles} |\n|---|---|---:|---:|---|\n", cell(&self.title()));
        for (at, row) in self.rows.iter().enumerate() {
            let cells = cells(row).map(|text| cell(&text)).join(" | ");
            if text.len() + cells.len() > ROOM {
                let left = count(self.rows.len() - at, "more line");
                write!(text, "\n… and {left}. The log has them all.\n").ok();
                break;
            }
            writeln!(text, "| {cells} |").ok();
        }
        let gone = if self.floor.is_some() { format!("{}. ", self.gone) } else { String::new() };
        text + &format!("\n{}{}.\n\n", gone, self.count())
    }
}

fn cells(row: &PlannedBackup) -> [String; 5] {
    [
        row.action.word().to_owned(),
        row.timestamp.strftime("%Y%m%d-%H%M%S").to_string(),
        words(Duration::from_secs(row.age_seconds)),
        row.size_bytes.map_or_else(|| "–".to_owned(), |bytes| ByteSize(bytes).to_string()),
        match row.status {
            "complete" => row.reasons.join(", "),
            status => format!("{status}: {}", row.reasons.join(", ")),
        },
    ]
}

/// One array of all rows, an object a line.
pub fn json_lines(plans: &[PrunePlan]) -> impl Iterator<Item = String> {
    super::outputs::json_array(plans.iter().flat_map(|plan| &plan.rows))
}

#[cfg(test)]
mod tests;
