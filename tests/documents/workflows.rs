//! The workflows that we run and those that we offer: they name inputs and outputs that exist, pin what they use, ask for no
//! rights that they do not need, and agree with each other. That they run is shown by `script/workflows`.

use std::collections::BTreeSet;

use serde_json::Value;
use sponsor_backup::cli::inputs::{COMMAND, Command, of};
use sponsor_backup::report::outputs::DEFINITIONS;

pub(crate) const OURS: &str = "cure-hht/sponsor-backup@";
const ENVIRONMENTS: [&str; 3] = ["production", "staging", "development"];
pub(crate) const REUSABLE: &str = "docs/workflows/backup-databases-multi-sponsor.yml";
const KEYLESS: &str = "docs/workflows/deploy-production-keyless.yml";
const RELEASE: &str = ".github/workflows/release.yml";
pub(crate) const NIGHTLY: &str = "docs/workflows/backup-nightly.yml";
pub(crate) const DRILL: &str = "docs/workflows/restore-drill.yml";

fn deployment(environment: &str) -> String {
    format!("docs/workflows/deploy-{environment}.yml")
}

fn paths_in(folder: &str) -> Vec<String> {
    let files = std::fs::read_dir(crate::root().join(folder)).unwrap();
    let mut names: Vec<String> =
        files.map(|file| format!("{folder}/{}", file.unwrap().file_name().to_str().unwrap())).collect();
    names.sort();
    names
}

/// What users copy.
fn templates() -> Vec<(String, Value)> {
    let found = paths_in("docs/workflows").into_iter();
    let all: Vec<_> = found.map(|path| (path.clone(), crate::yaml(&path))).collect();
    assert_eq!(all.len(), 7, "a workflow has come or gone: do these tests and script/workflows know?");
    all
}

fn every_workflow() -> Vec<(String, Value)> {
    let of_this_repository = paths_in(".github/workflows").into_iter();
    let of_this_repository = of_this_repository.map(|path| (path.clone(), crate::yaml(&path)));
    templates().into_iter().chain(of_this_repository).collect()
}

pub(crate) fn jobs(workflow: &Value) -> impl Iterator<Item = (&String, &Value)> {
    workflow["jobs"].as_object().unwrap().iter()
}

/// Of all jobs; one that calls another workflow has none.
fn steps(workflow: &Value) -> Vec<&Value> {
    jobs(workflow).flat_map(|(_, job)| job["steps"].as_array().into_iter().flatten()).collect()
}

/// The steps that use this action.
pub(crate) fn our_steps(workflow: &Value) -> Vec<&Value> {
    let ours = |step: &&Value| step["uses"].as_str().is_some_and(|uses| uses.starts_with(OURS));
    steps(workflow).into_iter().filter(ours).collect()
}

fn names(object: &Value) -> BTreeSet<&String> {
    object.as_object().unwrap().keys().collect()
}

#[test]
fn templates_set_only_inputs_that_their_command_reads() {
    for (path, workflow) in templates().iter().filter(|(path, _)| path != NIGHTLY) {
        let ours = our_steps(workflow);
        assert!(!ours.is_empty(), "{path} does not use this action");
        for step in ours {
            let with = step["with"].as_object().unwrap();
            let named = with["command"].as_str().unwrap();
            let command = Command::ALL.into_iter().find(|command| command.name() == named).expect(named);
            for name in with.keys().filter(|name| *name != COMMAND.name) {
                assert!(
                    of(command).any(|input| input.name == name),
                    "{path}: `{named}` does not read `{name}`"
                );
            }
            assert!(with.contains_key("environment"), "{path}: `{named}` has no environment");
        }
    }
}

#[test]
fn templates_read_only_outputs_that_exist() {
    for (path, workflow) in templates().iter().filter(|(path, _)| path != NIGHTLY) {
        let declared = &workflow["jobs"]["matrix"]["outputs"];
        for (name, value) in declared.as_object().unwrap() {
            assert_eq!(value, &format!("${{{{ steps.matrix.outputs.{name} }}}}"), "{path}");
            let from_matrix = |definition: &sponsor_backup::report::outputs::Definition| {
                definition.name == name && (definition.from.contains("matrix") || definition.from == "all")
            };
            assert!(DEFINITIONS.iter().any(from_matrix), "{path}: no output `{name}`");
        }
        let text = crate::read(path);
        let read: BTreeSet<&str> = text
            .split("needs.matrix.outputs.")
            .skip(1)
            .map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap())
            .collect();
        assert_eq!(read, names(declared).into_iter().map(String::as_str).collect(), "{path}");
    }
}

