//! A name and its value in a manifest.

use serde::{Deserialize, Serialize};

/// A tag, or a piece of metadata.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedValue {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl From<&(String, String)> for NamedValue {
    fn from((name, value): &(String, String)) -> Self {
        Self { name: name.clone(), value: value.clone() }
    }
}
