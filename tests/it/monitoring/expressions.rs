//! PromQL as text: the metrics that an expression names, and whether Prometheus can read it.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use serde_json::{Value, json};

use crate::support::tools;

use super::{accept, all_rules, name, names};

/// The metrics of an expression: neither functions and keywords nor the labels in braces and lists.
pub(super) fn metrics(expression: &str) -> BTreeSet<String> {
    let without = [
        r#""[^"]*""#,
        r"\{[^}]*\}",
        r"\[[^\]]*\]",
        r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)",
    ];
    let mut rest = expression.to_owned();
    for pattern in without {
        rest = Regex::new(pattern).unwrap().replace_all(&rest, " ").into_owned();
    }
    let names = Regex::new(r"\b[a-zA-Z_:][a-zA-Z0-9_:]*\b\s*\(?").unwrap();
    let keywords = ["and", "or", "unless", "bool", "offset"];
    let found = names.find_iter(&rest).map(|found| found.as_str().trim());
    let found = found.filter(|found| !found.ends_with('(') && !keywords.contains(found));
    found.map(str::to_owned).collect()
}

/// The metrics that neither we, the rules nor Prometheus itself make.
pub(super) fn unknown(expression: &str) -> Vec<String> {
    let rules = all_rules();
    let is_known = |metric: &str| {
        metric == "up"
            || names().any(|name| name == metric)
            || rules.iter().any(|rule| rule["alert"].is_null() && name(rule) == metric)
    };
    metrics(expression).into_iter().filter(|metric| !is_known(metric)).collect()
}

/// promtool reads each expression as a rule that records it.
pub(super) fn assert_readable(expressions: &[String]) {
    let rule = |(number, expression): (usize, &String)| json!({"record": format!("checked:{number}"), "expr": expression});
    let rules: Vec<Value> = expressions.iter().enumerate().map(rule).collect();
    let folder = tools::open_folder("expressions");
    let file = folder.path().join("rules.yml");
    // JSON is YAML.
    std::fs::write(&file, json!({"groups": [{"name": "checked", "rules": rules}]}).to_string()).unwrap();
    accept("promtool", &["check", "rules"], &file);
}

/// An expression with values in place of the dashboard's variables.
pub(super) fn filled(expression: &str) -> String {
    let values = BTreeMap::from([("$environment", ".*"), ("$sponsor", ".*")]);
    let filled =
        values.iter().fold(expression.to_owned(), |text, (variable, value)| text.replace(variable, value));
    assert!(!filled.contains('$'), "an unknown variable: {expression}");
    filled
}

#[test]
fn metrics_are_found_in_an_expression() {
    let expression = r#"1 + changes((max by (sponsor) (a_seconds{b="c"} offset 8d) > bool on (sponsor) group_left () d:e @ end())[3d:5m])
        unless up{job="x"} == 1 or 0.85 * f"#;
    let found = metrics(expression);
    assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), ["a_seconds", "d:e", "f", "up"]);
}
