//! How a backup differs from the one before it, in numbers and names of tables.

use serde::{Deserialize, Serialize};

/// The comparison of a backup with an earlier one of the same scope, in its manifest and its record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// Location of the earlier backup.
    pub compared_with: String,
    /// Rows of all tables.
    pub rows: Amounts,
    /// Bytes of the dump before compression.
    pub dump_bytes: Amounts,
    /// The same of the backups before this one, the oldest first: at most seven.
    pub earlier_dump_bytes: Vec<u64>,
    /// Tables that changed most. `None` if those of the earlier backup are unknown.
    pub tables: Option<ChangedTables>,
    /// Objects of the schema that changed. `None` if those of the earlier backup are unknown.
    pub objects: Option<ChangedObjects>,
}

/// An amount in two backups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amounts {
    /// In the earlier one.
    pub before: u64,
    /// In the later one.
    pub after: u64,
}

/// Tables that only one backup has, and tables that lost all rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedTables {
    /// Only in the later backup.
    pub added: Named,
    /// Only in the earlier backup.
    pub removed: Named,
    /// With rows in the earlier backup, and without rows in the later one.
    pub emptied: Named,
}

/// Tables, by number and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// Number of tables.
    pub count: u64,
    /// The largest of them, as `schema.name` without quotes: at most 20.
    pub names: Vec<String>,
}

/// Objects of the schema, by what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedObjects {
    /// Only in the later backup.
    pub added: u64,
    /// Only in the earlier backup.
    pub removed: u64,
    /// In both, with another definition.
    pub changed: u64,
}
