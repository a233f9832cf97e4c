//! Room 3: a sponsor's secrets, from Doppler or from a file, checked before anyone uses them.
//!
//! There is no fallback: no default bucket, region or credential. What is missing is that sponsor's failure.

pub mod doppler;
pub mod file;
pub mod github;
pub mod keyring;
pub mod transit;

mod error;
mod found;
mod http;

use std::collections::BTreeMap;

use secrecy::ExposeSecret as _;

pub use error::SecretsError;
use found::{ACCESS_KEY_ID, Found, ROLE_ARN, SECRET_ACCESS_KEY};
pub use found::{AwsFromEnvironment, is_role_arn};
pub use github::IdTokens;
pub use keyring::{AwsCredentials, AwsKeys, Keyring};

/// A value that Debug output never shows and that memory forgets on drop.
pub type Secret = secrecy::SecretString;

/// Names and values as a source gave them.
pub type RawSecrets = BTreeMap<String, Secret>;

/// The Doppler secret that holds the sponsor manifest, in the core project.
pub const MANIFEST: &str = "SPONSOR_MANIFEST";

/// The secret that holds the address of a sponsor's database.
pub const DATABASE_URL: &str = "DATABASE_URL";
const BACKUPS_BUCKET: &str = "SPONSOR_BACKUPS_BUCKET";
const AUDIT_LOGS_BUCKET: &str = "SPONSOR_AUDIT_LOGS_BUCKET";
const REGION: &str = "SPONSOR_AWS_REGION";
const FLAG: &str = "ENABLE_S3_BACKUP_ARCHIVAL";
/// The secrets to ask for: AWS keys and role only where the environment does not hold the sponsor's own.
#[must_use]
pub fn needed(own_keys_in_environment: bool) -> Vec<&'static str> {
    let mut names = vec![DATABASE_URL, BACKUPS_BUCKET, AUDIT_LOGS_BUCKET, REGION, FLAG];
    if !own_keys_in_environment {
        names.extend([ACCESS_KEY_ID, SECRET_ACCESS_KEY, ROLE_ARN]);
    }
    names
}

/// Whether a sponsor's backups go to S3 yet: its own flag decides, for it alone.
#[derive(Debug)]
pub enum Archival {
    /// They do, and here is what that needs.
    Enabled(Box<SponsorSecrets>),
    /// They do not, and this is what the flag held instead of `true`.
    Disabled(Disabled),
}

/// What a flag that does not enable holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Disabled {
    /// The secret does not exist.
    Missing,
    /// It exists and is empty.
    Empty,
    /// It holds something else than `true`: a short word as it is, anything else described.
    Other(String),
}

impl std::fmt::Display for Disabled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing => write!(f, "{FLAG} does not exist"),
            Self::Empty => write!(f, "{FLAG} is empty"),
            Self::Other(value) => write!(f, "{FLAG} is {value}, not `true`"),
        }
    }
}

/// What one sponsor's backup needs to know.
#[derive(Debug)]
pub struct SponsorSecrets {
    /// `postgresql://…`, not parsed yet.
    pub database_url: Secret,
    /// Bucket of the dumps.
    pub backups_bucket: String,
    /// Bucket of the deployment logs.
    pub audit_logs_bucket: String,
    /// AWS region of both.
    pub region: String,
    /// Whose name the requests to S3 are signed in.
    pub aws: AwsCredentials,
}

impl SponsorSecrets {
    /// The values that logs must never show. Buckets, region and flag are not among them: GitHub drops every output
    /// in which a masked value stands.
    #[must_use]
    pub fn masks(&self) -> Vec<Secret> {
        let mut masks = vec![self.database_url.clone()];
        masks.extend(self.aws.masks());
        masks
    }
}

/// Turns what a source gave into what a backup needs. `aws` comes from the environment and wins over the source's.
///
/// # Errors
/// Names everything that is missing or empty at once; then what has not the form it must have.
pub fn interpret(place: &str, raw: &RawSecrets, aws: AwsFromEnvironment) -> Result<Archival, SecretsError> {
    if let Some(disabled) = disabled(raw) {
        return Ok(Archival::Disabled(disabled));
    }
    let mut found = Found::new(raw);
    let database_url = Secret::from(found.text(DATABASE_URL));
    let backups_bucket = found.text(BACKUPS_BUCKET);
    let audit_logs_bucket = found.text(AUDIT_LOGS_BUCKET);
    let region = found.text(REGION);
    let aws = found.credentials(place, aws)?;
    let lacking = found.lacking();
    if !lacking.is_empty() {
        return Err(SecretsError::Missing { place: place.to_owned(), names: lacking });
    }
    for (name, bucket) in [(BACKUPS_BUCKET, &backups_bucket), (AUDIT_LOGS_BUCKET, &audit_logs_bucket)] {
        if !is_bucket_name(bucket) {
            return Err(SecretsError::malformed(place, name, &described(bucket)));
        }
    }
    if !region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
        return Err(SecretsError::malformed(place, REGION, &described(&region)));
    }
    Ok(Archival::Enabled(Box::new(SponsorSecrets {
        database_url,
        backups_bucket,
        audit_logs_bucket,
        region,
        aws,
    })))
}

