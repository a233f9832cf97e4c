use std::io::Read as _;

use secrecy::ExposeSecret as _;

use super::*;

#[test]
fn what_a_recipient_opens_is_what_went_in() {
    let identity = x25519::Identity::generate();
    let recipients = Recipients::parse(&format!("# ops\n\n {} \n", identity.to_public())).unwrap();
    let plain = vec![7; 200_000];
    let mut encryption = Encryption::new(&recipients).unwrap();
    let mut sealed = encryption.update(plain[..70_000].to_vec()).unwrap();
    sealed.extend(encryption.update(plain[70_000..].to_vec()).unwrap());
    sealed.extend(encryption.finish().unwrap());
    let mut opened = Vec::new();
    let decryptor = age::Decryptor::new(sealed.as_slice()).unwrap();
    decryptor
        .decrypt(std::iter::once(&identity as &dyn age::Identity))
        .unwrap()
        .read_to_end(&mut opened)
        .unwrap();
    assert_eq!(opened, plain);
}

#[test]
fn a_bad_key_is_named_by_its_line_and_never_shown() {
    assert_eq!(Recipients::parse("\nage1nonsense").unwrap_err(), "is wrong in line 2: not an age public key");
    let error = Recipients::parse("# made today\nage-secret-key-1CANARY").unwrap_err();
    assert_eq!(error, "is wrong in line 2: a private key, not a public one");
    assert!(Recipients::parse("\n").unwrap().is_empty());
    let commented = Recipients::parse("\n# ops key: age1x").unwrap_err();
    assert_eq!(commented, "holds no age public key, only a comment in line 2");
    let good = x25519::Identity::generate().to_public();
    let broken = Recipients::parse(&format!("{good}\nage1nonsense\n{good}")).unwrap_err();
    assert_eq!(broken, "is wrong in line 2: not an age public key");
}

#[test]
fn an_identity_fits_what_was_encrypted_to_its_public_key() {
    let (ours, other) = (x25519::Identity::generate(), x25519::Identity::generate());
    let (ours_public, other_public) = (ours.to_public().to_string(), other.to_public().to_string());
    let file =
        format!("# created today\n# public key: {ours_public}\n{}\n", ours.to_string().expose_secret());
    let identities = Identities::parse(&file).unwrap();
    assert!(identities.matches(&[other_public.clone(), ours_public.clone()]));
    assert!(!identities.matches(std::slice::from_ref(&other_public)));
    assert!(!identities.matches(&[]));
    assert_eq!(format!("{identities:?}"), "Identities(1)");

    assert!(identities.check("s3://b/k", std::slice::from_ref(&ours_public)).is_ok());
    assert!(Identities::default().check("s3://b/k", &[]).is_ok());
    let wrong = identities.check("s3://b/k", std::slice::from_ref(&other_public)).unwrap_err();
    assert_eq!(
        wrong.to_string(),
        format!("none of the given age identities opens s3://b/k (it is encrypted to {other_public})")
    );
    let missing = Identities::default().check("s3://b/k", std::slice::from_ref(&ours_public)).unwrap_err();
    assert!(matches!(missing, ArchiveError::IdentityMissing { .. }), "{missing}");
    assert!(missing.hint().unwrap().contains("AGE_IDENTITY"));
}

#[test]
fn a_bad_line_is_named_by_its_number_and_never_shown() {
    let refused = |text: &str| Identities::parse(text).unwrap_err();
    assert_eq!(refused("\nAGE-SECRET-KEY-1CANARY"), "is wrong in line 2: not an age private key");
    let public = x25519::Identity::generate().to_public().to_string();
    assert_eq!(refused(&public), "is wrong in line 1: a public key, not a private one");
    assert!(Identities::parse("# nothing\n\n").unwrap().is_empty());
}
