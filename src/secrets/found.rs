//! What stands in a source, and whose name requests to S3 are then signed in. Pure.

use secrecy::ExposeSecret as _;

use super::{AwsCredentials, AwsKeys, IdTokens, Place, RawSecrets, Secret, SecretsError, described};

pub(super) const ACCESS_KEY_ID: &str = "SPONSOR_AWS_ACCESS_KEY_ID";
pub(super) const SECRET_ACCESS_KEY: &str = "SPONSOR_AWS_SECRET_ACCESS_KEY";
pub(super) const ROLE_ARN: &str = "SPONSOR_AWS_ROLE_ARN";

/// What a source gave, and what was looked for in vain.
pub(super) struct Found<'a> {
    raw: &'a RawSecrets,
    lacking: Vec<String>,
}

impl<'a> Found<'a> {
    pub(super) fn new(raw: &'a RawSecrets) -> Self {
        Self { raw, lacking: Vec::new() }
    }

    /// Names of what is missing or empty.
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

    /// The sponsor's own keys, then the keys of the source, its role, the role of the order, then the environment's.
    /// Half of something is never completed from elsewhere.
    pub(super) fn credentials(
        &mut self,
        place: &Place,
        aws: AwsFromEnvironment,
    ) -> Result<AwsCredentials, SecretsError> {
        if let Some(keys) = aws.of_the_sponsor {
            return Ok(AwsCredentials::Keys(keys));
        }
        let here = |name: &str| self.raw.contains_key(name);
        let (keys_here, role_here) = (here(ACCESS_KEY_ID) || here(SECRET_ACCESS_KEY), here(ROLE_ARN));
        if !keys_here {
            let role = if role_here { Some(self.text(ROLE_ARN)) } else { aws.role };
            if let Some(arn) = role {
                if role_here && !arn.is_empty() && !is_role_arn(&arn) {
                    let problem = format!("is {}, not the ARN of a role", described(&arn));
                    return Err(SecretsError::malformed(&place.to_string(), ROLE_ARN, &problem));
                }
                return Ok(AwsCredentials::Role { arn, tokens: aws.tokens? });
            }
            if let Some(ambient) = aws.ambient? {
                return Ok(ambient);
            }
        }
        let keys = AwsKeys {
            access_key_id: self.text(ACCESS_KEY_ID),
            secret_access_key: Secret::from(self.text(SECRET_ACCESS_KEY)),
            session_token: None,
            called: format!("{ACCESS_KEY_ID} and {SECRET_ACCESS_KEY} in {place}"),
        };
        let how =
            format!("Keep keys there that do not expire, or pass temporary ones: {}.", aws.how_to_pass_keys);
        keys.usable(&format!("{ACCESS_KEY_ID} in {place}"), how).map(AwsCredentials::Keys)
    }
}

/// Whether a text is the name of an IAM role: `arn:aws:iam::123456789012:role/path/name`.
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

/// The AWS credentials that the environment offers to one sponsor.
#[derive(Debug)]
pub struct AwsFromEnvironment {
    /// `AWS_ACCESS_KEY_ID_{SPONSOR}` and its secret.
    pub of_the_sponsor: Option<AwsKeys>,
    /// The role that the order names; only where exactly one sponsor is selected.
    pub role: Option<String>,
    /// Where GitHub's word for this job comes from. That there is none is an error for those who need it.
    pub tokens: Result<IdTokens, SecretsError>,
    /// What the environment holds for AWS itself; only where exactly one sponsor is selected. Half of it is an error
    /// for those who need it.
    pub ambient: Result<Option<AwsCredentials>, SecretsError>,
    /// How keys are passed in the environment, where there are none: [`super::Keyring::how_to_pass_keys`].
    pub how_to_pass_keys: String,
}

impl Default for AwsFromEnvironment {
    fn default() -> Self {
        let variable = "ACTIONS_ID_TOKEN_REQUEST_URL".to_owned();
        let tokens = Err(SecretsError::NoIdToken { variable });
        let how_to_pass_keys = String::new();
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
            how_to_pass_keys: String::new(),
            of_the_sponsor: None,
            role: Some(ARN.replace("callisto", "of-the-order")),
            tokens: Ok(tokens()),
            ambient: Ok(Some(AwsCredentials::Keys(keys("ambient")))),
        }
    }

    /// Who signs, in a word.
    fn chosen(pairs: &[(&str, &str)], aws: AwsFromEnvironment) -> Result<String, String> {
        let raw = raw(pairs);
        let mut found = Found::new(&raw);
        let place = Place::File { path: "s.yaml".to_owned(), sponsor: "io".to_owned() };
        let chosen = found.credentials(&place, aws).map_err(|error| error.to_string())?;
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
        // A role without a word of GitHub's is not replaced by what happens to be there.
        let ambient = Ok(Some(AwsCredentials::Keys(keys("ambient"))));
        let wordless = AwsFromEnvironment { ambient, ..AwsFromEnvironment::default() };
        assert!(chosen(&[(ROLE_ARN, ARN)], wordless).unwrap_err().starts_with("GitHub gives this job no ID"));
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
            assert!(told.contains("SPONSOR_AWS_ROLE_ARN is a text of"), "{told}");
            assert!(!told.contains(wrong));
        }
    }
}
