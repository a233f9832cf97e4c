//! The workflows that we run and those that we offer: they name inputs and outputs that exist, pin what they use, and
//! ask for no rights that they do not need.

use serde_json::Value;
use sponsor_backup::cli::inputs::{COMMAND, Command, of};
use sponsor_backup::report::outputs::DEFINITIONS;

pub(crate) const OURS: &str = "cure-hht/sponsor-backup@";
const EXAMPLES: [&str; 4] = ["deploy.yml", "scheduled.yml", "manual.yml", "restore-drill.yml"];

fn every_workflow() -> Vec<(String, Value)> {
    let examples = EXAMPLES.iter().map(|name| format!("examples/workflows/{name}"));
    examples
        .chain([".github/workflows/ci.yml".to_owned()])
        .map(|path| (path.clone(), crate::yaml(&path)))
        .collect()
}

fn steps(workflow: &Value) -> Vec<&Value> {
    let jobs = workflow["jobs"].as_object().unwrap();
    jobs.values().flat_map(|job| job["steps"].as_array().unwrap()).collect()
}

/// The steps that use this action, of all examples.
fn our_steps(workflow: &Value) -> Vec<&Value> {
    let ours = |step: &&Value| step["uses"].as_str().is_some_and(|uses| uses.starts_with(OURS));
    steps(workflow).into_iter().filter(ours).collect()
}

#[test]
fn examples_set_only_inputs_that_their_command_reads() {
    for (path, workflow) in every_workflow().iter().filter(|(path, _)| path.starts_with("examples")) {
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
fn examples_read_only_outputs_that_exist() {
    let mut seen = 0;
    for name in EXAMPLES {
        let text = crate::read(&format!("examples/workflows/{name}"));
        for rest in text.split("steps.matrix.outputs.").skip(1) {
            let output = rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap();
            let from_matrix = |definition: &&sponsor_backup::report::outputs::Definition| {
                definition.name == output && definition.from.contains("matrix")
            };
            assert!(
                DEFINITIONS.iter().any(|definition| from_matrix(&definition)),
                "{name}: no output `{output}`"
            );
            seen += 1;
        }
    }
    assert_eq!(seen, 2 * 2, "the outputs of the matrix step are not read any more, or by another name");
}

#[test]
fn the_deployment_is_recorded_whatever_became_of_it_and_logs_are_kept_always() {
    let deploy = crate::yaml("examples/workflows/deploy.yml");
    let jobs = &deploy["jobs"];
    assert_eq!(jobs["deploy"]["needs"], "backup");
    assert!(jobs["record"]["if"].as_str().unwrap().starts_with("always()"));
    let record = our_steps(&deploy).into_iter().find(|step| step["with"]["command"] == "record").unwrap();
    assert_eq!(record["with"]["outcome"], "${{ needs.deploy.result }}");
    for (path, workflow) in every_workflow() {
        let is_upload =
            |step: &&Value| step["uses"].as_str().is_some_and(|uses| uses.contains("upload-artifact"));
        for step in steps(&workflow).into_iter().filter(is_upload) {
            assert_eq!(step["if"], "always()", "{path}");
        }
    }
}

/// Each leg of a matrix has its own sponsors, artifacts of its own name, and does not end with another's failure.
#[test]
fn a_matrix_of_sponsors_is_guarded_and_its_legs_keep_apart() {
    for (name, job) in [("deploy.yml", "backup"), ("restore-drill.yml", "drill")] {
        let workflow = crate::yaml(&format!("examples/workflows/{name}"));
        let job = &workflow["jobs"][job];
        assert_eq!(job["if"], "needs.matrix.outputs.count != '0'", "{name}");
        assert_eq!(job["strategy"]["fail-fast"], false, "{name}");
        assert_eq!(job["strategy"]["matrix"], "${{ fromJSON(needs.matrix.outputs.matrix) }}", "{name}");
        assert_eq!(job["steps"][0]["with"]["sponsors"], "${{ matrix.sponsors }}", "{name}");
        let artifact = job["steps"][1]["with"]["name"].as_str().unwrap();
        assert!(artifact.ends_with("-${{ matrix.name }}"), "{name}: {artifact}");
    }
}

#[test]
fn the_drill_is_weekly_has_limits_and_keeps_its_reports() {
    let drill = crate::yaml("examples/workflows/restore-drill.yml");
    let cron = drill["on"]["schedule"][0]["cron"].as_str().unwrap();
    let [_, _, day, month, weekday] = cron.split(' ').collect::<Vec<_>>()[..] else { panic!("{cron}") };
    assert_eq!((day, month), ("*", "*"), "{cron}");
    assert!(weekday.parse::<u8>().is_ok_and(|weekday| weekday < 7), "{cron}");
    let steps = &drill["jobs"]["drill"]["steps"];
    let inputs = &steps[0]["with"];
    assert_eq!(inputs["command"], "drill");
    assert!(inputs["max-rpo"].is_string() && inputs["max-rto"].is_string(), "{inputs}");
    assert_eq!(steps[1]["with"]["path"], "drill-reports/");
}

#[test]
fn every_action_is_pinned_by_its_commit_and_its_version_is_told() {
    for (path, _) in every_workflow() {
        let text = crate::read(&path);
        let uses: Vec<&str> = text.lines().filter(|line| line.contains("uses: ")).collect();
        assert!(!uses.is_empty(), "{path}");
        for line in uses {
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
        for (name, job) in workflow["jobs"].as_object().unwrap() {
            assert!(job["timeout-minutes"].is_number(), "{path}: job {name} never ends");
            let own = job["permissions"].as_object().into_iter().flatten();
            assert!(own.into_iter().all(|(_, right)| right == "read"), "{path}: job {name}");
        }
    }
}

#[test]
fn tokens_come_from_secrets_of_the_same_name() {
    for (path, workflow) in every_workflow() {
        for step in our_steps(&workflow) {
            let env = step["env"].as_object().unwrap();
            assert!(env.contains_key("DOPPLER_TOKEN_CORE"), "{path}");
            for (variable, value) in env {
                assert_eq!(value, &format!("${{{{ secrets.{variable} }}}}"), "{path}");
            }
        }
    }
}
