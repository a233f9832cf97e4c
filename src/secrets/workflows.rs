//! Workflows that pass the tokens of some sponsors and not of others: a sponsor was added and a line forgotten.
//!
//! Pure. Does not interpret workflows: looks for tokens next to each other.

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

#[cfg(test)]
mod tests;
