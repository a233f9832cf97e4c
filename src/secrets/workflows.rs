//! Workflows that pass the tokens of some sponsors and not of others: a sponsor was added and a line forgotten.
//!
//! Pure. Does not interpret workflows: looks for tokens next to each other.

use std::collections::BTreeSet;

use serde_json::Value;

use super::variables::Owner;

const TOKEN: &str = "DOPPLER_TOKEN_";

/// What is missing in the text of a workflow: `jobs.backup.steps.0.env does not pass DOPPLER_TOKEN_RHEA`.
///
/// Each map that passes the token of one sponsor must pass those of all others. A workflow without tokens is complete.
///
/// # Errors
/// The text is not YAML.
pub fn missing_tokens(text: &str, sponsors: &[&str]) -> Result<Vec<String>, String> {
    let workflow: Value = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
    let wanted: Vec<String> = sponsors.iter().map(|name| Owner::Sponsor(name).variable()).collect();
    let mut missing = Vec::new();
    walk(&workflow, "", &wanted, &mut missing);
    Ok(missing)
}

fn walk(value: &Value, path: &str, wanted: &[String], missing: &mut Vec<String>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Object(object) => {
            let held: Vec<String> = object.keys().map(|key| key.to_uppercase()).collect();
            if held.iter().any(|key| key.starts_with(TOKEN) && **key != Owner::Core.variable()) {
                let lacks: Vec<&str> =
                    wanted.iter().filter(|token| !held.contains(token)).map(String::as_str).collect();
                if !lacks.is_empty() {
                    missing.push(format!("{path} does not pass {}", lacks.join(", ")));
                }
            }
            object.iter().for_each(|(key, value)| walk(value, &below(key), wanted, missing));
        }
        Value::Array(array) => {
            array
                .iter()
                .enumerate()
                .for_each(|(at, value)| walk(value, &below(&at.to_string()), wanted, missing));
        }
        _ => {}
    }
}

/// Secrets and environments that a workflow names.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Named {
    /// Names after `secrets.`, in upper case. Not `GITHUB_TOKEN`, which every job has.
    pub secrets: BTreeSet<String>,
    /// Names under `environment:`.
    pub environments: BTreeSet<String>,
    /// Whether an environment's name is an expression, which only a run can evaluate.
    pub has_dynamic_environment: bool,
}

impl Named {
    /// Adds those of another workflow.
    pub fn extend(&mut self, other: Self) {
        self.secrets.extend(other.secrets);
        self.environments.extend(other.environments);
        self.has_dynamic_environment |= other.has_dynamic_environment;
    }
}

const SECRETS: &str = "secrets.";
const OF_EVERY_JOB: &str = "GITHUB_TOKEN";

/// What a workflow names. Comments do not count.
///
/// # Errors
/// The text is not YAML.
pub fn named_in(text: &str) -> Result<Named, String> {
    let workflow: Value = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
    let mut named = Named::default();
    collect(&workflow, &mut named);
    Ok(named)
}

fn collect(value: &Value, named: &mut Named) {
    match value {
        Value::String(text) => named.secrets.extend(secrets_in(text)),
        Value::Array(array) => array.iter().for_each(|value| collect(value, named)),
        Value::Object(object) => {
            if let Some(environment) = object.get("environment") {
                match environment.as_str().or_else(|| environment["name"].as_str()) {
                    Some(name) if name.contains("${{") => named.has_dynamic_environment = true,
                    Some(name) => named.environments.extend([name.to_owned()]),
                    None => {}
                }
            }
            object.values().for_each(|value| collect(value, named));
        }
        _ => {}
    }
}

/// The names after `secrets.` in the expressions of a text.
fn secrets_in(text: &str) -> impl Iterator<Item = String> {
    let expressions = text.split("${{").skip(1).filter_map(|rest| rest.split("}}").next());
    let is_of_a_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let after = expressions.flat_map(|expression| expression.split(SECRETS).skip(1));
    let names = after.map(move |rest| rest.chars().take_while(|it| is_of_a_name(*it)).collect::<String>());
    names.map(|name| name.to_ascii_uppercase()).filter(|name| !name.is_empty() && name != OF_EVERY_JOB)
}

#[cfg(test)]
mod tests;
