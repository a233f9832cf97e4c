//! Judges when objects move and end, for each prefix that the product writes.

use super::Checked;
use super::question::Question;
use crate::archive::key::{Bucket, Object, Retention};
use crate::archive::lifecycle::{Fate, ObjectFamily, Rule, When, in_days};
use crate::finding::{Check, Finding};
use crate::sponsors::Environment;

pub(super) const LIFECYCLE: Check = Check {
    name: "bucket-lifecycle",
    about: "Lifecycle rules keep objects for their retention, and not forever",
};

pub(super) const QUESTION: Question =
    Question { check: LIFECYCLE, subject: "lifecycle rules", permission: "s3:GetLifecycleConfiguration" };

const DEEP_ARCHIVE: &str = "DEEP_ARCHIVE";
/// As REQ-o00049 has it.
const HOT_DAYS: u32 = 90;
/// How alike two prefixes are if one is a typing error of the other.
const NEAR: f64 = 0.9;
const FOREVER: &str = "Objects stay in their storage class forever, and so do their costs.";

pub(super) fn check(bucket: &Checked<'_>, rules: &[Rule]) -> Vec<Finding> {
    let families = bucket.expected.families(bucket.which);
    if rules.is_empty() {
        let prefixes = bucket.prefixes().join(", ");
        let what = format!("bucket {} has no lifecycle rules, not for {prefixes}", bucket.name());
        return vec![LIFECYCLE.warn(what, FOREVER, add_rules(bucket, &families))];
    }
    let mut findings: Vec<Finding> =
        families.iter().map(|family| judge(bucket, family, &family.fate(rules), rules)).collect();
    findings.extend(too_broad(bucket, &families, rules));
    findings
}

fn add_rules(bucket: &Checked<'_>, families: &[ObjectFamily<'_>]) -> String {
    let rules = families.iter().map(|family| {
        let moves = if wants_archive(bucket, family) {
            format!(" a transition to {DEEP_ARCHIVE} after {HOT_DAYS} days and")
        } else {
            String::new()
        };
        format!("for `{}` with{moves} an expiration after {} days", family.prefix(), retention(family).days())
    });
    let rules = rules.collect::<Vec<_>>().join(", and ");
    format!("Add a rule {rules}: {}.", bucket.put_lifecycle())
}

fn retention(family: &ObjectFamily<'_>) -> Retention {
    family.object.retention(family.environment, family.retention_years)
}

/// Production backups cost most, and are read least.
fn wants_archive(bucket: &Checked<'_>, family: &ObjectFamily<'_>) -> bool {
    family.environment == Environment::Production
        && family.object.bucket() == Bucket::Backups
        && bucket.expected.storage_class != DEEP_ARCHIVE
}

fn judge(bucket: &Checked<'_>, family: &ObjectFamily<'_>, fate: &Fate<'_>, rules: &[Rule]) -> Finding {
    let place = bucket.store.location(&family.prefix());
    if let Some(finding) = too_early(bucket, family, fate) {
        return finding;
    }
    if !fate.is_selected {
        let near = near_miss(&family.prefix(), rules).map(|it| format!(" ({it})")).unwrap_or_default();
        let what = format!("no lifecycle rule is for all objects of {place}{near}");
        return LIFECYCLE.warn(what, FOREVER, add_rules(bucket, &[*family]));
    }
    if !fate.all_end {
        let fix = format!(
            "Add an expiration after {} days to a rule for `{}`: {}.",
            retention(family).days(),
            family.prefix(),
            bucket.put_lifecycle()
        );
        return LIFECYCLE.warn(format!("objects of {place} are kept forever{}", moves(fate)), FOREVER, fix);
    }
    let end = fate.ends.map(|(when, rule)| format!("expire {when} ({})", rule.name())).unwrap_or_default();
    let what = format!("objects of {place} {end}{}", moves(fate));
    if wants_archive(bucket, family) && !fate.moves_to(DEEP_ARCHIVE) {
        let fix = format!(
            "Add a transition to {DEEP_ARCHIVE} after {HOT_DAYS} days to a rule for `{}`: {}.",
            family.prefix(),
            bucket.put_lifecycle()
        );
        return LIFECYCLE.warn(
            format!("{what}, and never move to {DEEP_ARCHIVE}"),
            "Seven years in another storage class cost several times as much.",
            fix,
        );
    }
    LIFECYCLE.ok(what)
}

