//! Lifecycle rules of a bucket, and what all of them together do to the objects that the product writes. Pure.
//!
//! Facts: Amazon S3 user guide, "Lifecycle configuration elements" and "Examples of S3 Lifecycle configurations" (overlapping
//! rules: the earlier end wins, and an end wins over a move).

use jiff::Timestamp;

use crate::layout::key::Object;
use crate::layout::tags::{LOCK_TAG, TagValues, tags};
use crate::sponsors::Environment;
use crate::store::thaw::is_frozen_class;

/// A time as in [`Object::key`]: each zero is a digit of the time.
const ANY_SECOND: &str = "0000/00/00";

/// When a rule acts on an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// This many days after it was written.
    AfterDays(u32),
    /// On this day and ever after, whatever the object's age is.
    OnDate(Timestamp),
}

impl When {
    /// The days that an object lasts at least. One that is written after the date lasts for none.
    #[must_use]
    pub fn least_days(self) -> u32 {
        match self {
            Self::AfterDays(days) => days,
            Self::OnDate(_) => 0,
        }
    }
}

/// `after 90 days` or `on 2027-01-01`.
impl std::fmt::Display for When {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AfterDays(days) => write!(f, "after {}", in_days(*days)),
            Self::OnDate(date) => write!(f, "on {}", date.strftime("%Y-%m-%d")),
        }
    }
}

/// `1 day` or `30 days`.
#[must_use]
pub fn in_days(days: u32) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}

/// What selects a rule's objects, besides the prefix.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Tags that an object must all have.
    pub tags: Vec<(String, String)>,
    /// Only larger objects, in bytes.
    pub larger_than: Option<u64>,
    /// Only smaller objects, in bytes.
    pub smaller_than: Option<u64>,
}

/// One rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rule {
    /// Its id; may be empty.
    pub id: String,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Start of the keys; empty for all.
    pub prefix: String,
    /// What else selects its objects.
    pub filter: Filter,
    /// Moves to another storage class.
    pub transitions: Vec<(When, String)>,
    /// End of a current object. In a versioned bucket, it becomes noncurrent.
    pub expiration: Option<When>,
    /// Whether it removes delete markers that hide nothing any more.
    pub removes_delete_markers: bool,
    /// Days after which a noncurrent version is deleted.
    pub noncurrent_days: Option<u32>,
    /// Noncurrent versions that are kept all the same.
    pub newer_noncurrent_versions: Option<u32>,
    /// Days after its start on which an incomplete upload is aborted.
    pub abort_uploads_days: Option<u32>,
}

impl Rule {
    /// `rule \`archive-production-backups\``
    #[must_use]
    pub fn name(&self) -> String {
        if self.id.is_empty() {
            format!("the rule without an id for prefix `{}`", self.prefix)
        } else {
            format!("rule `{}`", self.id)
        }
    }

    /// Whether it moves or ends current objects. A rule for delete markers or incomplete uploads does neither.
    #[must_use]
    pub fn acts_on_current(&self) -> bool {
        self.expiration.is_some() || !self.transitions.is_empty()
    }
}

/// How far a rule selects the objects of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Selects {
    None,
    Some,
    All,
}

/// The objects of one kind, environment and sponsor.
#[derive(Debug, Clone, Copy)]
pub struct ObjectFamily<'a> {
    /// Which kind.
    pub object: Object<'static>,
    /// Which environment.
    pub environment: Environment,
    /// Sponsor's name, for tags.
    pub sponsor: &'a str,
    /// Input `retention-years`, for tags.
    pub retention_years: Option<u16>,
}

