//! Faults of Doppler. A sponsor's backup starts only after its own secrets have arrived. Covers incidents F4, F28 and
//! F29.

use std::time::Duration;

use crate::support::{Asked, Cluster, Proxy, Sponsor, Trial, Trouble, token_variable};

/// The requests with a sponsor's token, in order.
pub(super) fn asked(trial: &Trial, sponsor: &str) -> Vec<Asked> {
    let token = trial.token(sponsor);
    trial.doppler.requests().into_iter().filter(|asked| asked.token == token).collect()
}

fn callisto() -> Trial {
    Trial::of([Sponsor::named("callisto")])
}

/// - fault: Doppler sends a rate limit
/// - injected: One 429 with `retry-after: 3`
/// - seen: `status 429` and `Next attempt in …`, then success. Exit code 0
/// - left: The backup, started 3 seconds later
#[test]
fn a_429_is_waited_out_as_long_as_it_asks() {
    let trial = callisto();
    trial.doppler.trouble_for(trial.token("callisto"), &Trouble::TooManyRequests { retry_after: 3 }, 1);
    let outcome = trial.run().run();
    outcome.assert_code(0);
    let asked = asked(&trial, "callisto");
    assert_eq!(asked.len(), 2);
    // The program's own first pause is at most one second, so these three seconds come from Doppler.
    assert!(asked[1].at - asked[0].at >= Duration::from_secs(3));
    assert!(outcome.stdout.contains("status 429"), "{}", outcome.transcript());
}

/// - fault: Doppler asks the program to wait for an hour
/// - injected: 429 with `retry-after: 3600`
/// - seen: The sponsor's failure, immediately. Exit code 12
/// - left: No second request, no backup
#[test]
fn a_429_that_asks_for_longer_than_a_run_can_wait_is_final() {
    let trial = callisto();
    trial.doppler.trouble_for(trial.token("callisto"), &Trouble::TooManyRequests { retry_after: 3600 }, 9);
    trial.run().run().assert_code(12);
    assert_eq!(asked(&trial, "callisto").len(), 1);
}

/// - fault: Doppler is down for a moment
/// - injected: One 500 in JSON, one 503 in HTML
/// - seen: A second attempt. Exit code 0
/// - left: The backup
///
/// - fault: Doppler's answer breaks off
/// - injected: A body that ends in the middle of its JSON, a connection that closes without an answer
/// - seen: A second attempt. Exit code 0
/// - left: The backup
///
/// - fault: Doppler answers too late
/// - injected: 40 seconds of silence
/// - seen: A second attempt after 15 seconds. Exit code 0
/// - left: The backup
#[test]
fn trouble_that_passes_is_waited_out() {
    // A single request times out after 15 seconds.
    let troubles = [
        ("callisto", Trouble::Status(500)),
        ("europa", Trouble::PlainStatus(503)),
        ("iapetus", Trouble::CutOff),
        ("titan", Trouble::HangUp),
        ("rhea", Trouble::Slow(Duration::from_secs(40))),
    ];
    let trial = Trial::of(troubles.clone().map(|(name, _)| Sponsor::named(name).empty()));
    for (name, trouble) in &troubles {
        trial.doppler.trouble_for(trial.token(name), trouble, 1);
    }
    let outcome = trial.run().input("max-parallel", "5").run();
    outcome.assert_code(0);
    for (name, trouble) in &troubles {
        assert_eq!(asked(&trial, name).len(), 2, "{trouble:?}");
        assert_eq!(outcome.result(name)["outcome"], "success", "{trouble:?}");
    }
}

/// - fault: Doppler stays down
/// - injected: 503 for every request
/// - seen: `Doppler is unavailable` with the status. Exit code 12
/// - left: The local record of the failure
#[test]
fn doppler_down_for_good_is_given_up_after_five_tries() {
    let trial = callisto();
    trial.doppler.trouble_for(trial.token("callisto"), &Trouble::PlainStatus(503), 99);
    let outcome = trial.run().run();
    outcome.assert_code(12);
    assert_eq!(asked(&trial, "callisto").len(), 5);
    let result = outcome.result("callisto");
    assert_eq!((&result["outcome"], &result["stage"]), (&"failure".into(), &"secrets".into()));
    let message = result["message"].as_str().unwrap();
    assert!(
        message.starts_with("Doppler is unavailable for hht-diary-callisto/production: status 503"),
        "{message}"
    );
    // F31: the failure has a record, too.
    assert_eq!(outcome.logs()[0].1["outcome"], "failure");
}

