use super::*;

fn token(keyring: &EnvCredentials, sponsor: &str, only: bool) -> Result<String, String> {
    let token = keyring.token(Owner::Sponsor(sponsor), only, "place").map_err(|error| error.to_string())?;
    Ok(token.expose_secret().to_owned())
}

#[test]
fn a_token_is_found_by_the_sponsors_name_whatever_its_case() {
    let keyring = EnvCredentials::from_variables([
        ("doppler_token_titan_2", " dp.st.a "),
        ("DOPPLER_TOKEN", "dp.st.b"),
    ]);
    assert_eq!(token(&keyring, "titan-2", false).unwrap(), "dp.st.a");
    assert_eq!(token(&keyring, "callisto", true).unwrap(), "dp.st.b");
    let error = token(&keyring, "callisto", false).unwrap_err();
    assert_eq!(error, "no Doppler token for place: DOPPLER_TOKEN_CALLISTO is not set");
}

#[test]
fn a_misspelt_variable_of_a_token_is_named() {
    let near = |typed: &str, sponsor: &str| {
        let keyring = EnvCredentials::from_variables([(typed, "dp.st.a")]);
        keyring.token(Owner::Sponsor(sponsor), true, "place").unwrap_err().hint()
    };
    let hint = near("DOPPLER_TOKEN_CALISTO", "callisto");
    assert_eq!(hint, "DOPPLER_TOKEN_CALISTO is set. Did you mean DOPPLER_TOKEN_CALLISTO?");
    for (typed, sponsor) in [("DOPPLER_TOKEN_IDA", "io"), ("DOPPLER_TOKEN_CORE", "cora")] {
        assert!(near(typed, sponsor).starts_with("Create a read-only"), "{typed}");
    }
}

#[test]
fn two_spellings_must_agree() {
    let same = EnvCredentials::from_variables([("Doppler_Token_Io", "a"), ("DOPPLER_TOKEN_IO", "a")]);
    assert_eq!(token(&same, "io", false).unwrap(), "a");
    let differ = EnvCredentials::from_variables([("Doppler_Token_Io", "a"), ("DOPPLER_TOKEN_IO", "b")]);
    assert!(token(&differ, "io", false).unwrap_err().contains("set twice"));
}

#[test]
fn an_empty_variable_is_an_unset_one() {
    let keyring = EnvCredentials::from_variables([("DOPPLER_TOKEN_CORE", "")]);
    assert!(keyring.token(Owner::Core, true, "place").is_err());
}

#[test]
fn the_shared_token_is_never_for_the_core_project() {
    let keyring = EnvCredentials::from_variables([("DOPPLER_TOKEN", "dp.st.b")]);
    assert!(keyring.token(Owner::Core, true, "place").is_err());
}

#[test]
fn half_of_an_id_token_request_is_none() {
    let keyring = EnvCredentials::from_variables([("ACTIONS_ID_TOKEN_REQUEST_URL", "https://x/?a=b")]);
    let told = keyring.id_token_request().unwrap_err().to_string();
    assert!(told.ends_with("ACTIONS_ID_TOKEN_REQUEST_TOKEN is not set"), "{told}");
}

#[test]
fn half_a_pair_is_an_error() {
    let keyring = EnvCredentials::from_variables([("AWS_ACCESS_KEY_ID_IO", "AKIA")]);
    let error = keyring.sponsor_keys("io").unwrap_err().to_string();
    assert_eq!(error, "AWS_ACCESS_KEY_ID_IO is set, but AWS_SECRET_ACCESS_KEY_IO is not");
    assert!(keyring.sponsor_keys("titan").unwrap().is_none());
}

#[test]
fn temporary_keys_without_a_session_token_are_an_error() {
    let pair = [("AWS_ACCESS_KEY_ID_IO", "ASIA1"), ("AWS_SECRET_ACCESS_KEY_IO", "x")];
    let error = EnvCredentials::from_variables(pair).sponsor_keys("io").unwrap_err();
    assert!(error.to_string().starts_with("AWS_ACCESS_KEY_ID_IO begins with ASIA"), "{error}");
    assert_eq!(error.hint(), "Set AWS_SESSION_TOKEN_IO too.");
    let token = [("AWS_SESSION_TOKEN_IO", "canary")];
    let keyring = EnvCredentials::from_variables(pair.into_iter().chain(token));
    let keys = keyring.sponsor_keys("io").unwrap().unwrap();
    assert_eq!(keys.session_token.as_ref().unwrap().expose_secret(), "canary");
    let told = AwsCredentials::Keys(keys).describe();
    assert_eq!(
        told,
        "access key ASIA1 (AWS_ACCESS_KEY_ID_IO and AWS_SECRET_ACCESS_KEY_IO, AWS_SESSION_TOKEN_IO)"
    );
    let alone = EnvCredentials::from_variables(token).sponsor_keys("io").unwrap_err().to_string();
    assert_eq!(alone, "AWS_SESSION_TOKEN_IO is set, but AWS_ACCESS_KEY_ID_IO is not");
    let nobodys = [("AWS_ACCESS_KEY_ID", "ASIA1"), ("AWS_SECRET_ACCESS_KEY", "x")];
    assert!(EnvCredentials::from_variables(nobodys).ambient().unwrap_err().to_string().contains("ASIA"));
}

#[test]
fn how_to_pass_keys_names_variables_that_are_read() {
    let both = |variables: &[(&str, &str)], only: bool| {
        EnvCredentials::from_variables(variables.iter().copied()).how_to_pass_keys("io-2", only)
    };
    let told = |variables: &[(&str, &str)], only: bool| both(variables, only).general;
    let own = "set the environment variables AWS_ACCESS_KEY_ID_IO_2 and AWS_SECRET_ACCESS_KEY_IO_2 (for temporary keys also AWS_SESSION_TOKEN_IO_2).";
    assert_eq!(told(&[], false), own);
    assert_eq!(told(&[], true), own.replace("_IO_2", ""));
    // Keys in the secrets come before general variables and a profile.
    assert_eq!([both(&[], true).own, both(&[("AWS_PROFILE", "ops")], true).own], [own, own]);
    assert!(told(&[("AWS_PROFILE", "ops")], true).ends_with("--format env)\"` first."));
    assert!(told(&[("AWS_PROFILE", "ops")], false).ends_with("and select one sponsor."));
    assert!(told(&[("AWS_ACCESS_KEY_ID", "A")], false).ends_with("only if exactly one sponsor is selected."));
    let near = told(&[("AWS_ACCESS_KEY_ID_IO2", "A")], true);
    assert!(near.ends_with("AWS_ACCESS_KEY_ID_IO2 is set. Did you mean AWS_ACCESS_KEY_ID_IO_2?"), "{near}");
}
