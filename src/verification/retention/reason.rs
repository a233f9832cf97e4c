//! Why a backup stays or goes. Pure.

use std::time::Duration;

use jiff::Timestamp;

use super::policy::Rule;
use crate::verification::limits::words;

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// A rule of the policy keeps it.
    Rule(Rule),
    /// It is the newest complete one.
    NewestComplete,
    /// It is the newest that a drill proved.
    NewestProven,
    /// It has a legal hold.
    Held,
    /// Whether it has one was not shown.
    HoldUnknown,
    /// It has an Object Lock.
    LockedUntil(Timestamp),
    /// Whether it has one was not shown.
    LockUnknown,
    /// Its own retention is not over.
    RetainedUntil(Timestamp),
    /// It is the one before the version now deployed.
    Precedes(String),
    /// It is dated in the future.
    Ahead,
    /// Its manifest cannot be read.
    Unreadable,
    /// It was whole, and lost a part.
    Broken,
    /// No run of this program wrote it, and foreign dumps were not asked for.
    Foreign,
    /// It is one of the newest of its series.
    MinKeep(u32),
    /// It is too young for any policy.
    MinAge(Duration),
    /// A run that left it might not be over.
    YoungLeftover,
    /// It goes: no rule keeps it.
    NoRule,
    /// It goes: its run was cut off long ago.
    OldLeftover,
    /// It goes: an earlier run removed a part of it.
    HalfRemoved,
    /// It stays after all: it changed after the plan.
    Changed,
}

impl Reason {
    /// Whether a backup that is kept for it takes a place that another would have.
    pub(super) fn takes_a_place(&self) -> bool {
        match self {
            Self::Rule(rule) => rule.takes_a_place(),
            Self::NewestComplete | Self::NewestProven | Self::Precedes(_) | Self::MinKeep(_) => true,
            _ => false,
        }
    }
}

/// As the plan shows it.
impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let day = |at: &Timestamp| at.strftime("%Y-%m-%d").to_string();
        match self {
            Self::Rule(rule) => write!(f, "{rule}"),
            Self::NewestComplete => f.write_str("newest complete"),
            Self::NewestProven => f.write_str("newest proven by a drill"),
            Self::Held => f.write_str("held"),
            Self::HoldUnknown => f.write_str("hold unknown"),
            Self::LockedUntil(until) => write!(f, "locked until {}", day(until)),
            Self::LockUnknown => f.write_str("lock unknown"),
            Self::RetainedUntil(until) => write!(f, "retained until {}", day(until)),
            Self::Precedes(version) if version.is_empty() => f.write_str("before the version now deployed"),
            Self::Precedes(version) => write!(f, "before deployed version {version}"),
            Self::Ahead => f.write_str("dated in the future"),
            Self::Unreadable => f.write_str("its manifest cannot be read"),
            Self::Broken => f.write_str("it was whole, and a part of it is gone"),
            Self::Foreign => f.write_str("kept without `foreign`"),
            Self::MinKeep(count) => write!(f, "min-keep {count}"),
            Self::MinAge(age) => write!(f, "min-age {}", words(*age)),
            Self::YoungLeftover => f.write_str("younger than 7d"),
            Self::NoRule => f.write_str("no rule keeps it"),
            Self::OldLeftover => f.write_str("older than 7d"),
            Self::HalfRemoved => f.write_str("half removed by an earlier run"),
            Self::Changed => f.write_str("changed after the plan"),
        }
    }
}