#[test]
fn a_deployment_waits_for_all_backups_and_is_recorded_whatever_became_of_it() {
    for environment in ENVIRONMENTS {
        let workflow = crate::yaml(&deployment(environment));
        let jobs = &workflow["jobs"];
        assert_eq!(jobs["deploy"]["needs"], serde_json::json!(["matrix", "backup"]), "{environment}");
        assert!(jobs["deploy"]["if"].is_null(), "{environment}: it is skipped after a failure");
        // GitHub repeats failed jobs and keeps the results of others, for weeks.
        let first = &jobs["deploy"]["steps"][0];
        assert_eq!(first["if"], "github.run_attempt != '1'", "{environment}");
        assert!(first["run"].as_str().unwrap().ends_with("exit 1"), "{environment}");
        assert_eq!(jobs["record"]["if"], "always() && needs.matrix.outputs.count != '0'", "{environment}");
        assert_eq!(jobs["record"]["needs"], serde_json::json!(["matrix", "deploy"]), "{environment}");
        let record = &jobs["record"]["steps"][0]["with"];
        assert_eq!(record["outcome"], "${{ needs.deploy.result }}", "{environment}");
        // The deployment and the backup before it bear the same version and reason.
        let backup = &jobs["backup"]["steps"][0]["with"];
        assert_eq!((&backup["version"], &backup["reason"]), (&record["version"], &record["reason"]));
    }
}

/// A word left over from the file that this one was copied from would back up another environment.
#[test]
fn a_deployment_speaks_of_its_own_environment_alone() {
    for environment in ENVIRONMENTS {
        let path = deployment(environment);
        let workflow = crate::yaml(&path);
        for step in our_steps(&workflow) {
            assert_eq!(step["with"]["environment"], environment, "{path}");
        }
        for (name, job) in jobs(&workflow).filter(|(_, job)| !job["environment"].is_null()) {
            let expected =
                if name == "approve" { environment.to_owned() } else { format!("{environment}-backup") };
            assert_eq!(job["environment"], expected, "{path}: {name}");
        }
        assert_eq!(workflow["concurrency"]["group"], format!("deploy-{environment}"), "{path}");
    }
}

/// Two backups of one sponsor and environment wait for each other, whichever workflow takes them.
#[test]
fn backups_of_one_sponsor_share_a_group() {
    let group = |workflow: &Value| {
        workflow["jobs"]["backup"]["concurrency"]["group"].as_str().unwrap_or_default().to_owned()
    };
    let reusable = group(&crate::yaml(REUSABLE));
    assert!(reusable.contains("${{ matrix.name }}"), "{reusable}");
    for environment in ENVIRONMENTS {
        let expected = reusable.replace("${{ inputs.environment }}", environment);
        let expected = expected.replace("${{ inputs.dry-run && '-plan' || '' }}", "");
        assert_eq!(group(&crate::yaml(&deployment(environment))), expected);
    }
}

/// Each leg of a matrix has its own sponsors, artifacts of its own name, and does not end with another's failure.
#[test]
fn a_matrix_of_sponsors_is_guarded_and_its_legs_keep_apart() {
    let mut legs = vec![(REUSABLE.to_owned(), "backup"), (DRILL.to_owned(), "drill")];
    legs.extend(ENVIRONMENTS.map(|environment| (deployment(environment), "backup")));
    for (path, job) in legs {
        let workflow = crate::yaml(&path);
        let job = &workflow["jobs"][job];
        assert_eq!(job["if"], "needs.matrix.outputs.count != '0'", "{path}");
        assert_eq!(job["strategy"]["fail-fast"], false, "{path}");
        assert_eq!(job["strategy"]["matrix"], "${{ fromJSON(needs.matrix.outputs.matrix) }}", "{path}");
        assert_eq!(job["steps"][0]["with"]["sponsors"], "${{ matrix.sponsors }}", "{path}");
        // What GitHub ends is a cancellation, of which no issue tells.
        let hours = job["steps"][0]["with"]["timeout"].as_str().unwrap().strip_suffix('h').unwrap();
        assert!(hours.parse::<u64>().unwrap() * 60 < job["timeout-minutes"].as_u64().unwrap(), "{path}");
        let artifact = job["steps"][1]["with"]["name"].as_str().unwrap();
        assert!(artifact.ends_with("-${{ matrix.name }}-${{ github.run_attempt }}"), "{path}: {artifact}");
    }
}

