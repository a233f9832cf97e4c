//! The time line of a sponsor: records and backups without one, read from the newest backward.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;

use futures_util::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;

use super::RunContext;
use super::backup_attempts::{AttemptStatus, BackupAttempt, BackupHistory};
use super::backup_rows::BackupRows;
use super::record_reads::{FoundRecord, IN_FLIGHT, RecordReads};
use super::row_facts::RowFacts;
use crate::failure::Failure;
use crate::layout::key::SECOND;
use crate::record::entries::{RecordEntry, RecordedEvent};
use crate::record::timeline::{Candidate, Found, Wanted, candidates, is_settled, preceding};
use crate::report::history::{BeforeRun, HistoryEvent, SponsorHistory};

/// Records that are read in search of a version, a run or an outcome, at most, unless `all` is set.
const SEARCHED: usize = 2_000;

/// Reads time lines.
pub(super) struct TimelineReads<'a> {
    pub(super) context: &'a RunContext,
    pub(super) rows: BackupRows<'a>,
    pub(super) records: RecordReads,
    pub(super) wanted: Wanted,
    /// Maximum number of events. `None` for all.
    pub(super) limit: Option<NonZeroUsize>,
    /// Whether the records themselves are returned, too.
    pub(super) with_records: bool,
}

/// The records that a time line was made of.
#[derive(Default)]
pub(super) struct ReadRecords {
    /// The newest first.
    pub(super) entries: Vec<RecordEntry>,
    /// Locations of those that could not be read.
    pub(super) unread: Vec<String>,
}

/// What was learned on the way back.
struct Course {
    /// Locations of the backups that the store holds as a whole.
    stored: BTreeSet<String>,
    /// Locations of the backups that records named.
    named: BTreeSet<String>,
    /// Seconds of the backups whose records name no location.
    failed: BTreeSet<i64>,
    /// Keys of the dumps that prunes removed, and whether their newest record says so.
    pruned: BTreeMap<String, bool>,
    /// The records that were read, in search of a run or if they are wanted themselves.
    read: ReadRecords,
    /// The time in the last key.
    oldest: Timestamp,
}

