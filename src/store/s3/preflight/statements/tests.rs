use serde_json::json;

use super::{is_for_everybody, is_public};

#[test]
fn an_allowance_for_everybody_without_condition_is_public() {
    let policy = |effect: &str, principal: serde_json::Value, condition: serde_json::Value| {
        json!({"Statement": {"Effect": effect, "Principal": principal, "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::b/*", "Condition": condition}})
        .to_string()
    };
    let everybody = || json!("*");
    assert!(is_public(&policy("Allow", everybody(), json!({}))));
    assert!(is_public(&policy("Allow", json!({"AWS": ["*"]}), json!({}))));
    assert!(!is_public(&policy("Deny", everybody(), json!({}))));
    assert!(!is_public(&policy("Allow", json!({"AWS": "arn:aws:iam::123456789012:root"}), json!({}))));
    assert!(!is_public(&policy(
        "Allow",
        everybody(),
        json!({"StringEquals": {"aws:PrincipalAccount": "1"}})
    )));
    assert!(!is_public("no policy"));
}

#[test]
fn statements_may_be_a_list_or_one() {
    let one = json!({"Effect": "Deny", "Principal": "*", "Action": ["s3:PutObject"], "Resource": "*"});
    for statements in [one.clone(), json!([one])] {
        let policy = json!({"Statement": statements}).to_string();
        assert!(is_for_everybody(&policy, "Deny", |statement| statement["Action"][0] == "s3:PutObject"));
        assert!(!is_for_everybody(&policy, "Deny", |_| false));
    }
}
