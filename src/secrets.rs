//! A sponsor's secrets from Doppler or a file, checked before use.
//!
//! No fallback: no default bucket, region or credential. If a secret is missing, that sponsor fails.

pub mod doppler;
pub mod file;
pub mod http;
pub mod oidc;
pub mod preflight;
pub mod replica;
pub mod url_parts;
pub mod variables;
pub mod workflows;

mod aws;
mod error;
mod flag;
mod place;
mod store_name;

pub use aws::{AwsCredentials, AwsFromEnvironment, AwsKeys, HowToPassKeys, is_role_arn};
pub use error::{SecretsError, SourceError};
pub use flag::{Disabled, FLAG, StorageSecrets};
pub use oidc::IdTokens;
pub use place::Place;
pub use store_name::{Ability, PATH_ENCODED, StoreKind, StoreName};
pub use variables::EnvCredentials;

use std::collections::BTreeMap;

use crate::manifest;
use aws::{ACCESS_KEY_ID, ROLE_ARN, SECRET_ACCESS_KEY, SecretReader};
use place::{OWN_FOLDER, REGION as REGION_FORM};
use secrecy::ExposeSecret as _;
use store_name::is_meant_as_folder;

/// A value that Debug output never shows. Zeroed on drop.
pub type Secret = secrecy::SecretString;

/// Names and values as the source returned them.
pub type RawSecrets = BTreeMap<String, Secret>;

/// The Doppler secret that holds the sponsor manifest, in the core project.
pub const MANIFEST: &str = "SPONSOR_MANIFEST";

/// The secret that holds the address of a sponsor's database.
pub const DATABASE_URL: &str = "DATABASE_URL";
/// Name of the secret that names the store of the backups.
pub const BACKUPS_BUCKET: &str = "SPONSOR_BACKUPS_BUCKET";
/// Name of the secret that names the store of the records.
pub const AUDIT_LOGS_BUCKET: &str = "SPONSOR_AUDIT_LOGS_BUCKET";
/// Name of the secret that holds the region of the buckets.
pub const REGION: &str = "SPONSOR_AWS_REGION";

/// The secrets to request, whatever the stores are. AWS keys and role only if the environment does not hold the sponsor's
/// own keys.
#[must_use]
pub fn needed(own_keys_in_environment: bool) -> Vec<&'static str> {
    let mut names = vec![DATABASE_URL, BACKUPS_BUCKET, AUDIT_LOGS_BUCKET, REGION, FLAG];
    if !own_keys_in_environment {
        names.extend([ACCESS_KEY_ID, SECRET_ACCESS_KEY, ROLE_ARN]);
    }
    names
}

/// Whether a sponsor's backups go to S3 yet. Its own flag decides.
#[derive(Debug)]
pub enum S3Backups {
    /// They do. Holds what that needs.
    Enabled(Box<SponsorSecrets>),
    /// They do not. Holds the reason.
    Disabled(Disabled),
}

impl S3Backups {
    /// The source of the secrets, for the log: `Doppler hht-diary-callisto/production`.
    #[must_use]
    pub fn source(&self) -> String {
        match self {
            Self::Enabled(secrets) => secrets.source.clone(),
            Self::Disabled(disabled) => disabled.place().source(),
        }
    }
}

/// What one sponsor's backup needs.
#[derive(Debug, Clone)]
pub struct SponsorSecrets {
    /// `postgresql://…`, not parsed yet.
    pub database_url: Secret,
    /// Store of the dumps.
    pub backups: StoreName,
    /// Store of the deployment logs.
    pub audit_logs: StoreName,
    /// Access to AWS. `None` if neither store needs it.
    pub aws: Option<AwsAccess>,
    /// The sponsor's own stores, if replicas took their place.
    pub replaced: Vec<StoreName>,
    /// Names of the secrets that name the two stores.
    pub named_by: [&'static str; 2],
    source: String,
}

/// What it takes to open a bucket.
#[derive(Debug, Clone)]
pub struct AwsAccess {
    /// Region of the sponsor's buckets.
    pub region: String,
    /// Credentials that sign the requests to S3.
    pub credentials: AwsCredentials,
}

impl SponsorSecrets {
    /// The source of the secrets, for people: `Doppler hht-diary-callisto/production`.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The same with other access to AWS.
    #[must_use]
    pub fn with_aws(&self, aws: AwsAccess) -> Self {
        Self { aws: Some(aws), ..self.clone() }
    }

