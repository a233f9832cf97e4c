use serde_json::json;

use crate::layout::key::Bucket;
use crate::sponsors::Environment;
use crate::store::s3::preflight::tests::{judged, line};

use super::*;

fn found(policy: Option<&str>) -> Finding {
    let policy = policy.map(str::to_owned);
    judged(Bucket::Backups, Environment::Production, |bucket| check(bucket, Ok(policy)))
}

/// The text between these two.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("{start}: {text}"));
    rest.split_once(end).unwrap_or_else(|| panic!("{end}: {text}")).0
}

/// What the fix says passes this check.
#[test]
fn the_fix_denies_requests_without_tls() {
    let bare = found(None);
    assert_eq!(line(&bare), "warn: bucket b has no policy that denies requests without TLS");
    let policy = between(&bare.fix, "Run `aws s3api put-bucket-policy --bucket b --policy '", "'`.");
    assert_eq!(line(&found(Some(policy))), "ok: bucket b denies requests without TLS");
    // Other statements are kept.
    let open = found(Some(r#"{"Version": "2012-10-17", "Statement": []}"#));
    let statement = between(&open.fix, "Add this statement to the existing policy: `", "`. Run ");
    let policy = format!(r#"{{"Version": "2012-10-17", "Statement": [{statement}]}}"#);
    assert_eq!(line(&found(Some(&policy))), "ok: bucket b denies requests without TLS");
    assert!(open.fix.ends_with("It replaces the policy, so keep the other statements."), "{open:?}");
}

fn allowed(statements: &Value) -> Vec<String> {
    let policy = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    allowed_without_tls(&policy, "b", &["backups/".to_owned()])
}

fn denying(action: &Value, resource: &Value) -> Value {
    json!({
        "Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    })
}

#[test]
fn policies_that_deny_plain_http() {
    let both = json!(["arn:aws:s3:::b", "arn:aws:s3:::b/*"]);
    let whole = denying(&json!("s3:*"), &both);
    let mut for_accounts = whole.clone();
    for_accounts["Principal"] = json!({"AWS": ["*"]});
    let mut if_exists = whole.clone();
    if_exists["Condition"] = json!({"BoolIfExists": {"AWS:securetransport": ["false"]}});
    let sound = [
        whole.clone(),
        json!([whole]),
        for_accounts,
        if_exists,
        denying(&json!("*"), &json!("*")),
        denying(&json!(["s3:getobject", "s3:Put*", "s3:ListBucket"]), &both),
        denying(&json!("s3:*"), &json!("arn:aws-us-gov:s3:::b*")),
        json!([
            denying(&json!("s3:*"), &json!("arn:aws:s3:::b")),
            denying(&json!("s3:?etObject"), &json!("arn:aws:s3:::b/*")),
            denying(&json!("s3:PutObject"), &json!("arn:aws:s3:::b/backups/*"))
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
    assert_eq!(allowed(&denying(&json!("s3:*"), &objects)), all[..1]);
    assert_eq!(allowed(&denying(&json!("s3:*"), &json!("arn:aws:s3:::b"))), all[1..]);
    assert_eq!(allowed(&denying(&json!("s3:*"), &json!("arn:aws:s3:::b/logs/*"))), all);
    assert_eq!(allowed(&denying(&json!("s3:*"), &json!("arn:aws:s3:::b/backups/"))), all);
    // A longer bucket name is another bucket.
    assert_eq!(allowed(&denying(&json!("s3:*"), &json!(["arn:aws:s3:::bb", "arn:aws:s3:::bb/*"]))), all);
    let change = |name: &str, value: Value| {
        let mut statement = denying(&json!("s3:*"), &json!("*"));
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
