//! The scripted Doppler: who may read what, what is recorded, and each kind of trouble.

use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Value, json};

use crate::support::{Doppler, Request, Trouble, send_and_wait};

const NAMES: &str = "DATABASE_URL,NO_SUCH_NAME,DOPPLER_PROJECT,DOPPLER_CONFIG";

fn ask(doppler: &Doppler, authorization: &str, query: &str) -> hyper::Response<Bytes> {
    let url = format!("{}/v3/configs/config/secrets/download?{query}", doppler.url());
    let request: Request =
        hyper::Request::get(url).header("authorization", authorization).body(Bytes::new()).unwrap();
    send_and_wait(request)
}

fn answer(doppler: &Doppler, token: &str, query: &str) -> (u16, Value) {
    let response = ask(doppler, &format!("Bearer {token}"), query);
    (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap())
}

fn refusal(message: &str) -> Value {
    json!({"messages": [message], "success": false})
}

fn callisto() -> (Doppler, String) {
    let doppler = Doppler::start();
    let secrets = [("DATABASE_URL", "postgresql://x"), ("STRIPE_API_KEY", "canary")];
    let token = doppler.config("hht-diary-callisto", "production", secrets);
    (doppler, token)
}

#[test]
fn a_token_reads_its_own_config_and_only_the_names_asked_for() {
    let (doppler, token) = callisto();
    let query = format!("project=hht-diary-callisto&config=production&format=json&secrets={NAMES}");
    let (status, secrets) = answer(&doppler, &token, &query);
    assert_eq!(status, 200);
    let told = json!({"DATABASE_URL": "postgresql://x", "DOPPLER_CONFIG": "production", "DOPPLER_PROJECT": "hht-diary-callisto"});
    assert_eq!(secrets, told);
    let asked = &doppler.requests()[0];
    assert_eq!((asked.project.as_str(), asked.config.as_str()), ("hht-diary-callisto", "production"));
    assert_eq!(asked.secrets.join(","), NAMES);
    assert_eq!(asked.token, token);
    assert!(!asked.over_broad);
}

#[test]
fn a_request_without_names_is_recorded_as_over_broad() {
    let (doppler, token) = callisto();
    let (_, secrets) = answer(&doppler, &token, "");
    assert_eq!(secrets["STRIPE_API_KEY"], "canary");
    assert_eq!(secrets["DOPPLER_ENVIRONMENT"], "production");
    assert!(doppler.requests()[0].over_broad);
}

#[test]
fn a_token_as_basic_user_is_as_good() {
    use base64::Engine as _;
    let (doppler, token) = callisto();
    let basic = base64::prelude::BASE64_STANDARD.encode(format!("{token}:"));
    let response = ask(&doppler, &format!("Basic {basic}"), "secrets=DATABASE_URL");
    assert_eq!(response.status(), 200);
    assert_eq!(doppler.requests()[0].token, token);
}

#[test]
fn a_token_of_one_config_is_refused_for_any_other() {
    let (doppler, token) = callisto();
    let other = refusal("This token does not have access to requested config 'staging'");
    assert_eq!(answer(&doppler, &token, "config=staging&secrets=A"), (400, other));
    let other = refusal("This token does not have access to requested project 'hht-diary-titan'");
    assert_eq!(answer(&doppler, &token, "project=hht-diary-titan&secrets=A"), (400, other));
}

#[test]
fn unknown_and_revoked_tokens_are_refused() {
    let (doppler, token) = callisto();
    assert_eq!(answer(&doppler, "dp.st.garbage", "secrets=A"), (401, refusal("Invalid Auth token")));
    doppler.revoke(&token);
    assert_eq!(answer(&doppler, &token, "secrets=A"), (401, refusal("Invalid Auth token")));
}

#[test]
fn a_service_account_must_name_what_it_wants() {
    let (doppler, _) = callisto();
    let broad = doppler.service_account();
    assert_eq!(answer(&doppler, &broad, "secrets=DATABASE_URL").0, 400);
    let query = "project=hht-diary-callisto&config=production&secrets=DATABASE_URL";
    assert_eq!(answer(&doppler, &broad, query), (200, json!({"DATABASE_URL": "postgresql://x"})));
    let unknown = refusal("Could not find requested config 'staging'");
    assert_eq!(
        answer(&doppler, &broad, "project=hht-diary-callisto&config=staging&secrets=A"),
        (404, unknown)
    );
}

