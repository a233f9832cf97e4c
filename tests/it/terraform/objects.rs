//! Every object that the program can write has a lifecycle rule that keeps it as long as the law says, a right in the module's
//! policy and one in the session's.

use jiff::Timestamp;
use serde_json::{Value, json};
use sponsor_backup::layout::key::{Object, checksum_key, manifest_key};
use sponsor_backup::sponsors::Environment;
use sponsor_backup::store::s3::policy::{Place, Purpose, policy};

use super::bucket::{Bucket, Rules};
use super::module::Module;
use crate::preflight::storage::session::READS;

const BACKUPS: &str = "hht-diary-backups-callisto-eu-west-1";
const LOGS: &str = "hht-diary-audit-logs-callisto-eu-west-1";
/// Seven calendar years, at their longest.
const SEVEN_YEARS: i64 = 2557;

/// An object, its bucket, for how many days it is kept, and the commands that write it.
struct Kept {
    key: String,
    bucket: &'static str,
    days: i64,
    writers: &'static [Purpose],
}

fn objects(environment: Environment) -> Vec<Kept> {
    let at: Timestamp = "2026-12-01T10:00:00Z".parse().unwrap();
    let mut all = Vec::new();
    // A new kind does not compile until it is here.
    for kind in Object::ALL {
        let key = kind.key(environment, at);
        let days = match environment {
            Environment::Production => SEVEN_YEARS,
            Environment::Staging => 30,
            Environment::Development => 7,
        };
        match kind {
            Object::Backup { .. } => {
                for key in [key.clone(), checksum_key(&key), manifest_key(&key)] {
                    all.push(Kept { key, bucket: BACKUPS, days, writers: &[Purpose::Backup] });
                }
            }
            // REQ-o00049: in every environment.
            Object::DeploymentLog => {
                let writers = &[Purpose::Backup, Purpose::Record];
                all.push(Kept { key, bucket: LOGS, days: SEVEN_YEARS, writers });
            }
            Object::DrillReport => {
                let writers = &[Purpose::Drill { thaw: false }];
                all.push(Kept { key, bucket: LOGS, days: SEVEN_YEARS, writers });
            }
            Object::CopyRecord => {
                let writers = &[Purpose::Copy { thaw: false }];
                all.push(Kept { key, bucket: LOGS, days: SEVEN_YEARS, writers });
            }
            Object::RestoreRecord => {
                let writers = &[Purpose::Restore { thaw: false }];
                all.push(Kept { key, bucket: LOGS, days: SEVEN_YEARS, writers });
            }
            Object::VerificationRecord => {
                let writers = &[Purpose::Verify { thaw: false }];
                all.push(Kept { key, bucket: LOGS, days: SEVEN_YEARS, writers });
            }
            Object::HoldRecord => {
                all.push(Kept { key, bucket: LOGS, days: SEVEN_YEARS, writers: &[Purpose::Hold] });
            }
            Object::PruneRecord => {
                all.push(Kept { key, bucket: LOGS, days: SEVEN_YEARS, writers: &[] });
            }
        }
    }
    for kind in Object::ALL {
        let folder = format!("{}/", kind.folder(environment));
        let product = kind.retention(environment, environment.retention_years()).days();
        let ours = all.iter().filter(|object| object.key.starts_with(&folder));
        assert!(
            ours.clone().count() > 0 && ours.clone().all(|object| object.days == i64::from(product)),
            "{folder}"
        );
    }
    all
}

/// What is wrong with the rules for an object, if anything is.
fn too_short(rules: &Rules, object: &Kept) -> Option<String> {
    let matching = |rule: &&Value| object.key.starts_with(rule["prefix"].as_str().unwrap());
    let all: Vec<&Value> = rules.values().filter(matching).collect();
    let expiring: Vec<&&Value> = all.iter().filter(|rule| rule["days"].is_number()).collect();
    let [rule] = expiring[..] else { return Some(format!("{}: {} rules", object.key, expiring.len())) };
    let is_whole = rule["days"] == object.days
        && rule["noncurrent"].as_i64() >= Some(7)
        && all.iter().any(|rule| rule["markers"] == true)
        && all.iter().any(|rule| rule["uploads"].as_i64() >= Some(1));
    (!is_whole).then(|| format!("{}: {rule}", object.key))
}

/// Whether a policy allows an action on an object or, with an empty key, on a bucket. A condition on listings does not matter here.
fn allows(policy: &Value, action: &str, bucket: &str, key: &str) -> bool {
    let arn = if key.is_empty() {
        format!("arn:aws:s3:::{bucket}")
    } else {
        format!("arn:aws:s3:::{bucket}/{key}")
    };
    let covers = |resource: &str| match resource.strip_suffix('*') {
        Some(start) => arn.starts_with(start),
        None => arn == resource,
    };
    policy["Statement"].as_array().unwrap().iter().any(|statement| {
        assert_eq!(statement["Effect"], "Allow");
        strings(&statement["Action"]).contains(&action)
            && strings(&statement["Resource"]).into_iter().any(covers)
    })
}

/// The actions that a session's pattern, such as `s3:GetBucket*`, is used for.
fn used(action: &str) -> Vec<&str> {
    let Some((start, end)) = action.split_once('*') else { return vec![action] };
    let is_of = |used: &&str| used.starts_with(start) && used.ends_with(end);
    let used: Vec<&str> = READS.into_iter().filter(is_of).collect();
    assert!(!used.is_empty(), "{action}");
    used
}

fn strings(value: &Value) -> Vec<&str> {
    value
        .as_str()
        .map_or_else(|| value.as_array().unwrap().iter().filter_map(Value::as_str).collect(), |one| vec![one])
}

