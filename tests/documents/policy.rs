//! The AWS policy that users copy: it grants what the page about it explains, no more, and nothing that deletes.

use std::collections::BTreeSet;

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
        assert!(!["Delete", "Bypass", "PutBucket"].iter().any(|word| action.contains(word)), "{action}");
    }
    let page = crate::read("docs/setup.md");
    let section = page.split("\n## AWS permissions\n").nth(1).unwrap().split("\n## ").next().unwrap();
    assert!(section.contains("](aws-policy.json)"), "the page links the file");
    let words = section.split('`').skip(1).step_by(2);
    let explained: BTreeSet<&str> = words.filter(|word| word.starts_with("s3:")).collect();
    // Only `thaw` needs this one; the policy leaves it out.
    let expected: BTreeSet<&str> = granted.into_iter().chain(["s3:RestoreObject"]).collect();
    assert_eq!(explained, expected);
}
