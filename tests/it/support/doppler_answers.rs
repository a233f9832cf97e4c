//! What the scripted Doppler says: who may read what, in the words and statuses of the real one. Pure.

use std::collections::BTreeMap;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hyper::{Method, StatusCode};
use serde_json::json;

use super::doppler::{Asked, Scope, State, Trouble};
use super::http::{self, Request, Response};

const DOWNLOAD: &str = "/v3/configs/config/secrets/download";
const NAMES: &str = "/v3/configs/config/secrets/names";

/// Secrets by name, or a status with its message.
pub(super) type Truth = Result<BTreeMap<String, String>, (u16, String)>;

/// Takes a request apart.
pub(super) fn read(request: &Request) -> Asked {
    let query = parameters(request);
    let text = |name: &str| query.get(name).cloned().unwrap_or_default();
    let names = text("secrets");
    Asked {
        project: text("project"),
        config: text("config"),
        secrets: names.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        over_broad: names.is_empty(),
        token: token(request).unwrap_or_default(),
        at: Instant::now(),
    }
}

fn parameters(request: &Request) -> BTreeMap<String, String> {
    let query = request.uri().query().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// Bearer, or basic with the token as user and no password.
pub(super) fn token(request: &Request) -> Option<String> {
    let header = request.headers().get("authorization")?.to_str().ok()?;
    let (scheme, value) = header.split_once(' ')?;
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Some(value.to_owned()),
        "basic" => {
            let pair = String::from_utf8(BASE64_STANDARD.decode(value).ok()?).ok()?;
            pair.strip_suffix(':').map(str::to_owned)
        }
        _ => None,
    }
}

/// What a Doppler without trouble answers.
pub(super) fn truth(state: &State, request: &Request, asked: &Asked) -> Truth {
    if request.method() != Method::GET || request.uri().path() != DOWNLOAD {
        return Err((404, "Could not find requested resource".into()));
    }
    let query = parameters(request);
    if query.get("include_dynamic_secrets").is_some_and(|value| value == "true") {
        return Err((400, "dynamic secrets would be issued: the scripted Doppler refuses that".into()));
    }
    if query.get("format").is_some_and(|format| format != "json") {
        return Err((400, "Invalid format: the scripted Doppler speaks JSON only".into()));
    }
    let scope = state.tokens.get(&asked.token).ok_or_else(|| (401, "Invalid Auth token".to_owned()))?;
    let (project, config) = permitted(scope, asked)?;
    let missing = || (404, format!("Could not find requested config '{config}'"));
    let known = state.configs.get(&(project.clone(), config.clone())).ok_or_else(missing)?;
    Ok(filtered(known, &project, &config, asked))
}

/// The names of a config, without values; `None` if something else is asked for.
pub(super) fn names(state: &State, request: &Request) -> Option<Response> {
    if request.uri().path() != NAMES {
        return None;
    }
    if state.hides_names {
        return Some(refuse(403, "You do not have permission to list names"));
    }
    let asked = read(request);
    let scope = state.tokens.get(&asked.token).ok_or_else(|| (401, "Invalid Auth token".to_owned()));
    let names = scope.and_then(|scope| permitted(scope, &asked)).map(|place| {
        let known = state.configs.get(&place).into_iter().flat_map(BTreeMap::keys);
        known.cloned().collect::<Vec<String>>()
    });
    Some(match names {
        Ok(names) => respond(200, json!({"names": names, "success": true}).to_string()),
        Err((status, message)) => refuse(status, &message),
    })
}

/// A service token reads its own config and fails for any other. A broader one has to name the config.
fn permitted(scope: &Scope, asked: &Asked) -> Result<(String, String), (u16, String)> {
    let refused = |what: &str, name: &str| {
        Err((400, format!("This token does not have access to requested {what} '{name}'")))
    };
    match scope {
        Scope::Config { project, .. } if !asked.project.is_empty() && asked.project != *project => {
            refused("project", &asked.project)
        }
        Scope::Config { config, .. } if !asked.config.is_empty() && asked.config != *config => {
            refused("config", &asked.config)
        }
        Scope::Config { project, config } => Ok((project.clone(), config.clone())),
        Scope::Everything | Scope::Projects(_) if asked.project.is_empty() || asked.config.is_empty() => {
            Err((400, "You must specify a project and a config".into()))
        }
        Scope::Projects(known) if !known.contains(&asked.project) => refused("project", &asked.project),
        Scope::Everything | Scope::Projects(_) => Ok((asked.project.clone(), asked.config.clone())),
    }
}

/// Only what was asked for; a name that does not exist is simply absent.
fn filtered(
    known: &BTreeMap<String, String>,
    project: &str,
    config: &str,
    asked: &Asked,
) -> BTreeMap<String, String> {
    let environment = config.split('_').next().unwrap_or_default();
    let added =
        [("DOPPLER_PROJECT", project), ("DOPPLER_CONFIG", config), ("DOPPLER_ENVIRONMENT", environment)];
    let all = known.clone().into_iter().chain(added.map(|(name, value)| (name.to_owned(), value.to_owned())));
    all.filter(|(name, _)| asked.over_broad || asked.secrets.contains(name)).collect()
}

/// The answer without trouble.
pub(super) fn tell(truth: Truth) -> Response {
    match truth {
        Ok(secrets) => respond(200, json!(secrets).to_string()),
        Err((status, message)) => refuse(status, &message),
    }
}

/// The answer in trouble.
pub(super) fn spoiled(trouble: Trouble, truth: Truth) -> Response {
    match trouble {
        Trouble::Status(status) => refuse(status, "Something went wrong on our side"),
        Trouble::PlainStatus(status) => respond(status, "<html><body>upstream error</body></html>".into()),
        Trouble::TooManyRequests { retry_after } => {
            let mut response = refuse(429, "Rate limit exceeded");
            response.headers_mut().insert("retry-after", retry_after.into());
            response
        }
        Trouble::NotJson => {
            respond(200, "<html><body>Please log in to the hotel's network</body></html>".into())
        }
        Trouble::Answer { status, headers, body } => {
            let mut response = respond(status, body);
            for (name, value) in headers {
                response.headers_mut().insert(name, value.parse().unwrap());
            }
            response
        }
        Trouble::CutOff => cut_off(truth),
        Trouble::Lie { name, value } => tell(truth.map(|mut secrets| {
            secrets.insert(name.to_owned(), value);
            secrets
        })),
        Trouble::Slow(_) | Trouble::HangUp => tell(truth),
    }
}

fn cut_off(truth: Truth) -> Response {
    let text = json!(truth.unwrap_or_default()).to_string();
    let mut response = respond(200, String::new());
    response.headers_mut().insert("content-length", text.len().into());
    let half = text[..text.floor_char_boundary(text.len() / 2)].to_owned();
    response.map(|_| http::broken_off(half))
}

pub(super) fn refuse(status: u16, message: &str) -> Response {
    respond(status, json!({"messages": [message], "success": false}).to_string())
}

pub(super) fn respond(status: u16, body: String) -> Response {
    let kind = if body.starts_with('<') { "text/html" } else { "application/json" };
    let reset = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + 60;
    hyper::Response::builder()
        .status(StatusCode::from_u16(status).unwrap())
        .header("content-type", kind)
        .header("x-request-id", uuid::Uuid::new_v4().to_string())
        .header("x-ratelimit-limit", 240)
        .header("x-ratelimit-remaining", 239)
        .header("x-ratelimit-reset", reset)
        .body(http::whole(body))
        .unwrap()
}
