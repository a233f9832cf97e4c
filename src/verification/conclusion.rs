//! Decides from typed facts what counts as a success, and what is really known. Pure.
//!
//! Only this file can create a [`Conclusion`]. Headline, row, annotation, output, exit code, record, drill report
//! and issue all take one, so code that claims success without facts does not compile.

use serde::Serialize;

use crate::archive::backup_manifest::Partial;
use crate::databases::postgres::proof::{Comparison, Verdict, counted};
use crate::finding::{Finding, Level};

/// How a command ended, for one sponsor or for the whole run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Everything requested was done and verified.
    Success,
    /// Something was not done, or not verified.
    Failure,
    /// Backups are disabled for the sponsor, so nothing was done.
    Disabled,
    /// A dry run found no obstacle.
    Planned,
}

impl Outcome {
    /// The value in documents and outputs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Disabled => "disabled",
            Self::Planned => "planned",
        }
    }
}

/// What is really known, from best to worst for each command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// A dry run, which ended at the plan.
    Planned,
    /// Backup: the whole database is stored.
    Complete,
    /// Backup: stored without what the user excluded.
    Partial,
    /// Backup: stored, but it contains no table.
    Empty,
    /// Verify: every selected backup was read and matches its manifest.
    Verified,
    /// Verify: some backups match, others do not.
    PartlyVerified,
    /// Verify: no backup matches.
    Unverified,
    /// Drill and restore: the restored database equals the backup.
    Proven,
    /// Drill and restore: what was restored equals the backup, but some of it was not restored or compared.
    Incomplete,
    /// Drill and restore: the restored database differs from the backup.
    Different,
}

impl State {
    /// All states, for the documentation.
    pub const ALL: [Self; 10] = [
        Self::Planned,
        Self::Complete,
        Self::Partial,
        Self::Empty,
        Self::Verified,
        Self::PartlyVerified,
        Self::Unverified,
        Self::Proven,
        Self::Incomplete,
        Self::Different,
    ];

    /// Whether it is less than readers expect of a success.
    #[must_use]
    pub fn is_notable(self) -> bool {
        !matches!(self, Self::Planned | Self::Complete | Self::Verified | Self::Proven)
    }

    /// The value in documents and outputs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Empty => "empty",
            Self::Verified => "verified",
            Self::PartlyVerified => "partly-verified",
            Self::Unverified => "unverified",
            Self::Proven => "proven",
            Self::Incomplete => "incomplete",
            Self::Different => "different",
        }
    }
}

/// How a command ended, and what is really known. Its constructors take the facts. Nothing else can create one:
///
/// ```compile_fail,E0451
/// use sponsor_backup::verification::{Conclusion, Outcome, State};
/// let forged = Conclusion { outcome: Outcome::Success, state: Some(State::Proven) };
/// ```
///
/// and a result cannot call itself a success:
///
/// ```compile_fail,E0616
/// use sponsor_backup::verification::Conclusion;
/// use sponsor_backup::report::SponsorResult;
/// let mut result = SponsorResult::new("callisto", Conclusion::failed(None), 1.0);
/// result.conclusion = Conclusion::planned();
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Conclusion {
    outcome: Outcome,
    state: Option<State>,
}

/// The contents of a stored backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentTotals {
    /// Tables with a COPY block.
    pub tables: u64,
    /// Rows of these tables.
    pub rows: u64,
    /// Bytes of the dump before compression.
    pub bytes: u64,
}

/// A backup that was stored and read back.
#[derive(Debug, Clone, Copy)]
pub struct BackupFacts {
    /// Contents of the backup.
    pub held: ContentTotals,
    /// Whether the user excluded something.
    pub partial: bool,
    /// Rows of the newest earlier backup with rows. `None` if there is none, or if it cannot be read.
    pub rows_before: Option<u64>,
}

