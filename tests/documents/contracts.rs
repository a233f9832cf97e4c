//! What release 0.1 promised stays: names of inputs and outputs, commands, exit codes, keys, tags, fields of documents, and
//! texts that others search for. `tests/fixtures/contracts-0.1.txt` holds one promise per line. More may be added.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;
use serde_json::Value;
use sponsor_backup::cli::inputs::{COMMAND, Command, INPUTS};
use sponsor_backup::failure::EXIT_CODES;
use sponsor_backup::layout::key::{Object, checksum_key, manifest_key};
use sponsor_backup::layout::tags::{TagValues, tags};
use sponsor_backup::report::SponsorResult;
use sponsor_backup::report::outputs::DEFINITIONS;
use sponsor_backup::sponsors::Environment;
use sponsor_backup::verification::Conclusion;

use super::{read, root, yaml};

const PROMISED: &str = "tests/fixtures/contracts-0.1.txt";
const TEXT: &str = "text ";

/// What was lost or changed on purpose, and why. The beginning of the line is enough. Values that changed their form are
/// not names: `confirm` takes `sponsor/database` since a database of the same name at another sponsor passed it.
const ON_PURPOSE: &[(&str, &str)] = &[
    (
        "drill-report $.backup_location has pattern \"^s3://\"",
        "a backup can be in a folder: the pattern admits file:// as well",
    ),
    ("input compression-level defaults to nothing", "nothing meant a fitting level, and `auto` chooses it"),
];

// serves: 11.10(k)/revisions
#[test]
#[expect(clippy::print_stdout, reason = "the reader of the test sees what grew")]
fn contracts_of_release_0_1_are_kept() {
    let promised = read(PROMISED);
    let promised: BTreeSet<&str> = promised.lines().filter(|line| !line.starts_with('#')).collect();
    let sources = sources();
    let kept = of_today();
    let is_kept = |line: &str| match line.strip_prefix(TEXT) {
        Some(text) => sources.contains(text),
        None => kept.contains(line),
    };
    let lost: Vec<&str> = promised.iter().copied().filter(|line| !is_kept(line)).collect();
    let is_on_purpose = |line: &str| ON_PURPOSE.iter().any(|(start, _)| line.starts_with(start));
    let broken: Vec<&str> = lost.iter().copied().filter(|line| !is_on_purpose(line)).collect();
    let grown: Vec<&String> = kept.iter().filter(|line| !promised.contains(line.as_str())).collect();
    println!("{} promises, and since release 0.1 also:\n{}", promised.len(), shown(&grown));
    assert!(broken.is_empty(), "release 0.1 promised what no longer holds:\n{}", shown(&broken));
    let is_idle = |start: &str| !lost.iter().any(|line| line.starts_with(start));
    let idle: Vec<&str> = ON_PURPOSE.iter().map(|(start, _)| *start).filter(|start| is_idle(start)).collect();
    assert!(idle.is_empty(), "these are kept, so they need no exception: {idle:?}");
}

fn shown<T: AsRef<str>>(lines: &[T]) -> String {
    lines.iter().map(|line| format!("  {}\n", line.as_ref())).collect()
}

/// The product's code, without comments.
fn sources() -> String {
    let mut folders = vec![root().join("src")];
    let mut text = String::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                text += &code(&path);
            }
        }
    }
    text
}

fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.map(|line| format!("{line}\n")).collect()
}

fn of_today() -> BTreeSet<String> {
    let mut lines = [inputs(), outputs(), objects()].concat();
    lines.extend(Command::ALL.map(|command| format!("command {}", command.name())));
    lines.extend(EXIT_CODES.iter().map(|(code, stage, _)| {
        format!("exit code {code} is of stage {}", if stage.is_empty() { "none" } else { stage })
    }));
    for name in ["backup-manifest", "deployment-log", "drill-report", "copy"] {
        let schema: Value = serde_json::from_str(&read(&format!("schemas/{name}.v1.json"))).unwrap();
        fields(name, "$", &schema, &mut lines);
    }
    lines.into_iter().collect()
}

