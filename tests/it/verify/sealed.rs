//! `verify` of encrypted backups: whose they are is known before a byte of them is fetched.

use age::x25519::Identity;
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::{callisto, finding};
use crate::support::{Proxy, Seen};

/// Nothing of an encrypted dump is fetched that could not be opened.
#[test]
fn a_missing_or_wrong_identity_fails_before_any_download() {
    let (owner, other) = (Identity::generate(), Identity::generate());
    let public = owner.to_public().to_string();
    let shelf = callisto();
    let key = shelf.backup(&[("age-recipients", &public)]);
    let proxy = Proxy::before(shelf.trial.store.endpoint());
    let run = || shelf.run("verify").input("s3-endpoint-url", proxy.endpoint());
    let missing = run().run();
    missing.assert_code(14);
    let message = missing.result("callisto")["message"].as_str().unwrap().to_owned();
    let place = shelf.location(&key);
    assert_eq!(
        message,
        format!("{place} is encrypted, and no age identity was given (it is encrypted to {public})")
    );
    assert!(missing.visible().contains("in AGE_IDENTITY or `age-identity-file`"));
    let wrong = run().env("AGE_IDENTITY", other.to_string().expose_secret()).run();
    wrong.assert_code(14);
    let message = wrong.result("callisto")["message"].as_str().unwrap().to_owned();
    assert_eq!(
        message,
        format!("none of the given age identities opens {place} (it is encrypted to {public})")
    );
    let fetched = |seen: &Seen| seen.method == "GET" && seen.path.ends_with(".age");
    assert!(!proxy.requests().iter().any(fetched), "the dump was fetched");

    let nonsense = run().env("AGE_IDENTITY", "AGE-SECRET-KEY-1CANARY").run();
    nonsense.assert_code(2);
    assert!(nonsense.visible().contains("AGE_IDENTITY is wrong in line 1: not an age private key"));
    run().input("age-identity-file", "none.txt").run().assert_code(2);
}

/// Its manifest says that it is to us, and it is not.
#[test]
fn a_dump_that_was_encrypted_to_others_is_found() {
    let (ours, theirs) = (Identity::generate(), Identity::generate());
    let shelf = callisto();
    let key = shelf.backup(&[("age-recipients", &theirs.to_public().to_string())]);
    shelf.edit(&key, |document| {
        document["encoding"]["age_recipients"] = json!([ours.to_public().to_string()])
    });
    let outcome = shelf.run("verify").env("AGE_IDENTITY", ours.to_string().expose_secret()).run();
    let expected = "it is not encrypted to the recipients in its manifest, or its start is damaged";
    assert_eq!(finding(&shelf, &key, &outcome), expected);
}