impl BackupFacts {
    /// What is odd about a backup without tables.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let words = "the backup holds no table with rows: check that DATABASE_URL names the right database";
        (self.held.tables == 0).then(|| words.to_owned())
    }

    /// The failure of a backup without tables although the previous one had rows. It does not count as a success,
    /// whatever was stored.
    #[must_use]
    pub fn lost_everything(&self) -> Option<String> {
        let rows = self.rows_before.filter(|rows| self.held.tables == 0 && *rows > 0)?;
        Some(format!("the backup holds no table, but the previous backup held {}", counted(rows, "row")))
    }
}

/// A copy that was stored and read back.
#[derive(Debug, Clone, Copy)]
pub struct CopyFacts {
    /// How far the copy was compared.
    pub proof: CopyProof,
    /// Tables with a COPY block. `None` if the manifest does not show it.
    pub tables: Option<u64>,
    /// Whether something was left out of the backup on request.
    pub partial: bool,
}

/// What shows that a copy is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CopyProof {
    /// It was read back and opened: its text matches the manifest.
    Contents,
    /// It was read back: its bytes match the checksum. No identity was given to open it.
    Bytes,
    /// The store measured it during the upload. In an archive tier, it cannot be read back.
    Upload,
}

/// What became of the hold of a backup.
#[derive(Debug, Clone, Copy)]
pub enum HoldFacts<'a> {
    /// A legal hold was to be on each object, or on none. What was read back of each; unknown if the store did not show it.
    ReadBack {
        /// Whether it was to be on.
        wanted: bool,
        /// Of each object.
        read_back: &'a [Option<bool>],
    },
    /// The store has no legal holds, and the record is the hold.
    ByRecord,
}

/// The selected backups, by result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VerifyCounts {
    /// Read, and equal to their manifests.
    pub verified: usize,
    /// Damaged, incomplete, or unreadable for another reason.
    pub not_verified: usize,
}

/// The result of a drill or a restore.
#[derive(Debug, Clone, Copy)]
pub struct Restored<'a> {
    /// Comparison of the restored database with the backup. `None` if it was not reached.
    pub comparison: Option<&'a Comparison>,
    /// Whether one of the sponsor's checks is not true, or a limit is exceeded.
    pub falls_short: bool,
}

impl Restored<'_> {
    /// What readers must know about a result without findings, each as a phrase.
    #[must_use]
    pub fn warnings(&self, partial: Option<&Partial>) -> Vec<String> {
        let is_empty = self.comparison.is_some_and(|comparison| comparison.tables.is_empty());
        let nothing = "the backup holds no table with rows, so no rows were compared".to_owned();
        let aside = self.comparison.map(Comparison::set_aside).unwrap_or_default();
        let aside = aside.iter().map(|what| format!("not compared: {what}"));
        let database = self.comparison.map(Comparison::of_the_database).unwrap_or_default();
        let partial = partial.map(Partial::words);
        partial.into_iter().chain(is_empty.then_some(nothing)).chain(aside).chain(database).collect()
    }
}

impl Conclusion {
    /// A backup.
    #[must_use]
    pub fn of_backup(taken: &BackupFacts) -> Self {
        let state = match taken.held.tables {
            0 if !taken.partial || taken.lost_everything().is_some() => State::Empty,
            _ if taken.partial => State::Partial,
            _ => State::Complete,
        };
        Self::judged(taken.lost_everything().is_none(), state)
    }

    /// A copy.
    #[must_use]
    pub fn of_copy(copied: &CopyFacts) -> Self {
        let CopyFacts { proof: CopyProof::Contents | CopyProof::Bytes | CopyProof::Upload, .. } = copied;
        let state = match copied.tables {
            Some(0) if !copied.partial => State::Empty,
            _ if copied.partial => State::Partial,
            _ => State::Complete,
        };
        Self::judged(true, state)
    }

    /// A verification.
    #[must_use]
    pub fn of_reading(reading: VerifyCounts) -> Self {
        let state = match reading {
            // It did not reach the first backup.
            VerifyCounts { verified: 0, not_verified: 0 } => return Self::failed(None),
            VerifyCounts { verified: 0, .. } => State::Unverified,
            VerifyCounts { not_verified: 0, .. } => State::Verified,
            VerifyCounts { .. } => State::PartlyVerified,
        };
        Self::judged(state == State::Verified, state)
    }

