//! Room 1: the text of a sponsor manifest becomes a [`Manifest`], or an error that names the line's sponsor.
//!
//! Pure: where the text comes from (a file, Doppler) is not known here, nor which sponsors are wanted.

pub mod spelling;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// The sponsors of one environment, in the order of the document. At least one; names and codes are unique.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// `sponsors[]` of the document.
    pub entries: Vec<Entry>,
}

/// One sponsor as the manifest describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Sponsor id, `[a-z][a-z0-9-]*`.
    pub name: String,
    /// Three upper-case letters.
    pub code: String,
    /// `None` where the manifest does not say; such a sponsor is not enabled.
    pub enabled: Option<bool>,
    /// Cloud region, such as `eu-west-1`.
    pub region: Option<String>,
    /// Sponsors with whom it may share a bucket or a database, where they say the same of it.
    pub may_share_with: Vec<String>,
}

/// The fields of a sponsor that are read here. Every other field belongs to another tool, and is carried.
const READ: [&str; 5] = ["name", "code", "enabled", "region", "may_share_with"];

/// Of what is wrong, so many characters are shown.
const SHOWN: usize = 40;

/// Why a text is not a manifest.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ManifestError {
    /// The source could not be read at all.
    #[error("manifest {place} cannot be read: {reason}")]
    Unreadable {
        /// Path or secret that was to be read.
        place: String,
        /// What the system said.
        reason: String,
    },
    /// The text does not parse.
    #[error("manifest is not YAML: {0}")]
    NotYaml(String),
    /// The document is something else than one mapping with a list under `sponsors`.
    #[error("manifest has no list under `sponsors`: {0}")]
    Shape(String),
    /// The list is empty.
    #[error("manifest has no sponsors")]
    Empty,
    /// One field of one sponsor does not hold what it must.
    #[error("manifest, {sponsor}: `{field}` {problem}")]
    Field {
        /// `sponsor 2 (titan)`.
        sponsor: String,
        /// Field name.
        field: &'static str,
        /// What is wrong with it, in words.
        problem: String,
    },
    /// A field that is read here is missing, and one that is not is spelt almost like it.
    #[error("manifest, {sponsor}: `{field}` is missing, and `{typed}` is not a field that is read")]
    Misspelt {
        /// `sponsor 2 (titan)`.
        sponsor: String,
        /// As typed.
        typed: String,
        /// Field name.
        field: &'static str,
    },
    /// Two sponsors share what must be unique.
    #[error("manifest: sponsors {first} and {second} both have the {field} `{value}`")]
    Duplicate {
        /// `name` or `code`.
        field: &'static str,
        /// The shared value.
        value: String,
        /// Position of the first, from 1.
        first: usize,
        /// Position of the second, from 1.
        second: usize,
    },
}

impl ManifestError {
    /// What the reader can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        let hint = match self {
            Self::Misspelt { field, .. } => return format!("Did you mean `{field}`?"),
            Self::Unreadable { .. } => "Check the `manifest` input: a path inside the workspace.",
            Self::NotYaml(_) => {
                "Check indentation and quotes at the line above, then run `sponsor-backup matrix` again."
            }
            Self::Shape(_) => {
                "Write a list: `sponsors:`, then one `- name: callisto` block for each sponsor."
            }
            Self::Empty => "Add at least one sponsor under `sponsors:`; an empty list would back up nothing.",
            Self::Field { .. } => {
                "A sponsor needs `name` (a-z, 0-9, -), `code` (three upper-case letters), `enabled: true` or `false` without quotes; `may_share_with` is a list of sponsors' names."
            }
            Self::Duplicate { .. } => {
                "Names and codes identify a sponsor's database and buckets; give each its own."
            }
        };
        hint.to_owned()
    }
}

/// Reads a manifest.
///
/// # Errors
/// Every rule of the manifest that the text breaks; the first one found is returned.
pub fn parse(text: &str) -> Result<Manifest, ManifestError> {
    // The reader of a manifest limits its length; the parser's own limits are lower than ten thousand sponsors need, but
    // that of depth is wanted: each level takes its part of the stack.
    let budget = serde_saphyr::budget! {
        max_events: usize::MAX, max_nodes: usize::MAX, max_merge_keys: usize::MAX,
        max_aliases: usize::MAX, max_anchors: usize::MAX, enforce_alias_anchor_ratio: false,
    };
    let options = serde_saphyr::options! { strict_booleans: true, budget: budget };
    let document: Value = serde_saphyr::from_str_with_options(text, options)
        .map_err(|error| ManifestError::NotYaml(shortened(&error.without_snippet().to_string(), 300)))?;
    let list = match document.get("sponsors") {
        Some(Value::Array(list)) => list,
        Some(Value::Null) => return Err(ManifestError::Empty),
        Some(other) => return Err(ManifestError::Shape(format!("it holds {}", kind(other)))),
        None => return Err(ManifestError::Shape(without_sponsors(&document))),
    };
    if list.is_empty() {
        return Err(ManifestError::Empty);
    }
    let entries =
        list.iter().enumerate().map(|(at, value)| entry(at + 1, value)).collect::<Result<Vec<_>, _>>()?;
    unique("name", entries.iter().map(|entry| entry.name.as_str()))?;
    unique("code", entries.iter().map(|entry| entry.code.as_str()))?;
    partners_are_known(&entries)?;
    Ok(Manifest { entries })
}

