use proptest::prelude::{Just, Strategy, any, prop_assert, prop_oneof, proptest};

use super::*;

fn family(object: Object<'static>, environment: Environment) -> ObjectFamily<'static> {
    ObjectFamily { object, environment, sponsor: "callisto", retention_years: environment.retention_years() }
}

fn backups() -> ObjectFamily<'static> {
    family(Object::Backup { suffix: "" }, Environment::Production)
}

fn rule(prefix: &str, days: u32) -> Rule {
    let (id, prefix) = (format!("{prefix} {days}"), prefix.to_owned());
    Rule { id, enabled: true, prefix, expiration: Some(When::AfterDays(days)), ..Rule::default() }
}

fn tagged(name: &str, value: &str) -> Rule {
    let tags = vec![(name.to_owned(), value.to_owned())];
    Rule { filter: Filter { tags, ..Filter::default() }, ..rule("", 5) }
}

#[test]
fn the_earliest_end_of_all_rules_counts() {
    let cases = [
        (vec![], None, false),
        (vec![rule("backups/", 2557)], Some(2557), true),
        (vec![rule("", 2557)], Some(2557), true),
        (vec![rule("back", 10), rule("backups/", 2557)], Some(10), true),
        (vec![rule("backup/", 10)], None, false),
        (vec![rule("/backups/", 10)], None, false),
        (vec![rule("staging/", 10)], None, false),
        (vec![Rule { enabled: false, ..rule("backups/", 10) }], None, false),
        // A part of the objects may end, but not all do.
        (vec![rule("backups/2026/", 10)], Some(10), false),
        (vec![rule("backups/old/", 10)], None, false),
        (vec![rule("backups/2026/11/29/backup-prod-", 10)], Some(10), false),
        (vec![tagged("sponsor", "callisto")], Some(5), true),
        (vec![tagged("sponsor", "europa")], None, false),
        (vec![tagged("environment", "staging")], None, false),
        (vec![tagged("pre-migration", "true")], Some(5), false),
        (vec![tagged("fda-compliant", "false")], Some(5), false),
        (vec![tagged("object-lock", "none")], Some(5), false),
        (vec![tagged("keep", "no")], None, false),
    ];
    for (rules, least, all_end) in cases {
        let fate = backups().fate(&rules);
        assert_eq!((fate.least_days(), fate.all_end), (least, all_end), "{rules:?}");
    }
}

#[test]
fn a_rule_for_large_objects_leaves_the_small_ones() {
    let filter = Filter { larger_than: Some(131_072), ..Filter::default() };
    let rules = [Rule { filter, ..rule("backups/", 2557) }];
    let fate = backups().fate(&rules);
    assert_eq!((fate.least_days(), fate.all_end, fate.is_covered), (Some(2557), false, false));
}

#[test]
fn only_rules_for_current_objects_cover_them() {
    let idle = Rule { expiration: None, abort_uploads_days: Some(7), ..rule("", 1) };
    let markers = Rule { removes_delete_markers: true, ..idle.clone() };
    let moving = Rule { transitions: vec![(When::AfterDays(90), "DEEP_ARCHIVE".to_owned())], ..idle.clone() };
    for (rules, covered) in [
        (vec![idle, markers], false),
        (vec![moving], true),
        (vec![rule("backups/", 5)], true),
        (vec![rule("backups/2026/", 5)], false),
    ] {
        assert_eq!(backups().fate(&rules).is_covered, covered, "{rules:?}");
    }
}

#[test]
fn a_rule_of_the_prefix_alone_can_be_completed() {
    let own = rule("backups/", 5);
    let disabled = Rule { enabled: false, ..own.clone() };
    let filter = Filter { larger_than: Some(1), ..Filter::default() };
    let narrow = Rule { filter, ..own.clone() };
    assert_eq!(backups().own_rule(&[rule("", 5), disabled.clone(), own.clone()]), Some(&own));
    assert_eq!(backups().own_rule(&[rule("", 5), disabled, narrow, rule("backups", 5)]), None);
}

