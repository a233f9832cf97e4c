//! Judges when objects move and end, for each prefix that the product writes.

use super::Checked;
use super::question::Question;
use super::rules_fix::{self, DEEP_ARCHIVE, expiration, retention};
use crate::finding::{Check, Finding};
use crate::layout::key::{Bucket, Object, Retention};
use crate::sponsors::Environment;
use crate::store::s3::lifecycle::{Fate, ObjectFamily, Rule, When, in_days};

pub(super) const LIFECYCLE: Check = Check {
    name: "bucket-lifecycle",
    about: "Lifecycle rules keep objects for their retention, and not forever",
};

pub(super) const QUESTION: Question =
    Question { check: LIFECYCLE, subject: "lifecycle rules", permission: "s3:GetLifecycleConfiguration" };

/// How alike two prefixes are if one is a typing error of the other.
const NEAR: f64 = 0.9;
const NOT_COVERED: &str = "Objects are never archived or deleted, so costs keep growing.";

pub(super) fn check(bucket: &Checked<'_>, rules: &[Rule]) -> Vec<Finding> {
    let families = bucket.expected.families(bucket.which);
    if rules.is_empty() {
        let prefixes = bucket.prefixes().join("`, `");
        let what = format!("bucket {} has no lifecycle rule for `{prefixes}`", bucket.name());
        return vec![LIFECYCLE.warn(what, NOT_COVERED, rules_fix::all_rules(bucket))];
    }
    let mut findings: Vec<Finding> =
        families.iter().map(|family| judge(bucket, family, &family.fate(rules), rules)).collect();
    findings.extend(too_broad(bucket, &families, rules));
    findings
}

fn judge(bucket: &Checked<'_>, family: &ObjectFamily<'_>, fate: &Fate<'_>, rules: &[Rule]) -> Finding {
    let place = bucket.store.location(&family.prefix());
    if let Some(finding) =
        too_early(bucket, family, fate).or_else(|| not_covered(bucket, family, fate, rules))
    {
        return finding;
    }
    if !fate.all_end {
        let edit = rules_fix::set(bucket, family, rules, ("Expiration", &expiration(family)));
        return LIFECYCLE.warn(
            format!("objects of {place} are kept forever{}", moves(fate)),
            "Objects are never deleted, so costs keep growing.",
            rules_fix::change(bucket, &edit),
        );
    }
    let end = fate.ends.map(|(when, rule)| format!("expire {when} ({})", rule.name())).unwrap_or_default();
    let what = format!("objects of {place} {end}{}", moves(fate));
    // Records are small, so where they are stored hardly matters.
    let costs = bucket.which == Bucket::Backups && rules_fix::is_archived(bucket, family);
    if costs && !fate.moves_to(DEEP_ARCHIVE) {
        let edit = rules_fix::set(bucket, family, rules, ("Transitions", rules_fix::ARCHIVE));
        return LIFECYCLE.warn(
            format!("{what}, and never move to {DEEP_ARCHIVE}"),
            "Seven years in another storage class cost several times as much.",
            rules_fix::change(bucket, &edit),
        );
    }
    LIFECYCLE.ok(what)
}

