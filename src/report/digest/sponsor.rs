//! The digest of one sponsor, from what was read about it.

use jiff::Timestamp;
use serde::Serialize;

use super::exceptions::exceptions;
use super::numbers::{days, size_change};
use super::{
    Deployments, Exception, ExceptionKind, Limits, NewestBackup, NewestDrill, Period, Runs, SponsorDigest,
    SponsorFacts, StoredSize,
};
use crate::record::RecordedOutcome;
use crate::record::entries::RecordedEvent;

/// How a sponsor is, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SponsorState {
    /// Without exceptions.
    Ok,
    /// With exceptions.
    Attention,
    /// Backups are disabled.
    Disabled,
    /// It could not be looked at.
    Unknown,
}

impl SponsorState {
    /// The word for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Attention => "needs attention",
            Self::Disabled => "disabled",
            Self::Unknown => "unknown",
        }
    }

    /// The sign before that word.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Ok => "✓",
            Self::Attention => "✗",
            Self::Disabled => "○",
            Self::Unknown => "?",
        }
    }
}

impl SponsorDigest {
    /// The digest of a sponsor that was looked at.
    #[must_use]
    pub fn of(facts: SponsorFacts, period: Period, limits: &Limits) -> Self {
        let of = |event: RecordedEvent| {
            facts.entries.iter().filter(move |entry| entry.event == event && period.covers(entry.at))
        };
        let succeeded = |event: RecordedEvent| {
            let all = facts.entries.iter().filter(move |entry| entry.event == event);
            all.filter(|entry| entry.outcome == Some(RecordedOutcome::Success))
        };
        let last = |event: RecordedEvent| succeeded(event).map(|entry| entry.at).max();
        let mut sizes: Vec<StoredSize> =
            succeeded(RecordedEvent::Backup).filter_map(StoredSize::of).collect();
        sizes.sort_by_key(|size| size.timestamp);
        let newest_drill = facts.entries.iter().filter(|entry| entry.event == RecordedEvent::Drill);
        let mut digest = Self {
            newest_backup: newest_backup(&facts, period.now),
            backups: Runs::of(of(RecordedEvent::Backup)),
            size_change_percent: size_change(&sizes).filter(|_| newest_is_in(&sizes, period)),
            newest_drill: newest_drill.max_by_key(|entry| entry.at).map(NewestDrill::of),
            last_passed_drill: last(RecordedEvent::Drill),
            drills: Runs::of(of(RecordedEvent::Drill)),
            last_verification: last(RecordedEvent::Verification),
            deployments: Deployments::of(&facts.entries, period),
            storage_bytes: facts.store.storage_bytes,
            replication_pending_seconds: facts.store.replication_pending.map(|pending| pending.as_secs()),
            days: days(&facts.entries, period),
            ..Self::without_facts(&facts.sponsor, SponsorState::Ok, Vec::new())
        };
        digest.exceptions = exceptions(&facts, &digest, limits, period.now);
        if !digest.exceptions.is_empty() {
            digest.state = SponsorState::Attention;
        }
        sizes.retain(|size| period.covers(size.timestamp));
        let SponsorFacts { mut events, stored, .. } = facts;
        events.retain(|event| period.covers(event.timestamp));
        Self { sizes, stored, events, ..digest }
    }

    /// The digest of a sponsor that could not be looked at.
    #[must_use]
    pub fn unknown(sponsor: &str, why: &str) -> Self {
        let exception =
            Exception::new(ExceptionKind::Unknown, format!("nothing is known: {}", one_line(why)));
        Self::without_facts(sponsor, SponsorState::Unknown, vec![exception])
    }

    /// The digest of a sponsor whose flag is off.
    #[must_use]
    pub fn disabled(sponsor: &str, why: &str) -> Self {
        let exception =
            Exception::new(ExceptionKind::Disabled, format!("backups are disabled: {}", one_line(why)));
        Self::without_facts(sponsor, SponsorState::Disabled, vec![exception])
    }

    /// Replaces what others wrote by what `clean` makes of it. The events are clean already.
    #[must_use]
    pub fn cleaned(mut self, clean: impl Fn(&str) -> String) -> Self {
        for exception in &mut self.exceptions {
            exception.message = one_line(&clean(&exception.message));
        }
        let Deployments { without_backup, without_proven_backup, .. } = &mut self.deployments;
        for deployment in without_backup.iter_mut().chain(without_proven_backup) {
            for text in [&mut deployment.version, &mut deployment.why] {
                *text = text.as_deref().map(|text| one_line(&clean(text)));
            }
        }
        self
    }

    fn without_facts(sponsor: &str, state: SponsorState, exceptions: Vec<Exception>) -> Self {
        Self {
            sponsor: sponsor.to_owned(),
            state,
            exceptions,
            newest_backup: None,
            backups: Runs::default(),
            sizes: Vec::new(),
            size_change_percent: None,
            newest_drill: None,
            last_passed_drill: None,
            drills: Runs::default(),
            last_verification: None,
            deployments: Deployments::default(),
            storage_bytes: None,
            replication_pending_seconds: None,
            days: Vec::new(),
            stored: Vec::new(),
            events: Vec::new(),
        }
    }
}

/// What others wrote must not begin a line of the log.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// Older ones are compared with too few.
fn newest_is_in(sizes: &[StoredSize], period: Period) -> bool {
    sizes.last().is_some_and(|newest| period.covers(newest.timestamp))
}

fn newest_backup(facts: &SponsorFacts, now: Timestamp) -> Option<NewestBackup> {
    let (timestamp, location) = facts.store.newest.clone()?;
    let record = facts.entries.iter().find(|entry| {
        entry.event == RecordedEvent::Backup && entry.backup_location.as_ref() == Some(&location)
    });
    Some(NewestBackup {
        timestamp,
        // Another machine's clock may be ahead.
        age_seconds: u64::try_from(now.duration_since(timestamp).as_secs()).unwrap_or_default(),
        size_bytes: facts.store.stored_bytes,
        rows: facts.store.rows,
        partial: facts.store.partial,
        version: facts.store.version.clone(),
        locked_until: facts.store.locked_until,
        retained_until: record.and_then(|entry| entry.measures.retained_until),
        location,
    })
}
