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

const FOLDERS: [(&str, &str); 4] = [
    (FLAG, "true"),
    (DATABASE_URL, "postgresql://app:pw@db/app"),
    (BACKUPS_BUCKET, "file:///srv/callisto/backups"),
    (AUDIT_LOGS_BUCKET, " file:///srv/callisto/audit-logs/\n"),
];

/// Surroundings in which no bucket could be opened.
fn broken_aws() -> AwsFromEnvironment {
    let half = |present: &str| SecretsError::HalfAKeyPair {
        present: present.to_owned(),
        absent: "AWS_SECRET_ACCESS_KEY_CALLISTO".to_owned(),
    };
    AwsFromEnvironment {
        of_the_sponsor: Err(half("AWS_ACCESS_KEY_ID_CALLISTO")),
        role: Some("no role".to_owned()),
        ambient: Err(half("AWS_ACCESS_KEY_ID")),
        ..AwsFromEnvironment::default()
    }
}

fn enabled(pairs: &[(&str, &str)], aws: AwsFromEnvironment) -> Result<Box<SponsorSecrets>, (String, String)> {
    match interpret(&place(), &raw(pairs), aws) {
        Ok(S3Backups::Enabled(secrets)) => Ok(secrets),
        Ok(S3Backups::Disabled(disabled)) => panic!("{disabled}"),
        Err(error) => Err((error.to_string(), error.hint())),
    }
}

#[test]
fn folders_need_nothing_of_aws_and_nothing_of_it_is_looked_at() {
    for odd in [
        &[][..],
        &[(REGION, "not a region"), (ACCESS_KEY_ID, "ASIA1"), (ROLE_ARN, "canary canary")],
        &[(SECRET_ACCESS_KEY, "")],
        // Almost the region's name. It is not missed here.
        &[("SPONSER_AWS_REGION", "eu-west-1")],
    ] {
        let secrets = enabled(&[&FOLDERS[..], odd].concat(), broken_aws()).unwrap();
        assert!(secrets.aws.is_none());
        assert_eq!(secrets.backups.to_string(), "file:///srv/callisto/backups");
        assert_eq!(secrets.audit_logs.to_string(), "file:///srv/callisto/audit-logs");
        assert_eq!(secrets.source(), "Doppler hht-diary-callisto/production");
        let masks: Vec<String> = secrets.masks().iter().map(|mask| mask.expose_secret().to_owned()).collect();
        assert_eq!(masks, ["postgresql://app:pw@db/app"]);
    }
    // Names are still checked.
    let misspelt = [&FOLDERS[..3], &[("SPONSOR_AUDIT_LOG_BUCKET", "file:///srv/x")]].concat();
    assert!(
        enabled(&misspelt, broken_aws()).unwrap_err().0.ends_with("and SPONSOR_AUDIT_LOGS_BUCKET is missing")
    );
    // A missing store is expected to be like the other one.
    let (one, hint) = enabled(&FOLDERS[..3], broken_aws()).unwrap_err();
    assert_eq!(one, "missing secrets in hht-diary-callisto/production: SPONSOR_AUDIT_LOGS_BUCKET");
    assert!(!hint.contains("AWS"), "{hint}");
    // Without any, nothing shows that AWS is not needed.
    let none = enabled(&FOLDERS[..2], AwsFromEnvironment::default()).unwrap_err().0;
    assert!(
        none.contains("SPONSOR_AUDIT_LOGS_BUCKET, SPONSOR_AWS_REGION, SPONSOR_AWS_ACCESS_KEY_ID"),
        "{none}"
    );
}

