use crate::layout::key::Bucket;
use crate::store::s3::preflight::tests::{judged, line, sound_rule};

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
            "warn: no enabled lifecycle rule of bucket b covers `backups/` (rule `r` covers `backup/`)",
        ),
        (
            Environment::Production,
            production("Backups/", 2557),
            "warn: no enabled lifecycle rule of bucket b covers `backups/` (rule `r` covers `Backups/`)",
        ),
        (
            Environment::Production,
            production("staging/backups/", 30),
            "warn: bucket b has no lifecycle rule for `backups/`",
        ),
        (
            Environment::Production,
            production("", 30),
            "fail: objects of s3://b/backups/ expire after 30 days (rule `r`), up to 2527 days before",
        ),
        (
            Environment::Production,
            production("backups/2026/", 2557),
            "warn: no lifecycle rule of bucket b covers all objects of `backups/`",
        ),
        (Environment::Production, vec![], "warn: bucket b has no lifecycle rule for `backups/`"),
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

/// The part of a fix between the command that reads the rules and the one that puts them back.
fn edit(environment: Environment, rules: &[Rule]) -> String {
    let fix = of_backups(environment, rules).remove(0).fix;
    let edit = fix.strip_prefix(
        "Run `aws s3api get-bucket-lifecycle-configuration --bucket b --query '{Rules: Rules}' >rules.json`. ",
    );
    let edit = edit.and_then(|it| {
        it.strip_suffix(
            " Run `aws s3api put-bucket-lifecycle-configuration --bucket b --lifecycle-configuration file://rules.json`. \
             It replaces all rules, so keep the others.",
        )
    });
    edit.unwrap_or_else(|| panic!("{fix}")).to_owned()
}

#[test]
fn each_fix_is_a_whole_change_of_the_rules() {
    let production = |rule: Rule| edit(Environment::Production, &[rule]);
    let sound = || sound_rule("r", "backups/", 2557);
    assert_eq!(production(sound_rule("r", "backups/", 2555)), "Set `Expiration.Days` of rule `r` to 2557.");
    let date = When::OnDate("2030-01-01T00:00:00Z".parse().unwrap());
    assert_eq!(
        production(Rule { expiration: Some(date), ..sound() }),
        "Set `Expiration` of rule `r` to `{\"Days\": 2557}`."
    );
    assert_eq!(
        production(sound_rule("old", "", 30)),
        "Limit rule `old` to another prefix, because it covers the whole bucket. Or set `Expiration.Days` of rule `old` \
         to 2557."
    );
    assert_eq!(
        production(Rule { expiration: None, ..sound() }),
        "Set `Expiration` of rule `r` to `{\"Days\": 2557}`."
    );
    assert_eq!(
        production(Rule { transitions: vec![], ..sound() }),
        "Set `Transitions` of rule `r` to `[{\"Days\": 90, \"StorageClass\": \"DEEP_ARCHIVE\"}]`."
    );
    // A rule for the whole bucket is left as it is.
    assert_eq!(
        production(Rule { transitions: vec![], ..sound_rule("r", "", 2557) }),
        "Add to `Rules`: `{\"ID\": \"archive-production-backups\", \"Status\": \"Enabled\", \"Filter\": {\"Prefix\": \
         \"backups/\"}, \"Transitions\": [{\"Days\": 90, \"StorageClass\": \"DEEP_ARCHIVE\"}]}`."
    );
    let broad = of_backups(Environment::Production, &[sound_rule("r", "backups", 2557)]);
    assert!(broad[1].fix.contains(" Set the prefix of rule `r` to `backups/`. Run "), "{broad:?}");
}

#[test]
fn without_any_rule_the_setup_page_has_all_of_them() {
    let fix = of_backups(Environment::Production, &[]).remove(0).fix;
    assert_eq!(
        fix,
        "Set `backups=b` in a shell, and run the commands of docs/setup.md#lifecycle for `$backups`. They set all rules of \
         the bucket."
    );
}

#[test]
fn a_rule_that_was_meant_is_named_and_corrected() {
    // As the setup page has it.
    let others = [
        Rule { expiration: None, transitions: vec![], noncurrent_days: None, ..sound_rule("aborts", "", 1) },
        Rule { enabled: false, expiration: None, transitions: vec![], ..sound_rule("off", "", 1) },
    ];
    for (prefix, enabled, expected) in [
        ("backup/", true, "Correct the prefix of rule `r` to `backups/`."),
        ("/backups/", true, "Correct the prefix of rule `r` to `backups/`."),
        ("backups/", false, "Set `Status` of rule `r` to `Enabled`."),
        (
            "backup/",
            false,
            "Correct the prefix of rule `r` to `backups/`. Set `Status` of rule `r` to `Enabled`.",
        ),
    ] {
        let meant = Rule { enabled, ..sound_rule("r", prefix, 2557) };
        let rules = [&others[..], &[meant]].concat();
        assert_eq!(edit(Environment::Production, &rules), expected, "{prefix}");
        let what = line(&of_backups(Environment::Production, &rules)[0]);
        assert!(
            what.starts_with("warn: no enabled lifecycle rule of bucket b covers `backups/` (rule `r` "),
            "{what}"
        );
    }
}

/// After this fix, a second run has nothing to add.
#[test]
fn a_missing_rule_is_added_with_all_that_its_objects_need() {
    let elsewhere = [sound_rule("archive-production-logs", "elsewhere/", 1)];
    let fixes = |which, environment| {
        let found = judged(which, environment, |bucket| check(bucket, &elsewhere));
        found.into_iter().map(|finding| finding.fix).collect::<Vec<_>>()
    };
    let rule = |id: &str, prefix: &str, parts: &str| {
        format!(
            "Add to `Rules`: `{{{id}\"Status\": \"Enabled\", \"Filter\": {{\"Prefix\": \"{prefix}\"}}, {parts}, \
             \"AbortIncompleteMultipartUpload\": {{\"DaysAfterInitiation\": 7}}}}`."
        )
    };
    let archive = r#""Transitions": [{"Days": 90, "StorageClass": "DEEP_ARCHIVE"}], "#;
    let years = r#""Expiration": {"Days": 2557}, "NoncurrentVersionExpiration": {"NoncurrentDays": 90}"#;
    let days = r#""Expiration": {"Days": 30}, "NoncurrentVersionExpiration": {"NoncurrentDays": 7}"#;
    let expected = [
        (
            fixes(Bucket::Backups, Environment::Production),
            rule(r#""ID": "archive-production-backups", "#, "backups/", &format!("{archive}{years}")),
        ),
        (
            fixes(Bucket::Backups, Environment::Staging),
            rule(r#""ID": "expire-staging-backups", "#, "staging/backups/", days),
        ),
        // Its id is taken.
        (
            fixes(Bucket::AuditLogs, Environment::Production),
            rule("", "deployments/", &format!("{archive}{years}")),
        ),
        (
            fixes(Bucket::AuditLogs, Environment::Development),
            rule(r#""ID": "expire-development-logs", "#, "development/deployments/", years),
        ),
    ];
    for (fixes, rule) in expected {
        assert!(fixes[0].contains(&rule), "{}\n{rule}", fixes[0]);
    }
}

#[test]
fn records_are_kept_for_seven_years_in_every_environment() {
    for environment in Environment::ALL {
        let rules = [sound_rule("r", "", 2555)];
        let findings = judged(Bucket::AuditLogs, environment, |bucket| check(bucket, &rules));
        assert_eq!(findings.len(), Object::records().count());
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
            "warn: no enabled lifecycle rule of bucket b covers `backups/` (rule `r` is disabled)",
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
