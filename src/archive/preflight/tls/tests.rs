use serde_json::json;

use super::*;

fn allowed(statements: &Value) -> Vec<String> {
    let policy = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    allowed_without_tls(&policy, "b", &["backups/".to_owned()])
}

fn denial(action: &Value, resource: &Value) -> Value {
    json!({
        "Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    })
}

#[test]
fn policies_that_deny_plain_http() {
    let both = json!(["arn:aws:s3:::b", "arn:aws:s3:::b/*"]);
    let whole = denial(&json!("s3:*"), &both);
    let mut for_accounts = whole.clone();
    for_accounts["Principal"] = json!({"AWS": ["*"]});
    let mut if_exists = whole.clone();
    if_exists["Condition"] = json!({"BoolIfExists": {"AWS:securetransport": ["false"]}});
    let sound = [
        whole.clone(),
        json!([whole]),
        for_accounts,
        if_exists,
        denial(&json!("*"), &json!("*")),
        denial(&json!(["s3:getobject", "s3:Put*", "s3:ListBucket"]), &both),
        denial(&json!("s3:*"), &json!("arn:aws-us-gov:s3:::b*")),
        json!([
            denial(&json!("s3:*"), &json!("arn:aws:s3:::b")),
            denial(&json!("s3:?etObject"), &json!("arn:aws:s3:::b/*")),
            denial(&json!("s3:PutObject"), &json!("arn:aws:s3:::b/backups/*"))
        ]),
    ];
    for statements in sound {
        assert_eq!(allowed(&statements), [""; 0], "{statements}");
    }
}

#[test]
fn what_a_policy_leaves_out_is_named() {
    let objects = json!("arn:aws:s3:::b/*");
    let all = ["s3:ListBucket on b", "s3:GetObject on b/backups/*", "s3:PutObject on b/backups/*"];
    assert_eq!(allowed(&json!([])), all);
    assert_eq!(allowed(&denial(&json!("s3:*"), &objects)), all[..1]);
    assert_eq!(allowed(&denial(&json!("s3:*"), &json!("arn:aws:s3:::b"))), all[1..]);
    assert_eq!(allowed(&denial(&json!("s3:*"), &json!("arn:aws:s3:::b/logs/*"))), all);
    assert_eq!(allowed(&denial(&json!("s3:*"), &json!("arn:aws:s3:::b/backups/"))), all);
    // A longer bucket name is another bucket.
    assert_eq!(allowed(&denial(&json!("s3:*"), &json!(["arn:aws:s3:::bb", "arn:aws:s3:::bb/*"]))), all);
    let change = |name: &str, value: Value| {
        let mut statement = denial(&json!("s3:*"), &json!("*"));
        statement[name] = value;
        allowed(&statement)
    };
    assert_eq!(change("Effect", json!("Allow")), all);
    assert_eq!(change("Principal", json!({"AWS": "arn:aws:iam::1:root"})), all);
    assert_eq!(change("Condition", json!({"Bool": {"aws:SecureTransport": "true"}})), all);
    assert_eq!(change("Condition", json!({"Bool": {"aws:ViaAWSService": "false"}})), all);
    let two = json!({"Bool": {"aws:SecureTransport": "false"}, "StringEquals": {"aws:SourceVpc": "v"}});
    assert_eq!(change("Condition", two), all);
    assert_eq!(change("Condition", Value::Null), all);
    assert_eq!(allowed_without_tls("not JSON", "b", &["backups/".to_owned()]), all);
}

#[test]
fn patterns_match_as_in_iam() {
    for (pattern, text, expected) in [
        ("*", "", true),
        ("a*c", "abbc", true),
        ("a*c", "abcb", false),
        ("a?c", "abc", true),
        ("a?c", "ac", false),
        ("*b*b*", "abab", true),
        ("*b*b*", "ab", false),
        ("a", "ab", false),
        ("ab", "a", false),
    ] {
        assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
    }
}
