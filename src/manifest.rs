//! Parses the text of a sponsor manifest into a [`Manifest`], or returns an error that names the sponsor.
//!
//! Pure: does not know where the text comes from (a file, Doppler) or which sponsors are selected.

pub mod preflight;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// The sponsors of one environment, in the order of the document. At least one. Names and codes are unique.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// `sponsors[]` of the document.
    pub entries: Vec<Entry>,
}

/// One sponsor of the manifest.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Sponsor id, `[a-z][a-z0-9-]*`.
    pub name: String,
    /// Three upper-case letters.
    pub code: String,
    /// `None` if the manifest has no `enabled`. Such a sponsor is not enabled.
    pub enabled: Option<bool>,
    /// Cloud region, such as `eu-west-1`.
    pub region: Option<String>,
    /// Sponsors that it may share a bucket or database with, if they list it too.
    pub may_share_with: Vec<String>,
}

/// The fields of a sponsor that are read here. Every other field belongs to another tool, and is ignored.
const READ: [&str; 5] = ["name", "code", "enabled", "region", "may_share_with"];

/// Characters of a wrong value that an error shows.
const SHOWN: usize = 40;

/// Why a text is not a manifest.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ManifestError {
    /// The source cannot be read.
    #[error("cannot read manifest {place}: {reason}")]
    Unreadable {
        /// Path as typed.
        place: String,
        /// The system's reason.
        reason: String,
    },
    /// The text does not parse.
    #[error("manifest is not YAML: {0}")]
    NotYaml(String),
    /// The document is not a mapping with a list under `sponsors`.
    #[error("manifest has no list under `sponsors`: {0}")]
    Shape(String),
    /// The list is empty.
    #[error("manifest has no sponsors")]
    Empty,
    /// A field of a sponsor has a wrong value.
    #[error("manifest, {sponsor}: `{field}` {problem}")]
    Field {
        /// `sponsor 2 (titan)`.
        sponsor: String,
        /// Field name.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// A field is missing, and an unknown one has almost the same name.
    #[error("manifest, {sponsor}: `{typed}` is not a known field, and `{field}` is missing")]
    Misspelt {
        /// `sponsor 2 (titan)`, or `top level`.
        sponsor: String,
        /// As typed.
        typed: String,
        /// Field name.
        field: &'static str,
    },
    /// Two sponsors have the same name or code.
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
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        let hint = match self {
            Self::Misspelt { field, .. } => return format!("Did you mean `{field}`?"),
            Self::Field { field, .. } => form(field),
            Self::Unreadable { .. } => "Check the `manifest` input: a path in the workspace.",
            Self::NotYaml(_) => {
                "Check indentation and quotes at that line, then run `sponsor-backup matrix` to check the manifest."
            }
            Self::Shape(_) => {
                "Write `sponsors:`, and below it one `- name: callisto` block for each sponsor."
            }
            Self::Empty => "Add at least one sponsor under `sponsors:`.",
            Self::Duplicate { .. } => {
                "Give each sponsor its own name and code: they identify its database and buckets."
            }
        };
        hint.to_owned()
    }
}

/// The form of one field.
fn form(field: &str) -> &'static str {
    match field {
        "name" => "Write a name of a-z, 0-9 and - that begins with a letter, for example `name: titan`.",
        "code" => "Write three upper-case letters, for example `code: TIT`.",
        "enabled" => "Write `enabled: true` or `enabled: false`, without quotes.",
        "may_share_with" => {
            "List names of other sponsors in the manifest, for example `may_share_with: [titan]`."
        }
        _ => "Write a region as text, for example `region: eu-west-1`.",
    }
}

