//! Texts of every error, for each place that secrets come from.

use std::collections::BTreeSet;
use std::time::Duration;

use super::SecretsError;
use crate::secrets::file::SecretsFile;
use crate::secrets::variables::{EnvCredentials, Owner};
use crate::secrets::{AwsFromEnvironment, Place, RawSecrets, S3Backups, interpret};

const FILE: &str = "\
callisto:
  DATABASE_URL: postgresql://app:canary@db/app
  SPONSOR_BACKUPS_BUCKET: hht-diary-backups-callisto
  SPONSOR_AUDIT_LOGS_BUCKET: hht-diary-audit-logs-callisto
  SPONSOR_AWS_REGION: eu-west-1
  SPONSOR_AWS_ACCESS_KEY_ID: AKIA1
  SPONSOR_AWS_SECRET_ACCESS_KEY: canary
  ENABLE_S3_BACKUP_ARCHIVAL: 'true'
";

/// Replacements in the file, each of which makes one error.
const BROKEN: [(&str, &str); 13] = [
    ("  SPONSOR_AWS_REGION: eu-west-1\n", ""),
    ("hht-diary-backups-callisto", "' '"),
    ("  SPONSOR_AWS_ACCESS_KEY_ID: AKIA1\n  SPONSOR_AWS_SECRET_ACCESS_KEY: canary\n", ""),
    ("SPONSOR_AWS_REGION", "SPONSER_AWS_REGION"),
    ("ENABLE_S3_BACKUP_ARCHIVAL", "ENABLE_S3_BACKUP_ARCHIVL"),
    ("hht-diary-backups-callisto", "s3://canary"),
    ("eu-west-1", "canary canary"),
    (
        "  SPONSOR_AWS_ACCESS_KEY_ID: AKIA1\n  SPONSOR_AWS_SECRET_ACCESS_KEY: canary\n",
        "  SPONSOR_AWS_ROLE_ARN: canary canary\n",
    ),
    ("AKIA1", "ASIA1"),
    ("hht-diary-backups-callisto", "/srv/canary"),
    ("hht-diary-backups-callisto", "file://canary/srv/backups"),
    ("hht-diary-backups-callisto", "file:///srv/../backups"),
    (
        "hht-diary-backups-callisto\n  SPONSOR_AUDIT_LOGS_BUCKET: hht-diary-audit-logs-callisto",
        "file:///srv/callisto\n  SPONSOR_AUDIT_LOGS_BUCKET: file:///srv/callisto/audit-logs",
    ),
];

fn file(text: &str) -> (Place, RawSecrets) {
    let file = SecretsFile::parse("secrets.yaml", text).unwrap();
    (file.place("callisto"), file.fetch("callisto").unwrap())
}

fn doppler() -> Place {
    Place::Doppler { project: "hht-diary-callisto".to_owned(), config: "production".to_owned() }
}

fn from_environment(variables: &[(&str, &str)]) -> AwsFromEnvironment {
    let keyring = EnvCredentials::from_variables(variables.iter().copied());
    let how_to_pass_keys = keyring.how_to_pass_keys("callisto", true);
    AwsFromEnvironment { how_to_pass_keys, ..AwsFromEnvironment::default() }
}

/// The same faults in the file and in Doppler; those of keys also with a profile in the environment.
fn of_content() -> Vec<SecretsError> {
    let mut errors = Vec::new();
    for (from, to) in BROKEN {
        let (in_file, raw) = file(&FILE.replace(from, to));
        for place in [in_file, doppler()] {
            errors.push(interpret(&place, &raw, from_environment(&[])).unwrap_err());
        }
    }
    // Half a pair is not completed from general variables.
    let (place, raw) = file(&FILE.replace("  SPONSOR_AWS_SECRET_ACCESS_KEY: canary\n", ""));
    errors.push(interpret(&place, &raw, from_environment(&[("AWS_PROFILE", "ops")])).unwrap_err());
    let (place, raw) = file(&FILE.replace(BROKEN[2].0, ""));
    for variables in [[("AWS_PROFILE", "ops")], [("AWS_ACCESS_KEY_ID_CALISTO", "AKIA1")]] {
        errors.push(interpret(&place, &raw, from_environment(&variables)).unwrap_err());
    }
    errors
}

