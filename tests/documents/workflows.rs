//! The workflows that we run and those that we offer: they name inputs and outputs that exist, pin what they use, ask for no
//! rights that they do not need, and agree with each other. That they run is shown by `script/workflows`.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sponsor_backup::cli::inputs::{COMMAND, Command, of};
use sponsor_backup::report::outputs::DEFINITIONS;

pub(crate) const OURS: &str = "cure-hht/sponsor-backup@";
pub(crate) const REUSABLE: &str = "docs/workflows/backup-databases-multi-sponsor.yml";
pub(crate) const DEPLOY: &str = "docs/workflows/deploy.yml";
pub(crate) const RELEASE: &str = ".github/workflows/release.yml";
pub(crate) const CI: &str = ".github/workflows/ci.yml";
pub(crate) const PRODUCTION: &str = "docs/workflows/backup-production.yml";
pub(crate) const NIGHTLY: &str = "docs/workflows/backup-nightly.yml";
pub(crate) const DRILL: &str = "docs/workflows/restore-drill.yml";
pub(crate) const REGION_DRILL: &str = "docs/workflows/region-drill.yml";
pub(crate) const VERIFY: &str = "docs/workflows/verify.yml";
pub(crate) const WATCHER: &str = "docs/workflows/watch-backups.yml";
pub(crate) const REPORT: &str = "docs/workflows/backup-report.yml";
const LIST: &str = "docs/workflows/list.yml";
/// Hides backups: its keys are in an environment of their own.
pub(crate) const PRUNE: &str = "docs/workflows/prune-backups.yml";
const RESTORE: &str = "docs/workflows/restore.yml";
/// No workflow, but copied together with them.
pub(crate) const DEPENDABOT: &str = "docs/workflows/dependabot.yml";

fn paths_in(folder: &str) -> Vec<String> {
    let files = std::fs::read_dir(crate::root().join(folder)).unwrap();
    let mut names: Vec<String> =
        files.map(|file| format!("{folder}/{}", file.unwrap().file_name().to_str().unwrap())).collect();
    names.sort();
    names
}

/// What users copy.
pub(crate) fn templates() -> Vec<(String, Value)> {
    let found = paths_in("docs/workflows").into_iter().filter(|path| path != DEPENDABOT);
    let all: Vec<_> = found.map(|path| (path.clone(), crate::yaml(&path))).collect();
    assert_eq!(all.len(), 15, "a workflow has come or gone: do these tests and script/workflows know?");
    all
}

