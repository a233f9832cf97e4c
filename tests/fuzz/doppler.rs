//! What Doppler answers, or an attacker in its place.

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderValue};
use secrecy::ExposeSecret as _;
use sponsor_backup::secrets::doppler::{Place, answer, check_origin};
use sponsor_backup::secrets::{AwsFromEnvironment, Place as Kept, Secret, interpret};

use crate::engine::{Outcome, Target};

const CANARY: &str = "c4n4ryhunter2";

const SEEDS: [&str; 6] = [
    r#"{"DATABASE_URL":"postgresql://u:c4n4ryhunter2@h/d","DOPPLER_PROJECT":"hht-diary-io","DOPPLER_CONFIG":"production","ENABLE_S3_BACKUP_ARCHIVAL":"true","SPONSOR_AUDIT_LOGS_BUCKET":"logs","SPONSOR_AWS_ACCESS_KEY_ID":"AKIA","SPONSOR_AWS_REGION":"eu-west-1","SPONSOR_AWS_SECRET_ACCESS_KEY":"c4n4ryhunter2","SPONSOR_BACKUPS_BUCKET":"dumps"}"#,
    r#"{"DATABASE_URL":null,"DOPPLER_PROJECT":"hht-diary-io","DOPPLER_CONFIG":"production","ENABLE_S3_BACKUP_ARCHIVAL":"c4n4ryhunter2"}"#,
    r#"{"messages":["Invalid Service token"],"success":false}"#,
    r#"{"messages":["Could not find requested config 'x'","b"]}"#,
    "<html><head><title>502 Bad Gateway</title></head></html>",
    r#"["c4n4ryhunter2",{"A":{"raw":"c4n4ryhunter2","computed":1}}]"#,
];

#[rustfmt::skip]
const TOKENS: &[&[u8]] = &[
    b"{", b"}", b"[", b"]", b":", b",", b"\"", b"null", b"true", b"1e999", b"\\u0000", b"\\ud800", b"\"c4n4ryhunter2\"", b"c4n4ryhunter2",
    b"\"messages\":", b"[\"x\"]", b"\"DOPPLER_PROJECT\":\"hht-diary-titan\",", b"\"DOPPLER_CONFIG\":\"dev\"", b"\xff", b"::error::x", b"\n",
];

const STATUSES: [u16; 12] = [200, 200, 200, 200, 204, 301, 400, 401, 404, 429, 500, 503];

#[test]
fn answers_of_doppler() {
    let seeds = SEEDS.map(|seed| seed.as_bytes().to_vec()).to_vec();
    let target = Target { name: "doppler", seeds, tokens: TOKENS, longest: 8000 };
    target.run(|input, dice| {
        let mut headers = HeaderMap::new();
        if dice.once_in(2) {
            for name in ["retry-after", "x-request-id"] {
                let value = &input[..input.len().min(20)];
                drop(HeaderValue::from_bytes(value).map(|value| headers.insert(name, value)));
            }
        }
        property(StatusCode::from_u16(STATUSES[dice.below(STATUSES.len())]).unwrap(), &headers, input)
    });
}

/// Only a map of texts of the place that was meant is taken for secrets, and no value is ever shown.
fn property(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Outcome {
    let token = Secret::from("dp.st.t0k3n");
    let place = Place { project: "hht-diary-io".to_owned(), config: "production".to_owned(), token };
    let secrets = match answer(&place, status, headers, body) {
        Ok(secrets) => secrets,
        Err(error) => {
            let told = format!("{error} {error:?} {}", error.hint());
            // What a refusal says is shown: it does not hold secrets.
            if status.is_success() && told.contains(CANARY) || told.contains("t0k3n") {
                return Err(format!("an error shows a secret: {told}"));
            }
            if error.to_string().chars().count() > 2000 {
                return Err("an error is longer than anybody reads".to_owned());
            }
            let is_worth_a_retry = status == 429 || status.is_server_error();
            if error.is_transient() != is_worth_a_retry {
                return Err(format!("{status} is to be tried again: {}", error.is_transient()));
            }
            return Ok(format!(
                "{status} {} {}",
                error.retry_after().is_some(),
                error.to_string().len() / 16
            ));
        }
    };
    if !status.is_success() {
        return Err(format!("{status} gave secrets"));
    }
    let value = |name: &str| secrets.get(name).map(|value| value.expose_secret().to_owned());
    let is_ours = value("DOPPLER_PROJECT").as_deref() == Some("hht-diary-io")
        && value("DOPPLER_CONFIG").as_deref() == Some("production");
    let taken = check_origin(&place, secrets);
    if taken.is_ok() != is_ours {
        return Err("secrets of another place are taken, or ours refused".to_owned());
    }
    let Ok(secrets) = taken else { return Ok("another place".to_owned()) };
    let names = secrets.len();
    let doppler = Kept::Doppler { project: "hht-diary-io".into(), config: "production".into() };
    let read = interpret(&doppler, &secrets, AwsFromEnvironment::default());
    // Names are shown, and buckets, and the region; a canary in one of these does not count as a secret.
    let shown_on_purpose = secrets.keys().any(|name| name.contains(CANARY))
        || [
            "SPONSOR_BACKUPS_BUCKET",
            "SPONSOR_AUDIT_LOGS_BUCKET",
            "SPONSOR_AWS_REGION",
            "SPONSOR_AWS_ACCESS_KEY_ID",
        ]
        .iter()
        .any(|name| secrets.get(*name).is_some_and(|value| value.expose_secret().contains(CANARY)));
    let told =
        format!("{read:?} {secrets:?} {}", read.as_ref().err().map(ToString::to_string).unwrap_or_default());
    if told.contains(CANARY) && !shown_on_purpose {
        return Err(format!("a secret is shown: {told}"));
    }
    Ok(format!("{names} {}", read.is_ok()))
}
