//! The secrets of one source, and the AWS credentials that follow from them. Pure.

use secrecy::ExposeSecret as _;

use super::place::ROLE;
use super::{AwsCredentials, AwsKeys, IdTokens, Place, RawSecrets, Secret, SecretsError, described};

pub(super) const ACCESS_KEY_ID: &str = "SPONSOR_AWS_ACCESS_KEY_ID";
pub(super) const SECRET_ACCESS_KEY: &str = "SPONSOR_AWS_SECRET_ACCESS_KEY";
pub(super) const ROLE_ARN: &str = "SPONSOR_AWS_ROLE_ARN";

/// The secrets of a source, and the names that were missing.
pub(super) struct Found<'a> {
    raw: &'a RawSecrets,
    lacking: Vec<String>,
}

impl<'a> Found<'a> {
    pub(super) fn new(raw: &'a RawSecrets) -> Self {
        Self { raw, lacking: Vec::new() }
    }

    /// Names that are missing or empty.
    pub(super) fn lacking(self) -> Vec<String> {
        self.lacking
    }

    pub(super) fn text(&mut self, name: &'static str) -> String {
        match self.raw.get(name).map(|value| value.expose_secret().trim()) {
            Some(value) if !value.is_empty() => return value.to_owned(),
            Some(_) => self.lacking.push(format!("{name} (empty)")),
            None => self.lacking.push(name.to_owned()),
        }
        String::new()
    }

    /// Whether the source has AWS keys, even half or empty ones. Then only the sponsor's own variables come before them.
    pub(super) fn has_keys(&self) -> bool {
        [ACCESS_KEY_ID, SECRET_ACCESS_KEY].into_iter().any(|name| self.raw.contains_key(name))
    }

