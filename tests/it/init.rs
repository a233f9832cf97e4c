//! `init`: the files of a first sponsor, read back by the commands that need them.

mod refusals;
mod repository;
mod terminal;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret as _;
use serde_json::Value;
use sponsor_backup::cli;
use sponsor_backup::cli::inputs::{self, COMMAND, Command};
use sponsor_backup::secrets::file::SecretsFile;
use url::Url;

use crate::support::{Outcome, Run};

/// What no output may contain.
const CANARY: &str = "hunter2-canary";
const DATABASE: &str = "postgresql://app:hunter2-canary%23:'\"{ü@db.example.org:5432/diary?sslmode=require";

/// With every flag that a first sponsor needs.
fn init(run: Run) -> Run {
    run.env("DATABASE_URL", DATABASE).args([
        "init",
        "--sponsor",
        "callisto",
        "--code",
        "CAL",
        "--store",
        "./backups",
    ])
}

/// Everything below a folder, with the contents of its files.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let is_folder = path.symlink_metadata().unwrap().is_dir();
            // A link that leads nowhere has no contents.
            let contents = if is_folder { Vec::new() } else { std::fs::read(&path).unwrap_or_default() };
            folders.extend(is_folder.then(|| path.clone()));
            found.insert(path, contents);
        }
    }
    found
}

fn names(outcome: &Outcome) -> Vec<String> {
    let below = |path: &PathBuf| path.strip_prefix(&outcome.workspace).unwrap().display().to_string();
    tree(&outcome.workspace).keys().map(below).collect()
}

fn mode(outcome: &Outcome, name: &str) -> u32 {
    outcome.workspace.join(name).symlink_metadata().unwrap().permissions().mode() & 0o777
}

/// A sponsor's secrets in the file that was written.
fn secrets(outcome: &Outcome, sponsor: &str) -> BTreeMap<String, String> {
    let file = SecretsFile::read(&outcome.workspace.join("secrets.yaml")).unwrap();
    let secrets = file.fetch(sponsor).unwrap().into_iter();
    secrets.map(|(name, value)| (name, value.expose_secret().to_owned())).collect()
}

/// The jobs that `matrix` makes of the manifest that was written.
fn matrix(earlier: &Outcome, more: &[&str]) -> Outcome {
    let arguments = ["matrix", "--environment", "development", "--manifest", "manifest.yaml"];
    Run::step_after(earlier).args([&arguments, more].concat()).run()
}

#[test]
fn a_first_sponsor_is_written_and_read_back() {
    let outcome = init(Run::terminal()).run();
    outcome.assert_code(0).assert_reviewed("init");
    assert!(!outcome.transcript().contains(CANARY), "{}", outcome.transcript());
    let folders = ["backups", "backups/callisto", "backups/callisto/audit-logs", "backups/callisto/backups"];
    assert_eq!(names(&outcome), [&folders[..], &["manifest.yaml", "secrets.yaml"]].concat());
    assert!(folders.iter().all(|folder| mode(&outcome, folder) == 0o700));
    assert_eq!((mode(&outcome, "secrets.yaml"), mode(&outcome, "manifest.yaml")), (0o600, 0o644));

    let url = |folder: &str| Url::from_file_path(outcome.workspace.join(folder)).unwrap().to_string();
    let expected = [
        ("DATABASE_URL", DATABASE.to_owned()),
        ("ENABLE_S3_BACKUP_ARCHIVAL", "true".to_owned()),
        ("SPONSOR_AUDIT_LOGS_BUCKET", url("backups/callisto/audit-logs")),
        ("SPONSOR_BACKUPS_BUCKET", url("backups/callisto/backups")),
    ];
    assert_eq!(secrets(&outcome, "callisto"), expected.map(|(name, value)| (name.to_owned(), value)).into());
    let matrix = matrix(&outcome, &[]);
    matrix.assert_code(0);
    let jobs: Value = serde_json::from_str(&matrix.output("matrix")).unwrap();
    assert_eq!(
        jobs["include"],
        serde_json::json!([{"name": "callisto", "sponsors": "callisto", "code": "CAL"}])
    );
}

#[test]
fn standard_output_is_two_commands_to_copy() {
    let outcome = init(Run::terminal()).run();
    let commands: Vec<&str> = outcome.stdout.lines().collect();
    assert_eq!(commands.len(), 2, "{}", outcome.stdout);
    for (command, name) in commands.into_iter().zip(["backup", "drill"]) {
        let words: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
        assert_eq!(words[..2], ["sponsor-backup", name]);
        let accepted = cli::parse(&words[1..], &BTreeMap::new());
        assert!(matches!(accepted, Ok(cli::Request::Command { .. })), "{command}: {accepted:?}");
        for file in ["manifest.yaml", "secrets.yaml"] {
            assert!(words.iter().any(|word| word == file) && outcome.workspace.join(file).exists());
        }
    }
}

