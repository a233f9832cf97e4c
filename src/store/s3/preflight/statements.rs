//! What a bucket policy allows or denies everybody, without a condition. Pure.

use serde_json::Value;

use super::Checked;
use super::tls::{any_matches, is_star, list, path_of};
use crate::finding::{Check, Finding};
use crate::store::StoreError;

pub(super) const DENIALS: Check =
    Check { name: "bucket-policy", about: "Bucket policy denies nothing that a backup does" };

/// What a backup does with objects, besides creating parts.
const NEEDED: [&str; 5] =
    ["s3:putobject", "s3:putobjecttagging", "s3:getobject", "s3:getobjecttagging", "s3:abortmultipartupload"];

/// A denial of what a backup needs, if the policy can be read. Denials with a condition may be for others: the write probe
/// shows them.
pub(super) fn denials(bucket: &Checked<'_>, policy: &Result<Option<String>, StoreError>) -> Option<Finding> {
    let policy = policy.as_ref().ok()?.as_deref()?;
    let name = bucket.name();
    let resources: Vec<String> = bucket.prefixes().iter().map(|prefix| format!("{name}/{prefix}*")).collect();
    let denied = NEEDED.into_iter().filter(|action| {
        is_for_everybody(policy, "Deny", |statement| {
            any_matches(&statement["Action"], action, str::to_lowercase)
                && resources.iter().any(|it| any_matches(&statement["Resource"], it, path_of))
        })
    });
    let denied: Vec<&str> = denied.collect();
    (!denied.is_empty()).then(|| {
        DENIALS.fail(
            format!("the policy of bucket {name} denies everybody: {}", denied.join(", ")),
            "A denial wins over every permission, so no backup can be stored and read back.",
            format!("Remove the statement: `aws s3api get-bucket-policy --bucket {name}` shows it."),
        )
    })
}

/// Whether the policy lets everybody read objects or list the bucket.
pub(super) fn is_public(policy: &str) -> bool {
    is_for_everybody(policy, "Allow", |_| true)
}

fn is_for_everybody(policy: &str, effect: &str, wanted: impl Fn(&Value) -> bool) -> bool {
    let policy: Value = serde_json::from_str(policy).unwrap_or_default();
    list(&policy["Statement"]).any(|statement| {
        let principal = &statement["Principal"];
        let everybody = is_star(principal) || list(&principal["AWS"]).any(is_star);
        let conditions = statement["Condition"].as_object().is_some_and(|conditions| !conditions.is_empty());
        statement["Effect"] == effect && everybody && !conditions && wanted(statement)
    })
}

#[cfg(test)]
mod tests;
