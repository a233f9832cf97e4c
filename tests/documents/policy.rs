//! The AWS policy that users copy: it is that of the Terraform module, grants what the page about it explains, no more, and nothing
//! that deletes.

#[path = "../it/terraform/module.rs"]
mod module;

use std::collections::BTreeSet;

use serde_json::{Value, json};

pub(crate) const POLICY: &str = "docs/aws-policy.json";

// serves: 11.10(d)/least-permissions, REQ-p00012/no-early-deletion
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
    let policy: Value = serde_json::from_str(policy).unwrap();
    assert_eq!(crate::yaml(POLICY), policy, "{POLICY} must be {policy:#}");
    assert_eq!(*module.local("action_policy"), policy);
}

/// What changes or removes something.
fn is_change(action: &str) -> bool {
    action.starts_with("s3:") && !action.starts_with("s3:Get") && !action.starts_with("s3:List")
}

fn changes(policy: &Value) -> BTreeSet<String> {
    let statements = policy["Statement"].as_array().unwrap().iter();
    let actions = statements.flat_map(|statement| statement["Action"].as_array().unwrap());
    actions.map(|action| action.as_str().unwrap().to_owned()).filter(|action| is_change(action)).collect()
}

#[test]
fn the_security_model_names_what_each_key_can_change() {
    let page = crate::read("docs/security-model.md");
    let section = page.split("\n## AWS keys\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let row = |key: &str| -> BTreeSet<String> {
        let start = format!("| {key} | ");
        let row = section.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("{key}"));
        row.split('`').skip(1).step_by(2).filter(|text| is_change(text)).map(str::to_owned).collect()
    };
    let module = module::Module::of_callisto(json!({}));
    let action = changes(module.local("action_policy"));
    assert_eq!(row("backup key"), action);
    assert_eq!(row("OIDC role"), BTreeSet::new(), "as the backup key");
    assert_eq!(row("hold key"), changes(module.local("hold_policy")));
    assert_eq!(row("prune key"), changes(module.local("prune_policy")));
    let thawing = module::Module::of_callisto(json!({"allow_thaw": true}));
    let thawing = changes(thawing.local("action_policy"));
    assert_eq!(row("thaw permission"), thawing.difference(&action).cloned().collect());
    // What the page says of old versions, and of the second copy.
    let replication = crate::read("infrastructure/terraform/modules/sponsor-s3/replication.tf");
    let policies = crate::read("infrastructure/terraform/modules/sponsor-s3/policies.tf");
    for never in ["s3:GetObjectVersion", "s3:DeleteObjectVersion", "s3:ReplicateDelete"] {
        let quoted = format!("\"{never}\"");
        assert!(!policies.contains(&quoted) && !replication.contains(&quoted), "{never}");
    }
    let replicates = |action: &str| replication.contains(&format!("\"{action}\""));
    assert!(row("replication role").iter().all(|action| replicates(action)));
}
