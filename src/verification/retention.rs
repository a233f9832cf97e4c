//! Retention by policy: which backups a policy keeps, which ones nothing may remove, and why. Pure.
//!
//! The words are restic's: each rule keeps the newest backup of each of its newest periods in UTC, and rules are ORed.
//! Complete backups, partial ones and foreign dumps are a series each, so that none takes a place in another's. A held backup
//! takes no place either: a hold is an exception, and when it is lifted, nothing else is missing. A locked one does, because in a
//! bucket with Object Lock every backup is locked.
//!
//! A fact that is not known keeps a backup. A backup that was not looked at counts as a complete one without hold and lock, and
//! [`undecided`] names the ones for which that decides anything.

mod period;
mod policy;
mod reason;

pub use policy::{Floors, Policy, Rule};
pub use reason::Reason;

use jiff::{SignedDuration, Timestamp};

use super::limits::ahead;

/// Leftovers that are younger may belong to a run that is not over.
pub const LEFTOVER_AGE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What an object of the listing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A backup of the whole database.
    Complete,
    /// A backup that something was left out of on purpose.
    Partial,
    /// A dump that no run of this program wrote.
    Foreign,
    /// What is left of a run that was cut off.
    Leftover,
    /// What is left of a backup that was whole, by its record or its manifest. That a part is gone is for a person to find out
    /// about.
    Broken,
    /// What is left of a backup that an earlier `prune` began to remove.
    HalfRemoved,
    /// Its manifest cannot be read.
    Unreadable,
}

/// Whether something is so, as far as the store shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Known<T> {
    /// It is shown.
    Is(T),
    /// It is not shown.
    #[default]
    Unknown,
}

/// One backup, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// When it was taken.
    pub at: Timestamp,
    /// What it is.
    pub kind: Kind,
    /// Whether `kind`, `held` and `locked_until` were looked at. If not, they are the defaults of a listing.
    pub is_seen: bool,
    /// Whether it has a legal hold.
    pub held: Known<bool>,
    /// End of its Object Lock, if it has one.
    pub locked_until: Known<Option<Timestamp>>,
    /// End of its own retention, before which no policy removes it.
    pub retained_until: Option<Timestamp>,
    /// Whether a drill proved it.
    pub is_proven: bool,
    /// The version now deployed, if its record names this backup; empty if its name is not known.
    pub precedes: Option<String>,
}

/// Whether a backup stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It stays.
    Keep,
    /// It goes.
    Remove,
}

/// What was decided of one backup, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whether it stays.
    pub verdict: Verdict,
    /// All reasons that keep it, or the one for which it goes; never empty.
    pub reasons: Vec<Reason>,
}

/// What is asked of the candidates.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The rules.
    pub policy: &'a Policy,
    /// What no rule undercuts.
    pub floors: Floors,
    /// Whether foreign dumps may go.
    pub foreign: bool,
    /// The version now deployed, and when it was. Its name is empty if it is not known.
    pub deployed: Option<(&'a str, Timestamp)>,
    /// The time.
    pub now: Timestamp,
}

/// Decides about all backups of one sponsor and environment, in their order. They come the newest first.
#[must_use]
pub fn decide(candidates: &[Candidate], question: Question<'_>) -> Vec<Decision> {
    let mut reasons: Vec<Vec<Reason>> =
        candidates.iter().map(|candidate| of_its_own(candidate, question)).collect();
    for kind in [Kind::Complete, Kind::Partial, Kind::Foreign] {
        let series: Vec<usize> = places(candidates, question.now, |candidate| candidate.kind == kind);
        keep_by_floor(&series, kind, question, &mut reasons);
        for rule in question.policy.rules() {
            let taking = series.iter().copied().filter(|at| candidates[*at].held != Known::Is(true));
            for kept in rule.keeps(taking.map(|at| (at, candidates[at].at))) {
                reasons[kept].push(Reason::Rule(rule));
            }
        }
    }
    for kind in [Kind::Complete, Kind::Partial] {
        let is_proven = |candidate: &Candidate| candidate.is_proven && candidate.kind == kind;
        let proven = places(candidates, question.now, is_proven);
        proven.first().into_iter().for_each(|newest| reasons[*newest].push(Reason::NewestProven));
    }
    if let Some((version, at)) = question.deployed {
        let is_before = |candidate: &Candidate| candidate.kind == Kind::Complete && candidate.at <= at;
        if let Some(newest) = places(candidates, question.now, is_before).first() {
            let reason = Reason::Precedes(version.to_owned());
            if !reasons[*newest].contains(&reason) {
                reasons[*newest].push(reason);
            }
        }
    }
    candidates.iter().zip(reasons).map(|(candidate, reasons)| verdict(candidate, reasons)).collect()
}

