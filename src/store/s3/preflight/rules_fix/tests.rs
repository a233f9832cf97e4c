use serde_json::Value;

use crate::layout::key::Bucket;
use crate::sponsors::Environment;
use crate::store::s3::preflight::tests::{judged, sound_rule};

use super::*;

const SETUP: &str = include_str!("../../../../../docs/setup.md");

/// The rule that a fix adds for each kind of object.
fn added(which: Bucket, environment: Environment) -> Vec<Value> {
    judged(which, environment, |bucket| {
        let families = bucket.expected.families(which);
        let rules = families.iter().map(|family| {
            let edit = add_whole_rule(bucket, family, &[sound_rule("other", "elsewhere/", 1)]);
            let rule = edit.strip_prefix("Add to `Rules`: `").and_then(|it| it.strip_suffix("`."));
            serde_json::from_str(rule.unwrap()).unwrap()
        });
        rules.collect()
    })
}

#[test]
fn an_added_rule_is_that_of_the_setup_page() {
    let page: Vec<String> =
        SETUP.lines().map(|it| it.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for (which, environment) in
        [Bucket::Backups, Bucket::AuditLogs].into_iter().flat_map(|it| Environment::ALL.map(|env| (it, env)))
    {
        for rule in added(which, environment) {
            let text = |pointer: &str| rule.pointer(pointer).unwrap().to_string().replace('"', "");
            let days = format!(
                "{} {}",
                text("/Expiration/Days"),
                text("/NoncurrentVersionExpiration/NoncurrentDays")
            );
            let moves = if rule["Transitions"].is_null() { "''" } else { "\"$archive\"" };
            let (id, prefix) = (text("/ID"), text("/Filter/Prefix"));
            // The page has a loop over all kinds of records.
            let looped = Object::records().map(|record| record.folder(Environment::Production));
            let line = match looped.into_iter().find(|records| id.ends_with(&format!("-{records}"))) {
                Some(records) => {
                    format!("rule \"{id}\" \"{prefix}\" {days} {moves}").replace(&records, "$records")
                }
                None => format!("rule {id} {prefix} {days} {moves}"),
            };
            assert!(page.contains(&line), "{line}");
        }
    }
}

#[test]
fn the_setup_page_has_what_the_fix_points_to() {
    assert!(SETUP.contains("\n### Lifecycle\n"));
    for which in [Bucket::Backups, Bucket::AuditLogs] {
        let variable = judged(which, Environment::Production, |bucket| bucket.shell_variable());
        assert!(SETUP.contains(&format!("\nput_rules \"${variable}\" ")), "{variable}");
    }
}