fn disabled(raw: &RawSecrets) -> Option<Disabled> {
    match raw.get(FLAG).map(|flag| flag.expose_secret()) {
        Some("true") => None,
        None => Some(Disabled::Missing),
        Some("") => Some(Disabled::Empty),
        Some(other) => Some(Disabled::Other(described(other))),
    }
}

/// A value that is not what it should be may be a secret that was pasted into the wrong row: only a word is shown.
fn described(value: &str) -> String {
    let is_a_word =
        value.len() <= 10 && value.chars().all(|c| c.is_ascii_alphabetic() || c == ' ' || c == '-');
    if is_a_word { format!("`{value}`") } else { format!("a text of {} characters", value.chars().count()) }
}

/// The characters and lengths that S3 allows (user guide, "Bucket naming rules").
fn is_bucket_name(name: &str) -> bool {
    let inside =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.';
    (3..=63).contains(&name.len()) && name.bytes().all(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(pairs: &[(&str, &str)]) -> RawSecrets {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), Secret::from(*value))).collect()
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
    ) -> Result<Archival, SecretsError> {
        let mut secrets = raw(&WHOLE);
        change(&mut secrets);
        interpret("hht-diary-callisto/production", &secrets, aws)
    }

    #[test]
    fn only_the_exact_true_enables_and_the_reason_is_told() {
        for (value, told) in [
            (None, "ENABLE_S3_BACKUP_ARCHIVAL does not exist"),
            (Some(""), "ENABLE_S3_BACKUP_ARCHIVAL is empty"),
            (Some("false"), "ENABLE_S3_BACKUP_ARCHIVAL is `false`, not `true`"),
            (Some("TRUE"), "is `TRUE`, not `true`"),
            (Some("true "), "is `true `, not `true`"),
            (Some("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), "is a text of 40 characters, not `true`"),
        ] {
            let secrets = value.map(|value| raw(&[(FLAG, value)])).unwrap_or_default();
            match interpret("place", &secrets, AwsFromEnvironment::default()).unwrap() {
                Archival::Disabled(disabled) => assert!(disabled.to_string().contains(told), "{disabled}"),
                Archival::Enabled(_) => panic!("{value:?} enabled the archival"),
            }
        }
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
            "hht-diary-callisto/production lacks SPONSOR_BACKUPS_BUCKET, SPONSOR_AWS_REGION (empty), SPONSOR_AWS_SECRET_ACCESS_KEY"
        );
    }

    #[test]
    fn half_of_a_key_pair_is_never_completed_from_elsewhere() {
        let ambient = AwsCredentials::Keys(AwsKeys {
            access_key_id: "AMBIENT".into(),
            secret_access_key: Secret::from("x"),
            session_token: None,
        });
        let aws = AwsFromEnvironment { ambient: Ok(Some(ambient)), ..AwsFromEnvironment::default() };
        let error = interpret_whole(|secrets| drop(secrets.remove(SECRET_ACCESS_KEY)), aws).unwrap_err();
        assert!(error.to_string().ends_with("lacks SPONSOR_AWS_SECRET_ACCESS_KEY"), "{error}");
    }

    #[test]
    fn masks_hold_the_secrets_and_neither_bucket_nor_region() {
        let Archival::Enabled(secrets) = interpret_whole(|_| (), AwsFromEnvironment::default()).unwrap()
        else {
            panic!("not enabled")
        };
        let masks: Vec<String> = secrets.masks().iter().map(|mask| mask.expose_secret().to_owned()).collect();
        assert_eq!(masks, ["postgresql://app:pw@db/app", "canary"]);
        assert!(!format!("{secrets:?}").contains("canary"));
    }

    #[test]
    fn a_bucket_that_is_a_path_or_a_url_is_refused() {
        for bad in ["s3://bucket", "bucket/other", "Bucket", "b"] {
            let error = interpret_whole(
                |secrets| drop(secrets.insert(BACKUPS_BUCKET.to_owned(), Secret::from(bad))),
                AwsFromEnvironment::default(),
            );
            assert!(error.unwrap_err().to_string().contains(BACKUPS_BUCKET));
        }
    }
}
