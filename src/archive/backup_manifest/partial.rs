//! What a backup leaves out on purpose: its scope. Only backups of one scope are compared.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// What was left out on purpose, as pg_dump patterns.
#[derive(Debug, Clone, Eq, Serialize, Deserialize)]
pub struct Partial {
    /// Only these schemas.
    pub schemas: Vec<String>,
    /// Not these schemas.
    pub exclude_schemas: Vec<String>,
    /// Not the rows of these tables.
    pub exclude_table_data: Vec<String>,
}

impl Partial {
    /// What is not in the backup: `rows excluded by request: diary.audit_log`.
    #[must_use]
    pub fn words(&self) -> String {
        let lists = [
            ("only the schemas", &self.schemas),
            ("schemas excluded by request", &self.exclude_schemas),
            ("rows excluded by request", &self.exclude_table_data),
        ];
        let told = lists.iter().filter(|(_, patterns)| !patterns.is_empty());
        told.map(|(what, patterns)| format!("{what}: {}", patterns.join(", "))).collect::<Vec<_>>().join("; ")
    }

    fn sets(&self) -> [BTreeSet<&str>; 3] {
        [&self.schemas, &self.exclude_schemas, &self.exclude_table_data]
            .map(|patterns| patterns.iter().map(String::as_str).collect())
    }
}

/// pg_dump leaves out the same, in whatever order the patterns are, and however often one is repeated.
impl PartialEq for Partial {
    fn eq(&self, other: &Self) -> bool {
        self.sets() == other.sets()
    }
}

#[cfg(test)]
mod tests;