pub(crate) fn every_workflow() -> Vec<(String, Value)> {
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

/// Whether all that a template does is to call another one.
fn only_calls(workflow: &Value) -> bool {
    our_steps(workflow).is_empty()
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
    for (path, workflow) in templates() {
        let calls = jobs(&workflow).filter(|(_, job)| job["uses"].is_string()).count();
        assert!(!only_calls(&workflow) || calls == 1, "{path} does not use this action");
        for step in our_steps(&workflow) {
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
    for (path, workflow) in templates() {
        let text = crate::read(&path);
        for (name, job) in jobs(&workflow) {
            let declared = &job["outputs"];
            for (output, value) in declared.as_object().into_iter().flatten() {
                let from = value.as_str().unwrap();
                let step = ["matrix", "clock", "commit", "all"]
                    .into_iter()
                    .find(|step| from == format!("${{{{ steps.{step}.outputs.{output} }}}}"));
                let step = step.unwrap_or_else(|| panic!("{path}: {output} is {from}"));
                let has_it = job["steps"].as_array().unwrap().iter().any(|other| other["id"] == step);
                assert!(has_it, "{path}: {name} has no step {step}");
                let from_matrix = |definition: &sponsor_backup::report::outputs::OutputDefinition| {
                    definition.name == output
                        && (definition.from.contains("matrix") || definition.from == "all")
                };
                assert!(
                    step != "matrix" || DEFINITIONS.iter().any(from_matrix),
                    "{path}: no output `{output}`"
                );
            }
            let read: BTreeSet<&str> = text
                .split(&format!("needs.{name}.outputs."))
                .skip(1)
                .map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap())
                .collect();
            let declared =
                declared.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
            assert_eq!(read, declared, "{path}: {name}");
        }
    }
}

/// GitHub creates an environment that does not exist, without protection.
#[test]
fn an_environments_name_is_checked_by_a_job_that_names_none() {
    for (path, workflow) in templates() {
        for (name, job) in jobs(&workflow).filter(|(_, job)| !job["environment"].is_null()) {
            let environment = job["environment"]["name"].as_str().or(job["environment"].as_str()).unwrap();
            if !environment.contains("${{") {
                continue;
            }
            let check = &workflow["jobs"]["check"];
            assert!(check["environment"].is_null(), "{path}");
            let run = check["steps"][0]["run"].as_str().unwrap();
            assert!(
                run.contains("production | staging | development) ;;") && run.contains("exit 1"),
                "{path}"
            );
            let needs = &job["needs"];
            let waits =
                *needs == "check" || needs.as_array().is_some_and(|needs| needs.contains(&json!("check")));
            let behind = *needs == "matrix" && workflow["jobs"]["matrix"]["needs"] == "check";
            assert!(waits || behind, "{path}: {name} does not wait for the check");
        }
    }
}

/// GitHub lists a job with an environment as a deployment: each backup of each sponsor, four times a day.
#[test]
fn nothing_but_an_approval_is_listed_as_a_deployment() {
    for (path, workflow) in templates() {
        for (name, job) in
            jobs(&workflow).filter(|(name, job)| !job["environment"].is_null() && *name != "approve")
        {
            let environment = job["environment"].as_object().unwrap();
            assert_eq!(environment["deployment"], false, "{path}: {name}");
            let holds_tokens = environment["name"].as_str().unwrap();
            let of = match (path.as_str(), name.ends_with("-apply")) {
                (RESTORE, _) => "-restore",
                (PRUNE, true) => "-prune",
                _ => "-backup",
            };
            assert!(holds_tokens.ends_with(of), "{path}: {name}");
        }
    }
}

/// By default GitHub cancels the run that waits when a third one comes.
#[test]
fn whatever_waits_is_not_cancelled() {
    let mut seen = 0;
    for (path, workflow) in every_workflow().into_iter().filter(|(path, _)| path != CI) {
        let of_jobs = jobs(&workflow).map(|(_, job)| &job["concurrency"]);
        for group in of_jobs.chain([&workflow["concurrency"]]).filter(|group| !group.is_null()) {
            assert_eq!(
                (&group["queue"], &group["cancel-in-progress"]),
                (&json!("max"), &json!(false)),
                "{path}"
            );
            seen += 1;
        }
    }
    assert!(seen >= 14, "{seen}");
}

/// act and the linters get copies without what they do not know.
#[test]
fn copies_for_act_and_the_linters_lack_only_two_keys() {
    fn drop_newer(value: &mut Value) {
        if let Some(object) = value.as_object_mut() {
            if object.contains_key("cancel-in-progress") {
                object.remove("queue");
            }
            if object.contains_key("name") {
                object.remove("deployment");
            }
        }
        match value {
            Value::Object(object) => object.values_mut().for_each(drop_newer),
            Value::Array(array) => array.iter_mut().for_each(drop_newer),
            _ => {}
        }
    }
    for (path, mut workflow) in every_workflow() {
        let text = crate::read(&path);
        let copy = super::known::without_newer_keys(&text);
        let gone: Vec<&str> = text.lines().filter(|line| !copy.lines().any(|other| other == *line)).collect();
        assert!(
            gone.iter().all(|line| ["queue: max", "deployment: false"].contains(&line.trim())),
            "{path}: {gone:?}"
        );
        drop_newer(&mut workflow);
        assert_eq!(serde_saphyr::from_str::<Value>(&copy).unwrap(), workflow, "{path}");
    }
}

/// Two backups of one sponsor and environment wait for each other, whichever workflow takes them.
#[test]
fn backups_of_one_sponsor_share_a_group() {
    let group = |path: &str| {
        let workflow = crate::yaml(path);
        workflow["jobs"]["backup"]["concurrency"]["group"].as_str().unwrap_or_default().to_owned()
    };
    let reusable = group(REUSABLE);
    assert!(reusable.contains("${{ matrix.name }}"), "{reusable}");
    assert_eq!(group(DEPLOY), reusable.replace("${{ inputs.dry-run && '-plan' || '' }}", ""));
}

/// Each leg of a matrix has its own sponsors, artifacts of its own name, and does not end with another's failure.
#[test]
fn a_matrix_of_sponsors_is_guarded_and_its_legs_keep_apart() {
    for (path, job) in [
        (REUSABLE, "backup"),
        (DEPLOY, "backup"),
        (DRILL, "drill"),
        (REGION_DRILL, "drill"),
        (VERIFY, "verify"),
    ] {
        let workflow = crate::yaml(path);
        let job = &workflow["jobs"][job];
        assert_eq!(job["if"], "needs.matrix.outputs.count != '0'", "{path}");
        assert_eq!(job["strategy"]["fail-fast"], false, "{path}");
        assert_eq!(job["strategy"]["matrix"], "${{ fromJSON(needs.matrix.outputs.matrix) }}", "{path}");
        assert_eq!(job["steps"][0]["with"]["sponsors"], "${{ matrix.sponsors }}", "{path}");
        // What GitHub ends is a cancellation, which opens no issue.
        let hours = job["steps"][0]["with"]["timeout"].as_str().unwrap().strip_suffix('h').unwrap();
        assert!(hours.parse::<u64>().unwrap() * 60 < job["timeout-minutes"].as_u64().unwrap(), "{path}");
        if path != VERIFY {
            let artifact = job["steps"][1]["with"]["name"].as_str().unwrap();
            assert!(
                artifact.ends_with("-${{ matrix.name }}-${{ github.run_attempt }}"),
                "{path}: {artifact}"
            );
        }
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
    assert_eq!(seen, 6);
}

#[test]
fn every_job_has_few_rights_and_an_end() {
    for (path, workflow) in every_workflow() {
        let rights =
            workflow["permissions"].as_object().unwrap_or_else(|| panic!("{path} has no `permissions`"));
        assert!(rights.values().all(|right| right == "read"), "{path}: {rights:?}");
        let runs_alone = |job: &Value| !job["concurrency"].is_null();
        let whole = runs_alone(&workflow) || jobs(&workflow).all(|(_, job)| runs_alone(job));
        // deploy.yml is called by jobs that have it.
        assert!(whole || path == DEPLOY, "{path}");
        for (name, job) in jobs(&workflow) {
            let ends = job["timeout-minutes"].is_number() || job["uses"].is_string();
            assert!(ends, "{path}: job {name} never ends");
            // A release writes: the file names the rights that each of its jobs takes, and why. Without stored secrets a job
            // asks for its OIDC token, and whatever runs unwatched opens an issue when it fails.
            let own = job["permissions"].as_object().into_iter().flatten();
            let is_right = |(right, level): (&String, &Value)| {
                level == "read"
                    || path == RELEASE
                    || (right == "id-token" && (path != CI))
                    || (right == "issues" && ![LIST, RESTORE, CI].contains(&path.as_str()))
            };
            assert!(own.into_iter().all(is_right), "{path}: job {name}");
        }
    }
}

/// GitHub refuses a run whose caller grants less than the called workflow's jobs ask for, even if those would be skipped.
#[test]
fn callers_grant_what_the_called_workflow_asks_for() {
    let mut seen = 0;
    for (path, workflow) in templates() {
        for (name, job) in jobs(&workflow).filter(|(_, job)| job["uses"].is_string()) {
            let called = job["uses"].as_str().unwrap().replace("./.github/", "docs/");
            let called_workflow = crate::yaml(&called);
            for (of, asks) in jobs(&called_workflow) {
                for (right, level) in asks["permissions"].as_object().into_iter().flatten() {
                    assert_eq!(&job["permissions"][right], level, "{path}: {name} lacks {right} for {of}");
                }
            }
            let declared = &called_workflow["on"]["workflow_call"];
            assert_eq!(names(&job["secrets"]), names(&declared["secrets"]), "{path}");
            for input in names(&job["with"]) {
                assert!(declared["inputs"][input].is_object(), "{path}: {called} has no input {input}");
            }
            seen += 1;
        }
    }
    assert_eq!(seen, 5);
}

/// Each by its own name: an expression that makes up the name would hand every secret to the job.
#[test]
fn every_job_gets_all_tokens_from_secrets_of_the_same_name() {
    let declared = crate::yaml(REUSABLE)["on"]["workflow_call"]["secrets"].clone();
    assert_eq!(declared, crate::yaml(DEPLOY)["on"]["workflow_call"]["secrets"]);
    for (path, workflow) in templates() {
        for step in our_steps(&workflow) {
            let env = step["env"].as_object().unwrap();
            let tokens: BTreeSet<&String> = env.keys().filter(|name| name.starts_with("DOPPLER_")).collect();
            for (variable, value) in env.iter().filter(|(name, _)| *name != "TARGET_DATABASE_URL") {
                assert_eq!(value, &format!("${{{{ secrets.{variable} }}}}"), "{path}");
            }
            if step["with"]["command"] == "matrix" {
                assert_eq!(tokens.len(), 1, "{path}: the matrix needs the core token alone");
            } else {
                assert_eq!(tokens, names(&declared), "{path}");
            }
        }
        for (_, job) in jobs(&workflow).filter(|(_, job)| !job["secrets"].is_null()) {
            for (variable, value) in job["secrets"].as_object().unwrap() {
                assert_eq!(value, &format!("${{{{ secrets.{variable} }}}}"), "{path}");
            }
        }
    }
}
