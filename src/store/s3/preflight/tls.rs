//! Whether a bucket's policy denies requests without TLS.
//!
//! Facts: IAM user guide, "IAM JSON policy elements reference". What the reader does not understand does not count as denied.

use serde_json::Value;

use super::Checked;
use super::question::Question;
use crate::finding::{Check, Finding};
use crate::store::StoreError;

pub(super) const TLS_ONLY: Check =
    Check { name: "bucket-tls-only", about: "Bucket policy denies requests without TLS" };

const ASK_POLICY: Question =
    Question { check: TLS_ONLY, subject: "policy", permission: "s3:GetBucketPolicy" };

pub(super) fn check(bucket: &Checked<'_>, policy: Result<Option<String>, StoreError>) -> Finding {
    let name = bucket.name();
    let policy = match policy {
        Ok(policy) => policy,
        Err(error) => return ASK_POLICY.unknown(bucket, &error),
    };
    let statement = denial(name);
    let why = "A misconfigured client sends patients' data and signed requests in plain text.";
    let Some(policy) = policy else {
        let policy = format!(r#"{{"Version": "2012-10-17", "Statement": [{statement}]}}"#);
        return TLS_ONLY.warn(
            format!("bucket {name} has no policy that denies requests without TLS"),
            why,
            format!("Run `aws s3api put-bucket-policy --bucket {name} --policy '{policy}'`."),
        );
    };
    let allowed = allowed_without_tls(&policy, name, &bucket.prefixes());
    if allowed.is_empty() {
        return TLS_ONLY.ok(format!("bucket {name} denies requests without TLS"));
    }
    TLS_ONLY.warn(
        format!("the policy of bucket {name} allows without TLS: {}", allowed.join(", ")),
        why,
        format!(
            "Run `aws s3api get-bucket-policy --bucket {name} --query Policy --output text >policy.json`. Add this \
             statement to the existing policy: `{statement}`. Run `aws s3api put-bucket-policy --bucket {name} --policy \
             file://policy.json`. It replaces the policy, so keep the other statements."
        ),
    )
}

/// The statement of docs/setup.md.
fn denial(bucket: &str) -> String {
    format!(
        r#"{{"Sid": "DenyWithoutTls", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::{bucket}", "arn:aws:s3:::{bucket}/*"], "Condition": {{"Bool": {{"aws:SecureTransport": "false"}}}}}}"#
    )
}

/// What no statement denies: actions with their resources. Empty if plain HTTP reaches nothing.
fn allowed_without_tls(policy: &str, bucket: &str, prefixes: &[String]) -> Vec<String> {
    let policy: Value = serde_json::from_str(policy).unwrap_or_default();
    let denials: Vec<&Value> =
        list(&policy["Statement"]).filter(|statement| denies_plain(statement)).collect();
    let objects = prefixes.iter().flat_map(|prefix| {
        ["s3:GetObject", "s3:PutObject"].map(|action| (action, format!("{bucket}/{prefix}*")))
    });
    let needed = std::iter::once(("s3:ListBucket", bucket.to_owned())).chain(objects);
    let is_denied = |(action, resource): &(&str, String)| {
        denials.iter().any(|statement| {
            any_matches(&statement["Action"], &action.to_lowercase(), str::to_lowercase)
                && any_matches(&statement["Resource"], resource, path_of)
        })
    };
    let allowed = needed.filter(|it| !is_denied(it));
    allowed.map(|(action, resource)| format!("{action} on {resource}")).collect()
}

/// A denial for everybody, on this one condition: another one next to it would narrow the denial.
fn denies_plain(statement: &Value) -> bool {
    let principal = &statement["Principal"];
    let everybody = is_star(principal) || list(&principal["AWS"]).any(is_star);
    let conditions = statement["Condition"].as_object();
    let only_tls = conditions.is_some_and(|operators| {
        operators.len() == 1
            && operators.iter().all(|(operator, keys)| {
                ["Bool", "BoolIfExists"].contains(&operator.as_str()) && is_plain_http(keys)
            })
    });
    statement["Effect"] == "Deny" && everybody && only_tls
}

fn is_plain_http(keys: &Value) -> bool {
    let Some(keys) = keys.as_object() else { return false };
    let is_false = |value: &Value| *value == Value::Bool(false) || value == "false";
    keys.len() == 1
        && keys.iter().all(|(key, values)| {
            key.eq_ignore_ascii_case("aws:SecureTransport") && list(values).any(is_false)
        })
}

pub(super) fn is_star(value: &Value) -> bool {
    value == "*"
}

/// The elements of a list, or the one value that may be in its place.
pub(super) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    let (several, one) = match value {
        Value::Array(values) => (values.as_slice(), None),
        Value::Null => (&[][..], None),
        one => (&[][..], Some(one)),
    };
    several.iter().chain(one)
}

pub(super) fn any_matches(patterns: &Value, text: &str, prepare: impl Fn(&str) -> String) -> bool {
    list(patterns).filter_map(Value::as_str).any(|pattern| matches(&prepare(pattern), text))
}

/// A resource without its partition: `bucket/*`.
pub(super) fn path_of(resource: &str) -> String {
    resource.split_once(":::").map_or(resource, |(_, path)| path).to_owned()
}

/// `*` matches any text, and `?` one character. Takes no more steps than both lengths multiplied.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut read) = (0, 0);
    // The positions in pattern and text after the last star.
    let mut star = None;
    while read < text.len() {
        match (pattern.get(at), star) {
            (Some('*'), _) => {
                at += 1;
                star = Some((at, read));
            }
            (Some(&wanted), _) if wanted == '?' || wanted == text[read] => (at, read) = (at + 1, read + 1),
            (_, Some((after, from))) => {
                (at, read) = (after, from + 1);
                star = Some((after, read));
            }
            (_, None) => return false,
        }
    }
    pattern[at..].iter().all(|&rest| rest == '*')
}

#[cfg(test)]
mod tests;
