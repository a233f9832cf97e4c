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
        _ => return None,
    };
    if !token(request).is_some_and(|token| state.tokens.get(&token) == Some(&Scope::Everything)) {
        return Some(refuse(403, "This token does not have access to change this"));
    }
    let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
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
    let (_, _) = (text(body, "name")?, config(state, body)?);
    let (project, config) = (text(body, "project")?.to_owned(), text(body, "config")?.to_owned());
    let key = format!("dp.st.{config}.{0}{0}", uuid::Uuid::new_v4().simple());
    state.tokens.insert(key.clone(), Scope::Config { project, config });
    Ok(json!({"success": true, "token": {"key": key}}))
}