fn without_sponsors(document: &Value) -> String {
    let keys = document.as_object().into_iter().flat_map(Map::keys);
    let misspelt = keys.into_iter().find(|key| spelling::meant(key, ["sponsors"]).is_some());
    match misspelt {
        Some(typed) => format!("it has `{}`; did you mean `sponsors`?", shortened(typed, SHOWN)),
        None => format!("the document is {}", kind(document)),
    }
}

fn entry(position: usize, value: &Value) -> Result<Entry, ManifestError> {
    let mut fields = Fields { sponsor: format!("sponsor {position}"), map: Map::new() };
    match value {
        Value::Object(map) => fields.map = map.clone(),
        other => return Err(fields.error("name", format!("is missing: the entry is {}", kind(other)))),
    }
    if let Some(Value::String(name)) = fields.map.get("name") {
        fields.sponsor = format!("sponsor {position} ({})", shortened(name, SHOWN));
    }
    fields.are_spelt_right()?;
    let name = fields.text("name")?.ok_or_else(|| fields.error("name", "is missing"))?;
    if !is_name(&name) {
        let shown = shortened(&name, SHOWN);
        return Err(fields.error("name", format!("is `{shown}`; it must be a-z, then a-z, 0-9 or -")));
    }
    let code = fields.text("code")?.ok_or_else(|| fields.error("code", "is missing"))?;
    if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        let shown = shortened(&code, SHOWN);
        return Err(fields.error("code", format!("is `{shown}`; it must be three upper-case letters")));
    }
    let enabled = fields.boolean("enabled")?;
    let region = fields.text("region")?;
    let may_share_with = fields.names("may_share_with")?;
    Ok(Entry { name, code, enabled, region, may_share_with })
}

/// The fields of one sponsor that have not been read yet.
struct Fields {
    sponsor: String,
    map: Map<String, Value>,
}

impl Fields {
    /// A slip in a field's name would leave a sponsor without what the field says, without a word.
    fn are_spelt_right(&self) -> Result<(), ManifestError> {
        let missing: Vec<&'static str> =
            READ.into_iter().filter(|field| !self.map.contains_key(*field)).collect();
        let others = self.map.keys().filter(|key| !READ.contains(&key.as_str()));
        let slip = others.filter_map(|typed| Some((typed, spelling::meant(typed, missing.iter().copied())?)));
        match slip.into_iter().next() {
            Some((typed, field)) => Err(ManifestError::Misspelt {
                sponsor: self.sponsor.clone(),
                typed: shortened(typed, SHOWN),
                field,
            }),
            None => Ok(()),
        }
    }

    fn text(&mut self, field: &'static str) -> Result<Option<String>, ManifestError> {
        match self.map.remove(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.error(field, format!("is {}, not text", kind(&other)))),
        }
    }

    fn boolean(&mut self, field: &'static str) -> Result<Option<bool>, ManifestError> {
        match self.map.remove(field) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(value)),
            Some(other) => Err(self.error(field, format!("is {}, not true or false", kind(&other)))),
        }
    }

    fn names(&mut self, field: &'static str) -> Result<Vec<String>, ManifestError> {
        let list = match self.map.remove(field) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(list)) => list,
            Some(other) => return Err(self.error(field, format!("is {}, not a list of names", kind(&other)))),
        };
        let name = |value| match value {
            Value::String(name) => Ok(name),
            other => Err(self.error(field, format!("holds {}, not a name", kind(&other)))),
        };
        list.into_iter().map(name).collect()
    }

    fn error(&self, field: &'static str, problem: impl Into<String>) -> ManifestError {
        ManifestError::Field { sponsor: self.sponsor.clone(), field, problem: problem.into() }
    }
}

pub(crate) fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// A slip in a name would otherwise show only when the sharing that it allows is refused.
fn partners_are_known(entries: &[Entry]) -> Result<(), ManifestError> {
    let known: BTreeSet<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    for (at, entry) in entries.iter().enumerate() {
        let stranger = entry.may_share_with.iter().find(|name| !known.contains(name.as_str()));
        let problem = match stranger {
            Some(stranger) => format!("names {stranger}, which is not in the manifest"),
            None if entry.may_share_with.contains(&entry.name) => "names the sponsor itself".to_owned(),
            None => continue,
        };
        let sponsor = format!("sponsor {} ({})", at + 1, entry.name);
        return Err(ManifestError::Field { sponsor, field: "may_share_with", problem });
    }
    Ok(())
}

fn unique<'a>(field: &'static str, values: impl Iterator<Item = &'a str>) -> Result<(), ManifestError> {
    let mut seen = BTreeMap::new();
    for (at, value) in values.enumerate() {
        if let Some(first) = seen.insert(value, at) {
            return Err(ManifestError::Duplicate {
                field,
                value: shortened(value, SHOWN),
                first: first + 1,
                second: at + 1,
            });
        }
    }
    Ok(())
}

/// The beginning of a text, of at most so many characters.
fn shortened(text: &str, most: usize) -> String {
    let mut short: String = text.chars().take(most).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

fn kind(value: &Value) -> String {
    match value {
        Value::Null => "empty".to_owned(),
        Value::Bool(value) => format!("the boolean {value}"),
        Value::Number(value) => format!("the number {value}"),
        Value::String(value) => format!("the text \"{}\"", shortened(value, SHOWN)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(map) => {
            let names: Vec<_> = map.keys().take(3).map(|name| shortened(name, SHOWN)).collect();
            format!("a mapping of {}", names.join(", "))
        }
    }
}

#[cfg(test)]
mod tests;
