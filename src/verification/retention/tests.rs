use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::{Strategy, any};

use super::{
    Candidate, Decision, Floors, Kind, Known, Policy, Question, Reason, Verdict, ahead, decide, undecided,
};

const DAY: Duration = Duration::from_secs(86_400);
const NO_FLOORS: Floors = Floors { min_keep: 0, min_age: Duration::ZERO };
const FLOORS: Floors = Floors { min_keep: 3, min_age: Duration::from_secs(7 * 86_400) };

fn at(text: &str) -> Timestamp {
    DateTime::strptime("%Y-%m-%d %H:%M", text).unwrap().to_zoned(TimeZone::UTC).unwrap().timestamp()
}

fn backup(at: Timestamp) -> Candidate {
    Candidate {
        at,
        kind: Kind::Complete,
        is_seen: true,
        held: Known::Is(false),
        locked_until: Known::Is(None),
        retained_until: None,
        is_proven: false,
        precedes: None,
    }
}

/// This number of backups, the newest first, each this number of days before the one before it.
fn series(newest: &str, count: i64, days: i64) -> Vec<Candidate> {
    (0..count).map(|back| backup(at(newest) - SignedDuration::from_hours(24 * days * back))).collect()
}

fn question<'a>(policy: &'a Policy, floors: Floors, now: &str) -> Question<'a> {
    Question { policy, floors, foreign: false, deployed: None, now: at(now) }
}

fn kept(candidates: &[Candidate], question: Question<'_>) -> Vec<String> {
    let decisions = decide(candidates, question);
    let kept = candidates.iter().zip(&decisions).filter(|(_, decision)| decision.verdict == Verdict::Keep);
    kept.map(|(candidate, _)| candidate.at.strftime("%Y-%m-%d").to_string()).collect()
}

