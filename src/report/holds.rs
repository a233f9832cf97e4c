//! The backups under a hold: a table for people, JSON for programs. Pure.

use jiff::Timestamp;
use serde::Serialize;

use super::lines::count;

/// What the store shows of a hold that a record names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HoldStatus {
    /// All three objects are held.
    Held,
    /// Some of them are.
    Partly,
    /// None is, although no record lifted the hold.
    Lifted,
    /// One of them does not exist.
    Missing,
    /// The store does not show it.
    Unknown,
}

impl HoldStatus {
    /// Whether the whole backup is held; `None` if that is unknown.
    #[must_use]
    pub fn is_held(self) -> Option<bool> {
        match self {
            Self::Held => Some(true),
            Self::Partly | Self::Lifted | Self::Missing => Some(false),
            Self::Unknown => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Partly => "partly",
            Self::Lifted => "lifted",
            Self::Missing => "missing",
            Self::Unknown => "unknown",
        }
    }
}

/// One backup that a record holds; as JSON an object with these keys.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HeldBackup {
    /// Sponsor's name.
    pub sponsor: String,
    /// `production`, `staging` or `development`.
    pub environment: &'static str,
    /// `s3://…` of the dump.
    pub location: String,
    /// When the backup was taken.
    pub timestamp: Timestamp,
    /// Whether the whole backup is held; unknown if the store does not show it.
    pub held: Option<bool>,
    /// `held`, `partly`, `lifted`, `missing` or `unknown`.
    pub status: HoldStatus,
    /// When the hold was added.
    pub since: Timestamp,
    /// Who added it.
    pub by: Option<String>,
    /// Why.
    pub reason: String,
    /// Workflow run that added it.
    pub github_run_id: Option<String>,
    /// What is wrong with it, in words.
    pub problem: Option<String>,
}

/// All of one sponsor and environment.
#[derive(Debug, Clone)]
pub struct HoldList {
    /// Sponsor's name.
    pub sponsor: String,
    /// Location of the store.
    pub place: String,
    /// The newest backup first.
    pub rows: Vec<HeldBackup>,
}

impl HoldList {
    /// `2 backups under a recorded hold`
    #[must_use]
    pub fn words(&self) -> String {
        let held = self.rows.iter().filter(|row| row.held == Some(true)).count();
        format!("{} under a recorded hold", count(held, "backup"))
    }

    /// `callisto: 2 backups under a recorded hold, in s3://…/`
    #[must_use]
    pub fn title(&self) -> String {
        format!("{}: {}, in {}", self.sponsor, self.words(), self.place)
    }

    /// How many holds have a problem, if any has.
    #[must_use]
    pub fn problems(&self) -> Option<String> {
        let problems = self.rows.iter().filter(|row| row.problem.is_some()).count();
        (problems > 0)
            .then(|| format!("{problems} of {} holds with a problem: see their rows", self.rows.len()))
    }

    /// The table. The reason, which can be long, comes last.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        if self.rows.is_empty() {
            return Vec::new();
        }
        let head = ["BACKUP (UTC)", "STATUS", "SINCE", "BY", "REASON"].map(str::to_owned);
        let all: Vec<[String; 5]> = std::iter::once(head).chain(self.rows.iter().map(cells)).collect();
        let width =
            |column: usize| all.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
        let widths: [usize; 5] = std::array::from_fn(width);
        let line = |row: &[String; 5]| {
            let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        all.iter().map(line).collect()
    }
}

fn cells(row: &HeldBackup) -> [String; 5] {
    let plain = |text: &str| text.replace(char::is_control, " ");
    let problem = row.problem.as_deref().map(|problem| format!(" ({})", plain(problem))).unwrap_or_default();
    [
        row.timestamp.strftime("%Y%m%d-%H%M%S").to_string(),
        row.status.name().to_owned(),
        row.since.strftime("%Y-%m-%d").to_string(),
        row.by.as_deref().map_or_else(|| "–".to_owned(), plain),
        plain(&row.reason) + &problem,
    ]
}

/// One array of all rows, an object a line.
pub fn json_lines(lists: &[HoldList]) -> impl Iterator<Item = String> {
    super::outputs::json_array(lists.iter().flat_map(|list| &list.rows))
}

#[cfg(test)]
mod tests;
