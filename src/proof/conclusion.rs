//! What may be called a success, and what is really known: decided here, from typed facts, and nowhere else. Pure.
//!
//! A [`Conclusion`] can be made in this file alone. Headline, row, annotation, output, exit code, record, drill report and
//! issue all take one, so code that says *success* without facts does not compile.

use serde::Serialize;

use super::compare::{Comparison, Verdict};
use super::wording::{counted, grouped};
use crate::archive::description::Partial;

/// How a command ended, for one sponsor or for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// All that was asked for was done, and is known to be so.
    Success,
    /// Something was not done, or is not known to be so.
    Failure,
    /// Nothing was done, since the sponsor's flag is off.
    Disabled,
    /// A dry run found nothing in the way of the real run.
    Planned,
}

impl Outcome {
    /// The word that documents and outputs use.
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

/// What is really known, from the best to the worst of each command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// A dry run ended at the plan.
    Planned,
    /// Backup: everything in the database is stored.
    Complete,
    /// Backup: stored without what was excluded by request.
    Partial,
    /// Backup: stored, and it holds no table.
    Empty,
    /// Verify: every backup in question was read through and is what its manifest says.
    Verified,
    /// Verify: some were, and others were not.
    PartlyVerified,
    /// Verify: none was.
    Unverified,
    /// Drill and restore: the restored database equals the backup.
    Proven,
    /// Drill and restore: what was restored equals the backup, but not everything was restored or compared.
    Incomplete,
    /// Drill and restore: the restored database differs from the backup.
    Different,
}

impl State {
    /// All of them, for the documentation.
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

    /// Whether it is less than what a reader expects of a success.
    #[must_use]
    pub fn is_notable(self) -> bool {
        !matches!(self, Self::Planned | Self::Complete | Self::Verified | Self::Proven)
    }

    /// The word that documents and outputs use.
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

/// How a command ended, and what is really known. The facts that lead to it are the arguments of its constructors; nothing
/// else makes one:
///
/// ```compile_fail,E0451
/// use sponsor_backup::proof::{Conclusion, Outcome, State};
/// let forged = Conclusion { outcome: Outcome::Success, state: Some(State::Proven) };
/// ```
///
/// nor can a result call itself a success:
///
/// ```compile_fail,E0616
/// use sponsor_backup::proof::Conclusion;
/// use sponsor_backup::report::SponsorResult;
/// let mut result = SponsorResult::new("callisto", Conclusion::failed(None), 1.0);
/// result.conclusion = Conclusion::planned();
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Conclusion {
    outcome: Outcome,
    state: Option<State>,
}

/// What a stored backup holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Tables with a block of rows.
    pub tables: u64,
    /// Their rows.
    pub rows: u64,
    /// Bytes of the dump before compression.
    pub bytes: u64,
}

/// A backup that was stored and read back.
#[derive(Debug, Clone, Copy)]
pub struct BackupFacts {
    /// What it holds.
    pub held: Held,
    /// Whether something was excluded by request.
    pub partial: bool,
    /// What the backup before it held; `None` if there was none, or if it could not be read.
    pub before: Option<Before>,
}

/// What the newest earlier backup with rows held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Before {
    /// Rows of all tables.
    pub rows: u64,
    /// Bytes of the dump before compression.
    pub bytes: u64,
}

/// More than this share of rows or bytes gone since the backup before deserves a warning, in percent.
const FALL_PERCENT: u64 = 20;

impl BackupFacts {
    /// What is odd about its contents, each in words.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let Self { held, before, .. } = *self;
        let mut found = Vec::new();
        if held.tables == 0 {
            found.push(
                "the backup holds no table with rows: check that DATABASE_URL names the right database"
                    .to_owned(),
            );
        }
        let Some(before) = before else { return found };
        let fell = |now: u64, before: u64| {
            u128::from(now) * 100 < u128::from(before) * u128::from(100 - FALL_PERCENT)
        };
        if fell(held.rows, before.rows) {
            found.push(format!(
                "{}, but the previous backup held {}",
                counted(held.rows, "row"),
                grouped(before.rows)
            ));
        } else if fell(held.bytes, before.bytes) {
            found.push(format!(
                "{} of dump, but the previous backup held {}",
                counted(held.bytes, "byte"),
                grouped(before.bytes)
            ));
        }
        found
    }

    /// Says so if it holds nothing although the backup before held rows: no success, whatever was stored.
    #[must_use]
    pub fn lost_everything(&self) -> Option<String> {
        let before = self.before.filter(|before| self.held.tables == 0 && before.rows > 0)?;
        Some(format!(
            "the backup holds no table, but the previous backup held {}",
            counted(before.rows, "row")
        ))
    }
}

