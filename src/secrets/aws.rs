//! AWS credentials: which there are, and which of them sign the requests of one sponsor. Pure.

use secrecy::ExposeSecret as _;

use super::oidc::IdTokens;
use super::place::ROLE;
use super::{Place, RawSecrets, Secret, SecretsError};
use crate::manifest::describe_value;

pub(super) const ACCESS_KEY_ID: &str = "SPONSOR_AWS_ACCESS_KEY_ID";
pub(super) const SECRET_ACCESS_KEY: &str = "SPONSOR_AWS_SECRET_ACCESS_KEY";
pub(super) const ROLE_ARN: &str = "SPONSOR_AWS_ROLE_ARN";

/// One pair of AWS keys.
#[derive(Debug, Clone)]
pub struct AwsKeys {
    /// Not a secret: every signed request and CloudTrail show it.
    pub access_key_id: String,
    /// The secret half.
    pub secret_access_key: Secret,
    /// For temporary keys only.
    pub session_token: Option<Secret>,
    /// Names of the variables or secrets it came from, and their place: `AWS_ACCESS_KEY_ID_IO and AWS_SECRET_ACCESS_KEY_IO`.
    pub called: String,
}

/// Prefix of temporary key IDs (IAM user guide, "Unique identifiers").
const TEMPORARY: &str = "ASIA";

impl AwsKeys {
    /// The pair, if it can be used.
    ///
    /// # Errors
    /// `no_session_token` if these are temporary keys without one.
    pub(super) fn usable(
        self,
        no_session_token: impl FnOnce() -> SecretsError,
    ) -> Result<Self, SecretsError> {
        if self.access_key_id.starts_with(TEMPORARY) && self.session_token.is_none() {
            return Err(no_session_token());
        }
        Ok(self)
    }
}

/// Credentials that sign the requests to S3.
#[derive(Debug, Clone)]
pub enum AwsCredentials {
    /// A pair of keys.
    Keys(AwsKeys),
    /// The role in `AWS_ROLE_ARN`, assumed with the token in the file `AWS_WEB_IDENTITY_TOKEN_FILE`.
    WebIdentity {
        /// Path of the token.
        token_file: String,
        /// The role.
        role_arn: String,
        /// The name that CloudTrail shows.
        session_name: String,
    },
    /// A role assumed with this job's OIDC token.
    Role {
        /// The role.
        arn: String,
        /// Where that token comes from.
        tokens: IdTokens,
    },
}

impl AwsCredentials {
    /// What identifies them, for people. Not a secret.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Keys(keys) => format!("access key {} ({})", keys.access_key_id, keys.called),
            Self::WebIdentity { role_arn, .. } => format!("role {role_arn} (AWS_WEB_IDENTITY_TOKEN_FILE)"),
            Self::Role { arn, .. } => format!("role {arn} (this job's OIDC token)"),
        }
    }

    /// The values that logs must never show.
    #[must_use]
    pub fn masks(&self) -> Vec<Secret> {
        match self {
            Self::Keys(keys) => {
                std::iter::once(&keys.secret_access_key).chain(&keys.session_token).cloned().collect()
            }
            // The credentials of a role are masked when STS issues them.
            Self::WebIdentity { .. } | Self::Role { .. } => Vec::new(),
        }
    }
}

/// The secrets of a source, and the names that were missing.
pub(super) struct SecretReader<'a> {
    raw: &'a RawSecrets,
    missing: Vec<String>,
}

impl<'a> SecretReader<'a> {
    pub(super) fn new(raw: &'a RawSecrets) -> Self {
        Self { raw, missing: Vec::new() }
    }

    /// Names that are missing or empty.
    pub(super) fn missing(self) -> Vec<String> {
        self.missing
    }

    pub(super) fn text(&mut self, name: &'static str) -> String {
        match self.raw.get(name).map(|value| value.expose_secret().trim()) {
            Some(value) if !value.is_empty() => return value.to_owned(),
            Some(_) => self.missing.push(format!("{name} (empty)")),
            None => self.missing.push(name.to_owned()),
        }
        String::new()
    }

    /// Whether the source has AWS keys, even half or empty ones. Then only the sponsor's own variables come before them.
    pub(super) fn has_keys(&self) -> bool {
        [ACCESS_KEY_ID, SECRET_ACCESS_KEY].into_iter().any(|name| self.raw.contains_key(name))
    }

