//! What a person with the Doppler CLI does to the scripted Doppler: projects, environments, secrets, service tokens. Each needs a
//! token for everything.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::doppler::{Scope, State};
use super::doppler_answers::{refuse, respond, token};
use super::http::{Request, Response};

/// The environments of a new project, each with one config of the same name.
const NEW: [&str; 3] = ["dev", "stg", "prd"];

type Answer = Result<Value, (u16, String)>;

/// The answer, if it is a request that changes something.
pub(super) fn answer(state: &mut State, request: &Request) -> Option<Response> {
    let change = match (request.method().as_str(), request.uri().path()) {
        ("POST", "/v3/projects") => create_project,
        ("PUT", "/v3/environments/environment") => rename_environment,
        ("POST", "/v3/configs/config/secrets") => set_secrets,
        ("POST", "/v3/configs/config/tokens") => create_token,
        ("GET", "/v3/configs/config/tokens") => list_tokens,
        ("DELETE", "/v3/configs/config/tokens/token") => revoke_token,
        _ => return None,
    };
    if !token(request).is_some_and(|token| state.tokens.get(&token) == Some(&Scope::Everything)) {
        return Some(refuse(403, "This token does not have access to change this"));
    }
    let mut body: Value = serde_json::from_slice(request.body()).unwrap_or_else(|_| json!({}));
    // Some name the place in the address.
    let query = request.uri().query().unwrap_or_default();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        body[&*name] = value.into();
    }
    Some(match change(state, &body) {
        Ok(body) => respond(200, body.to_string()),
        Err((status, message)) => refuse(status, &message),
    })
}

fn text<'v>(body: &'v Value, name: &str) -> Result<&'v str, (u16, String)> {
    body[name].as_str().filter(|text| !text.is_empty()).ok_or_else(|| (400, format!("{name} is missing")))
}

fn config<'s>(state: &'s mut State, body: &Value) -> Result<&'s mut BTreeMap<String, String>, (u16, String)> {
    let place = (text(body, "project")?.to_owned(), text(body, "config")?.to_owned());
    let missing = || (404, format!("Could not find requested config '{}' of project '{}'", place.1, place.0));
    state.configs.get_mut(&place).ok_or_else(missing)
}

fn create_project(state: &mut State, body: &Value) -> Answer {
    let name = text(body, "name")?;
    if state.configs.keys().any(|(project, _)| project == name) {
        return Err((409, format!("Project '{name}' exists already")));
    }
    for config in NEW {
        state.configs.insert((name.to_owned(), config.to_owned()), BTreeMap::new());
    }
    Ok(json!({"success": true}))
}

fn rename_environment(state: &mut State, body: &Value) -> Answer {
    let (project, from) = (text(body, "project")?, text(body, "environment")?);
    let secrets = state
        .configs
        .remove(&(project.to_owned(), from.to_owned()))
        .ok_or_else(|| (404, format!("Could not find requested environment '{from}'")))?;
    state.configs.insert((project.to_owned(), text(body, "slug")?.to_owned()), secrets);
    Ok(json!({"success": true}))
}

fn set_secrets(state: &mut State, body: &Value) -> Answer {
    let known = config(state, body)?;
    for (name, value) in body["secrets"].as_object().ok_or((400, "secrets are missing".to_owned()))? {
        let value = value.as_str().ok_or_else(|| (400, format!("{name} is not text")))?;
        known.insert(name.clone(), value.to_owned());
    }
    Ok(json!({"success": true}))
}

fn create_token(state: &mut State, body: &Value) -> Answer {
    let name = text(body, "name")?.to_owned();
    let scope = scope(state, body)?;
    let key = format!("dp.st.{}.{1}{1}", text(body, "config")?, uuid::Uuid::new_v4().simple());
    state.tokens.insert(key.clone(), scope);
    state.token_names.insert(key.clone(), name);
    Ok(json!({"success": true, "token": {"key": key}}))
}

fn scope(state: &mut State, body: &Value) -> Result<Scope, (u16, String)> {
    config(state, body)?;
    Ok(Scope::Config { project: text(body, "project")?.to_owned(), config: text(body, "config")?.to_owned() })
}

/// A token's name in the address of others. It is not secret, unlike the token.
fn slug(token: &str) -> String {
    let digits: String = token.chars().rev().take(32).collect();
    uuid::Uuid::parse_str(&digits).map(|name| name.hyphenated().to_string()).unwrap_or_default()
}

fn list_tokens(state: &mut State, body: &Value) -> Answer {
    let scope = scope(state, body)?;
    let of_config = state.tokens.iter().filter(|(_, of)| **of == scope);
    let tokens = of_config.map(|(token, _)| {
        let name = state.token_names.get(token).map_or("the first one", String::as_str);
        json!({"name": name, "slug": slug(token), "project": body["project"], "config": body["config"]})
    });
    Ok(json!({"success": true, "tokens": tokens.collect::<Vec<_>>()}))
}

fn revoke_token(state: &mut State, body: &Value) -> Answer {
    let scope = scope(state, body)?;
    let is_meant = |token: &String| body["token"] == **token || body["slug"] == slug(token);
    let found = state.tokens.iter().find(|(token, of)| **of == scope && is_meant(token));
    let found = found.map(|(token, _)| token.clone());
    let token = found.ok_or_else(|| (404, "Could not find requested token".to_owned()))?;
    state.tokens.remove(&token);
    Ok(json!({"success": true}))
}
