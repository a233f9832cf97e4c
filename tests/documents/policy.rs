//! The AWS policy that users copy: it is that of the Terraform module, grants what the page about it explains, no more, and nothing
//! that deletes.

#[path = "../it/terraform/module.rs"]
mod module;

use std::collections::BTreeSet;

use serde_json::json;

pub(crate) const POLICY: &str = "docs/aws-policy.json";

#[test]
fn the_aws_policy_grants_what_the_page_explains_and_no_deletion() {
    let policy = crate::yaml(POLICY);
    let statements = policy["Statement"].as_array().unwrap();
    assert!(statements.iter().all(|statement| statement["Effect"] == "Allow"));
    let actions = statements.iter().flat_map(|statement| statement["Action"].as_array().unwrap());
    let granted: BTreeSet<&str> = actions.map(|action| action.as_str().unwrap()).collect();
    for action in &granted {
        assert!(action.starts_with("s3:") && !action.contains('*'), "{action}");
        assert!(
            !["Delete", "Bypass", "PutBucket", "PutObjectLegalHold"].iter().any(|word| action.contains(word)),
            "{action}"
        );
    }
    let page = crate::read("docs/setup.md");
    let section = page.split("\n## AWS permissions\n").nth(1).unwrap().split("\n## ").next().unwrap();
    assert!(section.contains("](aws-policy.json)"), "the page links the file");
    let words = section.split('`').skip(1).step_by(2);
    let explained: BTreeSet<&str> = words.filter(|word| word.starts_with("s3:")).collect();
    // Only `thaw` and `hold` need these; the policy leaves them out.
    let expected: BTreeSet<&str> =
        granted.into_iter().chain(["s3:RestoreObject", "s3:PutObjectLegalHold"]).collect();
    assert_eq!(explained, expected);
}

/// For those who do not use Terraform. With the sponsor of the examples, both are the same to the letter.
#[test]
fn the_aws_policy_is_that_of_the_terraform_module() {
    let module = module::Module::of_callisto(json!({"create_action_policy": true}));
    let policy = module.resource("aws_iam_policy", "action")["policy"].as_str().unwrap();
    let policy: serde_json::Value = serde_json::from_str(policy).unwrap();
    assert_eq!(crate::yaml(POLICY), policy, "{POLICY} must be {policy:#}");
    assert_eq!(*module.local("action_policy"), policy);
}
