use secrecy::SecretString;

use super::*;
use crate::finding::Level;
use crate::layout::key::Object;
use crate::secrets::{AwsCredentials, AwsKeys};
use crate::sponsors::Environment;
use crate::store::s3::lifecycle::{Rule, When};
use crate::store::s3::{AwsSession, Caller, Endpoint};

/// A store that is not asked anything.
pub(super) fn store(bucket: &str) -> S3Bucket {
    let keys = AwsKeys {
        access_key_id: "AKIATEST".to_owned(),
        secret_access_key: SecretString::from("x"),
        session_token: None,
        called: "x".to_owned(),
    };
    let caller = Caller::new("eu-west-1", &AwsCredentials::Keys(keys), &AwsSession::default());
    let endpoint =
        Endpoint { url: None, force_path_style: false, expected_bucket_owner: None, checksums: true };
    S3Bucket::open(&endpoint, bucket, &caller)
}

pub(super) fn expected(environment: Environment) -> StorageExpectations<'static> {
    StorageExpectations {
        environment,
        sponsor: "callisto",
        region: "eu-west-1",
        lock: LockChoice::Auto,
        retention_years: environment.retention_years(),
        storage_class: "STANDARD",
        max_rto: None,
        now: "2026-11-29T04:30:00Z".parse().unwrap(),
    }
}

/// Judges a bucket `b` that is not asked anything.
pub(super) fn judged<T>(which: Bucket, environment: Environment, judge: impl FnOnce(&Checked<'_>) -> T) -> T {
    let store = store("b");
    judge(&Checked { store: &store, which, expected: expected(environment) })
}

/// Rules as domain.md has them, for one bucket of production.
pub(super) fn sound_rule(id: &str, prefix: &str, days: u32) -> Rule {
    Rule {
        id: id.to_owned(),
        enabled: true,
        prefix: prefix.to_owned(),
        transitions: vec![(When::AfterDays(90), "DEEP_ARCHIVE".to_owned())],
        expiration: Some(When::AfterDays(days)),
        noncurrent_days: Some(30),
        abort_uploads_days: Some(7),
        ..Rule::default()
    }
}

/// `fail: what`, for comparisons.
pub(super) fn line(finding: &Finding) -> String {
    format!("{}: {}", finding.level.name(), finding.what)
}

#[test]
fn every_check_is_listed_once_and_fits_a_table() {
    let mut names: Vec<&str> = CHECKS.iter().map(|check| check.name).collect();
    assert!(CHECKS.iter().all(|check| check.about.chars().count() <= 80));
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), CHECKS.len());
}

/// A new kind of object has a row as soon as it is in `Object::ALL`.
#[test]
fn every_kind_of_object_in_every_environment_has_a_verdict() {
    for environment in Environment::ALL {
        let mut places = Vec::new();
        for which in [Bucket::Backups, Bucket::AuditLogs] {
            let rules = [sound_rule("other", "elsewhere/", 1)];
            let findings = judged(which, environment, |bucket| lifecycle::check(bucket, &rules));
            places.extend(findings.into_iter().map(|finding| finding.what));
        }
        for object in Object::ALL {
            let place = format!("`{}/`", object.folder(environment));
            assert!(places.iter().any(|it| it.contains(&place)), "{place}: {places:?}");
        }
    }
}

#[test]
fn sound_rules_have_no_finding_but_ok() {
    let backups = [sound_rule("archive-production-backups", "backups/", 2557)];
    let findings = judged(Bucket::Backups, Environment::Production, |bucket| {
        let mut found = lifecycle::check(bucket, &backups);
        found.extend(versions::check(bucket, &backups, true));
        found.extend(archive_tier::check(bucket, &backups));
        found
    });
    assert!(findings.iter().all(|finding| finding.level == Level::Ok), "{findings:#?}");
    assert_eq!(findings.len(), 5);
    assert_eq!(
        line(&findings[0]),
        "ok: objects of s3://b/backups/ expire after 2557 days (rule `archive-production-backups`), and move to DEEP_ARCHIVE after 90 days"
    );
}

#[test]
fn a_bucket_without_credentials_has_a_finding() {
    let error = StoreError::NoCredentials { location: "s3://b/".to_owned() };
    let finding = crate::store::preflight::unusable(&error, Bucket::Backups);
    assert_eq!((finding.check, line(&finding)), ("bucket-exists", format!("fail: {error}")));
    assert_eq!(Some(finding.fix), error.hint());
}
