use super::*;
use crate::secrets::{self, AwsFromEnvironment, Place, Secret};
use crate::secrets::{AUDIT_LOGS_BUCKET, BACKUPS_BUCKET};

/// Secrets of a sponsor with these two stores.
fn stores(backups: &str, audit_logs: &str) -> SponsorSecrets {
    let pairs = [
        ("DATABASE_URL", "postgresql://app@db/app"),
        (BACKUPS_BUCKET, backups),
        (AUDIT_LOGS_BUCKET, audit_logs),
        ("SPONSOR_AWS_REGION", "eu-west-1"),
        ("SPONSOR_AWS_ACCESS_KEY_ID", "AKIA1"),
        ("SPONSOR_AWS_SECRET_ACCESS_KEY", "x"),
    ];
    let raw = pairs.map(|(name, value)| (name.to_owned(), Secret::from(value))).into_iter().collect();
    let place = Place::Doppler { project: "p".to_owned(), config: "c".to_owned() };
    secrets::complete(&place, &raw, AwsFromEnvironment::default()).unwrap()
}

#[test]
fn a_roles_session_covers_the_sponsors_buckets_and_no_other() {
    const FOLDER: &str = "file:///srv/io";
    for (backups, audit_logs, covered) in [
        ("backups-of-io", "logs-of-io", ["backups-of-io", "logs-of-io"]),
        (FOLDER, "logs-of-io", ["logs-of-io", "logs-of-io"]),
        ("backups-of-io", FOLDER, ["backups-of-io", "backups-of-io"]),
        (FOLDER, "file:///srv/logs", ["", ""]),
    ] {
        let secrets = stores(backups, audit_logs);
        let [backups, audit_logs] = buckets(&secrets);
        assert_eq!([backups, audit_logs], covered);
        let environment = Environment::Production;
        let role = "arn:aws:iam::123456789012:role/io";
        let place = policy::Place { role, region: "eu-west-1", backups, audit_logs, environment };
        for purpose in [
            Purpose::Backup,
            Purpose::Record,
            Purpose::Restore { thaw: true },
            Purpose::Drill { thaw: false },
            Purpose::Preflight { write_probe: true },
        ] {
            let text = policy::policy(purpose, place);
            let resources: Vec<&str> = text.split("arn:aws:s3:::").skip(1).collect();
            assert!(resources.len() > 1, "{text}");
            for resource in resources {
                let name = resource.split(['/', '"']).next().unwrap();
                assert!(covered.contains(&name), "{name} in {text}");
            }
        }
    }
}
