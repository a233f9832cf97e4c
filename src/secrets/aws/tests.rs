use super::*;
use crate::secrets::oidc::{IdTokenRequest, Masker};

const ARN: &str = "arn:aws:iam::123456789012:role/sponsor-backup/callisto";

fn raw(pairs: &[(&str, &str)]) -> RawSecrets {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), Secret::from(*value))).collect()
}

fn tokens() -> IdTokens {
    // The only provider that is linked; another test may have installed it.
    rustls::crypto::ring::default_provider().install_default().ok();
    let request = IdTokenRequest { url: "https://x/?a=b".to_owned(), bearer: Secret::from("x") };
    IdTokens::new(request, Masker::new(|_| ())).unwrap()
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
        of_the_sponsor: Ok(None),
        role: Some(ARN.replace("callisto", "of-the-order")),
        tokens: Ok(tokens()),
        ambient: Ok(Some(AwsCredentials::Keys(keys("ambient")))),
    }
}

/// What identifies the credentials that sign.
fn chosen(pairs: &[(&str, &str)], aws: AwsFromEnvironment) -> Result<String, String> {
    let raw = raw(pairs);
    let mut found = SecretReader::new(&raw);
    let place = Place::Doppler { project: "hht-diary-io".to_owned(), config: "production".to_owned() };
    let (chosen, _) = found.credentials(&place, aws).map_err(|error| error.to_string())?;
    let missing = found.missing();
    if !missing.is_empty() {
        return Err(format!("lacks {}", missing.join(", ")));
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
    let own = || AwsFromEnvironment { of_the_sponsor: Ok(Some(keys("own"))), ..everything() };
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