fn too_early(bucket: &Checked<'_>, family: &ObjectFamily<'_>, fate: &Fate<'_>) -> Option<Finding> {
    let (when, rule) = fate.ends?;
    let (needed, keep) = (retention(family).days(), retention(family));
    let place = bucket.store.location(&family.prefix());
    let short = match when {
        When::AfterDays(days) if days >= needed => return None,
        When::AfterDays(days) => match keep {
            Retention::Years(_) => format!("up to {} before {keep} have passed", in_days(needed - days)),
            Retention::Days(_) => format!("{} before their retention of {keep}", in_days(needed - days)),
        },
        When::OnDate(_) => format!("whatever their age, and must be kept for {keep}"),
    };
    let own = family.prefix();
    let wider = if rule.prefix.len() < own.trim_end_matches('/').len() {
        format!(", or narrow its prefix `{}` so that it does not cover `{own}`", rule.prefix)
    } else {
        String::new()
    };
    Some(LIFECYCLE.fail(
        format!("objects of {place} expire {when} ({}), {short}", rule.name()),
        format!("{} must be kept for {keep}.", plural(family.object)),
        format!("Set the expiration of {} to {needed} days{wider}: {}.", rule.name(), bucket.put_lifecycle()),
    ))
}

fn plural(object: Object<'_>) -> &'static str {
    match object {
        Object::Backup { .. } => "Backups",
        Object::DeploymentLog => "Deployment logs",
        Object::DrillReport => "Drill reports",
    }
}

/// `, and move to DEEP_ARCHIVE after 90 days`
fn moves(fate: &Fate<'_>) -> String {
    let end = fate.least_days();
    let before_end = |it: &&crate::archive::lifecycle::Move<'_>| match it.when {
        When::AfterDays(days) => end.is_none_or(|end| days < end),
        When::OnDate(_) => true,
    };
    let moves = fate.moves.iter().filter(before_end);
    let moves: Vec<String> = moves.map(|it| format!("to {} {}", it.class, it.when)).collect();
    if moves.is_empty() { String::new() } else { format!(", and move {}", moves.join(", then ")) }
}

/// What a rule was probably meant for: it is disabled, or its prefix resembles ours and is none that the product writes.
fn near_miss(ours: &str, rules: &[Rule]) -> Option<String> {
    if let Some(rule) = rules.iter().find(|rule| !rule.enabled && ours.starts_with(&rule.prefix)) {
        return Some(format!("{} is disabled", rule.name()));
    }
    let written: Vec<String> = Environment::ALL
        .into_iter()
        .flat_map(|environment| Object::ALL.map(|object| format!("{}/", object.folder(environment))))
        .collect();
    let plain = |prefix: &str| prefix.trim_matches('/').to_lowercase();
    let alike = |rule: &&Rule| {
        let is_for_others = written.iter().any(|it| it != ours && it.starts_with(&rule.prefix));
        !ours.starts_with(&rule.prefix)
            && !is_for_others
            && strsim::jaro_winkler(&plain(ours), &plain(&rule.prefix)) > NEAR
    };
    let rule = rules.iter().find(alike)?;
    Some(format!("{} has the prefix `{}`, not `{ours}`", rule.name(), rule.prefix))
}

/// A prefix without its slash selects more than meant.
fn too_broad(bucket: &Checked<'_>, families: &[ObjectFamily<'_>], rules: &[Rule]) -> Option<Finding> {
    let misses_slash = |rule: &Rule, own: &str| rule.enabled && format!("{}/", rule.prefix) == own;
    let mut found = families
        .iter()
        .map(ObjectFamily::prefix)
        .filter_map(|own| rules.iter().find(|rule| misses_slash(rule, &own)).map(|rule| (rule, own.clone())));
    let (rule, own) = found.next()?;
    let prefix = &rule.prefix;
    Some(LIFECYCLE.warn(
        format!("{} of bucket {} has the prefix `{prefix}`, without a slash", rule.name(), bucket.name()),
        format!("It also covers keys such as `{prefix}-old/`."),
        format!("Set its prefix to `{own}`: {}.", bucket.put_lifecycle()),
    ))
}

#[cfg(test)]
mod tests;