/// Stored backups that were in question, by what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reading {
    /// Read through, and what their manifests say.
    pub verified: usize,
    /// Damaged, unfinished, or not readable for another reason.
    pub not_verified: usize,
}

/// A drill's or a restore's result.
#[derive(Debug, Clone, Copy)]
pub struct Restored<'a> {
    /// The restored database compared with the backup; `None` where that was not reached.
    pub comparison: Option<&'a Comparison>,
    /// Whether a check of the sponsor is not true, or a limit is exceeded.
    pub falls_short: bool,
}

impl Restored<'_> {
    /// What a reader must know of one that found nothing wrong, each in words.
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

    /// A verification.
    #[must_use]
    pub fn of_reading(reading: Reading) -> Self {
        let state = match reading {
            // It did not come to the first backup.
            Reading { verified: 0, not_verified: 0 } => return Self::failed(None),
            Reading { verified: 0, .. } => State::Unverified,
            Reading { not_verified: 0, .. } => State::Verified,
            Reading { .. } => State::PartlyVerified,
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

    /// A record that was kept, at this `s3://` location or path.
    #[must_use]
    pub fn of_record(_kept_at: &str) -> Self {
        Self { outcome: Outcome::Success, state: None }
    }

    /// A list or a matrix, with so many lines; none of them says anything of a backup's state.
    #[must_use]
    pub fn of_listing(_lines: usize) -> Self {
        Self { outcome: Outcome::Success, state: None }
    }

    /// A dry run that found nothing in the way.
    #[must_use]
    pub fn planned() -> Self {
        Self { outcome: Outcome::Planned, state: Some(State::Planned) }
    }

    /// A sponsor whose flag is off.
    #[must_use]
    pub fn disabled() -> Self {
        Self { outcome: Outcome::Disabled, state: None }
    }

    /// A failure, with what is known all the same.
    #[must_use]
    pub fn failed(known: Option<State>) -> Self {
        Self { outcome: Outcome::Failure, state: known }
    }

    /// The same state, and a failure: something that came later went wrong.
    #[must_use]
    pub fn but_failed(self) -> Self {
        Self::failed(self.state.filter(|state| *state != State::Planned))
    }

    /// One for all sponsors: a failure of any is a failure, *disabled* only where nobody was enabled, and the worst state.
    #[must_use]
    pub fn overall(all: &[Self]) -> Self {
        let any = |outcome| all.iter().any(|one| one.outcome == outcome);
        let outcomes = [Outcome::Failure, Outcome::Planned, Outcome::Success, Outcome::Disabled];
        // Nothing at all to say of anybody is what a matrix without sponsors comes to.
        let outcome = outcomes.into_iter().find(|outcome| any(*outcome)).unwrap_or(Outcome::Success);
        // What is not known of one is not known of all.
        let is_known = !all.iter().any(|one| one.is_failure() && one.state.is_none());
        Self { outcome, state: all.iter().filter_map(|one| one.state).max().filter(|_| is_known) }
    }

    /// How it ended.
    #[must_use]
    pub fn outcome(self) -> Outcome {
        self.outcome
    }

    /// What is really known.
    #[must_use]
    pub fn state(self) -> Option<State> {
        self.state
    }

    /// Whether it ended well, as what is not a dry run and not disabled does.
    #[must_use]
    pub fn is_success(self) -> bool {
        self.outcome == Outcome::Success
    }

    /// Whether it failed.
    #[must_use]
    pub fn is_failure(self) -> bool {
        self.outcome == Outcome::Failure
    }

    fn judged(is_good: bool, state: State) -> Self {
        Self { outcome: if is_good { Outcome::Success } else { Outcome::Failure }, state: Some(state) }
    }
}
