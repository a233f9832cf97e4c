use crate::archive::key::Bucket;
use crate::archive::preflight::tests::{judged, line, sound_rule};

use super::*;

fn of_backups(environment: Environment, rules: &[Rule]) -> Vec<Finding> {
    judged(Bucket::Backups, environment, |bucket| check(bucket, rules))
}

#[test]
fn each_rule_set_has_its_verdict() {
    let production = |prefix, days| vec![sound_rule("r", prefix, days)];
    let cases = [
        (
            Environment::Production,
            production("backups/", 2557),
            "ok: objects of s3://b/backups/ expire after 2557 days",
        ),
        (
            Environment::Production,
            production("backups/", 2556),
            "fail: objects of s3://b/backups/ expire after 2556 days (rule `r`), up to 1 day before 7 calendar years have passed",
        ),
        (
            Environment::Production,
            production("backups/", 2555),
            "fail: objects of s3://b/backups/ expire after 2555 days (rule `r`), up to 2 days before 7 calendar years have passed",
        ),
        (
            Environment::Production,
            production("backup/", 2557),
            "warn: no lifecycle rule is for all objects of s3://b/backups/ (rule `r` has the prefix `backup/`, not `backups/`)",
        ),
        (
            Environment::Production,
            production("Backups/", 2557),
            "warn: no lifecycle rule is for all objects of s3://b/backups/ (rule `r` has the prefix `Backups/`, not `backups/`)",
        ),
        (
            Environment::Production,
            production("staging/backups/", 30),
            "warn: no lifecycle rule is for all objects of s3://b/backups/",
        ),
        (
            Environment::Production,
            production("", 30),
            "fail: objects of s3://b/backups/ expire after 30 days (rule `r`), up to 2527 days before",
        ),
        (Environment::Production, vec![], "warn: bucket b has no lifecycle rules, not for backups/"),
        (
            Environment::Staging,
            vec![sound_rule("r", "staging/backups/", 30)],
            "ok: objects of s3://b/staging/backups/ expire after 30 days",
        ),
        (
            Environment::Staging,
            vec![sound_rule("r", "staging/backups/", 29)],
            "fail: objects of s3://b/staging/backups/ expire after 29 days (rule `r`), 1 day before their retention of 30 days",
        ),
        (
            Environment::Development,
            vec![sound_rule("r", "development/backups/", 7)],
            "ok: objects of s3://b/development/backups/ expire after 7 days",
        ),
        (Environment::Development, vec![sound_rule("r", "development/backups/", 6)], "fail: "),
    ];
    for (environment, rules, expected) in cases {
        let findings = of_backups(environment, &rules);
        assert!(line(&findings[0]).starts_with(expected), "{}\n{expected}", line(&findings[0]));
        assert_eq!(findings.len(), 1, "{findings:?}");
    }
}

#[test]
fn the_fix_names_rule_and_days() {
    let early = of_backups(Environment::Production, &[sound_rule("old", "", 2555)]);
    assert_eq!(
        early[0].fix,
        "Set the expiration of rule `old` to 2557 days, or narrow its prefix `` so that it does not cover `backups/`: \
         `aws s3api put-bucket-lifecycle-configuration --bucket b`."
    );
    let forgotten = of_backups(Environment::Production, &[]);
    assert_eq!(
        forgotten[0].fix,
        "Add a rule for `backups/` with a transition to DEEP_ARCHIVE after 90 days and an expiration after 2557 days: \
         `aws s3api put-bucket-lifecycle-configuration --bucket b`."
    );
}

#[test]
fn records_are_kept_for_seven_years_in_every_environment() {
    for environment in Environment::ALL {
        let rules = [sound_rule("r", "", 2555)];
        let findings = judged(Bucket::AuditLogs, environment, |bucket| check(bucket, &rules));
        assert_eq!(findings.len(), 2);
        assert!(findings.iter().all(|it| line(it).starts_with("fail: ")), "{environment}: {findings:?}");
        let rules = [sound_rule("r", "", 2557)];
        let findings = judged(Bucket::AuditLogs, environment, |bucket| check(bucket, &rules));
        assert!(findings.iter().all(|it| line(it).starts_with("ok: ")), "{environment}: {findings:?}");
    }
}

#[test]
fn what_never_ends_moves_or_is_disabled_is_a_warning() {
    let sound = sound_rule("r", "backups/", 2557);
    let cases = [
        (
            Rule { expiration: None, ..sound.clone() },
            "warn: objects of s3://b/backups/ are kept forever, and move to DEEP_ARCHIVE after 90 days",
        ),
        (
            Rule { transitions: vec![], ..sound.clone() },
            "warn: objects of s3://b/backups/ expire after 2557 days (rule `r`), and never move to DEEP_ARCHIVE",
        ),
        (
            Rule { enabled: false, ..sound.clone() },
            "warn: no lifecycle rule is for all objects of s3://b/backups/ (rule `r` is disabled)",
        ),
    ];
    for (rule, expected) in cases {
        assert_eq!(line(&of_backups(Environment::Production, &[rule])[0]), expected);
    }
    let date = When::OnDate("2030-01-01T00:00:00Z".parse().unwrap());
    let dated = of_backups(Environment::Production, &[Rule { expiration: Some(date), ..sound }]);
    assert!(
        line(&dated[0]).starts_with("fail: objects of s3://b/backups/ expire on 2030-01-01"),
        "{dated:?}"
    );
}

#[test]
fn a_prefix_without_its_slash_covers_too_much() {
    let findings = of_backups(Environment::Production, &[sound_rule("r", "backups", 2557)]);
    let lines: Vec<String> = findings.iter().map(line).collect();
    assert_eq!(lines[1], "warn: rule `r` of bucket b has the prefix `backups`, without a slash");
}
