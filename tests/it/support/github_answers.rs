//! What the scripted GitHub says, and what it remembers of it. No input and output of its own.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::github::{REPOSITORY, State};
use super::github_contract::{Operation, operation};
use super::http::Request;

/// Who the product is, with a job's token.
const BOT: &str = "github-actions[bot]";
/// GitHub takes no longer text.
const LONGEST_BODY: usize = 65_536;

type Answer = (u16, Value);

/// Answers a request, and holds both against the description.
pub(super) fn answer(state: &mut State, request: &Request) -> Answer {
    let refuse = |status: u16, message: &str| {
        let status_word = status.to_string();
        (
            status,
            json!({"message": message, "documentation_url": "https://docs.github.com/rest", "status": status_word}),
        )
    };
    if !request.headers().contains_key("user-agent") {
        return refuse(
            403,
            "Request forbidden by administrative rules. Please make sure your request has a User-Agent header",
        );
    }
    let bearer = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    if bearer != Some(&format!("Bearer {}", state.token)) {
        return refuse(401, "Bad credentials");
    }
    let path = request.uri().path();
    let known = path
        .strip_prefix(&state.prefix)
        .and_then(|path| Some((path, operation(request.method().as_str(), path)?)));
    let Some((path, operation)) = known else {
        state.breaches.push(format!("{} {path} is not described", request.method()));
        return refuse(404, "Not Found");
    };
    let Some(below) = path.strip_prefix(&format!("/repos/{REPOSITORY}")) else {
        return refuse(404, "Not Found");
    };
    let query: BTreeMap<String, String> =
        url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect();
    let body: Value = serde_json::from_slice(request.body()).unwrap_or(Value::Null);
    let wrong = operation.wrong_with_request(&query, &body);
    if !wrong.is_empty() {
        state.breaches.extend(wrong);
        return refuse(422, "Validation Failed");
    }
    let permission = match below {
        _ if below.ends_with("secrets") => "secrets",
        _ if below.starts_with("/actions") || below.starts_with("/environments") => "actions",
        _ if below.starts_with("/issues") => "issues",
        _ => "pulls",
    };
    if state.lacking.contains(permission) {
        return refuse(403, "Resource not accessible by integration");
    }
    let too_long = body["body"].as_str().is_some_and(|text| text.chars().count() > LONGEST_BODY);
    let told = if too_long {
        None
    } else {
        tell(state, &operation, (request.method().as_str(), below), (&query, &body))
    };
    let (status, body) = told.unwrap_or_else(|| {
        if too_long { refuse(422, "Validation Failed") } else { refuse(404, "Not Found") }
    });
    state.breaches.extend(operation.wrong_with_answer(status, &body));
    (status, body)
}

/// A page of secrets, without values as GitHub has it.
fn secrets(state: &State, place: &str, query: &BTreeMap<String, String>) -> Answer {
    let names = state.secrets.get(place).cloned().unwrap_or_default();
    let at = "2026-01-01T00:00:00Z";
    let secret = |name: &String| json!({"name": name, "created_at": at, "updated_at": at});
    (200, json!({"total_count": names.len(), "secrets": page(names.iter().map(secret).collect(), query)}))
}

fn tell(
    state: &mut State,
    operation: &Operation,
    (method, below): (&str, &str),
    (query, body): (&BTreeMap<String, String>, &Value),
) -> Option<Answer> {
    let parts: Vec<&str> = below.split('/').skip(1).collect();
    let number = |text: &str| text.parse::<u64>().ok();
    let list = |items: Vec<Value>| {
        let sample = operation.sample(200)[0].clone();
        let whole = items.into_iter().map(|item| over(sample.clone(), item));
        Some((200, page(whole.collect(), query)))
    };
    let one = |status: u16, item: Value| Some((status, over(operation.sample(status), item)));
    match (method, parts.as_slice()) {
        ("GET", ["actions", "runs", id, "approvals"]) => {
            list(state.approvals.get(*id).and_then(Value::as_array).cloned().unwrap_or_default())
        }
        ("GET", ["actions", "secrets"]) => Some(secrets(state, "actions", query)),
        ("GET", ["actions", "organization-secrets"]) => Some(secrets(state, "organization", query)),
        ("GET", ["environments", name, "secrets"]) => {
            let exists = state.reviewers.contains_key(*name);
            exists.then(|| secrets(state, name, query))
        }
        ("GET", ["environments", name]) => {
            let reviewers = *state.reviewers.get(*name)?;
            let reviewer = || json!({"type": "User", "reviewer": user("octocat")});
            let rule = json!({
                "id": 1, "node_id": "R", "type": "required_reviewers", "prevent_self_review": true,
                "reviewers": (0..reviewers).map(|_| reviewer()).collect::<Vec<_>>(),
            });
            let rules = if reviewers == 0 { json!([]) } else { json!([rule]) };
            one(200, json!({"name": name, "protection_rules": rules}))
        }
        ("GET", ["commits", commit, "pulls"]) => {
            let without = |mut pull: Value| {
                pull.as_object_mut().unwrap().remove("merged_by");
                pull
            };
            list(state.pulls.get(*commit).into_iter().flatten().cloned().map(without).collect())
        }
        ("GET", ["pulls", pull]) => {
            let wanted = number(pull)?;
            let found = state.pulls.values().flatten().find(|pull| pull["number"] == wanted)?;
            one(200, found.clone())
        }
        ("GET", ["issues"]) => list(listed(state, query)),
        ("POST", ["issues"]) => {
            let mut issue = body.clone();
            let labels = body["labels"].as_array().into_iter().flatten();
            issue["labels"] = labels.map(|name| json!({"name": name})).collect();
            let number = open(state, BOT, issue);
            one(201, issue_of(state, number)?.clone())
        }
        ("GET", ["issues", issue]) => one(200, issue_of(state, number(issue)?)?.clone()),
        ("PATCH", ["issues", issue]) => {
            let found = issue_of(state, number(issue)?)?;
            *found = over(found.clone(), body.clone());
            let found = found.clone();
            one(200, found)
        }
        ("GET", ["issues", issue, "comments"]) => {
            issue_of(state, number(issue)?)?;
            list(state.comments.get(&number(issue)?).cloned().unwrap_or_default())
        }
        ("POST", ["issues", issue, "comments"]) => {
            issue_of(state, number(issue)?)?;
            one(201, comment(state, BOT, number(issue)?, body["body"].as_str()?))
        }
        _ => None,
    }
}

