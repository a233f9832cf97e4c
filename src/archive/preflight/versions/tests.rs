use crate::archive::key::Bucket;
use crate::archive::preflight::tests::{judged, line, sound_rule};
use crate::sponsors::Environment;

use super::*;

fn lines(rule: Rule, versioned: bool) -> Vec<String> {
    judged(Bucket::Backups, Environment::Production, |bucket| {
        check(bucket, &[rule], versioned).iter().map(line).collect()
    })
}

#[test]
fn each_gap_in_the_rules_is_a_warning() {
    let sound = || sound_rule("r", "backups/", 2557);
    let all_well = [
        "ok: noncurrent versions of bucket b are deleted after 30 days",
        "ok: delete markers of bucket b are removed",
        "ok: incomplete uploads of bucket b are aborted after 7 days",
    ];
    assert_eq!(lines(sound(), true), all_well);
    assert_eq!(lines(sound(), false), all_well[2..]);
    let cases = [
        (
            0,
            Rule { noncurrent_days: None, ..sound() },
            "warn: noncurrent versions of bucket b are never deleted: backups/",
        ),
        (
            0,
            Rule { noncurrent_days: Some(6), ..sound() },
            "warn: noncurrent versions of bucket b are deleted after 6 days (rule `r`)",
        ),
        (
            1,
            Rule { expiration: None, ..sound() },
            "warn: delete markers of bucket b are never removed: backups/",
        ),
        (
            2,
            Rule { abort_uploads_days: None, ..sound() },
            "warn: incomplete uploads of bucket b are never aborted: backups/",
        ),
    ];
    for (at, rule, expected) in cases {
        assert_eq!(lines(rule, true)[at], expected);
    }
}