impl ObjectFamily<'_> {
    /// `staging/backups/`
    #[must_use]
    pub fn prefix(&self) -> String {
        format!("{}/", self.object.folder(self.environment))
    }

    /// The enabled rule for all of these objects, and for no others.
    #[must_use]
    pub fn own_rule<'a>(&self, rules: &'a [Rule]) -> Option<&'a Rule> {
        let ours = self.prefix();
        rules.iter().find(|rule| rule.enabled && rule.prefix == ours && rule.filter == Filter::default())
    }

    fn selected_by(&self, rule: &Rule) -> Selects {
        if !rule.enabled {
            return Selects::None;
        }
        let by_size = match (rule.filter.larger_than, rule.filter.smaller_than) {
            (None | Some(0), None) => Selects::All,
            _ => Selects::Some,
        };
        self.by_prefix(&rule.prefix).min(self.by_tags(&rule.filter.tags)).min(by_size)
    }

    fn by_prefix(&self, prefix: &str) -> Selects {
        let ours = self.prefix();
        if ours.starts_with(prefix) {
            return Selects::All;
        }
        // A year, for example, selects a part of the objects.
        let Some(rest) = prefix.strip_prefix(&ours) else { return Selects::None };
        let could_be = |(pattern, given): (char, char)| match pattern {
            '0' => given.is_ascii_digit(),
            pattern => pattern == given,
        };
        if ANY_SECOND.chars().zip(rest.chars()).all(could_be) { Selects::Some } else { Selects::None }
    }

    /// Tags that depend on the run, as `pre-migration` does, select some of the objects.
    fn by_tags(&self, wanted: &[(String, String)]) -> Selects {
        let of_runs = self.possible_tags();
        let has = |tag: &(String, String)| match of_runs.iter().filter(|tags| tags.contains(tag)).count() {
            // The lock's tag is set after the upload.
            0 if tag.0 == LOCK_TAG => Selects::Some,
            0 => Selects::None,
            count if count == of_runs.len() && tag.0 != LOCK_TAG => Selects::All,
            _ => Selects::Some,
        };
        wanted.iter().map(has).min().unwrap_or(Selects::All)
    }

    fn possible_tags(&self) -> [Vec<(String, String)>; 4] {
        let Self { object, environment, sponsor, retention_years, .. } = *self;
        let runs = [(false, false), (false, true), (true, false), (true, true)];
        runs.map(|(pre_migration, partial)| {
            tags(object, TagValues { sponsor, environment, pre_migration, retention_years, partial })
        })
    }

    /// What the rules do to these objects. Rules that select only some of them count for what they end and move, and do
    /// not count where all objects need a rule.
    #[must_use]
    pub fn fate<'a>(&self, rules: &'a [Rule]) -> Fate<'a> {
        let selected = rules.iter().map(|rule| (self.selected_by(rule), rule));
        let some: Vec<(Selects, &Rule)> = selected.filter(|(selects, _)| *selects > Selects::None).collect();
        let all = || some.iter().filter(|(selects, _)| *selects == Selects::All).map(|(_, rule)| *rule);
        // S3 gives neither delete markers nor incomplete uploads tags or sizes.
        let plain = || all().filter(|rule| rule.filter == Filter::default());
        let ends = some.iter().filter_map(|(_, rule)| Some((rule.expiration?, *rule)));
        let moves = some.iter().flat_map(|(_, rule)| rule.transitions.iter().map(|it| (it, *rule)));
        let mut moves: Vec<Move<'a>> =
            moves.map(|((when, class), rule)| Move { when: *when, class, rule }).collect();
        moves.sort_by_key(|it| it.when.least_days());
        Fate {
            moves,
            ends: ends.min_by_key(|(when, _)| when.least_days()),
            all_end: all().any(|rule| rule.expiration.is_some()),
            is_covered: all().any(Rule::acts_on_current),
            noncurrent: shortest(some.iter().filter_map(|(_, rule)| Some((rule.noncurrent_days?, *rule)))),
            all_noncurrent_end: all()
                .any(|rule| rule.noncurrent_days.is_some() && rule.newer_noncurrent_versions.is_none()),
            // An end by age removes the markers that are as old, too.
            markers_end: plain().any(|rule| rule.removes_delete_markers || rule.expiration.is_some()),
            uploads: shortest(plain().filter_map(|rule| Some((rule.abort_uploads_days?, rule)))),
        }
    }
}

fn shortest<'a>(found: impl Iterator<Item = (u32, &'a Rule)>) -> Option<(u32, &'a Rule)> {
    found.min_by_key(|(days, _)| *days)
}

/// A move to another storage class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move<'a> {
    /// When.
    pub when: When,
    /// S3 storage class.
    pub class: &'a str,
    /// The rule that moves.
    pub rule: &'a Rule,
}

/// What a bucket's rules do to objects of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fate<'a> {
    /// Moves, the earliest first.
    pub moves: Vec<Move<'a>>,
    /// The earliest end that any of the objects can meet, and its rule.
    pub ends: Option<(When, &'a Rule)>,
    /// Whether each of the objects ends some day.
    pub all_end: bool,
    /// Whether a rule that moves or ends current objects selects all of them.
    pub is_covered: bool,
    /// The fewest days that a noncurrent version is kept, and the rule.
    pub noncurrent: Option<(u32, &'a Rule)>,
    /// Whether each noncurrent version ends some day.
    pub all_noncurrent_end: bool,
    /// Whether delete markers that hide nothing any more are removed.
    pub markers_end: bool,
    /// After how many days incomplete uploads are aborted, and the rule.
    pub uploads: Option<(u32, &'a Rule)>,
}

impl<'a> Fate<'a> {
    /// The days that each object is kept at least; `None` if they are never deleted.
    #[must_use]
    pub fn least_days(&self) -> Option<u32> {
        self.ends.map(|(when, _)| when.least_days())
    }

    /// The first move to a class whose objects must be thawed, before the objects end.
    #[must_use]
    pub fn archived(&self) -> Option<Move<'a>> {
        let mut archived = self.moves.iter().copied().filter(|it| is_frozen_class(it.class));
        archived.find(|it| self.least_days().is_none_or(|end| it.when.least_days() < end))
    }

    /// Whether objects move to this class.
    #[must_use]
    pub fn moves_to(&self, class: &str) -> bool {
        self.moves.iter().any(|it| it.class == class)
    }
}

#[cfg(test)]
mod tests;