/// An account; each has an id of its own.
pub(super) fn user(login: &str) -> Value {
    let id = login.bytes().fold(7_u64, |id, byte| id * 31 % 1_000_003 + u64::from(byte));
    let url = "https://github.example/x";
    let mut user = json!({"login": login, "id": id, "node_id": "x", "type": "User", "site_admin": false, "gravatar_id": ""});
    for name in [
        "avatar_url",
        "url",
        "html_url",
        "followers_url",
        "following_url",
        "gists_url",
        "starred_url",
        "subscriptions_url",
        "organizations_url",
        "repos_url",
        "events_url",
        "received_events_url",
    ] {
        user[name] = json!(url);
    }
    user
}

/// Opens an issue; gives its number.
pub(super) fn open(state: &mut State, login: &str, issue: Value) -> u64 {
    let number = state.issues.len() as u64 + 1;
    state.issues.push(over(issue, json!({"number": number, "state": "open", "user": user(login)})));
    number
}

/// Adds a comment.
pub(super) fn comment(state: &mut State, login: &str, number: u64, body: &str) -> Value {
    let comment = json!({"body": body, "user": user(login)});
    state.comments.entry(number).or_default().push(comment.clone());
    comment
}

fn issue_of(state: &mut State, number: u64) -> Option<&mut Value> {
    state.issues.iter_mut().find(|issue| issue["number"] == number)
}

/// The newest first, unless the request says otherwise; open ones alone, unless it does.
fn listed(state: &State, query: &BTreeMap<String, String>) -> Vec<Value> {
    let wanted = query.get("state").map_or("open", String::as_str);
    let labels: Vec<&str> = query.get("labels").map(|labels| labels.split(',').collect()).unwrap_or_default();
    let has = |issue: &Value, label: &str| {
        issue["labels"].as_array().into_iter().flatten().any(|known| known["name"] == label)
    };
    let is_wanted = |issue: &&Value| {
        (wanted == "all" || issue["state"] == wanted) && labels.iter().all(|label| has(issue, label))
    };
    let mut found: Vec<Value> = state.issues.iter().filter(is_wanted).cloned().collect();
    if query.get("direction").is_none_or(|direction| direction != "asc") {
        found.reverse();
    }
    found
}

fn page(items: Vec<Value>, query: &BTreeMap<String, String>) -> Value {
    let number =
        |name: &str, default: usize| query.get(name).and_then(|it| it.parse().ok()).unwrap_or(default);
    // GitHub returns approvals all at once, without pages.
    let (size, page) = (number("per_page", 30).min(100), number("page", 1));
    items.into_iter().skip(size * (page - 1)).take(size).collect()
}

/// The first with the second's keys over it, all the way down.
fn over(below: Value, above: Value) -> Value {
    match (below, above) {
        (Value::Object(mut below), Value::Object(above)) => {
            for (name, value) in above {
                let old = below.remove(&name).unwrap_or(Value::Null);
                below.insert(name, over(old, value));
            }
            Value::Object(below)
        }
        (Value::Array(below), Value::Array(above)) if below.len() == 1 && !above.is_empty() => {
            above.into_iter().map(|item| over(below[0].clone(), item)).collect()
        }
        (_, above) => above,
    }
}
