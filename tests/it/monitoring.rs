//! What users copy for Prometheus, Alertmanager and Grafana, checked with the real programs: rules, dashboard, and the page.

mod chain;
mod dashboard;
mod expressions;
mod page;
mod rules;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use sponsor_backup::report::metrics::Metric;

use crate::support::tools;

/// The names of all metrics.
fn names() -> impl Iterator<Item = &'static str> {
    Metric::ALL.into_iter().map(Metric::name)
}

fn path(document: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(document)
}

fn read(document: &str) -> String {
    std::fs::read_to_string(path(document)).unwrap()
}

fn yaml(document: &str) -> Value {
    serde_saphyr::from_str(&read(document)).unwrap()
}

/// The rules of all groups.
fn all_rules() -> Vec<Value> {
    let groups = yaml("monitoring/rules.yml")["groups"].as_array().unwrap().clone();
    groups.iter().flat_map(|group| group["rules"].as_array().unwrap()).cloned().collect()
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_else(|| panic!("no text in {key}: {value}"))
}

/// The name of an alert, or of the series that a rule records.
fn name(rule: &Value) -> &str {
    rule["alert"].as_str().unwrap_or_else(|| text(rule, "record"))
}

/// What a program prints, and whether it accepts what it was given.
fn judged(program: &str, arguments: &[&str], file: &Path) -> (bool, String) {
    let output = Command::new(tools::packaged(program)).args(arguments).arg(file).output().unwrap();
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    (output.status.success(), format!("{stdout}{stderr}"))
}

fn accept(program: &str, arguments: &[&str], file: &Path) {
    let (is_accepted, printed) = judged(program, arguments, file);
    assert!(is_accepted, "{program} {arguments:?}: {printed}");
}
