//! Tables of a manifest that have a certain name.

use serde::Deserialize;

/// A table that a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct HeldTable {
    schema: String,
    name: String,
    /// Its rows.
    pub rows: u64,
}

impl HeldTable {
    /// The tables of a manifest that `wanted` names, with their schema or without. A name with its schema goes first.
    /// Whether the document is a manifest is not checked: a document of another form has no tables.
    #[must_use]
    pub fn named(wanted: &str, manifest: &[u8]) -> Vec<Self> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Form {
            tables: Vec<HeldTable>,
        }
        let Form { tables } = serde_json::from_slice(manifest).unwrap_or_default();
        let (exact, other): (Vec<Self>, Vec<Self>) =
            tables.into_iter().partition(|table| table.qualified() == wanted);
        if exact.is_empty() {
            other.into_iter().filter(|table| table.name == wanted).collect()
        } else {
            exact
        }
    }

    /// `schema.name`, without quotes.
    #[must_use]
    pub fn qualified(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }
}

#[cfg(test)]
mod tests;