/// - fault: The core token is wrong
/// - injected: 401 for the manifest
/// - seen: The failure and `results=[]`. Exit code 12
/// - left: No request for any sponsor's secrets
#[test]
fn a_refused_core_token_ends_the_run_before_any_sponsor() {
    let trial = callisto();
    trial.doppler.trouble_for(&trial.core_token, &Trouble::Status(401), 1);
    let outcome = trial.run().run();
    outcome.assert_code(12);
    assert_eq!((outcome.output("outcome"), outcome.output("results")), ("failure".into(), "[]".into()));
    assert_eq!(trial.doppler.requests().len(), 1);
}

/// F28: three sponsors have invalid tokens, and the fourth sponsor still gets its backup.
///
/// - fault: A sponsor's token is revoked
/// - injected: A token that Doppler does not know
/// - seen: `status 401: Invalid Auth token`. Exit code 12
/// - left: The other sponsors' backups. No second request
///
/// - fault: A sponsor's token belongs to another config
/// - injected: The token of `staging` instead of the token of `production`
/// - seen: `status 400` with Doppler's message. Exit code 12
/// - left: The other sponsors' backups. No second request
#[test]
fn refusals_are_final_and_stay_with_their_sponsor() {
    let trial =
        Trial::of(["callisto", "europa", "iapetus", "titan"].map(|name| Sponsor::named(name).empty()));
    trial.doppler.revoke(trial.token("callisto"));
    let elsewhere = trial.doppler.config("hht-diary-europa", "staging", [("DATABASE_URL", "x")]);
    trial.doppler.trouble_for(trial.token("iapetus"), &Trouble::Status(404), 1);
    let outcome = trial.run().env(token_variable("europa"), &elsewhere).run();
    outcome.assert_code(12);
    let refused = |sponsor: &str, status: &str| {
        let message = outcome.result(sponsor)["message"].as_str().unwrap().to_owned();
        let start =
            format!("Doppler rejected the request for hht-diary-{sponsor}/production with status {status}");
        assert!(message.starts_with(&start), "{message}");
    };
    refused("callisto", "401: Invalid Auth token");
    refused("europa", "400: This token does not have access to requested config 'production'");
    refused("iapetus", "404");
    assert_eq!(asked(&trial, "callisto").len() + asked(&trial, "iapetus").len(), 2);
    let europa = trial.doppler.requests().iter().filter(|asked| asked.token == elsewhere).count();
    assert_eq!(europa, 1);
    assert_eq!(outcome.result("titan")["outcome"], "success");
    assert_eq!(trial.store.keys_in(trial.bucket("titan")).len(), 3);
}

/// A hotel's login page comes with status 200. A retry would not change it.
///
/// - fault: Another server answers instead of Doppler
/// - injected: A login page with status 200
/// - seen: `is not a map of secrets`, without any part of the response. Exit code 12
/// - left: No second request, no backup
#[test]
fn an_answer_without_a_map_of_secrets_is_final() {
    let trial = callisto();
    trial.doppler.trouble_for(trial.token("callisto"), &Trouble::NotJson, 1);
    let outcome = trial.run().run();
    outcome.assert_code(12);
    assert_eq!(asked(&trial, "callisto").len(), 1);
    let message = outcome.result("callisto")["message"].to_string();
    assert!(message.contains("is not a map of secrets"), "{message}");
    // The page's content must not be shown, because it could contain part of a secret.
    assert!(!outcome.everything().contains("hotel"), "{}", outcome.everything());
}