#[test]
fn a_store_anywhere_is_named_by_its_url() {
    let run = Run::terminal().env("DATABASE_URL", DATABASE);
    let (workspace, store) = (run.workspace(), run.workspace().join("../temp/a b#1%20ü"));
    std::os::unix::fs::symlink("../temp", workspace.join("link")).unwrap();
    let run = run.args(["init", "--sponsor", "null", "--code", "NUL", "--store", "link/a b#1%20ü"]);
    let outcome = run.run();
    outcome.assert_code(0);
    let backups = store.canonicalize().unwrap().join("null/backups");
    assert!(backups.is_dir());
    let url = &secrets(&outcome, "null")["SPONSOR_BACKUPS_BUCKET"];
    assert_eq!(Url::parse(url).unwrap().to_file_path().unwrap(), backups);
    assert!(url.ends_with("/temp/a%20b%231%2520%C3%BC/null/backups"), "{url}");
    matrix(&outcome, &[]).assert_code(0);
}

#[test]
fn a_dry_run_prints_the_plan_and_writes_nothing() {
    let outcome = init(Run::terminal()).args(["--workflows", "--dry-run"]).run();
    outcome.assert_code(0).assert_reviewed("init-plan");
    assert_eq!(names(&outcome), [""; 0]);
}

/// The steps of this action in a workflow.
fn our_steps(workflow: &Value) -> Vec<&Value> {
    let jobs = workflow["jobs"].as_object().unwrap().values();
    let steps = jobs.flat_map(|job| job["steps"].as_array().into_iter().flatten());
    let release = format!("cure-hht/sponsor-backup@v{}", env!("CARGO_PKG_VERSION"));
    steps.filter(|step| step["uses"] == release.as_str()).collect()
}

#[test]
fn workflows_name_the_release_the_token_and_known_inputs() {
    let outcome = init(Run::terminal()).arg("--workflows").run();
    outcome.assert_code(0).assert_reviewed("init-workflows");
    let mut seen = 0;
    for name in names(&outcome).iter().filter(|name| name.ends_with(".yml")) {
        let text = std::fs::read_to_string(outcome.workspace.join(name)).unwrap();
        let workflow: Value = serde_saphyr::from_str(&text).unwrap();
        assert!(!text.contains("TITAN") && !text.contains("@0000"), "{name}");
        for step in our_steps(&workflow) {
            let with = step["with"].as_object().unwrap();
            let command =
                Command::ALL.into_iter().find(|command| with[COMMAND.name] == command.name()).unwrap();
            let known: Vec<&str> =
                inputs::of(command).map(|input| input.name).chain([COMMAND.name]).collect();
            assert!(with.keys().all(|input| known.contains(&input.as_str())), "{name}: {with:?}");
            let tokens: Vec<&String> = step["env"].as_object().unwrap().keys().collect();
            let expected = ["DOPPLER_TOKEN_CALLISTO", "DOPPLER_TOKEN_CORE"];
            assert!(
                tokens == expected || (command == Command::Matrix && tokens == expected[1..]),
                "{tokens:?}"
            );
            seen += 1;
        }
    }
    assert_eq!(seen, 7, "steps of this action");
    matrix(&outcome, &["--workflows"]).assert_code(0);
    // A second sponsor in the manifest: then the workflows lack its token.
    let manifest = outcome.workspace.join("manifest.yaml");
    let text = std::fs::read_to_string(&manifest).unwrap() + "  - {name: rhea, code: RHE, enabled: true}\n";
    std::fs::write(&manifest, text).unwrap();
    matrix(&outcome, &["--workflows", ".github/workflows"]).assert_code(17);
}

#[test]
fn a_step_of_a_workflow_can_run_it_by_its_arguments() {
    let outcome = init(Run::workflow()).run();
    outcome.assert_code(0);
    assert!(outcome.masks().contains(&DATABASE.to_owned()), "{:?}", outcome.masks());
    assert!(!outcome.visible().contains(CANARY), "{}", outcome.visible());
    let refused = Run::workflow().input("command", "init").env("DATABASE_URL", DATABASE).run();
    refused.assert_code(2);
    assert!(refused.visible().contains("`command` is `init`, which runs only on a terminal"));
}
