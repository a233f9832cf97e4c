use super::*;
use std::io::Read as _;

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
