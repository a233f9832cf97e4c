//! The documents say what the program does: `action.yml` and the pages' tables are made from the definitions in the
//! source, the examples from files that are checked here. After a change: `UPDATE_DOCUMENTS=1 cargo test --test documents`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "documents/blocks.rs"]
mod blocks;
#[path = "documents/compliance.rs"]
mod compliance;
#[path = "documents/contracts.rs"]
mod contracts;
#[path = "documents/dependencies.rs"]
mod dependencies;
#[path = "documents/deployments.rs"]
mod deployments;
#[path = "documents/faults.rs"]
mod faults;
#[path = "documents/keyless.rs"]
mod keyless;
#[path = "../examples/workflows/known.rs"]
mod known;
#[path = "documents/links.rs"]
mod links;
#[path = "documents/pins.rs"]
mod pins;
#[path = "documents/policy.rs"]
mod policy;
#[path = "documents/release.rs"]
mod release;
#[path = "documents/render.rs"]
mod render;
#[path = "documents/schedules.rs"]
mod schedules;
#[path = "documents/security.rs"]
mod security;
#[path = "documents/shell.rs"]
mod shell;
#[path = "documents/troubleshooting.rs"]
mod troubleshooting;
#[path = "documents/versions.rs"]
mod versions;
#[path = "documents/voice.rs"]
mod voice;
#[path = "documents/workflows.rs"]
mod workflows;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sponsor_backup::cli::inputs::{COMMAND, Command, INPUTS, variable};
use sponsor_backup::cli::{self, Request};
use sponsor_backup::report::outputs::DEFINITIONS;
use sponsor_backup::secrets::file::SecretsFile;
use sponsor_backup::secrets::{AwsFromEnvironment, AwsKeys, S3Backups, Secret, interpret};

// serves: 11.10(k)/accurate-pages
#[test]
fn the_action_is_what_the_definitions_say() {
    hold("action.yml", &render::action());
}

// serves: 11.10(k)/accurate-pages
#[test]
fn tables_and_examples_of_the_pages_are_what_the_sources_say() {
    let mut filled = render::pages(&read);
    for page in links::pages() {
        let blocks = filled.iter().position(|(path, _)| *path == page).map(|at| filled.swap_remove(at).1);
        let expected = render::filled(&read(&page), &blocks.unwrap_or_default());
        hold(&page, &expected.unwrap_or_else(|error| panic!("{page}: {error}")));
    }
    assert!(filled.is_empty(), "{filled:?}");
}

// serves: 11.10(a)/reliable, 11.10(k)/accurate-pages
/// The modules stand in the order in which the suite names them.
#[test]
fn the_table_of_faults_is_what_the_suite_says() {
    let suite = read("tests/it/faults.rs");
    let names = suite.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    let source = |name: &str| faults::Source {
        name: name.to_owned(),
        text: read(&format!("tests/it/faults/{name}.rs")),
    };
    let page = faults::page(&names.map(source).collect::<Vec<_>>()).unwrap();
    assert!(faults::count(&page) >= 60, "{} rows", faults::count(&page));
    hold("docs/reference/faults.md", &page);
}

#[test]
fn the_action_reads_as_the_yaml_that_was_meant() {
    let action = yaml("action.yml");
    let inputs = action["inputs"].as_object().unwrap();
    let of_the_action = || INPUTS.iter().filter(|input| input.is_of_the_action());
    assert_eq!(inputs.len(), of_the_action().count() + 1);
    for input in of_the_action().chain([&COMMAND]) {
        assert_eq!(
            inputs[input.name]["default"].as_str().unwrap_or_default(),
            input.default,
            "{}",
            input.name
        );
    }
    let outputs: Vec<&String> = action["outputs"].as_object().unwrap().keys().collect();
    let mut expected: Vec<&str> = DEFINITIONS.iter().map(|output| output.name).collect();
    expected.sort_unstable();
    assert_eq!(outputs, expected);
    assert_eq!(action["runs"], serde_json::json!({"using": "docker", "image": "Dockerfile"}));
}