fn reasons(decision: &Decision) -> String {
    decision.reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn daily(count: u32) -> Policy {
    Policy { keep_daily: Some(count), ..Policy::default() }
}

#[test]
fn days_without_a_backup_take_no_place() {
    let sundays = series("2026-11-29 10:00", 12, 7);
    let kept = kept(&sundays, question(&daily(4), NO_FLOORS, "2026-11-30 00:00"));
    assert_eq!(kept, ["2026-11-29", "2026-11-22", "2026-11-15", "2026-11-08"]);
}

#[test]
fn what_was_off_for_three_weeks_keeps_its_last_backups() {
    let before = series("2026-11-01 10:00", 30, 1);
    let policy = Policy { keep_within: Some(5 * DAY), ..Policy::default() };
    let kept = kept(&before, question(&policy, NO_FLOORS, "2026-11-22 10:00"));
    assert_eq!(kept, ["2026-11-01", "2026-10-31", "2026-10-30", "2026-10-29", "2026-10-28", "2026-10-27"]);
}

#[test]
fn a_backup_dated_2043_stays_and_takes_no_place() {
    let mut backups = series("2026-11-29 10:00", 5, 1);
    backups.insert(0, backup(at("2043-01-01 00:00")));
    let policy = Policy { keep_last: Some(2), keep_within: Some(DAY), ..Policy::default() };
    let question = question(&policy, NO_FLOORS, "2026-11-30 00:00");
    assert_eq!(kept(&backups, question), ["2043-01-01", "2026-11-29", "2026-11-28"]);
    let decisions = decide(&backups, question);
    assert_eq!(reasons(&decisions[0]), "dated in the future");
    assert_eq!(reasons(&decisions[1]), "newest complete, keep-last 2, keep-within 1d");
    assert_eq!(reasons(&decisions[3]), "no rule keeps it");
}

#[test]
fn the_last_week_of_a_year_can_be_its_53rd() {
    // 2026 has 53 ISO weeks: the last one reaches from 2026-12-28 to 2027-01-03.
    let days = series("2027-01-05 10:00", 20, 1);
    let policy = Policy { keep_weekly: Some(3), ..Policy::default() };
    let kept = kept(&days, question(&policy, NO_FLOORS, "2027-01-05 12:00"));
    assert_eq!(kept, ["2027-01-05", "2027-01-03", "2026-12-27"]);
}

#[test]
fn each_period_keeps_its_newest_in_utc() {
    let times =
        ["2026-03-29 01:59", "2026-03-29 01:00", "2026-03-29 00:59", "2026-02-28 23:59", "2025-12-31 23:59"];
    let backups: Vec<Candidate> = times.into_iter().map(|time| backup(at(time))).collect();
    let count = |policy: Policy| kept(&backups, question(&policy, NO_FLOORS, "2026-03-29 02:00")).len();
    assert_eq!(count(Policy { keep_hourly: Some(9), ..Policy::default() }), 4);
    assert_eq!(count(daily(9)), 3);
    assert_eq!(count(Policy { keep_monthly: Some(2), ..Policy::default() }), 2);
    assert_eq!(count(Policy { keep_yearly: Some(9), ..Policy::default() }), 2);
}

#[test]
fn partial_and_foreign_ones_take_no_place_of_complete_ones() {
    let mut backups = series("2026-11-20 10:00", 6, 1);
    for (place, kind) in [(0, Kind::Partial), (2, Kind::Partial), (3, Kind::Foreign), (5, Kind::Foreign)] {
        backups[place].kind = kind;
    }
    let policy = Policy { keep_last: Some(1), ..Policy::default() };
    let mut question = question(&policy, NO_FLOORS, "2026-11-30 00:00");
    assert_eq!(kept(&backups, question), ["2026-11-20", "2026-11-19", "2026-11-17", "2026-11-15"]);
    question.foreign = true;
    assert_eq!(kept(&backups, question), ["2026-11-20", "2026-11-19", "2026-11-17"]);
}

#[test]
fn a_held_backup_takes_no_place_and_a_locked_one_does() {
    let mut backups = series("2026-11-20 10:00", 4, 1);
    backups[0].held = Known::Is(true);
    backups[1].locked_until = Known::Is(Some(at("2026-12-24 00:00")));
    backups[3].locked_until = Known::Is(Some(at("2026-11-24 00:00")));
    let policy = Policy { keep_last: Some(1), ..Policy::default() };
    let question = question(&policy, NO_FLOORS, "2026-11-30 00:00");
    assert_eq!(kept(&backups, question), ["2026-11-20", "2026-11-19"]);
    let decisions = decide(&backups, question);
    assert_eq!(reasons(&decisions[0]), "held, newest complete");
    assert_eq!(reasons(&decisions[1]), "locked until 2026-12-24, keep-last 1");
}

#[test]
fn what_is_not_known_keeps_a_backup() {
    let mut backups = series("2026-11-20 10:00", 6, 1);
    backups[2].held = Known::Unknown;
    backups[3].locked_until = Known::Unknown;
    backups[4].kind = Kind::Unreadable;
    let policy = Policy { keep_last: Some(1), ..Policy::default() };
    let decisions = decide(&backups, question(&policy, NO_FLOORS, "2026-11-30 00:00"));
    let words: Vec<String> = decisions.iter().skip(1).map(reasons).collect();
    assert_eq!(
        words,
        [
            "no rule keeps it",
            "hold unknown",
            "lock unknown",
            "its manifest cannot be read",
            "no rule keeps it"
        ]
    );
}

#[test]
fn drills_and_deployments_keep_theirs() {
    let mut backups = series("2026-11-20 10:00", 6, 1);
    backups[3].is_proven = true;
    backups[4].is_proven = true;
    backups[5].precedes = Some("v1.4.2".to_owned());
    let policy = Policy { keep_last: Some(1), ..Policy::default() };
    let decisions = decide(&backups, question(&policy, NO_FLOORS, "2026-11-30 00:00"));
    assert_eq!(reasons(&decisions[3]), "newest proven by a drill");
    assert_eq!(reasons(&decisions[4]), "no rule keeps it");
    assert_eq!(reasons(&decisions[5]), "before deployed version v1.4.2");
    // A partial one takes the protection of no complete one.
    backups[3].kind = Kind::Partial;
    let decisions = decide(&backups, question(&policy, NO_FLOORS, "2026-11-30 00:00"));
    assert_eq!(reasons(&decisions[4]), "newest proven by a drill");
}

#[test]
fn the_way_back_is_complete_and_before_the_deployment() {
    let mut backups = series("2026-11-20 10:00", 6, 1);
    backups[2].kind = Kind::Partial;
    let policy = Policy { keep_last: Some(1), ..Policy::default() };
    let question = Question {
        deployed: Some(("v1.4.2", backups[2].at)),
        ..question(&policy, NO_FLOORS, "2026-11-30 00:00")
    };
    let decisions = decide(&backups, question);
    assert_eq!(reasons(&decisions[3]), "before deployed version v1.4.2");
    assert_eq!(reasons(&decisions[1]), "no rule keeps it");
    // Whether it is complete is looked at first.
    backups[3].is_seen = false;
    assert!(undecided(&backups, &decide(&backups, question)).contains(&3));
}

#[test]
fn leftovers_stay_a_week_and_never_count() {
    let mut backups = series("2026-11-25 10:00", 4, 1);
    backups[0].kind = Kind::Leftover;
    backups[3].kind = Kind::Leftover;
    let policy = Policy { keep_last: Some(9), ..Policy::default() };
    let decisions = decide(&backups, question(&policy, FLOORS, "2026-11-30 00:00"));
    assert_eq!(reasons(&decisions[0]), "younger than 7d");
    assert_eq!(reasons(&decisions[1]), "min-age 7d, newest complete, min-keep 3, keep-last 9");
    let later = decide(&backups, question(&policy, FLOORS, "2026-12-30 00:00"));
    assert_eq!((later[3].verdict, reasons(&later[3])), (Verdict::Remove, "older than 7d".to_owned()));
    // Its own retention binds what is left of a backup, too.
    backups[3].retained_until = Some(at("2033-11-22 00:00"));
    let bound = decide(&backups, question(&policy, FLOORS, "2026-12-30 00:00"));
    assert_eq!(reasons(&bound[3]), "retained until 2033-11-22");
    (backups[3].kind, backups[3].retained_until) = (Kind::HalfRemoved, None);
    let half = decide(&backups, question(&policy, FLOORS, "2026-12-30 00:00"));
    assert_eq!(reasons(&half[3]), "half removed by an earlier run");
    // Its record is what shows that something happened to it.
    backups[3].kind = Kind::Broken;
    let broken = decide(&backups, question(&policy, FLOORS, "2026-12-30 00:00"));
    assert_eq!(reasons(&broken[3]), "it was whole, and a part of it is gone");
}

#[test]
fn what_a_decision_hangs_on_is_looked_at_first() {
    let mut backups = series("2026-11-20 10:00", 6, 1);
    backups.iter_mut().for_each(|backup| backup.is_seen = false);
    let policy = Policy { keep_daily: Some(2), keep_within: Some(3 * DAY), ..Policy::default() };
    let question = question(&policy, NO_FLOORS, "2026-11-30 00:00");
    let decisions = decide(&backups, question);
    // The third and the fourth are kept, whatever they are, and take no place.
    assert_eq!(undecided(&backups, &decisions), [0, 1, 4, 5]);
}

proptest::proptest! {
    #[test]
    fn the_floors_hold_whatever_the_policy_says(
        backups in candidates(),
        policy in policies(),
        min_keep in 1_u32..5,
        now in 0_i64..400,
    ) {
        let floors = Floors { min_keep, min_age: 7 * DAY };
        let now = at("2026-01-01 00:00") + SignedDuration::from_hours(24 * now);
        let decisions = decide(&backups, Question { policy: &policy, floors, foreign: true, deployed: None, now });
        let is_kept = |place: usize| decisions[place].verdict == Verdict::Keep;
        let complete: Vec<usize> = (0..backups.len()).filter(|it| backups[*it].kind == Kind::Complete).collect();
        let kept = complete.iter().filter(|place| is_kept(**place)).count();
        proptest::prop_assert!(kept >= complete.len().min(usize::try_from(min_keep).unwrap()));
        for (place, (backup, decision)) in backups.iter().zip(&decisions).enumerate() {
            proptest::prop_assert!(!decision.reasons.is_empty());
            let never = backup.held != Known::Is(false)
                || matches!(backup.kind, Kind::Unreadable | Kind::Broken)
                || backup.precedes.is_some()
                || backup.retained_until.is_some_and(|until| until > now)
                || matches!(backup.locked_until, Known::Is(Some(until)) if until > now);
            proptest::prop_assert!(!never || is_kept(place));
        }
        // The newest, and the newest of those that are not dated ahead.
        let counts = |place: usize| ahead(backups[place].at, now).is_none();
        for newest in [complete.first(), complete.iter().find(|place| counts(**place))] {
            proptest::prop_assert!(newest.is_none_or(|place| is_kept(*place)));
        }
        let proven = complete.iter().find(|place| backups[**place].is_proven && counts(**place));
        let newer = (0..backups.len())
            .find(|place| backups[*place].is_proven && backups[*place].kind == Kind::Partial && counts(*place));
        let newest = [proven.copied(), newer].into_iter().flatten().min();
        proptest::prop_assert!(newest.is_none_or(is_kept));
    }

    #[test]
    fn a_larger_policy_keeps_no_less(backups in candidates(), one in policies(), other in policies()) {
        let now = at("2026-12-01 00:00");
        let kept = |policy: &Policy| -> Vec<bool> {
            let question = Question { policy, floors: NO_FLOORS, foreign: true, deployed: None, now };
            decide(&backups, question).iter().map(|decision| decision.verdict == Verdict::Keep).collect()
        };
        let both = kept(&union(one, other));
        proptest::prop_assert!(kept(&one).into_iter().zip(both).all(|(one, both)| !one || both));
    }

    #[test]
    fn to_look_at_what_hangs_keeps_what_looking_at_all_keeps(backups in candidates(), policy in policies()) {
        let question = Question { policy: &policy, floors: FLOORS, foreign: false, deployed: None, now: at("2026-12-01 00:00") };
        let unseen = |backup: &Candidate| Candidate {
            is_seen: false,
            kind: if matches!(backup.kind, Kind::Partial | Kind::Unreadable) { Kind::Complete } else { backup.kind },
            held: Known::Is(false),
            locked_until: Known::Is(None),
            ..backup.clone()
        };
        let mut known: Vec<Candidate> = backups.iter().map(unseen).collect();
        let decisions = loop {
            let decisions = decide(&known, question);
            let open = undecided(&known, &decisions);
            if open.is_empty() {
                break decisions;
            }
            for place in open {
                known[place] = backups[place].clone();
            }
        };
        let all = decide(&backups, question);
        for (lazy, full) in decisions.iter().zip(&all) {
            proptest::prop_assert!(full.verdict == Verdict::Remove || lazy.verdict == Verdict::Keep);
        }
    }
}

fn candidates() -> impl Strategy<Value = Vec<Candidate>> {
    let candidate = (0_i64..24 * 400, 0_u8..11, 0_u8..12, any::<bool>(), 0_u8..12).prop_map(
        |(hours, kind, facts, is_proven, retained)| {
            let at = at("2026-01-01 00:00") + SignedDuration::from_hours(hours);
            let mut candidate = backup(at);
            candidate.kind = match kind {
                0..6 => Kind::Complete,
                6 => Kind::Partial,
                7 => Kind::Foreign,
                8 => Kind::Leftover,
                9 => Kind::Broken,
                _ => Kind::Unreadable,
            };
            candidate.is_proven = is_proven && facts == 3;
            match facts {
                0 => candidate.held = Known::Is(true),
                1 => candidate.held = Known::Unknown,
                2 => candidate.locked_until = Known::Is(Some(at + SignedDuration::from_hours(2400))),
                4 => candidate.precedes = Some("v1".to_owned()),
                _ => {}
            }
            if retained == 0 {
                candidate.retained_until = Some(at + SignedDuration::from_hours(24 * 365));
            }
            candidate
        },
    );
    proptest::collection::vec(candidate, 0..40).prop_map(|mut all| {
        all.sort_by_key(|candidate| std::cmp::Reverse(candidate.at));
        all
    })
}

fn policies() -> impl Strategy<Value = Policy> {
    let rule = || proptest::option::of(1_u32..6);
    let within = proptest::option::of((1_u32..60).prop_map(|days| days * DAY));
    (rule(), rule(), rule(), rule(), rule(), rule(), within).prop_map(
        |(keep_last, keep_hourly, keep_daily, keep_weekly, keep_monthly, keep_yearly, keep_within)| Policy {
            keep_last,
            keep_hourly,
            keep_daily,
            keep_weekly,
            keep_monthly,
            keep_yearly,
            keep_within,
        },
    )
}

fn union(one: Policy, other: Policy) -> Policy {
    Policy {
        keep_last: one.keep_last.max(other.keep_last),
        keep_hourly: one.keep_hourly.max(other.keep_hourly),
        keep_daily: one.keep_daily.max(other.keep_daily),
        keep_weekly: one.keep_weekly.max(other.keep_weekly),
        keep_monthly: one.keep_monthly.max(other.keep_monthly),
        keep_yearly: one.keep_yearly.max(other.keep_yearly),
        keep_within: one.keep_within.max(other.keep_within),
    }
}

#[test]
fn reasons_are_words_that_people_know() {
    let words = Policy { keep_daily: Some(30), keep_within: Some(84 * DAY), ..Policy::default() }.words();
    assert_eq!(words, "keep-daily 30, keep-within 84d");
    assert_eq!(Reason::Changed.to_string(), "changed after the plan");
}
