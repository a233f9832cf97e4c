use crate::layout::key::Bucket;
use crate::sponsors::Environment;
use crate::store::s3::preflight::tests::{judged, line, sound_rule};

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
        "ok: expired delete markers of bucket b are removed",
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
            "warn: expired delete markers of bucket b are never removed: backups/",
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

fn fixes(which: Bucket, environment: Environment, rules: &[Rule]) -> Vec<String> {
    judged(which, environment, |bucket| check(bucket, rules, true).into_iter().map(|it| it.fix).collect())
}

#[test]
fn each_fix_has_the_values_of_the_setup_page() {
    let bare = |prefix: &str| Rule {
        noncurrent_days: None,
        abort_uploads_days: None,
        expiration: None,
        ..sound_rule(prefix, prefix, 1)
    };
    let logs = [bare("deployments/"), bare("drills/")];
    let found = fixes(Bucket::AuditLogs, Environment::Production, &logs);
    for (fix, edit) in found.iter().zip([
        "Set `NoncurrentVersionExpiration` of rule `deployments/` to `{\"NoncurrentDays\": 90}`. Set \
         `NoncurrentVersionExpiration` of rule `drills/` to `{\"NoncurrentDays\": 90}`.",
        "Add to `Rules`: `{\"ID\": \"remove-expired-delete-markers\", \"Status\": \"Enabled\", \"Filter\": \
         {\"Prefix\": \"\"}, \"Expiration\": {\"ExpiredObjectDeleteMarker\": true}}`.",
        "Add to `Rules`: `{\"ID\": \"abort-incomplete-uploads\", \"Status\": \"Enabled\", \"Filter\": {\"Prefix\": \
         \"\"}, \"AbortIncompleteMultipartUpload\": {\"DaysAfterInitiation\": 7}}`.",
    ]) {
        assert!(fix.contains(&format!(" >rules.json`. {edit} Run ")), "{fix}\n{edit}");
    }
    let staging = Rule { noncurrent_days: Some(1), ..sound_rule("r", "staging/backups/", 30) };
    let found = fixes(Bucket::Backups, Environment::Staging, &[staging]);
    assert!(
        found[0].contains(" Set `NoncurrentVersionExpiration.NoncurrentDays` of rule `r` to 7. "),
        "{found:?}"
    );
}

/// The check of the rules reports a prefix without a rule, and its fix is complete.
#[test]
fn prefixes_without_a_rule_are_not_reported_again() {
    let nothing = [""; 0];
    assert_eq!(fixes(Bucket::Backups, Environment::Production, &[]), nothing);
    let misspelled = [sound_rule("r", "backup/", 2557)];
    assert_eq!(fixes(Bucket::Backups, Environment::Production, &misspelled), nothing);
    let one = Rule { noncurrent_days: None, ..sound_rule("r", "drills/", 2557) };
    let found = judged(Bucket::AuditLogs, Environment::Production, |bucket| check(bucket, &[one], true));
    let found: Vec<String> = found.iter().map(line).collect();
    assert_eq!(found, ["warn: noncurrent versions of bucket b are never deleted: drills/"]);
}