fn of_the_file() -> Vec<SecretsError> {
    let broken = [
        "callisto: [canary",
        "callisto:\n\tDATABASE_URL: canary\n",
        "callisto:\n  DATABASE_URL: canary: canary\n",
        "callisto:\n  DATABASE_URL: @canary\n",
        "callisto:\n  DATABASE_URL: 'canary\n",
        "callisto:\n  DATABASE_URL: *canary\n",
        "callisto: {}\n---\ncanary: {}\n",
        "callisto: {DATABASE_URL: [canary]}",
        "canary",
    ];
    let twice = format!("{FILE}  SPONSOR_AWS_REGION: eu-west-2\n");
    let sponsor_twice = format!("{FILE}callisto: {{DATABASE_URL: canary}}\n");
    let texts = broken.into_iter().chain([twice.as_str(), sponsor_twice.as_str()]);
    let mut errors: Vec<SecretsError> =
        texts.map(|text| SecretsFile::parse("secrets.yaml", text).unwrap_err()).collect();
    let absent = ["titan: {}", "calisto: {}"].map(|text| SecretsFile::parse("secrets.yaml", text).unwrap());
    errors.extend(absent.map(|file| file.fetch("callisto").unwrap_err()));
    errors.push(SecretsFile::read(std::path::Path::new("/nonexistent/secrets.yaml")).unwrap_err());
    errors
}

fn of_the_environment() -> Vec<SecretsError> {
    let keyring = EnvCredentials::from_variables([
        ("DOPPLER_TOKEN_TITAN", "a"),
        ("Doppler_Token_Titan", "b"),
        ("AWS_ACCESS_KEY_ID_TITAN", "AKIA1"),
        ("AWS_ACCESS_KEY_ID_CALLISTO_REPORTS", "ASIA1"),
        ("AWS_SECRET_ACCESS_KEY_CALLISTO_REPORTS", "canary"),
        ("AWS_SESSION_TOKEN", "canary"),
        ("DOPPLER_TOKEN_REA", "canary"),
    ]);
    let place = "hht-diary-callisto/production";
    vec![
        keyring.token(Owner::Core, false, "hht-diary-core/production").unwrap_err(),
        keyring.token(Owner::Sponsor("callisto"), true, place).unwrap_err(),
        keyring.token(Owner::Sponsor("rhea"), true, "hht-diary-rhea/production").unwrap_err(),
        keyring.own_token(Owner::Sponsor("titan")).unwrap_err(),
        keyring.sponsor_keys("titan").unwrap_err(),
        keyring.sponsor_keys("callisto-reports").unwrap_err(),
        keyring.ambient().unwrap_err(),
        keyring.id_token_request().unwrap_err(),
    ]
}

fn of_doppler() -> Vec<SecretsError> {
    let place = || "hht-diary-callisto/production".to_owned();
    let refused = |status, message: &str| SecretsError::Refused {
        place: place(),
        status,
        message: message.to_owned(),
        request_id: Some("4f2a".to_owned()),
    };
    let unavailable = |reason: &str| SecretsError::Unavailable {
        place: place(),
        reason: reason.to_owned(),
        retry_after: Some(Duration::from_secs(7)),
        request_id: None,
        source: None,
    };
    vec![
        refused(401, "Invalid Auth token"),
        refused(400, "This token does not have access to requested config 'production'"),
        refused(404, "Could not find requested config 'production'"),
        unavailable("status 503: Service Unavailable"),
        unavailable("connection refused"),
        SecretsError::NotSecrets { place: place(), reason: "line 1, column 2".to_owned() },
        SecretsError::WrongPlace { meant: place(), got: "hht-diary-rhea/production".to_owned() },
    ]
}

/// Doppler's identities and roles of AWS.
fn of_oidc() -> Vec<SecretsError> {
    let (place, raw) = file(&FILE.replace(
        BROKEN[2].0,
        "  SPONSOR_AWS_ROLE_ARN: arn:aws:iam::123456789012:role/sponsor-backup/callisto\n",
    ));
    vec![
        SecretsError::IdToken { reason: "status 403 Forbidden".to_owned(), status: Some(403), source: None },
        SecretsError::IdToken {
            reason: "status 503 Service Unavailable".to_owned(),
            status: None,
            source: None,
        },
        SecretsError::IdentityRefused {
            identity: "1b3f6a0c".to_owned(),
            status: 403,
            message: "The token's claims do not match".to_owned(),
            request_id: Some("4f2a".to_owned()),
            claims: "`aud` `https://api.doppler.com`, `sub` `repo:o/r:environment:production`".to_owned(),
        },
        EnvCredentials::default().keys_for("callisto", &["PRUNE"]).unwrap_err(),
        // A role in the secrets, and no OIDC token to assume it with.
        interpret(&place, &raw, from_environment(&[])).unwrap_err(),
    ]
}