    /// A restore or a drill.
    #[must_use]
    pub fn of_restore(restored: Restored<'_>) -> Self {
        let Some(comparison) = restored.comparison else { return Self::failed(None) };
        let state = match comparison.verdict() {
            Verdict::Equal | Verdict::RowsEqual => State::Proven,
            Verdict::Incomplete => State::Incomplete,
            Verdict::NotEqual => State::Different,
        };
        Self::judged(state == State::Proven && !restored.falls_short, state)
    }

    /// A record saved at this `s3://` location or path.
    #[must_use]
    pub fn of_record(_kept_at: &str) -> Self {
        Self { outcome: Outcome::Success, state: None }
    }

    /// A hold that was added or removed. It does not describe the backup's state.
    #[must_use]
    pub fn of_hold(facts: HoldFacts<'_>) -> Self {
        let is_so = match facts {
            HoldFacts::ReadBack { wanted, read_back } => {
                !read_back.is_empty() && read_back.iter().all(|held| *held == Some(wanted))
            }
            HoldFacts::ByRecord => true,
        };
        Self { outcome: if is_so { Outcome::Success } else { Outcome::Failure }, state: None }
    }

    /// A list or a matrix with this many lines. It does not describe any backup's state.
    #[must_use]
    pub fn of_listing(_lines: usize) -> Self {
        Self { outcome: Outcome::Success, state: None }
    }

    /// A preflight. It describes what a backup needs, not any backup's state.
    #[must_use]
    pub fn of_preflight(findings: &[Finding]) -> Self {
        let fails = findings.iter().any(|finding| finding.level == Level::Fail);
        Self { outcome: if fails { Outcome::Failure } else { Outcome::Success }, state: None }
    }

    /// A dry run that found no obstacle.
    #[must_use]
    pub fn planned() -> Self {
        Self { outcome: Outcome::Planned, state: Some(State::Planned) }
    }

    /// A sponsor whose backups are disabled.
    #[must_use]
    pub fn disabled() -> Self {
        Self { outcome: Outcome::Disabled, state: None }
    }

    /// A failure, with what is known nevertheless.
    #[must_use]
    pub fn failed(known: Option<State>) -> Self {
        Self { outcome: Outcome::Failure, state: known }
    }

    /// The same state as a failure, because a later step failed.
    #[must_use]
    pub fn but_failed(self) -> Self {
        Self::failed(self.state.filter(|state| *state != State::Planned))
    }

    /// One for the whole run: a failure if any sponsor failed, *disabled* only if all sponsors are, and the worst
    /// state.
    #[must_use]
    pub fn overall(all: &[Self]) -> Self {
        let any = |outcome| all.iter().any(|one| one.outcome == outcome);
        let outcomes = [Outcome::Failure, Outcome::Planned, Outcome::Success, Outcome::Disabled];
        // No result at all comes from a matrix without sponsors.
        let outcome = outcomes.into_iter().find(|outcome| any(*outcome)).unwrap_or(Outcome::Success);
        // If one sponsor's state is unknown, so is the run's.
        let is_known = !all.iter().any(|one| one.is_failure() && one.state.is_none());
        Self { outcome, state: all.iter().filter_map(|one| one.state).max().filter(|_| is_known) }
    }

    /// How the command ended.
    #[must_use]
    pub fn outcome(self) -> Outcome {
        self.outcome
    }

    /// What is really known.
    #[must_use]
    pub fn state(self) -> Option<State> {
        self.state
    }

    /// Whether it is a success, so neither a dry run nor disabled.
    #[must_use]
    pub fn is_success(self) -> bool {
        self.outcome == Outcome::Success
    }

    /// Whether it is a failure.
    #[must_use]
    pub fn is_failure(self) -> bool {
        self.outcome == Outcome::Failure
    }

    fn judged(is_good: bool, state: State) -> Self {
        Self { outcome: if is_good { Outcome::Success } else { Outcome::Failure }, state: Some(state) }
    }
}