#[test]
fn a_date_ends_objects_of_any_age() {
    let date = When::OnDate("2027-01-01T00:00:00Z".parse().unwrap());
    let rules = [rule("backups/", 2557), Rule { expiration: Some(date), ..rule("", 1) }];
    assert_eq!(backups().fate(&rules).least_days(), Some(0));
    assert_eq!(date.to_string(), "on 2027-01-01");
}

#[test]
fn moves_are_in_order_and_an_end_wins() {
    let class = |days, class: &str| (When::AfterDays(days), class.to_owned());
    let moving = Rule {
        transitions: vec![class(365, "DEEP_ARCHIVE"), class(30, "STANDARD_IA"), class(90, "GLACIER")],
        ..rule("backups/", 2557)
    };
    let rules = [moving.clone()];
    let fate = backups().fate(&rules);
    assert_eq!(
        fate.moves.iter().map(|it| it.class).collect::<Vec<_>>(),
        ["STANDARD_IA", "GLACIER", "DEEP_ARCHIVE"]
    );
    assert_eq!(fate.archived().map(|it| (it.when, it.class)), Some((When::AfterDays(90), "GLACIER")));
    let rules = [moving, rule("", 60)];
    assert_eq!(backups().fate(&rules).archived(), None);
}

#[test]
fn versions_markers_and_uploads_need_rules_for_all_objects() {
    let rules = [Rule { noncurrent_days: Some(30), abort_uploads_days: Some(7), ..rule("backups/", 2557) }];
    let fate = backups().fate(&rules);
    assert!(fate.all_noncurrent_end && fate.markers_end);
    assert_eq!(fate.uploads.map(|(days, _)| days), Some(7));
    let rules = [Rule { newer_noncurrent_versions: Some(3), ..rules[0].clone() }];
    assert!(!backups().fate(&rules).all_noncurrent_end);
    // A tag says nothing about an upload that is not complete, and a marker has none.
    let rules = [Rule { abort_uploads_days: Some(7), ..tagged("sponsor", "callisto") }];
    let fate = backups().fate(&rules);
    assert!(!fate.markers_end && fate.uploads.is_none());
    let markers = Rule { expiration: None, removes_delete_markers: true, ..rule("", 1) };
    assert!(backups().fate(&[markers]).markers_end);
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let prefixes = prop_oneof![
        Just(""),
        Just("backups"),
        Just("backups/"),
        Just("backups/2026/"),
        Just("staging/"),
        Just("deployments/"),
        Just("backup/"),
    ];
    let tags = prop_oneof![
        Just(vec![]),
        Just(vec![("environment", "production")]),
        Just(vec![("pre-migration", "true"), ("sponsor", "callisto")]),
        Just(vec![("x", "y")]),
    ];
    let end = prop_oneof![
        Just(None),
        (0_u32..4000).prop_map(|days| Some(When::AfterDays(days))),
        Just(Some(When::OnDate(Timestamp::UNIX_EPOCH))),
    ];
    let noncurrent = proptest::option::of(0_u32..100);
    (prefixes, tags, end, noncurrent, any::<bool>()).prop_map(
        |(prefix, tags, expiration, noncurrent, enabled)| {
            let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
            let filter = Filter { tags: tags.into_iter().map(owned).collect(), ..Filter::default() };
            Rule {
                enabled,
                prefix: prefix.to_owned(),
                filter,
                expiration,
                noncurrent_days: noncurrent,
                ..Rule::default()
            }
        },
    )
}

proptest! {
    #[test]
    fn another_rule_never_lets_an_object_live_longer(
        rules in proptest::collection::vec(any_rule(), 0..6),
        added in any_rule(),
        at in 0_usize..6,
    ) {
        let mut more = rules.clone();
        more.insert(at.min(rules.len()), added);
        for environment in Environment::ALL {
            for object in Object::ALL {
                let family = family(object, environment);
                let (before, after) = (family.fate(&rules), family.fate(&more));
                let days = |fate: &Fate<'_>| fate.least_days().unwrap_or(u32::MAX);
                prop_assert!(days(&after) <= days(&before));
                prop_assert!(after.all_end >= before.all_end);
                let noncurrent = |fate: &Fate<'_>| fate.noncurrent.map_or(u32::MAX, |(days, _)| days);
                prop_assert!(noncurrent(&after) <= noncurrent(&before));
            }
        }
    }
}