#[test]
fn dynamic_secrets_and_other_endpoints_are_refused() {
    let (doppler, token) = callisto();
    assert_eq!(answer(&doppler, &token, "secrets=A&include_dynamic_secrets=true").0, 400);
    assert_eq!(answer(&doppler, &token, "secrets=A&format=env").0, 400);
    let request = hyper::Request::get(format!("{}/v3/configs/config/secrets", doppler.url()))
        .body(Bytes::new())
        .unwrap();
    assert_eq!(send_and_wait(request).status(), 404);
}

#[test]
fn secrets_change_and_go() {
    let (doppler, token) = callisto();
    doppler.set("hht-diary-callisto", "production", "DATABASE_URL", Some("changed"));
    assert_eq!(answer(&doppler, &token, "secrets=DATABASE_URL").1, json!({"DATABASE_URL": "changed"}));
    doppler.set("hht-diary-callisto", "production", "DATABASE_URL", None);
    assert_eq!(answer(&doppler, &token, "secrets=DATABASE_URL").1, json!({}));
}

#[test]
fn every_answer_carries_its_request_id_and_the_limits() {
    let (doppler, token) = callisto();
    let response = ask(&doppler, &format!("Bearer {token}"), "secrets=A");
    for name in ["x-request-id", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"] {
        assert!(response.headers().contains_key(name), "{name}");
    }
    assert!(!response.headers().contains_key("retry-after"));
}

#[test]
fn trouble_comes_once_and_in_order() {
    let (doppler, token) = callisto();
    doppler.next(Trouble::Status(500));
    doppler.next(Trouble::PlainStatus(503));
    doppler.next(Trouble::TooManyRequests { retry_after: 7 });
    doppler.next(Trouble::NotJson);
    doppler.next(Trouble::Lie { name: "DOPPLER_PROJECT", value: "hht-diary-titan".into() });
    let bearer = format!("Bearer {token}");
    assert_eq!(answer(&doppler, &token, "secrets=A").0, 500);
    let plain = ask(&doppler, &bearer, "secrets=A");
    assert_eq!(plain.status(), 503);
    assert!(plain.body().starts_with(b"<html>"));
    let limited = ask(&doppler, &bearer, "secrets=A");
    assert_eq!((limited.status().as_u16(), limited.headers()["retry-after"].to_str().unwrap()), (429, "7"));
    let hotel = ask(&doppler, &bearer, "secrets=A");
    assert_eq!(hotel.status(), 200);
    assert!(serde_json::from_slice::<Value>(hotel.body()).is_err());
    let lie = json!({"DATABASE_URL": "postgresql://x", "DOPPLER_PROJECT": "hht-diary-titan"});
    assert_eq!(answer(&doppler, &token, "secrets=DATABASE_URL"), (200, lie));
    assert_eq!(
        answer(&doppler, &token, "secrets=DATABASE_URL"),
        (200, json!({"DATABASE_URL": "postgresql://x"}))
    );
    assert_eq!(doppler.requests().len(), 6);
}

#[test]
fn trouble_may_be_kept_for_one_token() {
    let (doppler, token) = callisto();
    let other = doppler.config("hht-diary-titan", "production", [("DATABASE_URL", "y")]);
    doppler.trouble_for(&token, &Trouble::Status(503), 2);
    assert_eq!(answer(&doppler, &other, "secrets=A").0, 200);
    assert_eq!(answer(&doppler, &token, "secrets=A").0, 503);
    assert_eq!(answer(&doppler, &token, "secrets=A").0, 503);
    assert_eq!(answer(&doppler, &token, "secrets=A").0, 200);
}

#[test]
fn answers_can_be_late_cut_off_or_missing() {
    let (doppler, token) = callisto();
    doppler.next(Trouble::Slow(Duration::from_millis(300)));
    let started = Instant::now();
    assert_eq!(answer(&doppler, &token, "secrets=A").0, 200);
    assert!(started.elapsed() >= Duration::from_millis(300));
    for trouble in [Trouble::CutOff, Trouble::HangUp] {
        doppler.next(trouble.clone());
        let result =
            std::panic::catch_unwind(|| ask(&doppler, &format!("Bearer {token}"), "secrets=DATABASE_URL"));
        assert!(result.is_err(), "{trouble:?}");
    }
}