// serves: 11.10(d)/own-sponsor
/// F29: Doppler returns another tenant's secrets. The run uses neither the tenant's database nor any bucket.
///
/// - fault: Doppler returns another sponsor's secrets
/// - injected: An answer whose `DOPPLER_PROJECT` or `DOPPLER_CONFIG` differs from the requested one
/// - seen: `expected secrets of …, but the token belongs to …`. Exit code 12
/// - left: No request to S3, no connection to a database, a local record
#[test]
fn secrets_of_another_project_or_config_are_never_used() {
    for (name, value, told) in [
        ("DOPPLER_PROJECT", "hht-diary-titan", "belongs to hht-diary-titan/production"),
        ("DOPPLER_CONFIG", "staging", "belongs to hht-diary-callisto/staging"),
        ("DOPPLER_CONFIG", "", "belongs to hht-diary-callisto/"),
    ] {
        let trial = callisto();
        let proxy = Proxy::before(trial.store.endpoint());
        let lie = Trouble::Lie { name, value: value.to_owned() };
        trial.doppler.trouble_for(trial.token("callisto"), &lie, 1);
        let outcome = trial.run().input("s3-endpoint-url", proxy.endpoint()).run();
        outcome.assert_code(12);
        let message = outcome.result("callisto")["message"].to_string();
        assert!(message.contains(told), "{message}");
        assert!(proxy.requests().is_empty());
        let database =
            format!("database={} application_name=sponsor-backup", trial.database("callisto").name);
        assert!(!Cluster::shared().log().contains(&database), "somebody connected");
        assert_eq!(asked(&trial, "callisto").len(), 1);
        assert_eq!(outcome.logs()[0].1["outcome"], "failure");
    }
}

/// Dynamic secrets are leases that cost money. The scripted Doppler rejects requests for them, so success proves that
/// the run sent none.
///
/// - fault: A config contains more secrets than a backup needs
/// - injected: A secret of another service next to ours
/// - seen: Nothing of it. Exit code 0
/// - left: One request for nine names, and no request for dynamic secrets
#[test]
fn only_what_is_needed_is_asked_for_and_only_once() {
    let trial = callisto();
    let outcome = trial.run().run();
    outcome.assert_code(0);
    let all = trial.doppler.requests();
    assert!(all.iter().all(|asked| !asked.over_broad));
    let core: Vec<_> = all.iter().filter(|asked| asked.project == "hht-diary-core").collect();
    assert_eq!(core.len(), 1);
    assert_eq!(core[0].secrets, ["SPONSOR_MANIFEST", "DOPPLER_PROJECT", "DOPPLER_CONFIG"]);
    let mine = asked(&trial, "callisto");
    assert_eq!(mine.len(), 1);
    let mut names = mine[0].secrets.clone();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "DATABASE_URL",
            "DOPPLER_CONFIG",
            "DOPPLER_PROJECT",
            "ENABLE_S3_BACKUP_ARCHIVAL",
            "SPONSOR_AUDIT_LOGS_BUCKET",
            "SPONSOR_AWS_ACCESS_KEY_ID",
            "SPONSOR_AWS_REGION",
            "SPONSOR_AWS_ROLE_ARN",
            "SPONSOR_AWS_SECRET_ACCESS_KEY",
            "SPONSOR_BACKUPS_BUCKET",
        ]
    );
    assert!(!outcome.everything().contains("canary-secret-of-another-service"));
}

/// - fault: A run has more sponsors than Doppler allows requests per minute
/// - injected: Nine sponsors, four requests in eight seconds
/// - seen: `Doppler allows no more requests for 5.0s. Waiting.`, then success. Exit code 0
/// - left: A plan of each sponsor
#[test]
fn a_run_of_many_sponsors_waits_for_the_limit() {
    let names = ["ariel", "callisto", "dione", "europa", "mimas", "oberon", "rhea", "titan", "triton"];
    let trial = Trial::of(names.map(|name| Sponsor::named(name).empty()));
    trial.doppler.limit(4, 8);
    let outcome = trial.run().input("dry-run", "true").run();
    outcome.assert_code(0);
    assert!(outcome.transcript().contains("Doppler allows no more requests for"), "{}", outcome.transcript());
    // Those that were on their way when the first answer came may be refused.
    let asked = trial.doppler.requests().len();
    assert!((10..=14).contains(&asked), "{asked} requests");
}
