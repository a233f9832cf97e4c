//! Reads a Terraform module without Terraform: its expressions are evaluated with given variables, and each resource becomes
//! JSON, with its nested blocks as arrays and `dynamic` blocks expanded. What it cannot evaluate (a value that only AWS knows)
//! is left out, and asking for it panics.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hcl::eval::{Context, Evaluate as _, FuncArgs, FuncDef, ParamType};
use hcl::{Block, Body, Expression};
use serde_json::{Map, Value, json};

/// The folder of the modules and roots.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("infrastructure/terraform")
}

/// A module with all its values.
#[derive(Debug)]
pub(crate) struct Module {
    locals: BTreeMap<String, Value>,
    resources: BTreeMap<(String, String), Value>,
    unknown: Vec<String>,
}

impl Module {
    /// `modules/sponsor-s3` for the sponsor callisto in eu-west-1, with these variables in addition.
    pub(crate) fn of_callisto(variables: Value) -> Self {
        Self::edited(variables, &[])
    }

    /// The same with pieces of its text replaced. Each must be there.
    pub(crate) fn edited(variables: Value, edits: &[(&str, &str)]) -> Self {
        let mut set = json!({"sponsor_name": "callisto", "sponsor_code": "CAL", "aws_region": "eu-west-1"});
        set.as_object_mut().unwrap().extend(variables.as_object().unwrap().clone());
        Self::read(&folder().join("modules/sponsor-s3"), &set, edits)
    }

    /// A module in a folder.
    pub(crate) fn read(folder: &Path, variables: &Value, edits: &[(&str, &str)]) -> Self {
        let mut text = texts(folder);
        for (from, to) in edits {
            assert!(text.contains(from), "{}: no {from:?} to replace", folder.display());
            text = text.replace(from, to);
        }
        let body: Body = hcl::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut context = context();
        context.declare_var("var", value(&with_defaults(&body, variables)));
        let locals = locals(&body, &mut context);
        let blocks: Vec<&Block> = body
            .blocks()
            .filter(|block| block.identifier() == "resource" && is_wanted(block, &context))
            .collect();
        declare_buckets(&blocks, &mut context);
        let (mut resources, mut unknown) = (BTreeMap::new(), Vec::new());
        for block in blocks {
            let labels = block.labels();
            let name = (labels[0].as_str().to_owned(), labels[1].as_str().to_owned());
            match evaluated(&block.body, &context) {
                Ok(resource) => drop(resources.insert(name, resource)),
                Err(error) => unknown.push(format!("{}.{}: {error}", name.0, name.1)),
            }
        }
        Self { locals, resources, unknown }
    }

    /// A resource; `null` if its `count` is 0.
    pub(crate) fn resource(&self, kind: &str, name: &str) -> &Value {
        let known = self.resources.get(&(kind.to_owned(), name.to_owned()));
        let unknown = self.unknown.iter().find(|line| line.starts_with(&format!("{kind}.{name}:")));
        assert!(unknown.is_none(), "{unknown:?}");
        known.unwrap_or(&Value::Null)
    }

    /// A local value.
    pub(crate) fn local(&self, name: &str) -> &Value {
        self.locals.get(name).unwrap_or_else(|| panic!("local.{name} is not there, or not known"))
    }
}

/// All `.tf` files of a folder.
fn texts(folder: &Path) -> String {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        files.filter(|file| file.extension().is_some_and(|end| end == "tf")).collect();
    files.sort();
    assert!(!files.is_empty(), "{}: no .tf", folder.display());
    files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect()
}

fn with_defaults(body: &Body, variables: &Value) -> Value {
    let mut all = Map::new();
    for block in body.blocks().filter(|block| block.identifier() == "variable") {
        let name = block.labels()[0].as_str();
        let default = block.body.attributes().find(|attribute| attribute.key() == "default");
        let default = default.map(|attribute| json_of(attribute.expr().evaluate(&Context::new()).unwrap()));
        let given = variables.get(name).cloned();
        let value = given.or(default).unwrap_or_else(|| panic!("the variable {name} has no default"));
        all.insert(name.to_owned(), value);
    }
    let unknown = variables.as_object().unwrap().keys().find(|name| !all.contains_key(*name));
    assert!(unknown.is_none(), "no variable {unknown:?}");
    Value::Object(all)
}

/// Local values in whatever order they need each other.
fn locals(body: &Body, context: &mut Context) -> BTreeMap<String, Value> {
    let blocks = body.blocks().filter(|block| block.identifier() == "locals");
    let mut open: Vec<(&str, &Expression)> = blocks
        .flat_map(|block| block.body.attributes().map(|attribute| (attribute.key(), attribute.expr())))
        .collect();
    let mut known = BTreeMap::new();
    loop {
        let before = open.len();
        open.retain(|(name, expression)| match expression.evaluate(context) {
            Ok(result) => known.insert((*name).to_owned(), json_of(result)).is_some(),
            Err(_) => true,
        });
        context.declare_var("local", value(&json!(known)));
        if open.len() == before {
            return known;
        }
    }
}

