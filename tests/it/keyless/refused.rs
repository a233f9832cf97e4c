//! Everything that may refuse GitHub's token, and what the user sees then.

use super::{assert_given_back, assert_unseen};
use crate::support::{IDENTITY, Identity, Keyless, Outcome, Role, role_of};

#[track_caller]
fn assert_told(outcome: &Outcome, code: i32, words: &[&str]) {
    outcome.assert_code(code);
    for word in words {
        assert!(outcome.visible().contains(word), "`{word}` in {}", outcome.transcript());
    }
}

#[test]
fn without_the_permission_the_permission_is_named() {
    let keyless = Keyless::of(&["callisto"]);
    for variable in ["ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"] {
        let outcome = keyless.run().unset(variable).run();
        assert_told(&outcome, 12, &[&format!("{variable} is not set"), "permissions: id-token: write"]);
    }
    // The same where Doppler is opened by a token, and the role alone needs it.
    let tokens = keyless.trial.run().run();
    assert_told(&tokens, 12, &["no OIDC token for this job", "permissions: id-token: write"]);
    assert_eq!((keyless.github.asked().len(), keyless.sts.asked().len()), (0, 0));
}

#[test]
fn a_refusal_of_github_differs_from_its_failure() {
    let keyless = Keyless::of(&["callisto"]);
    keyless.github.refuse_next(403);
    assert_told(&keyless.run().run(), 12, &["GitHub issued no OIDC token: status 403", "id-token: write"]);
    // One that fails twice is asked a third time.
    keyless.github.refuse_next(500);
    keyless.github.refuse_next(503);
    let outcome = keyless.run().run();
    assert_told(&outcome, 0, &["GitHub issued no OIDC token: status 500", "Next attempt in"]);
    assert_unseen(&keyless, &outcome);
}

#[test]
fn claims_that_doppler_does_not_expect_are_shown_as_they_are() {
    let keyless = Keyless::of(&["callisto"]);
    let spoiled: [(&str, Identity); 2] = [
        ("aud", Identity { audience: "https://github.com/cure-hht".to_owned(), ..keyless.identity() }),
        (
            "sub",
            Identity {
                subjects: vec!["repo:cure-hht/other:environment:production".to_owned()],
                ..keyless.identity()
            },
        ),
    ];
    for (what, identity) in spoiled {
        keyless.doppler.identity(IDENTITY, identity);
        let outcome = keyless.run().run();
        let audience = keyless.doppler.url();
        let subject = "repo:cure-hht/hht_diary:environment:production";
        assert_told(&outcome, 12, &[IDENTITY, "status 403", &audience, subject, "docs/keyless.md"]);
        assert_unseen(&keyless, &outcome);
        assert!(keyless.doppler.lent().is_empty(), "{what}");
    }
    keyless.doppler.identity(IDENTITY, keyless.identity());
    // A branch's run, or another environment's, is not let in.
    for subject in
        ["repo:cure-hht/hht_diary:ref:refs/heads/main", "repo:cure-hht/hht_diary:environment:staging"]
    {
        keyless.github.subject(subject);
        assert_told(&keyless.run().run(), 12, &["status 403", subject]);
    }
    assert!(keyless.doppler.lent().is_empty() && keyless.sts.asked().is_empty());
}

#[test]
fn an_expired_oidc_token_or_unknown_identity_is_refused() {
    let keyless = Keyless::of(&["callisto"]);
    keyless.github.seconds(-10);
    assert_told(&keyless.run().run(), 12, &["status 401: Invalid OIDC token"]);
    keyless.github.seconds(300);
    let other = keyless.run().input("doppler-identity-id", "00000000-0000-4000-8000-000000000000");
    assert_told(&other.run(), 12, &["status 404: Could not find requested identity"]);
    assert!(keyless.doppler.lent().is_empty());
}

#[test]
fn a_role_that_does_not_trust_the_job_is_shown_with_its_claims() {
    let keyless = Keyless::of(&["callisto", "titan"]);
    let elsewhere = vec!["repo:cure-hht/other:environment:production".to_owned()];
    keyless.sts.role(&role_of("callisto"), Role { subjects: elsewhere, buckets: Vec::new() });
    let outcome = keyless.run().run();
    let words = [
        "AccessDenied",
        "trust policy",
        "sts.amazonaws.com",
        "repo:cure-hht/hht_diary:environment:production",
    ];
    assert_told(&outcome, 14, &words);
    assert_eq!(outcome.result("titan")["outcome"], "success");
    assert_given_back(&keyless);
    assert_unseen(&keyless, &outcome);
}

#[test]
fn each_refusal_of_sts_has_its_own_hint() {
    let keyless = Keyless::of(&["callisto"]);
    for (status, code, hint) in [
        (400, "ExpiredTokenException", "Set the clock of this machine"),
        (403, "IDPRejectedClaim", "If AWS rejects the OIDC token again"),
        (400, "InvalidIdentityToken", "Create the identity provider"),
        (403, "AccessDenied", "Check that the role exists and that its trust policy names"),
        (400, "PackedPolicyTooLarge", "policy is too large"),
        (403, "RegionDisabledException", "Activate STS for that region"),
    ] {
        // Each sponsor's first request to S3 asks for a session, and so does its record.
        for _ in 0..2 {
            keyless.sts.refuse_next(status, code);
        }
        let asked = keyless.sts.asked().len();
        let outcome = keyless.run().run();
        assert_told(&outcome, 14, &[&role_of("callisto"), code, hint]);
        assert_eq!(keyless.sts.asked().len() - asked, 2, "{code} is not tried again");
        assert_unseen(&keyless, &outcome);
    }
}

#[test]
fn an_sts_that_could_not_reach_github_is_asked_again() {
    let keyless = Keyless::of(&["callisto"]);
    for _ in 0..2 {
        keyless.sts.refuse_next(400, "IDPCommunicationError");
    }
    let outcome = keyless.run().run();
    outcome.assert_code(0);
    assert_eq!(keyless.sts.asked().len(), 3);
}

#[test]
fn an_invalid_identity_role_or_address_is_refused_unshown() {
    let keyless = Keyless::of(&["callisto"]);
    let canary = "dp.st.production.canary";
    let outcome = keyless.run().input("doppler-identity-id", canary).run();
    assert_told(&outcome, 2, &["`doppler-identity-id` is not an identity ID"]);
    assert!(!outcome.transcript().contains(canary));
    let outcome = keyless.run().input("aws-role-arn", canary).run();
    assert_told(&outcome, 2, &["`aws-role-arn` is not the ARN of an IAM role"]);
    assert!(!outcome.transcript().contains(canary));
    let outcome = keyless.run().env("AWS_ENDPOINT_URL_STS", "http://sts.example").run();
    assert_told(&outcome, 2, &["AWS_ENDPOINT_URL_STS"]);
    assert!(keyless.github.asked().is_empty());
}
