//! Doppler's temporary tokens: which one reads what, and that they are revoked on every way out.

use std::time::{Duration, Instant};

use super::{assert_given_back, assert_unseen};
use crate::support::{IDENTITY, Keyless, Trouble, token_variable, tools};

#[test]
fn tokens_are_given_back_after_a_failure_too() {
    let keyless = Keyless::of(&["callisto"]);
    keyless.secret("callisto", "SPONSOR_AWS_REGION", None);
    let outcome = keyless.run().run();
    outcome.assert_code(12);
    assert_given_back(&keyless);
    assert_unseen(&keyless, &outcome);
    // A failure before any sponsor's turn.
    keyless.manifest(None);
    keyless.run().run().assert_code(12);
    assert_eq!(keyless.doppler.lent().len(), 2);
    assert_given_back(&keyless);
}

#[test]
fn tokens_are_revoked_after_a_signal_and_the_run_ends_in_time() {
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        let keyless = Keyless::of(&["callisto"]);
        let _migration = keyless.database("callisto").hold("LOCK TABLE patients IN ACCESS EXCLUSIVE MODE");
        let running = keyless.run().input("lock-wait-timeout", "500s").start();
        keyless.database("callisto").wait_until_a_dump_waits();
        let signaled = Instant::now();
        running.signal(signal);
        let outcome = running.wait();
        outcome.assert_code(code);
        assert!(signaled.elapsed() < Duration::from_secs(5), "{:?}", signaled.elapsed());
        assert_given_back(&keyless);
        assert_unseen(&keyless, &outcome);
    }
}

/// The runner kills ten seconds after its signal: too soon to wait for Doppler.
#[test]
fn a_doppler_that_does_not_answer_holds_no_stopped_run_up() {
    let keyless = Keyless::of(&["callisto"]);
    let _migration = keyless.database("callisto").hold("LOCK TABLE patients IN ACCESS EXCLUSIVE MODE");
    let running = keyless.run().input("lock-wait-timeout", "500s").start();
    keyless.database("callisto").wait_until_a_dump_waits();
    keyless.doppler.delay_identities(Duration::from_secs(600));
    let signaled = Instant::now();
    running.signal("TERM");
    let outcome = running.wait();
    outcome.assert_code(143);
    assert!(signaled.elapsed() < Duration::from_secs(5), "{:?}", signaled.elapsed());
    let told = "could not revoke the short-lived Doppler token: no response from Doppler in the seconds after the signal";
    assert_eq!(
        outcome.stdout.lines().filter(|line| line.contains(told) && !line.starts_with("::")).count(),
        1
    );
    assert_eq!(outcome.log("callisto")["outcome"], "cancelled");
    assert_unseen(&keyless, &outcome);
}

#[test]
fn a_revocation_that_fails_is_reported_and_changes_nothing() {
    let keyless = Keyless::of(&["callisto"]);
    let _migration = keyless.database("callisto").hold("LOCK TABLE patients IN ACCESS SHARE MODE");
    let running = keyless.run().start();
    tools::wait_for("the exchange", Duration::from_secs(30), || {
        (!keyless.doppler.lent().is_empty()).then_some(())
    });
    keyless.doppler.refuse_next_identity(500);
    let outcome = running.wait();
    outcome.assert_code(0);
    assert!(!keyless.doppler.lent()[0].revoked);
    assert_eq!(outcome.output("outcome"), "success");
    let told = outcome.annotations("warning").join("\n");
    assert!(told.contains("could not revoke the short-lived Doppler token"), "{told}");
    assert_unseen(&keyless, &outcome);
}

#[test]
fn a_token_that_expires_soon_is_replaced_and_both_are_revoked() {
    let keyless = Keyless::of(&["callisto", "titan"]);
    let lifetime = Duration::from_secs(30);
    keyless.doppler.identity(IDENTITY, crate::support::Identity { lifetime, ..keyless.identity() });
    let outcome = keyless.run().run();
    outcome.assert_code(0);
    assert_eq!(keyless.doppler.lent().len(), 3, "core project and two sponsors");
    assert_given_back(&keyless);
    assert_unseen(&keyless, &outcome);
}

/// One token opens many configs: that Doppler's answer names the one that was meant is all that keeps them apart.
#[test]
fn an_answer_of_another_project_or_config_is_refused() {
    for name in ["DOPPLER_PROJECT", "DOPPLER_CONFIG"] {
        let keyless = Keyless::of(&["callisto"]);
        let running = keyless.run().run();
        running.assert_code(0);
        let before = keyless.store.keys_in(keyless.bucket("callisto")).len();
        // The core project's answer is right, the sponsor's is not.
        keyless.doppler.next(Trouble::Slow(Duration::ZERO));
        keyless.doppler.next(Trouble::Lie { name, value: "hht-diary-titan".to_owned() });
        let outcome = keyless.run().run();
        outcome.assert_code(12);
        let message = outcome.result("callisto")["message"].to_string();
        assert!(message.contains("hht-diary-titan"), "{message}");
        assert_eq!(keyless.store.keys_in(keyless.bucket("callisto")).len(), before);
        assert_given_back(&keyless);
    }
}

#[test]
fn an_unreadable_doppler_project_fails_only_its_sponsor() {
    let keyless = Keyless::of(&["callisto", "titan"]);
    let mut identity = keyless.identity();
    identity.projects.remove("hht-diary-titan");
    keyless.doppler.identity(IDENTITY, identity);
    let outcome = keyless.run().run();
    outcome.assert_code(12);
    assert_eq!(outcome.result("callisto")["outcome"], "success");
    assert!(outcome.result("titan")["message"].to_string().contains("hht-diary-titan"));
    assert_given_back(&keyless);
}

#[test]
fn a_token_that_is_named_after_its_place_wins_and_that_is_said() {
    let keyless = Keyless::of(&["callisto", "titan"]);
    let own = keyless.token("callisto").to_owned();
    let outcome = keyless.run().env(token_variable("callisto"), &own).run();
    outcome.assert_code(0);
    let said = "DOPPLER_TOKEN_CALLISTO is set, so `doppler-identity-id` is not used here";
    assert!(outcome.stdout.contains(said), "{}", outcome.transcript());
    let lent = keyless.doppler.lent()[0].token.clone();
    let with = |project: &str| {
        let asked = keyless.doppler.requests().into_iter().find(|asked| asked.project == project);
        asked.unwrap().token
    };
    assert_eq!(with("hht-diary-callisto"), own);
    assert_eq!((with("hht-diary-titan"), with("hht-diary-core")), (lent.clone(), lent));
}

#[test]
fn the_identity_wins_over_the_shared_doppler_token() {
    let keyless = Keyless::of(&["callisto"]);
    keyless.run().env("DOPPLER_TOKEN", "dp.st.of-something-else").run().assert_code(0);
    assert!(keyless.doppler.requests().iter().all(|asked| asked.token.starts_with("dp.said.")));
}