/// What the runner hands over where a workflow sets the required inputs alone.
#[test]
fn what_the_action_hands_over_is_what_the_program_takes() {
    let action = yaml("action.yml");
    for command in Command::OF_THE_ACTION {
        let mut variables: BTreeMap<String, String> = BTreeMap::new();
        for (name, input) in action["inputs"].as_object().unwrap() {
            variables.insert(variable(name), input["default"].as_str().unwrap_or_default().to_owned());
        }
        variables.insert(variable("command"), command.name().to_owned());
        let refused = cli::parse(&[], &variables).unwrap_err();
        assert_eq!(refused.message, "`environment` is not set");
        variables.insert(variable("environment"), "production".to_owned());
        variables.insert(variable("outcome"), "success".to_owned());
        variables.insert("TARGET_DATABASE_URL".to_owned(), "postgresql://app@localhost/restored".to_owned());
        variables.insert(variable("to"), "s3://second-copy".to_owned());
        variables.insert(variable("keep-last"), "3".to_owned());
        variables.insert(variable("reason"), "audit".to_owned());
        if command == Command::HoldRemove {
            variables.insert(variable("backup"), "20261120-120000".to_owned());
            variables.insert(variable("confirm"), "backups/x.sql.gz".to_owned());
        }
        assert!(matches!(cli::parse(&[], &variables), Ok(Request::Command { .. })), "{}", command.name());
    }
}

#[test]
fn the_example_of_local_use_is_one_that_the_program_reads() {
    let manifest = sponsor_backup::manifest::parse(&read("examples/local/manifest.yaml")).unwrap();
    let sponsor = manifest.entries.first().unwrap();
    assert_eq!(sponsor.enabled, Some(true));
    let secrets = SecretsFile::read(&root().join("examples/local/secrets.yaml")).unwrap();
    let keys = AwsKeys {
        access_key_id: "AKIA1".to_owned(),
        secret_access_key: Secret::from("x"),
        session_token: None,
        called: "x".to_owned(),
    };
    let aws = AwsFromEnvironment { of_the_sponsor: Ok(Some(keys)), ..AwsFromEnvironment::default() };
    let read = interpret(&secrets.place(&sponsor.name), &secrets.fetch(&sponsor.name).unwrap(), aws);
    assert!(matches!(read, Ok(S3Backups::Enabled(_))), "{read:?}");
}

/// Fails where a document is not what it must be; writes it where that was asked for.
fn hold(path: &str, expected: &str) {
    let found = std::fs::read_to_string(root().join(path)).unwrap_or_default();
    if found == expected {
        return;
    }
    if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
        std::fs::write(root().join(path), expected).unwrap();
        return;
    }
    let pairs = found.lines().map(Some).chain(std::iter::repeat(None)).zip(expected.lines());
    let first = pairs.enumerate().find(|(_, (found, expected))| *found != Some(*expected));
    let (line, (found, expected)) = first.unwrap_or((0, (None, "(nothing more)")));
    panic!(
        "{path} has drifted from the sources, first in line {}:\n  found    {}\n  expected {expected}\n\
         Run `UPDATE_DOCUMENTS=1 cargo test --test documents`, and look at what changed.",
        line + 1,
        found.unwrap_or("(another end)"),
    );
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn yaml(path: &str) -> Value {
    serde_saphyr::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The image's first layer knows no sources: a target that the manifest names must be put there as an empty file.
#[test]
fn the_image_can_be_built_whatever_targets_the_manifest_names() {
    let (manifest, dockerfile) = (read("Cargo.toml"), read("Dockerfile"));
    for (section, folder) in [("bench", "benches"), ("test", "tests"), ("example", "examples")] {
        for target in manifest.split(&format!("[[{section}]]\n")).skip(1) {
            let name = target.split('"').nth(1).unwrap();
            let path = format!("{folder}/{name}.rs");
            assert!(dockerfile.contains(&path), "the Dockerfile makes no empty {path}");
        }
    }
}