#[test]
fn logs_are_kept_whatever_became_of_the_step_before() {
    let mut seen = 0;
    for (path, workflow) in templates() {
        let is_upload =
            |step: &&Value| step["uses"].as_str().is_some_and(|uses| uses.contains("upload-artifact"));
        for step in steps(&workflow).into_iter().filter(is_upload) {
            assert!(step["if"].as_str().unwrap().starts_with("always()"), "{path}");
            assert_eq!(step["with"]["if-no-files-found"], "error", "{path}");
            seen += 1;
        }
    }
    assert_eq!(seen, 4 * 2 + 2);
}

#[test]
fn every_action_is_pinned_by_its_commit_and_its_version_is_told() {
    for (path, _) in every_workflow() {
        let text = crate::read(&path);
        let is_a_step = |line: &&str| line.trim_start().trim_start_matches("- ").starts_with("uses: ");
        let uses: Vec<&str> = text.lines().filter(is_a_step).collect();
        assert!(!uses.is_empty(), "{path}");
        for line in uses.into_iter().filter(|line| !line.contains("uses: ./")) {
            let (_, pin) = line.split_once('@').expect(line);
            let (commit, version) = pin.split_once(" # v").expect(line);
            let is_hash = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(is_hash && version.starts_with(|c: char| c.is_ascii_digit()), "{path}: {line}");
        }
    }
}

#[test]
fn every_job_has_few_rights_and_an_end() {
    for (path, workflow) in every_workflow() {
        let rights =
            workflow["permissions"].as_object().unwrap_or_else(|| panic!("{path} has no `permissions`"));
        assert!(rights.values().all(|right| right == "read"), "{path}: {rights:?}");
        assert!(!workflow["concurrency"].is_null(), "{path}");
        for (name, job) in jobs(&workflow) {
            let ends = job["timeout-minutes"].is_number() || job["uses"].is_string();
            assert!(ends, "{path}: job {name} never ends");
            // A release writes: which rights each of its jobs takes, and why, stands there. Without stored secrets a job
            // asks for GitHub's word, and a scheduled backup or drill that fails opens an issue.
            let own = job["permissions"].as_object().into_iter().flatten();
            let is_right = |(name, right): (&String, &Value)| {
                right == "read"
                    || path == RELEASE
                    || (path == KEYLESS && name == "id-token")
                    || ([REUSABLE, NIGHTLY, DRILL].contains(&path.as_str()) && name == "issues")
            };
            assert!(own.into_iter().all(is_right), "{path}: job {name}");
        }
    }
}

/// Each by its own name: an expression that makes up the name would hand every secret to the job.
#[test]
fn tokens_come_from_secrets_of_the_same_name_and_every_job_has_all_of_them() {
    let declared = crate::yaml(REUSABLE)["on"]["workflow_call"]["secrets"].clone();
    for (path, workflow) in templates().into_iter().filter(|(path, _)| path != KEYLESS) {
        let of_steps = our_steps(&workflow).into_iter().map(|step| (&step["with"]["command"], &step["env"]));
        let handed_on = jobs(&workflow).map(|(_, job)| (&Value::Null, &job["secrets"]));
        for (command, secrets) in of_steps.chain(handed_on.filter(|(_, secrets)| !secrets.is_null())) {
            for (variable, value) in secrets.as_object().unwrap() {
                assert_eq!(value, &format!("${{{{ secrets.{variable} }}}}"), "{path}");
            }
            if command == "matrix" {
                assert_eq!(names(secrets).len(), 1, "{path}: the matrix needs the core token alone");
            } else {
                assert_eq!(names(secrets), names(&declared), "{path}: {command}");
            }
        }
    }
}