fn of_other_sponsors() -> Vec<SecretsError> {
    let text = str::to_owned;
    vec![
        SecretsError::Shared { what: text("bucket hht-diary-backups"), other: text("rhea") },
        SecretsError::Shared { what: text("database db:5432/diary"), other: text("rhea") },
        SecretsError::Shared { what: text("folder /srv/backups"), other: text("rhea as folder /mnt/b") },
        SecretsError::nested(text("folder /srv/backups/rhea is inside folder /srv/backups"), "rhea"),
        SecretsError::OneFolder { what: text("folder /srv/backups and folder /mnt/logs are the same") },
        SecretsError::Foreign { place: text("bucket hht-diary-backups-rhea-eu-west-1"), owner: text("rhea") },
        SecretsError::OtherSource {
            sponsor: text("callisto"),
            is: text("database `diary` at db-2:5432"),
            was: text("database `diary` at db-1:5432"),
        },
    ]
}

fn of_the_flag() -> Vec<SecretsError> {
    let values = ["", "  ENABLE_S3_BACKUP_ARCHIVAL: ''\n", "  ENABLE_S3_BACKUP_ARCHIVAL: 'yes'\n"];
    let mut errors = Vec::new();
    for value in values {
        let (in_file, raw) = file(&FILE.replace("  ENABLE_S3_BACKUP_ARCHIVAL: 'true'\n", value));
        for place in [in_file, doppler()] {
            let archival = interpret(&place, &raw, AwsFromEnvironment::default()).unwrap();
            let S3Backups::Disabled(disabled) = archival else { panic!("enabled by {value}") };
            errors.push(disabled.required());
        }
    }
    errors
}

/// The number of each variant, and how many there are. A new variant does not compile until it is here.
fn number(error: &SecretsError) -> (usize, usize) {
    let number = match error {
        SecretsError::TokenMissing { .. } => 0,
        SecretsError::Ambiguous { .. } => 1,
        SecretsError::NoIdToken { .. } => 2,
        SecretsError::IdToken { .. } => 3,
        SecretsError::IdentityRefused { .. } => 4,
        SecretsError::HalfAKeyPair { .. } => 5,
        SecretsError::NoSessionToken { .. } => 6,
        SecretsError::Refused { .. } => 7,
        SecretsError::Unavailable { .. } => 8,
        SecretsError::NotSecrets { .. } => 9,
        SecretsError::WrongPlace { .. } => 10,
        SecretsError::Missing { .. } => 11,
        SecretsError::Misspelt { .. } => 12,
        SecretsError::Malformed { .. } => 13,
        SecretsError::Shared { .. } => 14,
        SecretsError::Foreign { .. } => 15,
        SecretsError::OtherSource { .. } => 16,
        SecretsError::File { .. } => 17,
        SecretsError::Required { .. } => 18,
        SecretsError::Unreadable { .. } => 19,
        SecretsError::Nested { .. } => 20,
        SecretsError::OneFolder { .. } => 21,
        SecretsError::NoOwnKeys { .. } => 22,
    };
    (number, 23)
}

#[test]
fn every_error_is_reviewed_for_each_place() {
    let errors = [
        of_content(),
        of_the_file(),
        of_the_environment(),
        of_doppler(),
        of_oidc(),
        of_other_sponsors(),
        of_the_flag(),
    ]
    .concat();
    let shown: BTreeSet<usize> = errors.iter().map(|error| number(error).0).collect();
    assert_eq!(shown.len(), number(&errors[0]).1, "a variant is missing: {shown:?}");
    let texts: Vec<(String, Option<String>)> =
        errors.iter().map(|error| (error.to_string(), Some(error.hint()))).collect();
    assert!(texts.iter().all(|(text, hint)| !format!("{text}{hint:?}").contains("canary")), "{texts:#?}");
    crate::reviewed::errors("errors-secrets", texts);
}
