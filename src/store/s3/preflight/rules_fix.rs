//! How to change a bucket's lifecycle rules. S3 takes them only as a whole, so each fix reads all rules and puts all back.
//! The values are those of docs/setup.md and of the Terraform module.

use super::Checked;
use crate::layout::key::{Object, Retention};
use crate::sponsors::Environment;
use crate::store::s3::lifecycle::{ObjectFamily, Rule};

pub(super) const DEEP_ARCHIVE: &str = "DEEP_ARCHIVE";
/// `Transitions`, as REQ-o00049 has them.
pub(super) const ARCHIVE: &str = r#"[{"Days": 90, "StorageClass": "DEEP_ARCHIVE"}]"#;
/// `AbortIncompleteMultipartUpload`.
pub(super) const ABORT: &str = r#"{"DaysAfterInitiation": 7}"#;

/// All rules of a bucket that has none.
pub(super) fn all_rules(bucket: &Checked<'_>) -> String {
    let variable = bucket.shell_variable();
    format!(
        "Set `{variable}={}` in a shell, and run the commands of docs/setup.md#lifecycle for `${variable}`. They set all \
         rules of the bucket.",
        bucket.name()
    )
}

/// The whole change. `edits` are sentences such as those of [`set`] and [`add_rule`].
pub(super) fn change(bucket: &Checked<'_>, edits: &str) -> String {
    let name = bucket.name();
    format!(
        "Run `aws s3api get-bucket-lifecycle-configuration --bucket {name} --query '{{Rules: Rules}}' >rules.json`. \
         {edits} Run `aws s3api put-bucket-lifecycle-configuration --bucket {name} --lifecycle-configuration \
         file://rules.json`. It replaces all rules, so keep the others."
    )
}

/// ``Set `Expiration` of rule `x` to `{"Days": 2557}`.`` Without a rule for this prefix alone, a new one: a change of a
/// wider rule would also affect other objects.
pub(super) fn set(
    bucket: &Checked<'_>,
    family: &ObjectFamily<'_>,
    rules: &[Rule],
    part: (&str, &str),
) -> String {
    let (key, value) = part;
    match family.own_rule(rules) {
        Some(rule) => format!("Set `{key}` of {} to `{value}`.", rule.name()),
        None => add_rule(&id(bucket, family), &family.prefix(), &[part], rules),
    }
}

/// A rule that does all that objects of this kind need.
pub(super) fn add_whole_rule(bucket: &Checked<'_>, family: &ObjectFamily<'_>, rules: &[Rule]) -> String {
    let (end, noncurrent) = (expiration(family), noncurrent(family));
    let moves = is_archived(bucket, family).then_some(("Transitions", ARCHIVE));
    let parts = [
        ("Expiration", end.as_str()),
        ("NoncurrentVersionExpiration", noncurrent.as_str()),
        ("AbortIncompleteMultipartUpload", ABORT),
    ];
    let parts: Vec<(&str, &str)> = moves.into_iter().chain(parts).collect();
    add_rule(&id(bucket, family), &family.prefix(), &parts, rules)
}

pub(super) fn add_rule(id: &str, prefix: &str, parts: &[(&str, &str)], rules: &[Rule]) -> String {
    // S3 rejects an id that another rule has, and makes one up for a rule without.
    let is_free = rules.iter().all(|rule| rule.id != id);
    let id = if is_free { format!(r#""ID": "{id}", "#) } else { String::new() };
    let parts: String = parts.iter().map(|(key, value)| format!(r#", "{key}": {value}"#)).collect();
    format!(r#"Add to `Rules`: `{{{id}"Status": "Enabled", "Filter": {{"Prefix": "{prefix}"}}{parts}}}`."#)
}

/// Whether the objects move to Deep Archive. Drill reports and test environments do not.
pub(super) fn is_archived(bucket: &Checked<'_>, family: &ObjectFamily<'_>) -> bool {
    bucket.expected.in_production()
        && match family.object {
            Object::Backup { .. } => bucket.expected.storage_class != DEEP_ARCHIVE,
            Object::DeploymentLog => true,
            _ => false,
        }
}

pub(super) fn retention(family: &ObjectFamily<'_>) -> Retention {
    family.object.retention(family.environment, family.retention_years)
}

/// `{"Days": 2557}`
pub(super) fn expiration(family: &ObjectFamily<'_>) -> String {
    format!(r#"{{"Days": {}}}"#, retention(family).days())
}

/// `{"NoncurrentDays": 90}`
pub(super) fn noncurrent(family: &ObjectFamily<'_>) -> String {
    format!(r#"{{"NoncurrentDays": {}}}"#, noncurrent_days(family))
}

pub(super) fn noncurrent_days(family: &ObjectFamily<'_>) -> u32 {
    match retention(family) {
        Retention::Years(_) => 90,
        Retention::Days(_) => 7,
    }
}

/// As the setup page and the Terraform module name the rule.
fn id(bucket: &Checked<'_>, family: &ObjectFamily<'_>) -> String {
    let verb = if is_archived(bucket, family) { "archive" } else { "expire" };
    let objects = match family.object {
        Object::DeploymentLog => "logs".to_owned(),
        other => other.folder(Environment::Production),
    };
    format!("{verb}-{}-{objects}", family.environment)
}

#[cfg(test)]
mod tests;
