//! The signature, as the published library of the standard verifies it.

use std::process::Command;

use super::{SECRET, Sinks, callisto};
use crate::support::tools::python_tool;

const NEXT: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDnWz8Bnn2Rg0=";
const OTHER: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const VERIFY: &str = "\
import json, sys
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
secret, headers, body = json.load(sys.stdin)
try:
    print('accepted', Webhook(secret).verify(body, headers)['event'])
except WebhookVerificationError as error:
    print('refused', error)
";

/// What the library says.
fn verified(secret: &str, headers: &std::collections::BTreeMap<String, String>, body: &str) -> String {
    use std::io::Write as _;
    let mut library = Command::new(python_tool("python3"));
    library.args(["-c", VERIFY]).stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut library = library.spawn().unwrap();
    let told = serde_json::json!([secret, headers, body]).to_string();
    library.stdin.take().unwrap().write_all(told.as_bytes()).unwrap();
    let output = library.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn the_published_library_accepts_only_what_we_sent() {
    let trial = callisto();
    let sinks = Sinks::start();
    let run = sinks.wire(trial.run()).input("notify", "always").input("command", "matrix");
    run.env("NOTIFY_WEBHOOK_SECRET", format!("{SECRET}\n{NEXT}")).run().assert_code(0);
    let seen = sinks.seen("webhook").remove(0);
    assert_eq!(seen.headers["content-type"], "application/json");
    for secret in [SECRET, NEXT] {
        assert_eq!(verified(secret, &seen.headers, &seen.body), "accepted matrix");
    }
    let refused = |secret: &str, headers: &_, body: &str| {
        let answer = verified(secret, headers, body);
        assert!(answer.starts_with("refused"), "{answer}");
    };
    refused(OTHER, &seen.headers, &seen.body);
    refused(SECRET, &seen.headers, &seen.body.replace("success", "failure"));
    let mut stale = seen.headers.clone();
    let at: i64 = stale["webhook-timestamp"].parse().unwrap();
    stale.insert("webhook-timestamp".to_owned(), (at - 600).to_string());
    refused(SECRET, &stale, &seen.body);
    let document: serde_json::Value = serde_json::from_str(&seen.body).unwrap();
    assert_eq!(document["id"], seen.headers["webhook-id"]);
}

#[test]
fn a_retry_is_the_same_message() {
    let trial = callisto();
    let sinks = Sinks::answering(503, std::time::Duration::ZERO);
    let run = sinks.wire(trial.run()).input("notify", "always").input("command", "matrix");
    run.run().assert_code(0);
    let [first, second] = <[_; 2]>::try_from(sinks.seen("webhook")).unwrap();
    assert_eq!((first.headers, first.body), (second.headers, second.body));
}