    /// The first of: the sponsor's own keys in the environment, keys of the source, its role, the role in `aws-role-arn`,
    /// general AWS credentials in the environment. A half-set one is never completed from the next. With it, where it
    /// comes from if not from the source, for the log.
    pub(super) fn credentials(
        &mut self,
        place: &Place,
        aws: AwsFromEnvironment,
    ) -> Result<(AwsCredentials, &'static str), SecretsError> {
        const ENVIRONMENT: &str = " and the environment";
        if let Some(keys) = aws.of_the_sponsor? {
            return Ok((AwsCredentials::Keys(keys), ENVIRONMENT));
        }
        let role_here = self.raw.contains_key(ROLE_ARN);
        // Half a pair is an error below. To take the next credentials instead could sign as someone else.
        if !self.has_keys() {
            let role = if role_here { Some(self.text(ROLE_ARN)) } else { aws.role };
            if let Some(arn) = role {
                if role_here && !arn.is_empty() && !is_role_arn(&arn) {
                    return Err(place.malformed(ROLE_ARN, &ROLE, &format!("it is {}", describe_value(&arn))));
                }
                let also = if role_here { "" } else { " and the input `aws-role-arn`" };
                return Ok((AwsCredentials::Role { arn, tokens: aws.tokens? }, also));
            }
            if let Some(ambient) = aws.ambient? {
                return Ok((ambient, ENVIRONMENT));
            }
        }
        let keys = AwsKeys {
            access_key_id: self.text(ACCESS_KEY_ID),
            secret_access_key: Secret::from(self.text(SECRET_ACCESS_KEY)),
            session_token: None,
            called: place.pair(ACCESS_KEY_ID, SECRET_ACCESS_KEY),
        };
        let keys = keys.usable(|| place.no_session_token(ACCESS_KEY_ID, &aws.how_to_pass_keys.own))?;
        Ok((AwsCredentials::Keys(keys), ""))
    }
}

/// Whether a text is the ARN of an IAM role: `arn:aws:iam::123456789012:role/path/name`.
#[must_use]
pub fn is_role_arn(text: &str) -> bool {
    let ["arn", partition, "iam", "", account, role] = text.splitn(6, ':').collect::<Vec<_>>()[..] else {
        return false;
    };
    let name = role.strip_prefix("role/").unwrap_or_default();
    partition.starts_with("aws")
        && partition.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        && account.len() == 12
        && account.bytes().all(|byte| byte.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+=,.@_/-".contains(&byte))
}

/// The AWS credentials that the environment holds for one sponsor.
#[derive(Debug)]
pub struct AwsFromEnvironment {
    /// `AWS_ACCESS_KEY_ID_{SPONSOR}` and its secret. A half-set pair is an error only if a store needs AWS.
    pub of_the_sponsor: Result<Option<AwsKeys>, SecretsError>,
    /// The role in `aws-role-arn`. `None` if several sponsors are selected.
    pub role: Option<String>,
    /// Where this job's OIDC tokens come from. Their absence is an error only if a role needs one.
    pub tokens: Result<IdTokens, SecretsError>,
    /// General AWS credentials. `Ok(None)` if several sponsors are selected. A half-set pair is an error only if nothing
    /// else comes first.
    pub ambient: Result<Option<AwsCredentials>, SecretsError>,
    /// How to pass keys in the environment: [`super::EnvCredentials::how_to_pass_keys`].
    pub how_to_pass_keys: HowToPassKeys,
}

/// How to pass a sponsor's AWS keys in the environment: sentences, the first without its capital.
#[derive(Debug, Clone, Default)]
pub struct HowToPassKeys {
    /// In the sponsor's own variables, which win over all other keys.
    pub own: String,
    /// In any variables. The general ones are read if one sponsor is selected and its secrets hold no key.
    pub general: String,
}

impl Default for AwsFromEnvironment {
    fn default() -> Self {
        let variable = "ACTIONS_ID_TOKEN_REQUEST_URL".to_owned();
        let tokens = Err(SecretsError::NoIdToken { variable });
        let how_to_pass_keys = HowToPassKeys::default();
        Self { of_the_sponsor: Ok(None), role: None, tokens, ambient: Ok(None), how_to_pass_keys }
    }
}

#[cfg(test)]
mod tests;