    /// The first of: the sponsor's own keys in the environment, keys of the source, its role, the role of the order,
    /// general AWS credentials in the environment. A half-set one is never completed from the next. With it, where it
    /// comes from if not from the source, for the log.
    pub(super) fn credentials(
        &mut self,
        place: &Place,
        aws: AwsFromEnvironment,
    ) -> Result<(AwsCredentials, &'static str), SecretsError> {
        const ENVIRONMENT: &str = " and the environment";
        if let Some(keys) = aws.of_the_sponsor {
            return Ok((AwsCredentials::Keys(keys), ENVIRONMENT));
        }
        let role_here = self.raw.contains_key(ROLE_ARN);
        if !self.has_keys() {
            let role = if role_here { Some(self.text(ROLE_ARN)) } else { aws.role };
            if let Some(arn) = role {
                if role_here && !arn.is_empty() && !is_role_arn(&arn) {
                    return Err(place.malformed(ROLE_ARN, &ROLE, &format!("it is {}", described(&arn))));
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
    /// `AWS_ACCESS_KEY_ID_{SPONSOR}` and its secret.
    pub of_the_sponsor: Option<AwsKeys>,
    /// The role of the order. `None` if several sponsors are selected.
    pub role: Option<String>,
    /// Where this job's OIDC tokens come from. Their absence is an error only if a role needs one.
    pub tokens: Result<IdTokens, SecretsError>,
    /// General AWS credentials. `Ok(None)` if several sponsors are selected. A half-set pair is an error only if nothing
    /// else comes first.
    pub ambient: Result<Option<AwsCredentials>, SecretsError>,
    /// How to pass keys in the environment: [`super::Keyring::how_to_pass_keys`].
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
        Self { of_the_sponsor: None, role: None, tokens, ambient: Ok(None), how_to_pass_keys }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::github::{Hide, IdTokenRequest};

    const ARN: &str = "arn:aws:iam::123456789012:role/sponsor-backup/callisto";

    fn raw(pairs: &[(&str, &str)]) -> RawSecrets {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), Secret::from(*value))).collect()
    }

    fn tokens() -> IdTokens {
        // The only provider that is linked; another test may have installed it.
        rustls::crypto::ring::default_provider().install_default().ok();
        let request = IdTokenRequest { url: "https://x/?a=b".to_owned(), bearer: Secret::from("x") };
        IdTokens::new(request, Hide::new(|_| ())).unwrap()
    }

    fn keys(id: &str) -> AwsKeys {
        AwsKeys {
            access_key_id: id.to_owned(),
            secret_access_key: Secret::from("x"),
            session_token: None,
            called: "x".to_owned(),
        }
    }

    /// Everything that an environment and an order may offer.
    fn everything() -> AwsFromEnvironment {
        AwsFromEnvironment {
            how_to_pass_keys: HowToPassKeys::default(),
            of_the_sponsor: None,
            role: Some(ARN.replace("callisto", "of-the-order")),
            tokens: Ok(tokens()),
            ambient: Ok(Some(AwsCredentials::Keys(keys("ambient")))),
        }
    }

    /// What identifies the credentials that sign.
    fn chosen(pairs: &[(&str, &str)], aws: AwsFromEnvironment) -> Result<String, String> {
        let raw = raw(pairs);
        let mut found = Found::new(&raw);
        let place = Place::Doppler { project: "hht-diary-io".to_owned(), config: "production".to_owned() };
        let (chosen, _) = found.credentials(&place, aws).map_err(|error| error.to_string())?;
        let lacking = found.lacking();
        if !lacking.is_empty() {
            return Err(format!("lacks {}", lacking.join(", ")));
        }
        Ok(match chosen {
            AwsCredentials::Keys(keys) => keys.access_key_id,
            AwsCredentials::Role { arn, .. } => arn,
            AwsCredentials::WebIdentity { role_arn, .. } => role_arn,
        })
    }

    #[test]
    fn the_nearest_credentials_win() {
        let both = [(ACCESS_KEY_ID, "doppler"), (SECRET_ACCESS_KEY, "x"), (ROLE_ARN, ARN)];
        let own = || AwsFromEnvironment { of_the_sponsor: Some(keys("own")), ..everything() };
        assert_eq!(chosen(&both, own()).unwrap(), "own");
        assert_eq!(chosen(&both, everything()).unwrap(), "doppler");
        assert_eq!(chosen(&both[2..], everything()).unwrap(), ARN);
        assert!(chosen(&[], everything()).unwrap().ends_with("of-the-order"));
        let without = || AwsFromEnvironment { role: None, ..everything() };
        assert_eq!(chosen(&[], without()).unwrap(), "ambient");
        let none = chosen(&[], AwsFromEnvironment::default()).unwrap_err();
        assert_eq!(none, "lacks SPONSOR_AWS_ACCESS_KEY_ID, SPONSOR_AWS_SECRET_ACCESS_KEY");
    }

    #[test]
    fn half_of_something_is_never_completed_from_further_away() {
        let half = chosen(&[(ACCESS_KEY_ID, "doppler"), (ROLE_ARN, ARN)], everything());
        assert_eq!(half.unwrap_err(), "lacks SPONSOR_AWS_SECRET_ACCESS_KEY");
        let empty = chosen(&[(ROLE_ARN, " ")], everything());
        assert_eq!(empty.unwrap_err(), "lacks SPONSOR_AWS_ROLE_ARN (empty)");
        // A role without an OIDC token is not replaced by other credentials.
        let ambient = Ok(Some(AwsCredentials::Keys(keys("ambient"))));
        let without = AwsFromEnvironment { ambient, ..AwsFromEnvironment::default() };
        assert!(chosen(&[(ROLE_ARN, ARN)], without).unwrap_err().starts_with("no OIDC token for this job"));
    }

    #[test]
    fn a_role_is_known_by_its_form_and_anything_else_is_described() {
        assert!(is_role_arn(ARN) && is_role_arn("arn:aws-us-gov:iam::123456789012:role/r"));
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        for wrong in [
            secret,
            "arn:aws:iam::123456789012:user/callisto",
            "arn:aws:iam::1234:role/callisto",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:sts::123456789012:assumed-role/callisto/session",
            "arn:aws:iam::123456789012:role/a\", \"b",
        ] {
            let told = chosen(&[(ROLE_ARN, wrong)], everything()).unwrap_err();
            assert!(told.contains("SPONSOR_AWS_ROLE_ARN is not an IAM role ARN: it is a text of"), "{told}");
            assert!(!told.contains(wrong));
        }
    }
}