/// Other resources refer to buckets by these attributes.
fn declare_buckets(blocks: &[&Block], context: &mut Context) {
    let buckets = blocks.iter().filter(|block| block.labels()[0].as_str() == "aws_s3_bucket");
    let mut all = Map::new();
    for block in buckets {
        let name = block.body.attributes().find(|attribute| attribute.key() == "bucket");
        let name = json_of(name.unwrap().expr().evaluate(context).unwrap());
        let bucket =
            json!({"id": name, "bucket": name, "arn": format!("arn:aws:s3:::{}", name.as_str().unwrap())});
        let counted = block.body.attributes().any(|attribute| attribute.key() == "count");
        let bucket = if counted { json!([bucket]) } else { bucket };
        all.insert(block.labels()[1].as_str().to_owned(), bucket);
    }
    context.declare_var("aws_s3_bucket", value(&Value::Object(all)));
}

fn is_wanted(block: &Block, context: &Context) -> bool {
    let count = block.body.attributes().find(|attribute| attribute.key() == "count");
    count.is_none_or(|count| {
        count.expr().evaluate(context).ok().is_none_or(|count| json_of(count) != json!(0))
    })
}

fn evaluated(body: &Body, context: &Context) -> Result<Value, String> {
    let mut result = Map::new();
    for attribute in body.attributes().filter(|attribute| !["depends_on", "count"].contains(&attribute.key()))
    {
        let found = attribute.expr().evaluate(context).map_err(|error| error.to_string())?;
        result.insert(attribute.key().to_owned(), json_of(found));
    }
    for block in body.blocks().filter(|block| block.identifier() != "lifecycle") {
        let (name, contents) = if block.identifier() == "dynamic" {
            expanded(block, context)?
        } else {
            (block.identifier().to_owned(), vec![evaluated(&block.body, context)?])
        };
        let all = result.entry(name).or_insert_with(|| json!([]));
        all.as_array_mut().unwrap().extend(contents);
    }
    Ok(Value::Object(result))
}

/// One block per element of `for_each`, which has the block's name as variable.
fn expanded(block: &Block, context: &Context) -> Result<(String, Vec<Value>), String> {
    let name = block.labels()[0].as_str().to_owned();
    let each = block.body.attributes().find(|attribute| attribute.key() == "for_each").unwrap();
    let content = block.body.blocks().find(|block| block.identifier() == "content").unwrap();
    let elements = match json_of(each.expr().evaluate(context).map_err(|error| error.to_string())?) {
        Value::Object(map) => map.into_iter().map(|(key, value)| (json!(key), value)).collect(),
        Value::Array(list) => list.into_iter().map(|value| (value.clone(), value)).collect::<Vec<_>>(),
        other => return Err(format!("for_each = {other}")),
    };
    let one = |(key, element): (Value, Value)| {
        let mut context = context.clone();
        context.declare_var(name.as_str(), value(&json!({"key": key, "value": element})));
        evaluated(&content.body, &context)
    };
    Ok((name.clone(), elements.into_iter().map(one).collect::<Result<_, _>>()?))
}

/// The functions that the modules use, and what AWS would answer.
fn context() -> Context<'static> {
    let mut context = Context::new();
    context.declare_var("data", value(&json!({"aws_partition": {"current": {"partition": "aws"}}})));
    let any = |function| FuncDef::builder().variadic_param(ParamType::Any).build(function);
    context.declare_func("merge", any(merge));
    context.declare_func("concat", any(concat));
    context.declare_func("flatten", any(flatten));
    context.declare_func("coalesce", any(coalesce));
    context.declare_func("values", any(values));
    context.declare_func("keys", any(keys));
    context.declare_func("jsonencode", any(jsonencode));
    context
}

fn merge(arguments: FuncArgs) -> Result<hcl::Value, String> {
    let mut all = Map::new();
    for argument in arguments.into_values() {
        all.extend(json_of(argument).as_object().ok_or("merge takes objects")?.clone());
    }
    Ok(value(&Value::Object(all)))
}

fn concat(arguments: FuncArgs) -> Result<hcl::Value, String> {
    let mut all = Vec::new();
    for argument in arguments.into_values() {
        all.extend(json_of(argument).as_array().ok_or("concat takes lists")?.clone());
    }
    Ok(value(&Value::Array(all)))
}

fn flatten(arguments: FuncArgs) -> Result<hcl::Value, String> {
    fn flat(element: Value) -> Vec<Value> {
        match element {
            Value::Array(list) => list.into_iter().flat_map(flat).collect(),
            other => vec![other],
        }
    }
    Ok(value(&Value::Array(arguments.into_values().into_iter().map(json_of).flat_map(flat).collect())))
}

fn coalesce(arguments: FuncArgs) -> Result<hcl::Value, String> {
    let first = arguments.into_values().into_iter().find(|argument| !argument.is_null());
    first.ok_or_else(|| "all are null".to_owned())
}

fn values(arguments: FuncArgs) -> Result<hcl::Value, String> {
    let map = json_of(arguments[0].clone());
    Ok(value(&json!(map.as_object().ok_or("values takes an object")?.values().collect::<Vec<_>>())))
}

fn keys(arguments: FuncArgs) -> Result<hcl::Value, String> {
    let map = json_of(arguments[0].clone());
    Ok(value(&json!(map.as_object().ok_or("keys takes an object")?.keys().collect::<Vec<_>>())))
}

fn jsonencode(arguments: FuncArgs) -> Result<hcl::Value, String> {
    Ok(hcl::Value::from(json_of(arguments[0].clone()).to_string()))
}

fn json_of(value: hcl::Value) -> Value {
    serde_json::to_value(value).unwrap()
}

fn value(json: &Value) -> hcl::Value {
    hcl::to_value(json).unwrap()
}