fn session(purpose: Purpose, environment: Environment) -> Value {
    let role = "arn:aws:iam::123456789012:role/sponsor-backup-callisto";
    let place = Place { role, region: "eu-west-1", backups: BACKUPS, audit_logs: LOGS, environment };
    serde_json::from_str(&policy(purpose, place)).unwrap()
}

// serves: 11.10(e)/kept, REQ-o00041/per-environment, REQ-o00049/staging, REQ-o00049/development, REQ-o00049/deployment-logs
// serves: REQ-p00012/retention
#[test]
fn each_object_that_the_program_writes_is_kept_and_allowed() {
    let module = Module::of_callisto(json!({}));
    let rules = |bucket: &str| Bucket::of(&module, if bucket == BACKUPS { "backups" } else { "audit_logs" });
    let role = module.local("action_policy");
    for environment in Environment::ALL {
        for object in objects(environment) {
            let bucket = rules(object.bucket);
            assert_eq!(bucket.name, object.bucket);
            assert_eq!(too_short(&bucket.rules, &object), None);
            for action in ["s3:PutObject", "s3:PutObjectTagging", "s3:PutObjectRetention", "s3:GetObject"] {
                assert!(allows(role, action, object.bucket, &object.key), "{action} {}", object.key);
                for writer in object.writers {
                    let session = session(*writer, environment);
                    assert!(
                        allows(&session, action, object.bucket, &object.key),
                        "{writer:?}: {action} {}",
                        object.key
                    );
                }
            }
            assert!(!allows(role, "s3:DeleteObject", object.bucket, &object.key));
        }
    }
}

/// A session can do what both policies allow. What the role lacks, the session has in vain.
#[test]
fn the_role_has_every_right_that_a_session_uses() {
    let module = Module::of_callisto(json!({"allow_thaw": true}));
    let role = module.local("action_policy");
    let mut seen = 0;
    for environment in Environment::ALL {
        for purpose in [
            Purpose::Backup,
            Purpose::Record,
            Purpose::Read { thaw: true },
            Purpose::Verify { thaw: true },
            Purpose::Restore { thaw: true },
            Purpose::Drill { thaw: true },
            Purpose::Preflight { write_probe: true },
        ] {
            for statement in session(purpose, environment)["Statement"].as_array().unwrap() {
                let actions = strings(&statement["Action"]).into_iter().flat_map(used);
                for action in actions.filter(|action| !action.starts_with("kms:")) {
                    for resource in strings(&statement["Resource"]) {
                        let place = resource.strip_prefix("arn:aws:s3:::").unwrap();
                        let (bucket, key) = place.split_once('/').unwrap_or((place, ""));
                        assert!(
                            allows(role, action, bucket, &key.replace('*', "x")),
                            "{purpose:?}: {action} {resource}"
                        );
                        seen += 1;
                    }
                }
            }
        }
    }
    assert!(seen > 100, "{seen}");
    let without = Module::of_callisto(json!({}));
    assert!(!allows(without.local("action_policy"), "s3:RestoreObject", BACKUPS, "backups/x"));
}

// serves: 11.10(d)/least-permissions
#[test]
fn hold_needs_one_right_more_that_the_action_lacks() {
    let module = Module::of_callisto(json!({}));
    let (action, hold) = (module.local("action_policy"), module.local("hold_policy"));
    for environment in Environment::ALL {
        for object in objects(environment) {
            let may = |policy| allows(policy, "s3:PutObjectLegalHold", object.bucket, &object.key);
            assert!(!may(action));
            assert_eq!(may(hold), object.bucket == BACKUPS);
            assert_eq!(may(&session(Purpose::Hold, environment)), object.bucket == BACKUPS);
        }
    }
    assert_eq!(hold["Statement"].as_array().unwrap().len(), 1);
}

// serves: 11.10(d)/least-permissions, REQ-p00012/no-early-deletion
#[test]
fn prune_can_hide_backups_and_nothing_else() {
    let module = Module::of_callisto(json!({}));
    let prune = module.local("prune_policy");
    for environment in Environment::ALL {
        for object in objects(environment) {
            assert_eq!(
                allows(prune, "s3:DeleteObject", object.bucket, &object.key),
                object.bucket == BACKUPS
            );
        }
    }
    assert!(!prune.to_string().contains("DeleteObjectVersion"));
    assert_eq!(prune["Statement"].as_array().unwrap().len(), 1);
}

// serves: REQ-o00049/deployment-logs
/// Each flaw is in the rules that S3 has; an object shows it.
#[test]
fn a_rule_that_is_too_short_or_missing_is_noticed() {
    for (from, to, bucket) in [
        ("days = 2557", "days = 2555", "backups"),
        ("days = 2557", "days = 2555", "audit_logs"),
        ("prefix = \"backups/\"", "prefix = \"backup/\"", "backups"),
        ("prefix = \"staging/backups/\"", "prefix = \"backups/\"", "backups"),
        ("expired_object_delete_marker = true", "expired_object_delete_marker = false", "audit_logs"),
        (
            "noncurrent_version_expiration {\n      noncurrent_days = var.noncurrent_days\n    }",
            "",
            "backups",
        ),
        ("drills        = 2557\n", "", "audit_logs"),
    ] {
        let module = Module::edited(json!({}), &[(from, to)]);
        let rules = Bucket::of(&module, bucket).rules;
        let all = Environment::ALL.into_iter().flat_map(objects);
        let named = if bucket == "backups" { BACKUPS } else { LOGS };
        let found =
            all.filter(|object| object.bucket == named).filter_map(|object| too_short(&rules, &object));
        assert_ne!(found.count(), 0, "{from} -> {to}");
    }
}
