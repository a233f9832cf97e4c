//! Every answer that Doppler, or a proxy in front of it, is known to give: which ones are final and which ones are
//! retried.

use std::time::Duration;

use super::doppler::asked;
use crate::support::{Doppler, Outcome, Sponsor, Trial, Trouble};

/// Outcome of a `list` run after this answer. `list` requests the same secrets as a backup and changes nothing.
fn after(trial: &Trial, trouble: &Trouble, times: usize) -> (Outcome, usize) {
    let before = asked(trial, "callisto").len();
    trial.doppler.trouble_for(trial.token("callisto"), trouble, times);
    let outcome = trial.run().input("command", "list").run();
    let tries = asked(trial, "callisto").len() - before;
    (outcome, tries)
}

fn answer(status: u16, body: &str) -> Trouble {
    Trouble::Answer { status, headers: Vec::new(), body: body.to_owned() }
}

/// - fault: Doppler rejects the request, with or without a JSON body
/// - injected: 400, 401, 403 and 404 with JSON, HTML, an empty body, half a body, or `messages` that is not a list
/// - seen: `Doppler rejected the request` with the status, and Doppler's message if it sent one. Exit code 12
/// - left: No second request
///
/// - fault: Doppler redirects to another server
/// - injected: 301, 302, 307 and 308 with a `Location` on another server
/// - seen: `Doppler rejected the request` with the status. Exit code 12
/// - left: No request to the other server, so the token is never sent there
///
/// - fault: Doppler answers that nothing has changed
/// - injected: 304 without a body
/// - seen: `Doppler rejected the request` with the status. Exit code 12
/// - left: No second request
///
/// - fault: Doppler marks a server error as final
/// - injected: 500 with `data.isRetryable` set to false
/// - seen: `Doppler rejected the request` with the status. Exit code 12
/// - left: No second request
#[test]
fn a_refusal_is_final_whatever_it_looks_like() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let elsewhere = Doppler::start();
    for (status, body, told) in [
        (400, r#"{"messages":["One.","Two."],"success":false}"#, "status 400: One.; Two."),
        (400, "<html>nginx</html>", "status 400: Bad Request"),
        (401, "", "status 401: Unauthorized"),
        (403, r#"{"messages":["No access"],"data":{"isRetryable":false}}"#, "status 403: No access"),
        (404, r#"{"messages":"nothing","data":7}"#, "status 404: Not Found"),
        (404, r#"{"messages":["half"#, "status 404: Not Found"),
        (304, "", "status 304: Not Modified"),
        (301, "", "status 301: "),
        (302, "", "status 302: "),
        (307, "", "status 307: "),
        (308, "", "status 308: "),
        (500, r#"{"messages":["Never"],"data":{"isRetryable":false}}"#, "status 500: Never"),
    ] {
        let headers = vec![("location", format!("{}/v3/configs/config/secrets/download", elsewhere.url()))];
        let trouble = Trouble::Answer { status, headers, body: body.to_owned() };
        let (outcome, tries) = after(&trial, &trouble, 1);
        outcome.assert_code(12);
        let message = outcome.result("callisto")["message"].to_string();
        let start = format!("Doppler rejected the request for hht-diary-callisto/production with {told}");
        assert!(message.contains(&start), "{message}");
        assert_eq!(tries, 1, "{status} {body}");
    }
    assert_eq!(elsewhere.requests().len(), 0);
}

/// - fault: Doppler marks its answer as retryable
/// - injected: 400 with `data.isRetryable` set to true, 409 with `data.isRetryableAfterSec`
/// - seen: A second attempt. Exit code 0
/// - left: The normal result of the run
///
/// - fault: Doppler sends a rate limit whose wait time is only in the body
/// - injected: 429 with `data.isRetryableAfterSec` set to 3 and without a header
/// - seen: A second attempt after 3 seconds. Exit code 0
/// - left: The normal result of the run
///
/// - fault: Doppler sends a `retry-after` header that is not a number of seconds
/// - injected: 429 with a date, 503 with `-5`
/// - seen: A second attempt after the program's own pause. Exit code 0
/// - left: The normal result of the run
#[test]
fn an_answer_that_says_so_is_tried_again() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let with = |status, name, value: &str, body: &str| Trouble::Answer {
        status,
        headers: vec![(name, value.to_owned())],
        body: body.to_owned(),
    };
    for (trouble, at_least) in [
        (answer(400, r#"{"messages":["Busy"],"data":{"isRetryable":true}}"#), 0),
        (answer(409, r#"{"messages":["Busy"],"data":{"isRetryableAfterSec":2}}"#), 2),
        (answer(429, r#"{"messages":["Slow"],"data":{"isRetryableAfterSec":3}}"#), 3),
        (with(429, "retry-after", "Wed, 21 Oct 2026 07:28:00 GMT", "{}"), 0),
        (with(503, "retry-after", "-5", "<html>"), 0),
    ] {
        let (outcome, tries) = after(&trial, &trouble, 1);
        outcome.assert_code(0);
        assert_eq!(tries, 2, "{trouble:?}");
        let asked = asked(&trial, "callisto");
        let waited = asked[asked.len() - 1].at - asked[asked.len() - 2].at;
        assert!(waited >= Duration::from_secs(at_least), "{waited:?} after {trouble:?}");
    }
}

/// - fault: Doppler keeps the rate limit up for a while
/// - injected: 429 with `retry-after: 3`, four times
/// - seen: Each wait with its reason, then success. Exit code 0
/// - left: The backup, started 12 seconds later
#[test]
fn a_limit_that_lasts_is_waited_out_each_time() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    trial.doppler.trouble_for(trial.token("callisto"), &Trouble::TooManyRequests { retry_after: 3 }, 4);
    let outcome = trial.run().run();
    outcome.assert_code(0);
    let asked = asked(&trial, "callisto");
    assert_eq!(asked.len(), 5);
    assert!(asked[4].at - asked[0].at >= Duration::from_secs(12));
    assert_eq!(outcome.stdout.matches("status 429").count(), 4, "{}", outcome.transcript());
    assert_eq!(trial.store.keys_in(trial.bucket("callisto")).len(), 3);
}

/// - fault: Doppler's answer is not a map of strings
/// - injected: An empty body, a list, `null`, a number or an object instead of a string, half a map, status 204
/// - seen: `is not a map of secrets` with line and column, without any part of the response. Exit code 12
/// - left: No second request
///
/// - fault: Doppler's response contains a name twice
/// - injected: Two values for `DATABASE_URL`
/// - seen: `a name appears twice`. Exit code 12
/// - left: Neither value is used
#[test]
fn an_answer_without_a_map_of_texts_is_final() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    for (status, body) in [
        (200, ""),
        (204, ""),
        (200, "null"),
        (200, r#"["hidden"]"#),
        (200, r#"{"DATABASE_URL":7,"X":"hidden"}"#),
        (200, r#"{"DATABASE_URL":{"raw":"hidden","computed":null}}"#),
        (200, r#"{"DATABASE_URL":"hidden","#),
        (200, r#"{"DATABASE_URL":"hidden","A":"1","DATABASE_URL":"hidden too"}"#),
    ] {
        let (outcome, tries) = after(&trial, &answer(status, body), 1);
        outcome.assert_code(12);
        let message = outcome.result("callisto")["message"].to_string();
        assert!(message.contains("is not a map of secrets: "), "{body}: {message}");
        assert_eq!(message.contains("a name appears twice"), body.contains("too"), "{message}");
        assert!(!outcome.everything().contains("hidden"), "{}", outcome.everything());
        assert_eq!(tries, 1, "{body}");
    }
}

/// - fault: Doppler has a name without a value
/// - injected: `null` for `DATABASE_URL`
/// - seen: `missing secrets in hht-diary-callisto/production: DATABASE_URL`. Exit code 12
/// - left: No backup
///
/// - fault: Doppler sends a correct answer with the wrong content type
/// - injected: `content-type: text/plain` with the correct map
/// - seen: Success. Exit code 0
/// - left: The normal result of the run
#[test]
fn a_null_value_is_missing_and_the_content_type_is_ignored() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let (backups, logs) = (trial.bucket("callisto"), trial.log_bucket("callisto"));
    let keys = trial.store.keys();
    let map = |url: &str| {
        format!(
            r#"{{"DOPPLER_PROJECT":"hht-diary-callisto","DOPPLER_CONFIG":"production","DATABASE_URL":{url},
            "SPONSOR_BACKUPS_BUCKET":"{backups}","SPONSOR_AUDIT_LOGS_BUCKET":"{logs}","SPONSOR_AWS_REGION":"eu-west-1",
            "SPONSOR_AWS_ACCESS_KEY_ID":"{}","SPONSOR_AWS_SECRET_ACCESS_KEY":"{}","ENABLE_S3_BACKUP_ARCHIVAL":"true"}}"#,
            keys.id, keys.secret
        )
    };
    let (outcome, _) = after(&trial, &answer(200, &map("null")), 1);
    outcome.assert_code(12);
    assert!(outcome.result("callisto")["message"].to_string().contains("production: DATABASE_URL"));
    let headers = vec![("content-type", "text/plain".to_owned())];
    let body = map("\"postgres://app@127.0.0.1:1/app\"");
    let (outcome, tries) = after(&trial, &Trouble::Answer { status: 200, headers, body }, 1);
    outcome.assert_code(0);
    assert_eq!(tries, 1);
}

/// - fault: Doppler's answer is far too long
/// - injected: A map of 160 MiB, with status 200 and with status 400
/// - seen: `it is longer than …`, or `Doppler rejected the request`. Exit code 12
/// - left: Memory use stays below 100 MiB
#[test]
fn an_answer_without_end_does_not_fill_the_memory() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let body = format!(r#"{{"DATABASE_URL":"{}"}}"#, "x".repeat(160 << 20));
    for (status, told) in [(200, "it is longer than 33554432 bytes"), (400, "status 400: Bad Request")] {
        let (outcome, tries) = after(&trial, &answer(status, &body), 1);
        outcome.assert_code(12);
        assert!(outcome.result("callisto")["message"].to_string().contains(told), "{}", outcome.transcript());
        assert_eq!(tries, 1);
        assert!(outcome.peak_memory < 100 << 20, "{} bytes", outcome.peak_memory);
    }
}
