//! The schemas themselves: they describe every key, admit no other, and refuse what they must. That the product's
//! documents keep to them is proved wherever a test reads one: the support validates.

use serde_json::{Value, json};

use crate::support::schemas::{BACKUP_MANIFEST, DEPLOYMENT_LOG, check_log, check_manifest};
use crate::support::{Sponsor, Trial};

fn parse(schema: &str) -> Value {
    serde_json::from_str(schema).unwrap()
}

/// Every subschema of an object's properties, with its path.
fn properties(path: &str, schema: &Value, found: &mut Vec<(String, Value)>) {
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}/{name}");
        found.push((path.clone(), inner.clone()));
        properties(&path, inner, found);
        if let Some(items) = inner.get("items") {
            found.push((format!("{path}[]"), items.clone()));
            properties(&format!("{path}[]"), items, found);
        }
    }
}

#[test]
fn schemas_are_valid_describe_every_key_and_admit_no_other() {
    for text in [DEPLOYMENT_LOG, BACKUP_MANIFEST] {
        let schema = parse(text);
        assert!(jsonschema::meta::is_valid(&schema), "{text}");
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        let mut found = vec![(String::new(), schema.clone())];
        properties("", &schema, &mut found);
        assert!(found.len() > 20, "{found:?}");
        for (path, inner) in found {
            let described = inner["description"].as_str().is_some_and(|text| text.len() > 8);
            assert!(described, "{path} is not described");
            let typed = ["type", "enum", "const"].iter().any(|word| inner.get(word).is_some());
            assert!(typed, "{path} may be anything");
            if inner["type"] == "object" {
                assert_eq!(inner["additionalProperties"], false, "{path}");
                let required: Vec<&str> =
                    inner["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
                let named: Vec<&str> =
                    inner["properties"].as_object().unwrap().keys().map(String::as_str).collect();
                let missing: Vec<_> = named.iter().filter(|name| !required.contains(name)).collect();
                let optional: &[&&str] = if path.is_empty() && schema["title"] == "Backup manifest" {
                    &[&"partial", &"rows_total", &"statements", &"statements_digest", &"tables"]
                } else {
                    &[]
                };
                assert_eq!(missing, optional, "{path}");
            }
        }
    }
}

/// Whether a check panics.
fn refuses(check: fn(&str, &Value), document: &Value) -> bool {
    let document = document.clone();
    std::panic::catch_unwind(move || check("a document", &document)).is_err()
}

#[test]
fn a_document_with_a_key_too_many_too_few_or_a_wrong_value_is_refused() {
    let trial = Trial::of([Sponsor::named("callisto").diary(2, 5)]);
    let outcome = trial.run().run();
    outcome.assert_code(0);
    let log = outcome.log("callisto");
    let bucket = trial.bucket("callisto");
    let key = trial.store.keys_in(bucket).into_iter().find(|key| key.ends_with(".manifest.json")).unwrap();
    let manifest = trial.store.get_json(bucket, &key);
    for (check, document) in
        [(check_log as fn(&str, &Value), log.clone()), (check_manifest, manifest.clone())]
    {
        for name in document.as_object().unwrap().keys() {
            let mut changed = document.clone();
            changed.as_object_mut().unwrap().remove(name);
            assert!(refuses(check, &changed), "{name} may be missing");
            changed = document.clone();
            changed[name] = json!([["neither"]]);
            assert!(refuses(check, &changed), "{name} may be anything");
        }
        let mut changed = document.clone();
        changed["surprise"] = json!(1);
        assert!(refuses(check, &changed));
    }
    for (name, value) in [
        ("deployment_timestamp", json!("2026-02-30T00:00:00Z")),
        ("backup_sha256", json!("ABC")),
        ("backup_location", Value::Null),
        ("outcome", json!("failure")),
        ("outcome", json!("skipped")),
        ("backup_size_bytes", json!(-1)),
    ] {
        let mut changed = log.clone();
        changed[name] = value.clone();
        assert!(refuses(check_log, &changed), "{name} may be {value}");
    }
    for (path, value) in [
        ("/key", json!("backups/backup-prod.sql.gz")),
        ("/dump/bytes", json!(0)),
        ("/stored/sha256", json!("x")),
        ("/encoding/codec", json!("brotli")),
        ("/started_at", json!("yesterday")),
    ] {
        let mut changed = manifest.clone();
        *changed.pointer_mut(path).unwrap() = value.clone();
        assert!(refuses(check_manifest, &changed), "{path} may be {value}");
    }
}