fn inputs() -> Vec<String> {
    let action = yaml("action.yml");
    let mut lines = Vec::new();
    for input in INPUTS.iter().chain([&COMMAND]) {
        let name = input.name;
        if name != COMMAND.name {
            let readers = input.commands.iter();
            lines.extend(readers.map(|command| format!("input {name} is read by {}", command.name())));
        }
        let required = action["inputs"][name]["required"] == true;
        lines.push(format!("input {name} is {}", if required { "required" } else { "optional" }));
        lines.push(format!("input {name} is {}", if input.boolean { "a boolean" } else { "text" }));
        let default = if input.default.is_empty() { "nothing" } else { input.default };
        lines.push(format!("input {name} defaults to {default}"));
    }
    lines
}

fn outputs() -> Vec<String> {
    let mut lines = Vec::new();
    for output in DEFINITIONS {
        let all = Command::OF_THE_ACTION.map(Command::name).join(", ");
        let from = if output.from == "all" { all.as_str() } else { output.from };
        lines.extend(from.split(", ").map(|command| format!("output {} is set by {command}", output.name)));
    }
    let result = serde_json::to_value(SponsorResult::new("callisto", Conclusion::disabled(), 0.0)).unwrap();
    lines.extend(result.as_object().unwrap().keys().map(|key| format!("results has key {key}")));
    let conclusions =
        [Conclusion::of_listing(1), Conclusion::failed(None), Conclusion::disabled(), Conclusion::planned()];
    lines.extend(conclusions.map(|conclusion| format!("outcome can be {}", conclusion.outcome().name())));
    lines
}

fn objects() -> Vec<String> {
    let at: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
    let objects = [
        ("backup", Object::Backup { suffix: ".sql.gz" }),
        ("record", Object::DeploymentLog),
        ("drill report", Object::DrillReport),
        ("copy record", Object::CopyRecord),
        ("restore record", Object::RestoreRecord),
        ("verification record", Object::VerificationRecord),
        ("hold record", Object::HoldRecord),
        ("prune record", Object::PruneRecord),
    ];
    let mut lines: Vec<String> =
        [checksum_key("KEY"), manifest_key("KEY")].map(|key| format!("key next to KEY: {key}")).to_vec();
    for environment in Environment::ALL {
        let keeping = TagValues {
            sponsor: "callisto",
            environment,
            pre_migration: true,
            retention_years: environment.retention_years(),
            partial: false,
        };
        for (name, object) in objects {
            lines.push(format!("key of a {name} in {environment}: {}", object.key(environment, at)));
            let tags = tags(object, keeping).into_iter();
            lines.extend(tags.map(|(tag, value)| format!("tag of a {name} in {environment}: {tag}={value}")));
        }
    }
    lines
}

/// Each field of a document, its types, its values and whether it is always there.
fn fields(name: &str, path: &str, schema: &Value, lines: &mut Vec<String>) {
    let list = |key: &str| schema[key].as_array().cloned().unwrap_or_default();
    let types = [vec![schema["type"].clone()], list("type")].concat();
    lines.extend(types.iter().filter_map(Value::as_str).map(|kind| format!("{name} {path}: {kind}")));
    lines.extend(list("enum").iter().map(|value| format!("{name} {path} can be {value}")));
    for key in ["const", "pattern", "format", "minimum", "maximum"] {
        if let Some(value) = schema.get(key) {
            lines.push(format!("{name} {path} has {key} {value}"));
        }
    }
    for field in list("required").iter().filter_map(Value::as_str) {
        lines.push(format!("{name} {path}.{field} is always there"));
    }
    for (field, schema) in schema["properties"].as_object().into_iter().flatten() {
        fields(name, &format!("{path}.{field}"), schema, lines);
    }
    if schema["items"].is_object() {
        fields(name, &format!("{path}[]"), &schema["items"], lines);
    }
}
