use super::{flag, rate_limit, usable};
use crate::finding::Level;
use crate::secrets::{AwsFromEnvironment, Disabled, Place, RawSecrets, Secret, complete};

fn of_flag(value: Option<&str>) -> Level {
    let place = Place::Doppler { project: "p".to_owned(), config: "c".to_owned() };
    let raw: RawSecrets = value
        .map(|value| ("ENABLE_S3_BACKUP_ARCHIVAL".to_owned(), Secret::from(value)))
        .into_iter()
        .collect();
    flag(Disabled::of(&place, &raw).as_ref()).level
}

/// Absent, empty and `false` are deliberate. Any other value was meant to be `true`.
#[test]
fn only_a_wrong_value_of_the_flag_is_an_obstacle() {
    assert_eq!(of_flag(Some("true")), Level::Ok);
    for deliberate in [None, Some(""), Some("false")] {
        assert_eq!(of_flag(deliberate), Level::Warn, "{deliberate:?}");
    }
    for wrong in ["True", "TRUE", "1", "yes", " true", "FALSE", "a-long-secret-in-the-wrong-row"] {
        assert_eq!(of_flag(Some(wrong)), Level::Fail, "{wrong}");
    }
}

#[test]
fn the_rate_limit_covers_one_request_per_sponsor_and_manifest() {
    assert_eq!(rate_limit(119, Some(120)).level, Level::Ok);
    assert_eq!(rate_limit(120, Some(120)).level, Level::Warn);
    assert!(rate_limit(1, None).what.starts_with("unknown: "));
}

/// Whether the findings about stores and region are all well, and what they say.
fn of_stores(backups: &str, audit_logs: &str) -> (bool, String) {
    let pairs = [
        ("DATABASE_URL", "postgresql://app@db/app"),
        ("SPONSOR_BACKUPS_BUCKET", backups),
        ("SPONSOR_AUDIT_LOGS_BUCKET", audit_logs),
        ("SPONSOR_AWS_REGION", "eu-west-1"),
        ("SPONSOR_AWS_ACCESS_KEY_ID", "AKIA1"),
        ("SPONSOR_AWS_SECRET_ACCESS_KEY", "x"),
    ];
    let raw = pairs.map(|(name, value)| (name.to_owned(), Secret::from(value))).into_iter().collect();
    let place = Place::Doppler { project: "p".to_owned(), config: "c".to_owned() };
    let secrets = complete(&place, &raw, AwsFromEnvironment::default()).unwrap();
    let findings = usable(&secrets, Some("eu-central-1"));
    let is_well = findings.iter().all(|finding| finding.level == Level::Ok);
    (is_well, findings.iter().map(|finding| format!("{}\n", finding.what)).collect())
}

#[test]
fn names_of_buckets_follow_a_convention_and_folders_have_none() {
    let (is_well, told) = of_stores("file:///srv/hht-audit-logs-io", "file:///srv/hht-backups-io");
    assert!(is_well, "{told}");
    assert!(
        told.contains("backups in file:///srv/hht-audit-logs-io, records in file:///srv/hht-backups-io"),
        "{told}"
    );
    // The region is that of the bucket, and so is the convention.
    let (is_well, told) = of_stores("file:///srv/io", "hht-diary-backups-io-eu-west-1");
    assert!(!is_well && told.contains("SPONSOR_AUDIT_LOGS_BUCKET is hht-diary-backups-io"), "{told}");
    assert!(
        told.contains("SPONSOR_AWS_REGION is eu-west-1, but the manifest's `region` is eu-central-1"),
        "{told}"
    );
    let (_, told) = of_stores("one-bucket", "one-bucket");
    assert!(told.contains("both name bucket one-bucket"), "{told}");
}
