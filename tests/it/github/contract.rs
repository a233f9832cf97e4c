//! The scripted GitHub refuses what the real one refuses: else the tests next to this one would prove nothing.

use serde_json::{Value, json};

use crate::support::{GitHub, REPOSITORY, send_and_wait};

fn send(github: &GitHub, method: &str, below: &str, headers: &[(&str, &str)], body: &Value) -> (u16, Value) {
    let mut request = hyper::Request::builder().method(method).uri(format!("{}{below}", github.url()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = send_and_wait(request.body(body.to_string().into()).unwrap());
    (answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap())
}

#[test]
fn the_scripted_github_refuses_what_the_real_one_refuses() {
    let github = GitHub::start();
    let bearer = format!("Bearer {}", github.token);
    let (agent, token) = (("user-agent", "test"), ("authorization", bearer.as_str()));
    let issues = format!("/repos/{REPOSITORY}/issues");
    let none = json!(null);
    for (headers, below, status, message) in [
        (vec![token], &issues, 403, "Request forbidden by administrative rules"),
        (vec![agent], &issues, 401, "Bad credentials"),
        (vec![agent, ("authorization", "Bearer x")], &issues, 401, "Bad credentials"),
        (vec![agent, token], &"/repos/cure-hht/other/issues".to_owned(), 404, "Not Found"),
        (vec![agent, token], &format!("{issues}/99"), 404, "Not Found"),
    ] {
        let (seen, body) = send(&github, "GET", below, &headers, &none);
        assert_eq!(seen, status, "{below}");
        assert!(body["message"].as_str().unwrap().starts_with(message), "{body}");
    }
    let good = json!({"title": "x", "body": "y", "labels": ["sponsor-backup"]});
    assert_eq!(send(&github, "POST", &issues, &[agent, token], &good).0, 201);
    let long = json!({"title": "x", "body": "y".repeat(65_537)});
    assert_eq!(send(&github, "POST", &issues, &[agent, token], &long).0, 422);
    github.lacks("issues");
    let (status, body) = send(&github, "POST", &issues, &[agent, token], &good);
    assert_eq!((status, &body["message"]), (403, &json!("Resource not accessible by integration")));
}

#[test]
fn what_the_official_description_does_not_know_ends_the_test() {
    for (method, below, body) in [
        ("POST", "issues", json!({"body": "no title"})),
        ("POST", "issues", json!({"title": "x", "labels": "no list"})),
        ("POST", "issues", json!({"title": "x", "labelz": []})),
        ("PATCH", "issues/1", json!({"state": "shut"})),
        ("GET", "issues?lables=x", json!(null)),
        ("GET", "issues?state=shut", json!(null)),
        ("DELETE", "issues/1", json!(null)),
    ] {
        let github = GitHub::start();
        let bearer = format!("Bearer {}", github.token);
        let headers = [("user-agent", "test"), ("authorization", bearer.as_str())];
        let (status, _) = send(&github, method, &format!("/repos/{REPOSITORY}/{below}"), &headers, &body);
        assert!([404, 422].contains(&status), "{method} {below}: {status}");
        let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(github)));
        assert!(dropped.is_err(), "{method} {below}");
    }
}
