use std::collections::BTreeMap;

use crate::cli::{self, Request};
use crate::secrets::{self, AwsFromEnvironment, Place, Secret, SponsorSecrets};

const FOLDER: &str = "file:///srv/io";
const LOGS: &str = "file:///srv/logs";

/// Secrets of a sponsor with these two stores.
fn stores(backups: &str, audit_logs: &str) -> SponsorSecrets {
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
    secrets::complete(&place, &raw, AwsFromEnvironment::default()).unwrap()
}

/// What becomes of a command with these arguments and variables.
fn checked(
    (arguments, variables): (&[&str], &[(&str, &str)]),
    secrets: &SponsorSecrets,
) -> Result<(), (String, String)> {
    let mut arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
    arguments.extend(["--environment", "production"].map(str::to_owned));
    let variables: BTreeMap<String, String> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let Ok(Request::Command { options, .. }) = cli::parse(&arguments, &variables) else {
        panic!("{arguments:?} was not accepted")
    };
    let checked = options.common().store_inputs.check("io", secrets);
    checked.map_err(|error| (error.message, error.hint.unwrap_or_default()))
}

#[test]
fn an_input_that_a_folder_cannot_honor_is_refused_if_it_was_set() {
    for (arguments, input, problem) in [
        (
            &["backup", "--object-lock", "governance"][..],
            ("INPUT_OBJECT-LOCK", "governance"),
            "`object-lock` is `governance`, but io's backups are in file:///srv/io, which has no Object Lock",
        ),
        (
            &["preflight", "--object-lock=compliance"],
            ("INPUT_OBJECT-LOCK", "compliance"),
            "`object-lock` is `compliance`, but io's backups are in file:///srv/io, which has no Object Lock",
        ),
        (
            &["record", "--outcome", "success", "--object-lock", "governance"],
            ("INPUT_OBJECT-LOCK", "governance"),
            "`object-lock` is `governance`, but io's records are in file:///srv/logs, which has no Object Lock",
        ),
        (
            &["backup", "--storage-class", "STANDARD_IA"],
            ("INPUT_STORAGE-CLASS", "STANDARD_IA"),
            "`storage-class` is `STANDARD_IA`, but io's backups are in file:///srv/io, which has no storage classes",
        ),
        (
            &["verify", "--thaw"],
            ("INPUT_THAW", "true"),
            "`thaw` is set, but io's backups are in file:///srv/io, which has no archive tier",
        ),
        (
            &["list", "--expected-bucket-owner", "123456789012"],
            ("INPUT_EXPECTED-BUCKET-OWNER", "123456789012"),
            "`expected-bucket-owner` is set, but io's backups are in file:///srv/io, which has no AWS account",
        ),
        (
            &["list", "--s3-endpoint-url", "https://s3.example.org"],
            ("INPUT_S3-ENDPOINT-URL", "https://s3.example.org"),
            "`s3-endpoint-url` is set, but io's backups are in file:///srv/io, which has no S3 endpoint",
        ),
        (
            &["drill", "--s3-force-path-style"],
            ("INPUT_S3-FORCE-PATH-STYLE", "True"),
            "`s3-force-path-style` is set, but io's backups are in file:///srv/io, which has no S3 endpoint",
        ),
    ] {
        let (folders, buckets) = (stores(FOLDER, LOGS), stores("backups", "logs"));
        let refused = checked((arguments, &[]), &folders).unwrap_err();
        assert_eq!(refused.0, problem);
        let name = problem.split('`').nth(1).unwrap();
        assert_eq!(refused.1, format!("Unset `{name}`, or process io in a step without it."));
        // The variable of a workflow says the same, and a bucket honors everything.
        let more = if arguments[0] == "record" { &arguments[..3] } else { &arguments[..1] };
        assert_eq!(checked((more, &[input]), &folders), Err(refused));
        assert_eq!(checked((arguments, &[]), &buckets), Ok(()), "{arguments:?}");
    }
}

/// A workflow passes the defaults of `action.yml` as inputs.
#[test]
fn defaults_and_the_environment_of_aws_refuse_nothing() {
    let defaults = [
        ("INPUT_OBJECT-LOCK", "auto"),
        ("INPUT_STORAGE-CLASS", "STANDARD"),
        ("INPUT_THAW", "false"),
        ("INPUT_S3-FORCE-PATH-STYLE", "FALSE"),
        ("INPUT_S3-ENDPOINT-URL", " "),
        ("INPUT_EXPECTED-BUCKET-OWNER", ""),
        ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9000"),
    ];
    let folders = stores(FOLDER, LOGS);
    for command in [&["backup"][..], &["record", "--outcome", "success"], &["list"], &["verify"], &["drill"]]
    {
        assert_eq!(checked((command, &defaults), &folders), Ok(()), "{command:?}");
    }
    assert_eq!(checked((&["backup", "--object-lock", "off"], &[]), &folders), Ok(()));
    // An input that the command does not read says nothing.
    assert_eq!(checked((&["list"], &[("INPUT_THAW", "true")]), &folders), Ok(()));
}

#[test]
fn with_a_bucket_and_a_folder_the_store_of_the_object_decides() {
    let (folder_first, bucket_first) = (stores(FOLDER, "logs"), stores("backups", LOGS));
    for (arguments, folder_honors, bucket_honors) in [
        (&["backup", "--object-lock", "governance"][..], Err("backups"), Err("records")),
        (&["record", "--outcome", "success", "--object-lock", "governance"], Ok(()), Err("records")),
        (&["drill", "--object-lock", "governance"], Ok(()), Err("records")),
        (&["backup", "--storage-class", "GLACIER"], Err("backups"), Ok(())),
        (&["restore", "--target-database-url", "postgresql://a@b/c", "--thaw"], Err("backups"), Ok(())),
        (&["backup", "--s3-endpoint-url", "https://s3.example.org"], Ok(()), Ok(())),
        (&["backup", "--s3-force-path-style"], Ok(()), Ok(())),
        (&["backup", "--expected-bucket-owner", "123456789012"], Ok(()), Ok(())),
    ] {
        for (secrets, expected) in [(&folder_first, folder_honors), (&bucket_first, bucket_honors)] {
            let checked = checked((arguments, &[]), secrets).map_err(|(problem, _)| problem);
            match expected {
                Ok(()) => assert_eq!(checked, Ok(()), "{arguments:?}"),
                Err(objects) => {
                    let problem = checked.unwrap_err();
                    assert!(problem.contains(&format!("but io's {objects} are in file://")), "{problem}");
                }
            }
        }
    }
}