impl TimelineReads<'_> {
    /// Fills in the events. The requests are the pages of the listings, and at most three for each row, unless what a record
    /// says decides whether it is shown.
    pub(super) async fn fill(
        &self,
        place: &BackupHistory<'_>,
        found: &mut SponsorHistory,
    ) -> Result<ReadRecords, Failure> {
        let wanted = &self.wanted;
        let records = self.records.list(place, |kind| wanted.has(kind)).await?;
        let attempts = place.attempts().await?;
        let is_whole = |attempt: &&BackupAttempt| matches!(attempt.standing, AttemptStatus::Whole(_));
        let stored =
            attempts.iter().filter(is_whole).map(|attempt| place.location(&attempt.backup)).collect();
        let backups = attempts.into_iter().filter(|_| wanted.has_unrecorded());
        let backups = backups.map(|attempt| (attempt.backup.clone(), attempt)).collect();
        let mut ahead = candidates(wanted, place.environment, records, backups).into_iter().peekable();
        let mut course = Course {
            stored,
            named: BTreeSet::new(),
            failed: BTreeSet::new(),
            pruned: BTreeMap::new(),
            read: ReadRecords::default(),
            oldest: self.context.now(),
        };
        let limit = self.limit.map_or(usize::MAX, NonZeroUsize::get);
        let mut searched = 0;
        while ahead.peek().is_some() {
            let room = limit.saturating_sub(found.events.len());
            let is_settled = match &wanted.run {
                Some(run) => is_settled(run, &course.read.entries, course.oldest),
                None => room == 0,
            };
            if is_settled {
                break;
            }
            if wanted.is_searched() && self.limit.is_some() && searched >= SEARCHED {
                self.warn_of_the_end(place, course.oldest);
                break;
            }
            let at_once = if wanted.is_searched() { IN_FLIGHT } else { room.min(IN_FLIGHT) };
            let next: Vec<_> = ahead.by_ref().take(at_once).collect();
            searched += next.len();
            let events = self.read(place, next, &mut course).await?;
            found.more |= events.len() > room;
            found.events.extend(events.into_iter().take(room));
        }
        found.more |= ahead.peek().is_some();
        found.before_run = wanted.run.as_ref().map(|run| BeforeRun {
            run: run.clone(),
            is_recorded: course.read.entries.iter().any(|entry| entry.run_id.as_ref() == Some(run)),
            backup: preceding(run, &course.read.entries)
                .map(|entry| self.event(place, entry.clone(), &course)),
        });
        Ok(course.read)
    }

    /// Reads the next objects, and returns what is shown of them.
    async fn read(
        &self,
        place: &BackupHistory<'_>,
        next: Vec<Candidate<BackupAttempt>>,
        course: &mut Course,
    ) -> Result<Vec<HistoryEvent>, Failure> {
        course.oldest = next.last().map_or(course.oldest, |candidate| candidate.at);
        let read = futures_util::stream::iter(next).map(|candidate| self.read_one(place, candidate.what));
        let read: Vec<Read> = read.buffered(IN_FLIGHT).try_collect().await?;
        let mut events = Vec::new();
        for read in read {
            match read {
                Read::Record(entry) => {
                    course.note(&entry, self.with_records || self.wanted.run.is_some());
                    if self.wanted.fits(&entry) {
                        events.push(self.event(place, *entry, course));
                    }
                }
                Read::Backup(attempt) => events.extend(self.unrecorded(place, *attempt, course).await?),
                Read::Unread(location) => course.read.unread.push(location),
                Read::Nothing => {}
            }
        }
        Ok(events)
    }

    async fn read_one(
        &self,
        place: &BackupHistory<'_>,
        found: Found<BackupAttempt>,
    ) -> Result<Read, Failure> {
        let listed = match found {
            Found::Backup(attempt) => return Ok(Read::Backup(Box::new(attempt))),
            Found::Record(listed) => listed,
        };
        let why = match self.records.read(place, &listed).await {
            Ok(FoundRecord::Own(entry)) => return Ok(Read::Record(entry)),
            Ok(FoundRecord::Nothing) => return Ok(Read::Nothing),
            Ok(FoundRecord::Unreadable) => "it is not JSON".to_owned(),
            Err(error) if error.affects_every_request() => return Err(error.into()),
            Err(error) => error.to_string(),
        };
        let location = place.audit_logs.location(&listed.key);
        place.warn("a record was not read", &format!("{location}: {why}"));
        Ok(Read::Unread(location))
    }

    fn event(&self, place: &BackupHistory<'_>, entry: RecordEntry, course: &Course) -> HistoryEvent {
        let root = place.backups.location("");
        let own = entry.backup_location.as_ref().filter(|location| location.starts_with(&root));
        let stored = own.map(|location| course.stored.contains(location));
        let key = own.and_then(|location| location.strip_prefix(&root));
        let is_pruned = key.is_some_and(|key| course.pruned.get(key) == Some(&true));
        let location = place.audit_logs.location(&entry.key);
        let event = HistoryEvent { is_pruned, ..HistoryEvent::of_record(entry, stored, location) };
        event.cleaned(|text| self.context.sink.redacted(text))
    }

    /// A backup that no record names, as its manifest describes it.
    async fn unrecorded(
        &self,
        place: &BackupHistory<'_>,
        attempt: BackupAttempt,
        course: &Course,
    ) -> Result<Option<HistoryEvent>, Failure> {
        let (location, second) = (place.location(&attempt.backup), attempt.backup.at.as_second());
        if course.named.contains(&location) || course.failed.contains(&second) {
            return Ok(None);
        }
        Ok(Box::pin(self.rows.row(place, attempt, &RowFacts::of_a_watcher()))
            .await?
            .map(HistoryEvent::unrecorded))
    }

    fn warn_of_the_end(&self, place: &BackupHistory<'_>, oldest: Timestamp) {
        let until = oldest.strftime(SECOND);
        let words = format!(
            "only the newest {SEARCHED} records were searched. Set `until` to `{until}` to go on, or `all`"
        );
        place.warn("not all records were searched", &words);
    }
}

/// An object that was read.
enum Read {
    Record(Box<RecordEntry>),
    /// Not read yet: most backups have a record.
    Backup(Box<BackupAttempt>),
    /// A record at this location that could not be read.
    Unread(String),
    /// Another sponsor's or another program's.
    Nothing,
}

impl Course {
    fn note(&mut self, entry: &RecordEntry, keep: bool) {
        // The newest record comes first.
        for (keys, is_gone) in [(&entry.removed, true), (&entry.returned, false)] {
            for key in keys {
                self.pruned.entry(key.clone()).or_insert(is_gone);
            }
        }
        match &entry.backup_location {
            Some(location) => drop(self.named.insert(location.clone())),
            None if entry.event == RecordedEvent::Backup => drop(self.failed.insert(entry.at.as_second())),
            None => {}
        }
        if keep {
            self.read.entries.push(entry.clone());
        }
    }
}