/// No rule moves or ends all of the objects, and none can be completed.
fn not_covered(
    bucket: &Checked<'_>,
    family: &ObjectFamily<'_>,
    fate: &Fate<'_>,
    rules: &[Rule],
) -> Option<Finding> {
    let (name, prefix) = (bucket.name(), family.prefix());
    if fate.is_covered {
        return None;
    }
    if let Some(NearMiss { what, edit }) = near_miss(&prefix, rules) {
        let what = format!("no enabled lifecycle rule of bucket {name} covers `{prefix}` ({what})");
        return Some(LIFECYCLE.warn(what, NOT_COVERED, rules_fix::change(bucket, &edit)));
    }
    if family.own_rule(rules).is_some() {
        return None;
    }
    let what = if fate.ends.is_none() && fate.moves.is_empty() {
        format!("bucket {name} has no lifecycle rule for `{prefix}`")
    } else {
        format!("no lifecycle rule of bucket {name} covers all objects of `{prefix}`")
    };
    let edit = rules_fix::add_whole_rule(bucket, family, rules);
    Some(LIFECYCLE.warn(what, NOT_COVERED, rules_fix::change(bucket, &edit)))
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
    // S3 takes either days or a date.
    let set = match when {
        When::AfterDays(_) => format!("`Expiration.Days` of {} to {needed}", rule.name()),
        When::OnDate(_) => format!("`Expiration` of {} to `{}`", rule.name(), expiration(family)),
    };
    // Objects of others may have to end as early as the rule has it.
    let edit = if rule.prefix.len() < own.trim_end_matches('/').len() {
        let covered = match rule.prefix.as_str() {
            "" => "the whole bucket".to_owned(),
            prefix => format!("all keys that begin with `{prefix}`"),
        };
        format!("Limit {} to another prefix, because it covers {covered}. Or set {set}.", rule.name())
    } else {
        format!("Set {set}.")
    };
    Some(LIFECYCLE.fail(
        format!("objects of {place} expire {when} ({}), {short}", rule.name()),
        format!("{} must be kept for {keep}.", plural(family.object)),
        rules_fix::change(bucket, &edit),
    ))
}

fn plural(object: Object<'_>) -> &'static str {
    match object {
        Object::Backup { .. } => "Backups",
        Object::DeploymentLog => "Deployment logs",
        Object::DrillReport => "Drill reports",
        Object::CopyRecord => "Copy records",
        Object::RestoreRecord => "Restore records",
        Object::VerificationRecord => "Verification records",
        Object::HoldRecord => "Hold records",
        Object::PruneRecord => "Prune records",
    }
}

/// `, and move to DEEP_ARCHIVE after 90 days`
fn moves(fate: &Fate<'_>) -> String {
    let end = fate.least_days();
    let before_end = |it: &&crate::store::s3::lifecycle::Move<'_>| match it.when {
        When::AfterDays(days) => end.is_none_or(|end| days < end),
        When::OnDate(_) => true,
    };
    let moves = fate.moves.iter().filter(before_end);
    let moves: Vec<String> = moves.map(|it| format!("to {} {}", it.class, it.when)).collect();
    if moves.is_empty() { String::new() } else { format!(", and move {}", moves.join(", then ")) }
}

/// A rule that was probably meant for a prefix, and how it becomes one.
struct NearMiss {
    what: String,
    edit: String,
}

/// The rule is disabled, or its prefix resembles ours and is none that the product writes.
fn near_miss(ours: &str, rules: &[Rule]) -> Option<NearMiss> {
    let rules = || rules.iter().filter(|rule| rule.acts_on_current());
    let enable = |rule: &Rule| format!("Set `Status` of {} to `Enabled`.", rule.name());
    if let Some(rule) = rules().find(|rule| !rule.enabled && ours.starts_with(&rule.prefix)) {
        return Some(NearMiss { what: format!("{} is disabled", rule.name()), edit: enable(rule) });
    }
    let written: Vec<String> = Environment::ALL
        .into_iter()
        .flat_map(|environment| Object::ALL.map(|object| format!("{}/", object.folder(environment))))
        .collect();
    let plain = |prefix: &str| prefix.trim_matches('/').to_lowercase();
    let alike = |rule: &&Rule| {
        let is_for_others = written.iter().any(|it| it != ours && it.starts_with(&rule.prefix));
        !ours.starts_with(&rule.prefix)
            && !rule.prefix.starts_with(ours)
            && !is_for_others
            && strsim::jaro_winkler(&plain(ours), &plain(&rule.prefix)) > NEAR
    };
    let rule = rules().find(alike)?;
    let mut edit = format!("Correct the prefix of {} to `{ours}`.", rule.name());
    if !rule.enabled {
        edit = format!("{edit} {}", enable(rule));
    }
    Some(NearMiss { what: format!("{} covers `{}`", rule.name(), rule.prefix), edit })
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
        rules_fix::change(bucket, &format!("Set the prefix of {} to `{own}`.", rule.name())),
    ))
}

#[cfg(test)]
mod tests;
