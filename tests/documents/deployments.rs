//! Deployments: every backup before them, a version that exists, one release at a time, and a record of each outcome.

use serde_json::{Value, json};

use super::workflows::DEPLOY;

const ENVIRONMENTS: [&str; 3] = ["production", "staging", "development"];

fn deployment(environment: &str) -> String {
    format!("docs/workflows/deploy-{environment}.yml")
}

#[test]
fn a_deployment_waits_for_all_backups_and_is_always_recorded() {
    let workflow = crate::yaml(DEPLOY);
    let jobs = &workflow["jobs"];
    assert_eq!(jobs["deploy"]["needs"], json!(["check", "matrix", "backup"]));
    assert!(jobs["deploy"]["if"].is_null(), "it runs after a failure");
    assert_eq!(
        jobs["record"]["if"],
        "always() && needs.check.result == 'success' && needs.matrix.outputs.count != '0'"
    );
    assert_eq!(jobs["record"]["needs"], json!(["check", "matrix", "deploy"]));
    let record = &jobs["record"]["steps"][0]["with"];
    assert_eq!(record["outcome"], "${{ needs.deploy.result }}");
    // Those whom `matrix` has listed; without a list, those who were meant.
    let listed =
        "${{ needs.matrix.result == 'success' && needs.matrix.outputs.sponsors || inputs.sponsors }}";
    assert_eq!(record["sponsors"], listed);
    // The deployment and the backup before it bear the same version, commit and reason.
    let backup = &jobs["backup"]["steps"][0]["with"];
    for input in ["version", "commit-sha", "reason"] {
        assert!(backup[input].is_string() && backup[input] == record[input], "{input}");
    }
    assert_eq!(backup["require-backup"], "${{ inputs.require-backup }}");
}

/// What is deployed is what was checked and what the record names.
#[test]
fn the_deployed_commit_is_the_one_checked_before_the_backup() {
    let workflow = crate::yaml(DEPLOY);
    let job = |name: &str| workflow["jobs"][name].clone();
    let checkout = |name: &str| {
        let steps = job(name)["steps"].as_array().unwrap().clone();
        let checkout = steps
            .into_iter()
            .find(|step| step["uses"].as_str().is_some_and(|uses| uses.contains("checkout")));
        checkout.unwrap()["with"]["ref"].clone()
    };
    assert_eq!(checkout("check"), "${{ inputs.version }}");
    assert_eq!(checkout("deploy"), "${{ needs.check.outputs.commit }}");
    assert_eq!(job("backup")["steps"][0]["with"]["commit-sha"], "${{ needs.check.outputs.commit }}");
    assert_eq!(
        (job("matrix")["needs"].clone(), job("check")["needs"].clone()),
        (json!("check"), Value::Null)
    );
}

/// GitHub repeats failed jobs and keeps the results of others, for weeks.
#[test]
fn a_re_run_deploys_only_while_the_backups_are_fresh() {
    let workflow = crate::yaml(DEPLOY);
    let jobs = &workflow["jobs"];
    assert_eq!(jobs["matrix"]["steps"][0]["id"], "clock", "the clock starts before any backup");
    let first = &jobs["deploy"]["steps"][0];
    assert_eq!(first["env"]["BEGAN"], "${{ needs.matrix.outputs.began }}");
    assert_eq!(first["env"]["LIMIT"], "${{ inputs.fresh-for-minutes }}");
    assert!(first["if"].is_null() && first["run"].as_str().unwrap().contains("exit 1"));
    // A sponsor left without a backup is listed, deployed or not, and holds up no other sponsor.
    let ages = &jobs["ages"]["steps"][0]["with"];
    assert_eq!((&ages["command"], &ages["sponsors"]), (&json!("list"), &Value::Null));
    assert_eq!(ages["max-backup-age"], "${{ inputs.max-backup-age }}");
    assert!(!jobs["deploy"]["needs"].as_array().unwrap().contains(&json!("ages")));
}

/// A word left over from the file that this one was copied from would back up another environment.
#[test]
fn a_deployment_speaks_of_its_own_environment_alone() {
    for environment in ENVIRONMENTS {
        let path = deployment(environment);
        let workflow = crate::yaml(&path);
        let release = &workflow["jobs"]["release"];
        assert_eq!(release["uses"], "./.github/workflows/deploy.yml", "{path}");
        assert_eq!(release["with"]["environment"], environment, "{path}");
        assert_eq!(release["concurrency"]["group"], format!("deploy-{environment}"), "{path}");
        // A run that waits for an approval holds up no hotfix.
        assert!(workflow["concurrency"].is_null(), "{path}");
        let others = ENVIRONMENTS.into_iter().filter(|other| *other != environment);
        let text: String =
            crate::read(&path).lines().filter(|line| !line.trim_start().starts_with('#')).collect();
        for other in others {
            assert!(!text.contains(&format!(" {other}")), "{path} speaks of {other}");
        }
    }
    let production = crate::yaml(&deployment("production"));
    let (approve, release) = (&production["jobs"]["approve"], &production["jobs"]["release"]);
    assert_eq!(approve["environment"], "production");
    assert!(approve["concurrency"]["group"].as_str().unwrap().ends_with("${{ github.run_id }}"));
    assert_eq!((&release["needs"], &release["if"]), (&json!("approve"), &json!("always()")));
    assert_eq!(release["with"]["approval"], "${{ needs.approve.result }}");
    assert_eq!(crate::yaml(DEPLOY)["jobs"]["matrix"]["if"], "inputs.approval == 'success'");
    assert_eq!(release["with"]["require-backup"], true);
}