    /// The values that logs must never show. Not stores, region and flag: GitHub drops every output that holds a
    /// masked value.
    #[must_use]
    pub fn masks(&self) -> Vec<Secret> {
        let mut masks = vec![self.database_url.clone()];
        masks.extend(self.aws.iter().flat_map(|aws| aws.credentials.masks()));
        masks
    }
}

/// Turns the secrets of a source into what a backup needs. `aws` comes from the environment and takes precedence.
///
/// # Errors
/// A misspelt name, the flag's included. Otherwise the first error of [`complete`].
pub fn interpret(
    place: &Place,
    raw: &RawSecrets,
    aws: AwsFromEnvironment,
) -> Result<S3Backups, SecretsError> {
    check_spelling(place, raw, raw.keys().map(String::as_str))?;
    if let Some(disabled) = Disabled::of(place, raw) {
        return Ok(S3Backups::Disabled(disabled));
    }
    match complete(place, raw, aws) {
        Ok(secrets) => Ok(S3Backups::Enabled(Box::new(secrets))),
        Err(problems) => Err(problems.first),
    }
}

/// All that is wrong with a sponsor's secrets.
#[derive(Debug)]
pub struct Problems {
    /// The one that a backup reports.
    pub first: SecretsError,
    /// In the order of [`complete`].
    pub others: Vec<SecretsError>,
}

/// The same without a look at the flag. If both stores are folders, nothing of AWS is looked at.
///
/// # Errors
/// Credentials, then missing or empty secrets, then malformed ones.
pub fn complete(
    place: &Place,
    raw: &RawSecrets,
    aws: AwsFromEnvironment,
) -> Result<SponsorSecrets, Box<Problems>> {
    let mut found = SecretReader::new(raw);
    let database_url = Secret::from(found.text(DATABASE_URL));
    let names = [BACKUPS_BUCKET, AUDIT_LOGS_BUCKET].map(|name| (name, found.text(name)));
    let access = needs_aws(raw).then(|| AskedAccess::read(&mut found, place, aws));
    let mut errors = Vec::new();
    let missing = found.missing();
    if !missing.is_empty() {
        let wants_keys = missing.iter().any(|name| name.contains("_ACCESS_KEY"));
        let or = access.as_ref().map(|access| access.how_to_pass_keys.clone());
        errors.push(place.lacks(missing, or.filter(|how| wants_keys && !how.is_empty())));
    }
    let [backups, audit_logs] = names.map(|(name, text)| match StoreName::parse(&text) {
        Ok(store) => Some(store),
        Err(misfit) => {
            // An empty one is missing already.
            let malformed = || place.malformed(name, misfit.form(), misfit.problem());
            errors.extend((!text.is_empty()).then(malformed));
            None
        }
    });
    if let (Some(backups), Some(audit_logs)) = (&backups, &audit_logs)
        && let Some(problem) = audit_logs.problem_next_to(backups)
    {
        errors.push(place.malformed(AUDIT_LOGS_BUCKET, &OWN_FOLDER, problem));
    }
    let mut source = place.source();
    let mut aws = None;
    if let Some(AskedAccess { region, credentials, .. }) = access {
        if let Some(problem) = odd_character(&region, "-") {
            errors.push(place.malformed(REGION, &REGION_FORM, &problem));
        }
        let (credentials, also) = match credentials {
            Ok(credentials) => credentials,
            Err(first) => return Err(Box::new(Problems { first, others: errors })),
        };
        source.push_str(also);
        aws = Some(AwsAccess { region, credentials });
    }
    let mut errors = errors.into_iter();
    match (errors.next(), backups, audit_logs) {
        (None, Some(backups), Some(audit_logs)) => {
            let named_by = [BACKUPS_BUCKET, AUDIT_LOGS_BUCKET];
            let replaced = Vec::new();
            Ok(SponsorSecrets { database_url, backups, audit_logs, aws, replaced, named_by, source })
        }
        (first, ..) => {
            // A store without a name is among the errors.
            let first = first.unwrap_or_else(|| place.lacks(vec![BACKUPS_BUCKET.to_owned()], None));
            Err(Box::new(Problems { first, others: errors.collect() }))
        }
    }
}

/// What it takes to open a bucket that none of the sponsor's secrets names. `region` counts if the secrets have none.
///
/// # Errors
/// Credentials, then a missing or malformed region.
pub fn aws_access(
    place: &Place,
    raw: &RawSecrets,
    aws: AwsFromEnvironment,
    region: Option<&str>,
) -> Result<AwsAccess, SecretsError> {
    let mut found = SecretReader::new(raw);
    let access = AskedAccess::read(&mut found, place, aws);
    let (credentials, _) = access.credentials?;
    let own = Some(access.region).filter(|own| !own.is_empty());
    let region = own.or(region.map(str::to_owned));
    let missing: Vec<String> =
        found.missing().into_iter().filter(|name| region.is_none() || !name.starts_with(REGION)).collect();
    let Some(region) = region.filter(|_| missing.is_empty()) else {
        let is_region = missing.iter().all(|name| name.starts_with(REGION));
        let or = if is_region { "set the variable AWS_REGION.".to_owned() } else { access.how_to_pass_keys };
        return Err(place.lacks(missing, Some(or).filter(|or| !or.is_empty())));
    };
    match odd_character(&region, "-") {
        Some(problem) => Err(place.malformed(REGION, &REGION_FORM, &problem)),
        None => Ok(AwsAccess { region, credentials }),
    }
}

/// The stores that a sponsor's secrets name, as far as they name any.
#[must_use]
pub fn stores(raw: &RawSecrets) -> Vec<StoreName> {
    let names = [BACKUPS_BUCKET, AUDIT_LOGS_BUCKET].into_iter().filter_map(|name| raw.get(name));
    names.filter_map(|name| StoreName::parse(name.expose_secret().trim()).ok()).collect()
}

/// What the secrets and the environment hold for AWS, not judged yet.
struct AskedAccess {
    region: String,
    credentials: Result<(AwsCredentials, &'static str), SecretsError>,
    /// A sentence without its capital, may be empty.
    how_to_pass_keys: String,
}

impl AskedAccess {
    fn read(found: &mut SecretReader<'_>, place: &Place, aws: AwsFromEnvironment) -> Self {
        let region = found.text(REGION);
        let HowToPassKeys { own, general } = aws.how_to_pass_keys.clone();
        let how_to_pass_keys = if found.has_keys() { own } else { general };
        Self { region, credentials: found.credentials(place, aws), how_to_pass_keys }
    }
}

/// Whether one of the stores is a bucket, as far as the secrets show it. A store without a name is expected to be like the
/// other one, and a bucket if neither has a name.
fn needs_aws(raw: &RawSecrets) -> bool {
    let names = [BACKUPS_BUCKET, AUDIT_LOGS_BUCKET].into_iter().filter_map(|name| raw.get(name));
    let mut names = names.map(|name| name.expose_secret().trim()).filter(|name| !name.is_empty()).peekable();
    names.peek().is_none() || names.any(|name| !is_meant_as_folder(name))
}

/// Whether a secret that [`interpret`] needs does not exist: it may be misspelt.
#[must_use]
pub fn is_something_missing(interpreted: &Result<S3Backups, SecretsError>) -> bool {
    match interpreted {
        Ok(S3Backups::Disabled(disabled)) => disabled.is_missing(),
        Ok(S3Backups::Enabled(_)) => false,
        Err(error) => matches!(error, SecretsError::Missing { .. }),
    }
}

/// A typo in a name would leave a sponsor without that secret, or without a backup. `names` are all that exist at the
/// place: Doppler returns values only for names that are requested.
///
/// # Errors
/// An unknown name that is almost one that is missing.
pub fn check_spelling<'a>(
    place: &Place,
    raw: &RawSecrets,
    names: impl IntoIterator<Item = &'a str>,
) -> Result<(), SecretsError> {
    const OF_AWS: [&str; 4] = [REGION, ACCESS_KEY_ID, SECRET_ACCESS_KEY, ROLE_ARN];
    let (known, needs_aws) = (needed(false), needs_aws(raw));
    let is_missing = |name: &&str| !raw.contains_key(*name) && (needs_aws || !OF_AWS.contains(name));
    let missing: Vec<&'static str> = known.iter().copied().filter(is_missing).collect();
    let mut others = names.into_iter().filter(|name| !known.contains(name));
    let misspelt = others.find_map(|typed| Some((typed, manifest::suggest(typed, missing.iter().copied())?)));
    misspelt.map_or(Ok(()), |(typed, name)| Err(place.misspelt(typed, name)))
}

/// The same for the secret that holds the manifest.
///
/// # Errors
/// It does not exist. Says whether one of `names` is almost the same.
pub fn no_manifest<'a>(place: &Place, names: impl IntoIterator<Item = &'a str>) -> SecretsError {
    let misspelt = names.into_iter().find(|typed| manifest::suggest(typed, [MANIFEST]).is_some());
    misspelt
        .map_or_else(|| place.lacks(vec![MANIFEST.to_owned()], None), |typed| place.misspelt(typed, MANIFEST))
}

/// The first character that is none of a-z, 0-9 and `also`, described.
fn odd_character(text: &str, also: &str) -> Option<String> {
    let is_fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || also.contains(c);
    let what = match text.chars().find(|c| !is_fine(*c))? {
        c if c.is_ascii_uppercase() => "an upper-case letter",
        '/' => "a slash",
        c if c.is_whitespace() => "white space",
        _ => return Some(format!("it has a character that is none of a-z, 0-9 and {also}")),
    };
    Some(format!("it has {what}"))
}

#[cfg(test)]
mod tests;
