//! What `preflight` finds out about a sponsor's secrets. Pure.

use super::flag::{Disabled, FLAG};
use super::{AUDIT_LOGS_BUCKET, BACKUPS_BUCKET, REGION, SecretsError, SponsorSecrets, StoreName};
use crate::finding::{Check, Finding};

const DOPPLER: Check = Check {
    name: "doppler",
    about: "Doppler accepts the token, and the token belongs to this project and config",
};
const RATE_LIMIT: Check =
    Check { name: "doppler-rate-limit", about: "Doppler's limit per minute covers a run over all sponsors" };
const SECRETS: Check = Check { name: "secrets", about: "Each secret exists and is well-formed" };
const BUCKETS: Check =
    Check { name: "bucket-names", about: "Backups and records have a store each, and are not exchanged" };
const FLAG_CHECK: Check = Check {
    name: "flag",
    about: "`ENABLE_S3_BACKUP_ARCHIVAL` is exactly `true`, or the sponsor is not rolled out yet",
};
const WORKFLOW_TOKENS: Check = Check {
    name: "workflow-tokens",
    about: "The workflows pass on every sponsor's token (with `workflows`)",
};

/// What this module checks.
pub const CHECKS: &[Check] = &[DOPPLER, RATE_LIMIT, SECRETS, BUCKETS, FLAG_CHECK, WORKFLOW_TOKENS];

const NO_BACKUP: &str = "No backup can be taken.";

/// The finding for secrets that cannot be used.
#[must_use]
pub fn unusable(error: &SecretsError) -> Finding {
    let check = if error.is_about_access() { DOPPLER } else { SECRETS };
    check.fail(error.to_string(), NO_BACKUP, error.hint())
}

/// The findings for secrets that can be used. `region` is the manifest's.
#[must_use]
pub fn usable(secrets: &SponsorSecrets, region: Option<&str>) -> Vec<Finding> {
    let mut findings = vec![SECRETS.ok(format!("complete, from {}", secrets.source()))];
    let SponsorSecrets { backups, audit_logs, .. } = secrets;
    // The convention is one for buckets.
    let is_named =
        |store: &StoreName, kind: &str| store.needs_aws() && store.to_string().contains(&format!("-{kind}-"));
    if backups == audit_logs {
        findings.push(BUCKETS.warn(
            format!("{BACKUPS_BUCKET} and {AUDIT_LOGS_BUCKET} both name {}", backups.words()),
            "Credentials for records can then write backups, and one set of lifecycle rules covers both.",
            format!("Set {AUDIT_LOGS_BUCKET} to a bucket of its own."),
        ));
    } else if is_named(backups, "audit-logs") || is_named(audit_logs, "backups") {
        findings.push(BUCKETS.warn(
            format!("{BACKUPS_BUCKET} is {backups}, and {AUDIT_LOGS_BUCKET} is {audit_logs}"),
            "By their names, the two are exchanged, so objects would get the other bucket's rules.",
            format!("Exchange {BACKUPS_BUCKET} and {AUDIT_LOGS_BUCKET}."),
        ));
    } else {
        findings.push(BUCKETS.ok(format!("backups in {backups}, records in {audit_logs}")));
    }
    let regions = region.zip(secrets.aws.as_ref().map(|aws| &aws.region));
    if let Some((region, used)) = regions.filter(|(region, used)| region != used) {
        findings.push(SECRETS.warn(
            format!("{REGION} is {used}, but the manifest's `region` is {region}"),
            "Other programs read the manifest, and would look in another region.",
            format!("Correct {REGION} or the manifest."),
        ));
    }
    findings
}

/// The finding for the flag. `None` means that it is `true`.
#[must_use]
pub fn flag(place: Option<&Disabled>) -> Finding {
    let Some(disabled) = place else { return FLAG_CHECK.ok(format!("{FLAG} is `true`")) };
    let (what, fix) = (disabled.to_string(), disabled.next_step());
    if disabled.is_a_wrong_value() {
        return FLAG_CHECK.fail(what, "Only the exact value `true` enables backups.", fix);
    }
    FLAG_CHECK.warn(what, "The sponsor is not rolled out yet, so nothing is backed up.", fix)
}

/// Compares one run's requests with Doppler's limit per minute, as its answers show it.
#[must_use]
pub fn rate_limit(sponsors: usize, limit: Option<u32>) -> Finding {
    // One request for the manifest, and one per sponsor.
    let needed = sponsors + 1;
    match limit {
        None => RATE_LIMIT.unknown(
            format!("Doppler's answers show no limit, and a run sends {needed} requests"),
            "Compare with the limit of your Doppler plan: 120 secret reads per minute on the smallest.",
        ),
        Some(limit) if needed > limit as usize => RATE_LIMIT.warn(
            format!("a run over all sponsors sends {needed} requests, and Doppler allows {limit} per minute"),
            "Requests above the limit are retried, so the run takes longer and can fail.",
            "Split the sponsors with `max-jobs` of `matrix`, or choose a larger Doppler plan.",
        ),
        Some(limit) => RATE_LIMIT.ok(format!("a run sends {needed} of {limit} requests per minute")),
    }
}

/// One finding per place that passes the token of one sponsor but not of another.
#[must_use]
pub fn workflow_tokens(files: usize, missing: &[String]) -> Vec<Finding> {
    if missing.is_empty() {
        return vec![WORKFLOW_TOKENS.ok(format!("no sponsor's token is missing (workflows: {files})"))];
    }
    let finding = |place: &String| {
        let fix = "Add the token next to those of other sponsors.";
        WORKFLOW_TOKENS.fail(place.clone(), "A sponsor without its token is not backed up.", fix)
    };
    missing.iter().map(finding).collect()
}

#[cfg(test)]
mod tests;
