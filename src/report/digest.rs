//! A digest of all sponsors of an environment: what is wrong first, then each sponsor in numbers. Pure.
//!
//! The Markdown of the job summary, the JSON and the page show this one model, so that they cannot differ.

mod deployments;
mod exceptions;
mod facts;
mod markdown;
mod numbers;
mod sponsor;

use jiff::Timestamp;
use serde::Serialize;

pub use deployments::{Deployment, Deployments, unread_backups};
pub use exceptions::{Exception, ExceptionKind};
pub use facts::SponsorFacts;
pub(super) use markdown::percent;
pub use numbers::{Day, DayState, NewestBackup, NewestDrill, Runs, StoredBackup, StoredSize};
pub use sponsor::SponsorState;

use super::history::HistoryEvent;
use super::lines::count;

/// The current version of the document.
const FORMAT_VERSION: u32 = 1;

/// What is judged by which limits. What has no limit is shown and not judged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the schema describes each key, once")]
pub struct Limits {
    pub max_backup_age_seconds: Option<u64>,
    pub max_drill_age_seconds: Option<u64>,
    pub storage_budget_bytes: Option<u64>,
}

/// The time that is looked at. Ages and the state of the store are those of `now`.
#[derive(Debug, Clone, Copy)]
pub struct Period {
    /// Its beginning.
    pub since: Timestamp,
    /// Its end; at most `now`.
    pub until: Timestamp,
    /// The time of the run.
    pub now: Timestamp,
}

impl Period {
    /// Whether something happened in it.
    #[must_use]
    pub fn covers(self, at: Timestamp) -> bool {
        self.since <= at && at <= self.until
    }
}

/// All sponsors; as JSON an object with these keys.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the schema describes each key, once")]
pub struct Digest {
    pub format_version: u32,
    pub tool_version: &'static str,
    pub environment: String,
    pub generated_at: Timestamp,
    pub since: Timestamp,
    pub until: Timestamp,
    pub limits: Limits,
    pub total: Total,
    /// Those with exceptions first.
    pub sponsors: Vec<SponsorDigest>,
    /// What the commands of the page need besides environment and sponsor, with a space before it.
    #[serde(skip)]
    pub local_flags: String,
}

/// The sums over all sponsors.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the schema describes each key, once")]
pub struct Total {
    pub sponsors: usize,
    pub sponsors_with_exceptions: usize,
    pub backups: Runs,
    pub drills: Runs,
    pub deployments: usize,
    pub deployments_with_backup: usize,
    pub deployments_with_proven_backup: usize,
    pub storage_bytes: u64,
}

/// One sponsor. An unknown or absent fact is `null`.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the schema describes each key, once")]
pub struct SponsorDigest {
    pub sponsor: String,
    pub state: SponsorState,
    pub exceptions: Vec<Exception>,
    pub newest_backup: Option<NewestBackup>,
    pub backups: Runs,
    /// Of the backups that succeeded in the period, the oldest first.
    pub sizes: Vec<StoredSize>,
    pub size_change_percent: Option<f64>,
    pub newest_drill: Option<NewestDrill>,
    pub last_passed_drill: Option<Timestamp>,
    pub drills: Runs,
    pub last_verification: Option<Timestamp>,
    pub deployments: Deployments,
    pub storage_bytes: Option<u64>,
    pub replication_pending_seconds: Option<u64>,
    /// One for each day of the period, the oldest first; of a long period the newest ones.
    pub days: Vec<Day>,
    /// All that the store holds, the newest first.
    pub stored: Vec<StoredBackup>,
    /// Those of the period, the newest first.
    pub events: Vec<HistoryEvent>,
}

impl Digest {
    /// Puts the digests of all sponsors together.
    #[must_use]
    pub fn new(environment: &str, period: Period, limits: Limits, mut sponsors: Vec<SponsorDigest>) -> Self {
        // Stable: within each half, they stay in the manifest's order.
        sponsors.sort_by_key(|one| one.exceptions.is_empty());
        let mut total = Total { sponsors: sponsors.len(), ..Total::default() };
        for one in &sponsors {
            total.sponsors_with_exceptions += usize::from(!one.exceptions.is_empty());
            total.backups.add(&one.backups);
            total.drills.add(&one.drills);
            total.deployments += one.deployments.count;
            total.deployments_with_backup += one.deployments.with_backup;
            total.deployments_with_proven_backup += one.deployments.with_proven_backup;
            total.storage_bytes += one.storage_bytes.unwrap_or_default();
        }
        Self {
            format_version: FORMAT_VERSION,
            tool_version: env!("CARGO_PKG_VERSION"),
            environment: environment.to_owned(),
            generated_at: period.now,
            since: period.since,
            until: period.until,
            limits,
            total,
            sponsors,
            local_flags: String::new(),
        }
    }

    /// `2 of 12 sponsors of production need attention`
    #[must_use]
    pub fn headline(&self) -> String {
        let Total { sponsors, sponsors_with_exceptions: exceptions, .. } = self.total;
        let all = format!("{} of {}", count(sponsors, "sponsor"), self.environment);
        match (exceptions, sponsors) {
            (0, 0) => format!("no sponsors of {} were looked at", self.environment),
            (0, _) => format!("{all}: nothing needs attention"),
            (1, 1) => format!("{all}: it needs attention"),
            (some, _) if some == sponsors => format!("{all}: all need attention"),
            (1, _) => format!("1 of {all} needs attention"),
            (some, _) => format!("{some} of {all} need attention"),
        }
    }

    /// What became of the deployments of the period: `each of 61 deployments had a backup, 59 a proven one`. `None` if there were none.
    #[must_use]
    pub fn deployments_line(&self) -> Option<String> {
        let Total {
            deployments,
            deployments_with_backup: backed_up,
            deployments_with_proven_backup: proven,
            ..
        } = self.total;
        let who = match backed_up {
            _ if deployments == 0 => return None,
            0 if deployments == 1 => {
                return Some(format!("the only deployment had no backup{}", self.not_counted()));
            }
            0 => {
                return Some(format!("none of {deployments} deployments had a backup{}", self.not_counted()));
            }
            _ if deployments == 1 => "the only deployment".to_owned(),
            all if all == deployments => format!("each of {deployments} deployments"),
            some => format!("{some} of {deployments} deployments"),
        };
        let proven = match proven {
            0 => "no proven one".to_owned(),
            all if all == backed_up => "a proven one".to_owned(),
            some => format!("{some} a proven one"),
        };
        Some(format!("{who} had a backup, {proven}{}", self.not_counted()))
    }

    /// Whose deployments are not known.
    fn not_counted(&self) -> String {
        let is_unknown =
            |one: &&SponsorDigest| matches!(one.state, SponsorState::Disabled | SponsorState::Unknown);
        match self.sponsors.iter().filter(is_unknown).count() {
            0 => String::new(),
            some => format!(", without those of {}", count(some, "disabled or unknown sponsor")),
        }
    }

    /// The document.
    #[must_use]
    pub fn json(&self) -> String {
        let document = serde_json::to_value(self).unwrap_or_default();
        format!("{document:#}\n")
    }
}

#[cfg(test)]
mod tests;
