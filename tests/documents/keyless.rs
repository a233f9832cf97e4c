//! The way without stored secrets: every template goes it as soon as its variable is set, each of its jobs may ask for the OIDC
//! token, and the trust policy that users copy lets in only the jobs that it names.

use serde_json::Value;

use super::workflows::{OURS, jobs, templates};

/// With stored tokens the input is empty, which is unset; without, the tokens are.
#[test]
fn every_template_works_without_a_stored_secret_too() {
    let mut seen = 0;
    for (path, workflow) in templates() {
        for (name, job) in jobs(&workflow) {
            let steps = job["steps"].as_array().into_iter().flatten();
            for step in steps.filter(|step| step["uses"].as_str().is_some_and(|uses| uses.starts_with(OURS)))
            {
                let identity = &step["with"]["doppler-identity-id"];
                assert_eq!(identity, "${{ vars.DOPPLER_IDENTITY_ID }}", "{path}: {name}");
                assert_eq!(job["permissions"]["id-token"], "write", "{path}: {name}");
                seen += 1;
            }
        }
        let secrets = &workflow["on"]["workflow_call"]["secrets"];
        let required =
            secrets.as_object().into_iter().flatten().filter(|(_, secret)| secret["required"] != false);
        assert_eq!(required.count(), 0, "{path}");
    }
    assert_eq!(seen, 4 + 4 + 3 + 2 + 2 + 1 + 1 + 1 + 1 + 2);
}

#[test]
fn the_trust_policy_pins_audience_and_subjects_without_a_star() {
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