/// Reads a manifest.
///
/// # Errors
/// The first rule that the text breaks.
pub fn parse(text: &str) -> Result<Manifest, ManifestError> {
    // The caller limits the length. The parser's default limits are too low for ten thousand sponsors. Its depth limit stays:
    // each level uses stack.
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
        Some(other) => return Err(ManifestError::Shape(format!("it is {}", kind(other)))),
        None => return Err(without_sponsors(&document)),
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

fn without_sponsors(document: &Value) -> ManifestError {
    let mut keys = document.as_object().into_iter().flat_map(Map::keys);
    match keys.find(|key| suggest(key, ["sponsors"]).is_some()) {
        Some(typed) => ManifestError::Misspelt {
            sponsor: "top level".to_owned(),
            typed: shortened(typed, SHOWN),
            field: "sponsors",
        },
        None => ManifestError::Shape(format!("the document is {}", kind(document))),
    }
}

fn entry(position: usize, value: &Value) -> Result<Entry, ManifestError> {
    let mut fields = Fields { sponsor: format!("sponsor {position}"), map: Map::new() };
    match value {
        Value::Object(map) => fields.map = map.clone(),
        other => return Err(fields.error("name", format!("is missing: the sponsor is {}", kind(other)))),
    }
    if let Some(Value::String(name)) =
        fields.map.get("name").filter(|name| name.as_str().is_some_and(is_name))
    {
        fields.sponsor = format!("sponsor {position} ({})", shortened(name, SHOWN));
    }
    fields.check_spelling()?;
    let name = fields.text("name")?.ok_or_else(|| fields.error("name", "is missing"))?;
    if !is_name(&name) {
        return Err(fields.error("name", format!("is {}, not a valid name", describe_value(&name))));
    }
    let code = fields.text("code")?.ok_or_else(|| fields.error("code", "is missing"))?;
    if !is_code(&code) {
        return Err(
            fields.error("code", format!("is {}, not three upper-case letters", describe_value(&code)))
        );
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
    /// A typo in a field's name would silently leave the sponsor without that field, and perhaps without a backup.
    fn check_spelling(&self) -> Result<(), ManifestError> {
        let missing: Vec<&'static str> =
            READ.into_iter().filter(|field| !self.map.contains_key(*field)).collect();
        let others = self.map.keys().filter(|key| !READ.contains(&key.as_str()));
        let slip = others.filter_map(|typed| Some((typed, suggest(typed, missing.iter().copied())?)));
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
            other => Err(self.error(field, format!("has {}, not a name", kind(&other)))),
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

pub(crate) fn is_code(code: &str) -> bool {
    code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// A typo in a name would otherwise show only when the sponsors share something.
fn partners_are_known(entries: &[Entry]) -> Result<(), ManifestError> {
    let known: BTreeSet<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    for (at, entry) in entries.iter().enumerate() {
        let stranger = entry.may_share_with.iter().find(|name| !known.contains(name.as_str()));
        let problem = match stranger {
            Some(stranger) if is_name(stranger) => {
                format!("names {}, which is not in the manifest", shortened(stranger, SHOWN))
            }
            Some(stranger) => format!("has {}, not a name", describe_value(stranger)),
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

/// A wrong value may be a secret, pasted into the wrong row: only a short word is shown.
pub(crate) fn describe_value(value: &str) -> String {
    let is_a_word =
        value.len() <= 10 && value.chars().all(|c| c.is_ascii_alphabetic() || c == ' ' || c == '-');
    if is_a_word { format!("`{value}`") } else { format!("a text of {} characters", value.chars().count()) }
}

/// The first `most` characters of a text. An ellipsis shows the cut.
pub(crate) fn shortened(text: &str, most: usize) -> String {
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
        Value::String(value) => match describe_value(value) {
            shown if shown.starts_with('`') => format!("the text {shown}"),
            described => described,
        },
        Value::Array(_) => "a list".to_owned(),
        Value::Object(map) => {
            let names: Vec<_> = map.keys().take(3).map(|name| describe_value(name)).collect();
            format!("a mapping of {}", names.join(", "))
        }
    }
}

// Which known name a misspelt one was meant to be. Pure.

/// Letters that may be wrong, missing, additional or swapped with their neighbor. In a short name two typos make another
/// word: `reason` is not a `region`.
fn most(known: &str) -> usize {
    if known.len() <= 6 { 1 } else { 2 }
}

/// The missing name that `typed` differs from by a typo or two. Case, `-` and `_` do not count.
#[must_use]
pub fn suggest<'a>(typed: &str, missing: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = plain(typed);
    let away = |known: &str| strsim::damerau_levenshtein(&typed, &plain(known));
    let near =
        missing.into_iter().map(|known| (away(known), known)).filter(|(away, known)| *away <= most(known));
    near.min_by_key(|(away, _)| *away).map(|(_, known)| known)
}

fn plain(name: &str) -> String {
    name.trim().to_lowercase().replace('-', "_")
}

#[cfg(test)]
mod tests;
