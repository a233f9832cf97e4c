//! Room 3: a sponsor's secrets, from Doppler or from a file, checked before anyone uses them.
//!
//! There is no fallback: no default bucket, region or credential. What is missing is that sponsor's failure.

pub mod doppler;
pub mod file;
pub mod foreign;
pub mod github;
pub mod keyring;
pub mod transit;
pub mod workflows;

mod error;
mod found;
mod http;
mod place;

use std::collections::BTreeMap;

use secrecy::ExposeSecret as _;

use crate::manifest::spelling;

pub use error::SecretsError;
use found::{ACCESS_KEY_ID, Found, ROLE_ARN, SECRET_ACCESS_KEY};
pub use found::{AwsFromEnvironment, is_role_arn};
pub use github::IdTokens;
pub use keyring::{AwsCredentials, AwsKeys, Keyring};
pub use place::Place;

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
/// A name that is misspelt, the flag's included; then everything that is missing or empty at once; then what has not the
/// form it must have.
pub fn interpret(place: &Place, raw: &RawSecrets, aws: AwsFromEnvironment) -> Result<Archival, SecretsError> {
    are_spelt_right(place, raw)?;
    if let Some(disabled) = disabled(raw) {
        return Ok(Archival::Disabled(disabled));
    }
    let mut found = Found::new(raw);
    let database_url = Secret::from(found.text(DATABASE_URL));
    let backups_bucket = found.text(BACKUPS_BUCKET);
    let audit_logs_bucket = found.text(AUDIT_LOGS_BUCKET);
    let region = found.text(REGION);
    let how_to_pass_keys = aws.how_to_pass_keys.clone();
    let aws = found.credentials(place, aws)?;
    let lacking = found.lacking();
    if !lacking.is_empty() {
        let wants_keys = lacking.iter().any(|name| name.contains("_ACCESS_KEY"));
        let or = if wants_keys { Some(how_to_pass_keys).filter(|how| !how.is_empty()) } else { None };
        return Err(place.lacks(lacking, or));
    }
    let malformed = |name: &str, problem: &str| SecretsError::malformed(&place.to_string(), name, problem);
    for (name, bucket) in [(BACKUPS_BUCKET, &backups_bucket), (AUDIT_LOGS_BUCKET, &audit_logs_bucket)] {
        if let Some(problem) = no_bucket_name(bucket) {
            return Err(malformed(name, &problem));
        }
    }
    if !region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
        return Err(malformed(REGION, &format!("is {}, not a region such as eu-west-1", described(&region))));
    }
    Ok(Archival::Enabled(Box::new(SponsorSecrets {
        database_url,
        backups_bucket,
        audit_logs_bucket,
        region,
        aws,
    })))
}

/// A slip in a name would leave a sponsor without that secret, or without a backup. A source that gives only what it is
/// asked for gives no other name.
fn are_spelt_right(place: &Place, raw: &RawSecrets) -> Result<(), SecretsError> {
    let known = needed(false);
    let missing: Vec<&'static str> = known.iter().copied().filter(|name| !raw.contains_key(*name)).collect();
    let others = raw.keys().filter(|name| !known.contains(&name.as_str()));
    for typed in others {
        if let Some(name) = spelling::meant(typed, missing.iter().copied()) {
            let typed = typed.trim().to_owned();
            return Err(SecretsError::Misspelt { place: place.to_string(), typed, name });
        }
    }
    Ok(())
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

/// Why S3 has no bucket of this name (user guide, "Bucket naming rules"). The text itself may be a secret.
fn no_bucket_name(name: &str) -> Option<String> {
    if name.starts_with("s3://") {
        return Some("begins with s3://; write the bare name".to_owned());
    }
    let is_other = |c: &char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-' || *c == '.');
    match name.chars().find(is_other) {
        Some(c) if c.is_ascii_uppercase() => Some("has an upper-case letter".to_owned()),
        Some('/') => Some("has a slash; write the bare name".to_owned()),
        Some(c) if c.is_whitespace() => Some("has white space in it".to_owned()),
        Some(_) => Some("has a character that is not a-z, 0-9, - or .".to_owned()),
        None if (3..=63).contains(&name.len()) => None,
        None => Some(format!("has {} characters, and a bucket name has 3 to 63", name.len())),
    }
}

#[cfg(test)]
mod tests {
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
    ) -> Result<Archival, SecretsError> {
        let mut secrets = raw(&WHOLE);
        change(&mut secrets);
        interpret(&place(), &secrets, aws)
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
            match interpret(&place(), &secrets, AwsFromEnvironment::default()).unwrap() {
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
            called: "x".to_owned(),
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
    fn a_misspelt_name_is_an_error_where_the_right_one_is_missing() {
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
            let expected = format!("{right} is missing, and {typed} is not a secret that is read");
            assert!(error.to_string().ends_with(&expected), "{error}");
            assert_eq!(error.hint(), format!("Did you mean {right}?"));
        }
        // Beside the right one it belongs to somebody else.
        let both = |secrets: &mut RawSecrets| drop(secrets.insert("DATABSE_URL".to_owned(), "x".into()));
        interpret_whole(both, AwsFromEnvironment::default()).unwrap();
    }

    #[test]
    fn a_text_that_is_no_bucket_name_is_described_and_never_shown() {
        for (bad, expected) in [
            ("s3://canary", "begins with s3://; write the bare name"),
            ("canary/other", "has a slash; write the bare name"),
            ("cAnary", "has an upper-case letter"),
            ("canary bucket", "has white space in it"),
            ("canary+bucket", "has a character that is not a-z, 0-9, - or ."),
            ("b", "has 1 characters, and a bucket name has 3 to 63"),
        ] {
            let change = |secrets: &mut RawSecrets| {
                drop(secrets.insert(BACKUPS_BUCKET.to_owned(), Secret::from(bad)));
            };
            let error = interpret_whole(change, AwsFromEnvironment::default()).unwrap_err().to_string();
            assert!(error.ends_with(&format!("SPONSOR_BACKUPS_BUCKET {expected}")), "{bad}: {error}");
            assert!(!error.to_lowercase().contains("canary"), "{error}");
        }
    }
}
