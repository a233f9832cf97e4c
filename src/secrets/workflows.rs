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

/// What one job of a workflow reads.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct JobSecrets {
    /// Names after `secrets.`, in upper case. Not `GITHUB_TOKEN`, which every job has.
    pub secrets: BTreeSet<String>,
    /// The environment, if the job names one.
    pub environment: Option<String>,
    /// Whether a name of a secret or of the environment is an expression, which only a run can evaluate.
    pub is_dynamic: bool,
}

const OF_EVERY_JOB: &str = "GITHUB_TOKEN";

/// What each job of a workflow reads. Comments do not count.
///
/// # Errors
/// The text is not YAML.
pub fn jobs_in(text: &str) -> Result<Vec<JobSecrets>, String> {
    let mut workflow: Value = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
    let jobs = workflow.get_mut("jobs").map(Value::take).unwrap_or_default();
    // What the workflow reads outside of its jobs, each job reads.
    let mut common = JobSecrets::default();
    collect(&workflow, &mut common);
    let job = |job: &Value| {
        let mut found = common.clone();
        collect(job, &mut found);
        let environment = &job["environment"];
        let name = environment.as_str().or_else(|| environment["name"].as_str());
        found.is_dynamic |= job["secrets"] == "inherit" || name.is_some_and(|name| name.contains("${{"));
        found.environment = name.filter(|name| !name.contains("${{")).map(str::to_owned);
        found
    };
    Ok(jobs.as_object().into_iter().flat_map(|jobs| jobs.values()).map(job).collect())
}

fn collect(value: &Value, found: &mut JobSecrets) {
    match value {
        Value::String(text) => {
            let expressions = text.split("${{").skip(1).filter_map(|rest| rest.split("}}").next());
            expressions.for_each(|expression| read(expression, found));
        }
        Value::Array(array) => array.iter().for_each(|value| collect(value, found)),
        Value::Object(object) => object.values().for_each(|value| collect(value, found)),
        _ => {}
    }
}

/// Each `secrets` of an expression: a name follows, or a text in brackets, or something that only a run knows.
fn read(expression: &str, found: &mut JobSecrets) {
    let is_of_a_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
    for (at, _) in expression.match_indices("secrets") {
        let before = expression[..at].chars().next_back();
        // `inputs.secrets` and `my_secrets` are others.
        if before.is_some_and(|it| is_of_a_name(it) || it == '.') {
            continue;
        }
        let rest = expression[at + "secrets".len()..].trim_start();
        let quoted = rest.strip_prefix('[').map(str::trim_start).and_then(|rest| rest.strip_prefix('\''));
        let name = match (rest.strip_prefix('.'), quoted) {
            (Some(rest), _) => rest.chars().take_while(|it| is_of_a_name(*it)).collect(),
            (None, Some(rest)) => rest.split('\'').next().unwrap_or_default().to_owned(),
            (None, None) if rest.chars().next().is_some_and(is_of_a_name) => continue,
            (None, None) => String::new(),
        };
        let name = name.to_ascii_uppercase();
        if name.is_empty() {
            found.is_dynamic = true;
        } else if name != OF_EVERY_JOB {
            found.secrets.insert(name);
        }
    }
}

#[cfg(test)]
mod tests;
