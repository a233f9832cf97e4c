use secrecy::ExposeSecret as _;

use super::*;

fn raw(pairs: &[(&str, &str)]) -> RawSecrets {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), Secret::from(*value))).collect()
}

fn place() -> Place {
    Place::Doppler { project: "hht-diary-callisto".to_owned(), config: "production".to_owned() }
}

const WHOLE: [(&str, &str); 7] = [
    (FLAG, "true"),
    (DATABASE_URL, "postgresql://app:pw@db/app\n"),
    (BACKUPS_BUCKET, "hht-diary-backups-callisto-eu-west-1"),
    (AUDIT_LOGS_BUCKET, "hht-diary-audit-logs-callisto-eu-west-1"),
    (REGION, "eu-west-1"),
    (ACCESS_KEY_ID, "AKIA1"),
    (SECRET_ACCESS_KEY, "canary"),
];

fn interpret_whole(
    change: impl Fn(&mut RawSecrets),
    aws: AwsFromEnvironment,
) -> Result<S3Backups, SecretsError> {
    let mut secrets = raw(&WHOLE);
    change(&mut secrets);
    interpret(&place(), &secrets, aws)
}

#[test]
fn everything_that_is_missing_or_empty_is_named_at_once() {
    let error = interpret_whole(
        |secrets| {
            secrets.remove(BACKUPS_BUCKET);
            secrets.insert(REGION.to_owned(), Secret::from("  "));
            secrets.remove(SECRET_ACCESS_KEY);
        },
        AwsFromEnvironment::default(),
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "missing secrets in hht-diary-callisto/production: SPONSOR_BACKUPS_BUCKET, SPONSOR_AWS_REGION (empty), SPONSOR_AWS_SECRET_ACCESS_KEY"
    );
}

#[test]
fn half_of_a_key_pair_is_never_completed_from_elsewhere() {
    let ambient = AwsCredentials::Keys(AwsKeys {
        access_key_id: "AMBIENT".into(),
        secret_access_key: Secret::from("x"),
        session_token: None,
        called: "x".to_owned(),
    });
    let aws = AwsFromEnvironment { ambient: Ok(Some(ambient)), ..AwsFromEnvironment::default() };
    let error = interpret_whole(|secrets| drop(secrets.remove(SECRET_ACCESS_KEY)), aws).unwrap_err();
    assert!(error.to_string().ends_with("production: SPONSOR_AWS_SECRET_ACCESS_KEY"), "{error}");
}

#[test]
fn masks_hold_the_secrets_and_neither_bucket_nor_region() {
    let S3Backups::Enabled(secrets) = interpret_whole(|_| (), AwsFromEnvironment::default()).unwrap() else {
        panic!("not enabled")
    };
    let masks: Vec<String> = secrets.masks().iter().map(|mask| mask.expose_secret().to_owned()).collect();
    assert_eq!(masks, ["postgresql://app:pw@db/app", "canary"]);
    assert!(!format!("{secrets:?}").contains("canary"));
}

#[test]
fn a_misspelt_name_is_an_error_if_the_right_one_is_missing() {
    for (typed, right) in [
        ("SPONSER_AWS_REGION", REGION),
        ("SPONSOR-AWS-REGION", REGION),
        ("sponsor_aws_region", REGION),
        ("DATABSE_URL", DATABASE_URL),
        ("ENABLE_S3_BACKUP_ARCHIVL", FLAG),
        ("SPONSOR_BACKUP_BUCKET", BACKUPS_BUCKET),
        ("SPONSOR_AWS_SECRET_ACESS_KEY", SECRET_ACCESS_KEY),
        ("SPONSOR_AWS_ROLE_ARM", ROLE_ARN),
    ] {
        let renamed = |secrets: &mut RawSecrets| {
            let value = secrets.remove(right).unwrap_or_else(|| Secret::from("x"));
            secrets.insert(typed.to_owned(), value);
        };
        let error = interpret_whole(renamed, AwsFromEnvironment::default()).unwrap_err();
        let expected = format!("{typed} is not a known secret, and {right} is missing");
        assert!(error.to_string().ends_with(&expected), "{error}");
        assert!(error.hint().starts_with(&format!("Did you mean {right}?")), "{}", error.hint());
    }
    // Next to the right name it belongs to another tool.
    let both = |secrets: &mut RawSecrets| drop(secrets.insert("DATABSE_URL".to_owned(), "x".into()));
    interpret_whole(both, AwsFromEnvironment::default()).unwrap();
}

#[test]
fn a_malformed_bucket_name_is_described_and_never_shown() {
    for (bad, expected) in [
        ("s3://canary", "it begins with s3://"),
        ("canary/other", "it has a slash"),
        ("cAnary", "it has an upper-case letter"),
        ("canary bucket", "it has white space"),
        ("canary+bucket", "it has a character that is none of a-z, 0-9 and -."),
        ("b", "it has 1 character"),
    ] {
        let change = |secrets: &mut RawSecrets| {
            drop(secrets.insert(BACKUPS_BUCKET.to_owned(), Secret::from(bad)));
        };
        let error = interpret_whole(change, AwsFromEnvironment::default()).unwrap_err().to_string();
        assert!(
            error.ends_with(&format!("SPONSOR_BACKUPS_BUCKET is not a valid bucket name: {expected}")),
            "{bad}: {error}"
        );
        assert!(!error.to_lowercase().contains("canary"), "{error}");
    }
}