/// The candidates about which more must be known before this decision holds: those that would go, and those that take a place
/// in a series.
#[must_use]
pub fn undecided(candidates: &[Candidate], decisions: &[Decision]) -> Vec<usize> {
    let hangs = |decision: &Decision| {
        decision.verdict == Verdict::Remove || decision.reasons.iter().any(Reason::takes_a_place)
    };
    let all = candidates.iter().zip(decisions).enumerate();
    all.filter(|(_, (candidate, decision))| !candidate.is_seen && hangs(decision)).map(|(at, _)| at).collect()
}

/// Those that count, in their order. One that is dated ahead would stay the newest whatever follows.
fn places(candidates: &[Candidate], now: Timestamp, counts: impl Fn(&Candidate) -> bool) -> Vec<usize> {
    let here = candidates.iter().enumerate();
    here.filter(|(_, candidate)| counts(candidate) && ahead(candidate.at, now).is_none())
        .map(|(at, _)| at)
        .collect()
}

fn keep_by_floor(series: &[usize], kind: Kind, question: Question<'_>, reasons: &mut [Vec<Reason>]) {
    let least = usize::try_from(question.floors.min_keep).unwrap_or(usize::MAX);
    if kind == Kind::Complete {
        series.first().into_iter().for_each(|newest| reasons[*newest].push(Reason::NewestComplete));
    }
    for at in series.iter().take(least) {
        reasons[*at].push(Reason::MinKeep(question.floors.min_keep));
    }
}

/// What keeps a backup, whatever other backups there are.
fn of_its_own(candidate: &Candidate, Question { floors, foreign, now, .. }: Question<'_>) -> Vec<Reason> {
    let age = now.duration_since(candidate.at);
    let min_age = SignedDuration::try_from(floors.min_age).unwrap_or(SignedDuration::MAX);
    let is_backup = matches!(candidate.kind, Kind::Complete | Kind::Partial | Kind::Foreign);
    let mut reasons = Vec::new();
    let mut keep = |so: bool, reason: Reason| {
        if so {
            reasons.push(reason);
        }
    };
    keep(candidate.kind == Kind::Unreadable, Reason::Unreadable);
    keep(candidate.kind == Kind::Broken, Reason::Broken);
    keep(candidate.kind == Kind::Foreign && !foreign, Reason::Foreign);
    keep(candidate.held == Known::Is(true), Reason::Held);
    keep(candidate.held == Known::Unknown, Reason::HoldUnknown);
    match candidate.locked_until {
        Known::Is(Some(until)) => keep(until > now, Reason::LockedUntil(until)),
        Known::Is(None) => {}
        Known::Unknown => keep(true, Reason::LockUnknown),
    }
    if let Some(until) = candidate.retained_until.filter(|until| *until > now) {
        keep(true, Reason::RetainedUntil(until));
    }
    let is_ahead = ahead(candidate.at, now).is_some();
    keep(is_backup && age < min_age && !is_ahead, Reason::MinAge(floors.min_age));
    keep(candidate.kind == Kind::Leftover && age < LEFTOVER_AGE, Reason::YoungLeftover);
    if let Some(version) = &candidate.precedes {
        keep(true, Reason::Precedes(version.clone()));
    }
    keep(is_ahead, Reason::Ahead);
    reasons
}

fn verdict(candidate: &Candidate, reasons: Vec<Reason>) -> Decision {
    if !reasons.is_empty() {
        return Decision { verdict: Verdict::Keep, reasons };
    }
    let why = match candidate.kind {
        Kind::Leftover => Reason::OldLeftover,
        Kind::HalfRemoved => Reason::HalfRemoved,
        Kind::Complete | Kind::Partial | Kind::Foreign | Kind::Broken | Kind::Unreadable => Reason::NoRule,
    };
    Decision { verdict: Verdict::Remove, reasons: vec![why] }
}

#[cfg(test)]
mod tests;
