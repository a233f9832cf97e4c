//! The rules: valid, about metrics that exist, and each one missed if it is removed.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::support::tools;

use super::{accept, all_rules, expressions, judged, name, path, text, yaml};

fn scenarios() -> Vec<Value> {
    yaml("monitoring/rules_test.yml")["tests"].as_array().unwrap().clone()
}

fn parts<'v>(scenario: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    scenario[key].as_array().into_iter().flatten()
}

/// The expectations of a scenario that are about a rule: each with the list of alerts or samples that it must have.
fn expectations<'v>(scenario: &'v Value, rule: &'v Value) -> impl Iterator<Item = &'v Value> {
    let of_alerts = parts(scenario, "alert_rule_test").filter(|test| test["alertname"] == rule["alert"]);
    let of_records = parts(scenario, "promql_expr_test")
        .filter(|test| rule["record"].is_string() && text(test, "expr").starts_with(text(rule, "record")));
    of_alerts.map(|test| &test["exp_alerts"]).chain(of_records.map(|test| &test["exp_samples"]))
}

/// Whether promtool finds what is missing: the rules without one, and the scenarios that are about it.
fn is_missed(without: usize, folder: &Path) -> bool {
    let mut rules = all_rules();
    let removed = rules.remove(without);
    let tests: Vec<Value> = scenarios()
        .into_iter()
        .filter(|scenario| expectations(scenario, &removed).next().is_some())
        .collect();
    let mut suite = yaml("monitoring/rules_test.yml");
    suite["tests"] = json!(tests);
    let file = folder.join("rules_test.yml");
    // JSON is YAML.
    std::fs::write(
        folder.join("rules.yml"),
        json!({"groups": [{"name": "fewer", "rules": rules}]}).to_string(),
    )
    .unwrap();
    std::fs::write(&file, suite.to_string()).unwrap();
    let (is_accepted, printed) = judged("promtool", &["test", "rules"], &file);
    assert!(is_accepted || printed.contains("got:"), "{}: not a difference: {printed}", name(&removed));
    !is_accepted
}

#[test]
fn promtool_accepts_the_rules() {
    accept("promtool", &["check", "rules"], &path("monitoring/rules.yml"));
}

#[test]
fn every_scenario_of_the_rules_has_its_result() {
    accept("promtool", &["test", "rules"], &path("monitoring/rules_test.yml"));
}

#[test]
fn a_rule_that_is_removed_is_missed() {
    let (count, next) = (all_rules().len(), AtomicUsize::new(0));
    assert!(count > 20, "only {count} rules");
    let work = || {
        let mut unnoticed = Vec::new();
        let folder = tools::open_folder("fewer-rules");
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return unnoticed;
            }
            if !is_missed(number, folder.path()) {
                unnoticed.push(name(&all_rules()[number]).to_owned());
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let unnoticed: Vec<String> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(unnoticed.is_empty(), "without these, all scenarios pass: {unnoticed:?}");
}

#[test]
fn every_rule_has_a_value_in_one_scenario_and_none_in_another() {
    let scenarios = scenarios();
    for rule in all_rules() {
        let expected: Vec<&Value> =
            scenarios.iter().flat_map(|scenario| expectations(scenario, &rule)).collect();
        let is_empty = |value: &&Value| value.as_array().unwrap().is_empty();
        assert!(expected.iter().any(is_empty), "{} is never silent", name(&rule));
        assert!(!expected.iter().all(is_empty), "{} never has a value", name(&rule));
    }
}

#[test]
fn the_rules_are_about_metrics_that_exist() {
    for rule in all_rules() {
        let unknown = expressions::unknown(text(&rule, "expr"));
        assert!(unknown.is_empty(), "{}: {unknown:?}", name(&rule));
    }
    assert_eq!(expressions::unknown("sponsor_backup_age > 1"), ["sponsor_backup_age"]);
}