#[test]
fn one_bucket_needs_everything_of_aws() {
    for (folder, bucket) in [(BACKUPS_BUCKET, AUDIT_LOGS_BUCKET), (AUDIT_LOGS_BUCKET, BACKUPS_BUCKET)] {
        let mixed = |value: &'static str| {
            let changed = |(name, usual)| if name == folder { (name, value) } else { (name, usual) };
            WHOLE.map(changed)
        };
        let whole = mixed("file:///srv/callisto");
        let secrets = enabled(&whole, AwsFromEnvironment::default()).unwrap();
        assert_eq!(secrets.aws.as_ref().unwrap().region, "eu-west-1");
        let [of_folder, of_bucket] = [folder, bucket]
            .map(|name| if name == BACKUPS_BUCKET { &secrets.backups } else { &secrets.audit_logs });
        assert_eq!((of_folder.needs_aws(), of_bucket.needs_aws()), (false, true));
        let half = enabled(&whole, broken_aws()).unwrap_err().0;
        assert_eq!(half, "AWS_ACCESS_KEY_ID_CALLISTO is set, but AWS_SECRET_ACCESS_KEY_CALLISTO is not");
        let without: Vec<(&str, &str)> = whole.into_iter().filter(|(name, _)| *name != REGION).collect();
        let lacking = enabled(&without, AwsFromEnvironment::default()).unwrap_err().0;
        assert!(lacking.ends_with("production: SPONSOR_AWS_REGION"), "{lacking}");
        // A wrong folder is named, and the keys of the bucket are looked at all the same.
        let wrong = enabled(&mixed("file://host/srv"), AwsFromEnvironment::default()).unwrap_err();
        assert!(
            wrong.0.ends_with(&format!("{folder} is not a valid folder URL: it names a host")),
            "{}",
            wrong.0
        );
        assert!(wrong.1.ends_with("enter an absolute URL such as `file:///srv/backups`."), "{}", wrong.1);
    }
}

#[test]
fn one_sponsors_two_folders_must_be_apart() {
    for (records, problem) in [
        ("file:///srv/callisto/backups/", "it is the folder of SPONSOR_BACKUPS_BUCKET"),
        ("file:///srv/callisto/backups/logs", "it is inside the folder of SPONSOR_BACKUPS_BUCKET"),
        ("file:///srv/callisto", "it contains the folder of SPONSOR_BACKUPS_BUCKET"),
    ] {
        let pairs = [&FOLDERS[..3], &[(AUDIT_LOGS_BUCKET, records)]].concat();
        let (error, hint) = enabled(&pairs, AwsFromEnvironment::default()).unwrap_err();
        let place = "hht-diary-callisto/production";
        assert_eq!(
            error,
            format!("{place}: SPONSOR_AUDIT_LOGS_BUCKET is not a folder of its own: {problem}")
        );
        assert!(hint.ends_with("enter a folder next to that of SPONSOR_BACKUPS_BUCKET."), "{hint}");
    }
    // Two equal buckets: as before, a warning of `preflight`.
    let one =
        WHOLE.map(|(name, value)| if name == AUDIT_LOGS_BUCKET { (name, WHOLE[2].1) } else { (name, value) });
    assert!(enabled(&one, AwsFromEnvironment::default()).is_ok());
}

/// All that is wrong, as `preflight` shows it.
#[test]
fn what_is_wrong_with_folders_is_found_all_at_once() {
    let pairs = [(BACKUPS_BUCKET, "/srv/canary"), (AUDIT_LOGS_BUCKET, "file:///"), (REGION, "NOT LOOKED AT")];
    let problems = complete(&place(), &raw(&pairs), broken_aws()).unwrap_err();
    let all: Vec<String> =
        std::iter::once(&problems.first).chain(&problems.others).map(ToString::to_string).collect();
    let at = "hht-diary-callisto/production";
    assert_eq!(
        all,
        [
            format!("missing secrets in {at}: DATABASE_URL"),
            format!("{at}: SPONSOR_BACKUPS_BUCKET is not a valid folder URL: it is a path, not a URL"),
            format!(
                "{at}: SPONSOR_AUDIT_LOGS_BUCKET is not a valid folder URL: it is the root of the file system"
            ),
        ]
    );
}

/// A sponsor that is not rolled out yet is disabled, whatever its keys are.
#[test]
fn a_disabled_sponsor_is_disabled_with_half_a_pair_of_keys() {
    let off: Vec<(&str, &str)> = WHOLE.into_iter().filter(|(name, _)| *name != FLAG).collect();
    let disabled = interpret(&place(), &raw(&off), broken_aws()).unwrap();
    assert!(matches!(disabled, S3Backups::Disabled(_)));
}
