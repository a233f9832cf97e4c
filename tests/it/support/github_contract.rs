//! GitHub's official description of its API, trimmed to what the product asks (`script/update-github-api` makes it again): every
//! request of the product and every answer of the scripted GitHub is held against it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

static API: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../fixtures/github/api.json")).unwrap());

/// One operation of the description, found by method and path below the prefix.
pub(super) struct Operation {
    described: &'static Value,
    name: String,
}

/// The operation that a request is, if the description has it.
pub(super) fn operation(method: &str, path: &str) -> Option<Operation> {
    let paths = API["paths"].as_object().unwrap();
    let (template, methods) = paths.iter().find(|(template, _)| fits(template, path))?;
    let described = methods.get(method.to_lowercase())?;
    Some(Operation { described, name: format!("{method} {template}") })
}

fn fits(template: &str, path: &str) -> bool {
    let (wanted, found): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    let same =
        |(wanted, found): (&&str, &&str)| wanted.starts_with('{') && !found.is_empty() || wanted == found;
    wanted.len() == found.len() && wanted.iter().zip(&found).all(same)
}

impl Operation {
    /// What is wrong with a request: parameters that are unknown or have wrong values, a body of another form.
    pub(super) fn wrong_with_request(&self, query: &BTreeMap<String, String>, body: &Value) -> Vec<String> {
        let known = self.described["parameters"].as_array().unwrap();
        let mut wrong = Vec::new();
        for (name, value) in query {
            match known.iter().find(|known| known["in"] == "query" && known["name"] == name.as_str()) {
                None => wrong.push(format!("{}: unknown parameter {name}", self.name)),
                Some(parameter) => {
                    let value = value.parse::<u64>().map_or_else(|_| json!(value), |number| json!(number));
                    wrong.extend(self.breaches(name, &parameter["schema"], &value));
                }
            }
        }
        if let Some(schema) = self.described.pointer("/requestBody/content/application~1json/schema") {
            wrong.extend(self.breaches("body", schema, body));
            for name in body.as_object().into_iter().flat_map(Map::keys) {
                if schema["properties"].get(name).is_none() {
                    wrong.push(format!("{}: {name} is no key of the body", self.name));
                }
            }
        }
        wrong
    }

    /// What is wrong with an answer.
    pub(super) fn wrong_with_answer(&self, status: u16, body: &Value) -> Vec<String> {
        match self.schema(status) {
            Some(schema) => self.breaches(&format!("answer {status}"), schema, body),
            // The description lists only those refusals that are peculiar to an operation.
            None if status >= 400 => Vec::new(),
            None => vec![format!("{}: no answer {status} is described", self.name)],
        }
    }

    /// The smallest answer that the description admits: what must be there, and nothing else. An array has one element.
    pub(super) fn sample(&self, status: u16) -> Value {
        sample(self.schema(status).unwrap())
    }

    fn schema(&self, status: u16) -> Option<&'static Value> {
        self.described.pointer(&format!("/responses/{status}/content/application~1json/schema"))
    }

    fn breaches(&self, what: &str, schema: &Value, value: &Value) -> Vec<String> {
        let mut whole = schema.clone();
        if let Some(whole) = whole.as_object_mut() {
            whole.insert("components".to_owned(), API["components"].clone());
        }
        let validator = jsonschema::options().should_validate_formats(true).build(&whole).unwrap();
        validator
            .iter_errors(value)
            .map(|error| format!("{}, {what}{}: {error}", self.name, error.instance_path()))
            .collect()
    }
}

fn sample(schema: &Value) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        return sample(API.pointer(reference.trim_start_matches('#')).unwrap());
    }
    for word in ["anyOf", "oneOf", "allOf"] {
        if let Some(first) = schema[word].as_array().and_then(|all| all.first()) {
            return sample(first);
        }
    }
    if let Some(first) = schema["enum"].as_array().and_then(|all| all.first()) {
        return first.clone();
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap_or("object");
    match (kind, schema["format"].as_str()) {
        ("string", Some("date-time")) => json!("2026-11-20T12:00:00Z"),
        ("string", Some("uri")) => json!("https://github.example/x"),
        ("string", _) => json!("x"),
        ("integer" | "number", _) => json!(1),
        ("boolean", _) => json!(false),
        ("array", _) => json!([sample(&schema["items"])]),
        _ => {
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            Value::Object(
                required.map(|name| (name.to_owned(), sample(&schema["properties"][name]))).collect(),
            )
        }
    }
}
