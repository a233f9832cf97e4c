//! The way without stored secrets: its workflow holds none, each of its jobs may ask for GitHub's word, and the trust policy
//! that users copy lets in whom it names and nobody else.

use serde_json::Value;

use super::workflows::OURS;

const WORKFLOW: &str = "docs/workflows/deploy-production-keyless.yml";

/// The jobs that use this action, and their steps that do.
fn our_jobs(workflow: &Value) -> Vec<(&Value, Vec<&Value>)> {
    let ours = |step: &&Value| step["uses"].as_str().is_some_and(|uses| uses.starts_with(OURS));
    let jobs = workflow["jobs"].as_object().unwrap().values();
    let jobs =
        jobs.map(|job| (job, job["steps"].as_array().unwrap().iter().filter(ours).collect::<Vec<_>>()));
    jobs.filter(|(_, steps)| !steps.is_empty()).collect()
}

#[test]
fn the_keyless_workflow_holds_no_secret_and_every_job_of_ours_may_ask_for_its_word() {
    assert!(!crate::read(WORKFLOW).contains("secrets."), "a stored secret");
    let workflow = crate::yaml(WORKFLOW);
    let jobs = our_jobs(&workflow);
    assert_eq!(jobs.len(), 3);
    for (job, steps) in jobs {
        let rights = job["permissions"].as_object().unwrap().iter();
        let writes: Vec<_> = rights.filter(|(_, right)| *right == "write").map(|(name, _)| name).collect();
        assert_eq!(writes, ["id-token"]);
        for step in steps {
            assert_eq!(step["with"]["doppler-identity-id"], "${{ vars.DOPPLER_IDENTITY_ID }}");
            assert_eq!(step["with"]["environment"], "production");
            assert_eq!(job["environment"], "production-backup", "the word names another environment");
        }
    }
    assert_eq!(workflow["permissions"], serde_json::json!({}));
}

/// But for its words about secrets it is the workflow that is known from the README.
#[test]
fn the_keyless_workflow_does_what_the_one_with_tokens_does() {
    let (keyless, known) = (crate::yaml(WORKFLOW), crate::yaml("docs/workflows/deploy-production.yml"));
    for (name, job) in known["jobs"].as_object().unwrap() {
        let other = &keyless["jobs"][name];
        for part in
            ["needs", "if", "runs-on", "timeout-minutes", "environment", "concurrency", "outputs", "strategy"]
        {
            assert_eq!(job[part], other[part], "{part} of {name}");
        }
        let steps = job["steps"].as_array().unwrap().iter().zip(other["steps"].as_array().unwrap());
        for (step, other) in steps {
            for part in ["uses", "if", "run"] {
                assert_eq!(step[part], other[part], "{part} of a step of {name}");
            }
            for (input, value) in step["with"].as_object().into_iter().flatten() {
                assert_eq!(*value, other["with"][input], "{input} of {name}");
            }
        }
    }
}

#[test]
fn the_trust_policy_names_audience_and_both_forms_of_subject_without_a_star() {
    let page = crate::read("docs/keyless.md");
    let policy = page.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    let policy: Value = serde_json::from_str(policy).unwrap();
    let condition = &policy["Statement"][0]["Condition"];
    assert_eq!(condition.as_object().unwrap().keys().collect::<Vec<_>>(), ["StringEquals"]);
    let claims = &condition["StringEquals"];
    assert_eq!(claims["token.actions.githubusercontent.com:aud"], "sts.amazonaws.com");
    let subjects: Vec<&str> = claims["token.actions.githubusercontent.com:sub"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(subjects.len(), 2);
    assert!(subjects.iter().all(|sub| sub.ends_with(":environment:production-backup") && !sub.contains('*')));
    assert!(subjects[1].split(['/', ':']).skip(1).take(2).all(|part| part.contains('@')), "{subjects:?}");
    for subject in subjects {
        assert!(page.matches(subject).count() >= 2, "{subject} is told in the text, too");
    }
}
