//! More databases to dump, restore and compare: one family of PostgreSQL's features each, after its manual. Unlike the
//! samples they come with a comparison of their own, which asks the catalogue: see `Database::portrait`.

use super::database::Database;

/// A family of features. Its name may be a sponsor's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Family {
    /// What it is about.
    pub(crate) name: &'static str,
    script: &'static str,
}

const FAMILIES: [Family; 10] = [
    Family { name: "partitions", script: include_str!("samples/families/partitions.sql") },
    Family { name: "inheritance", script: include_str!("samples/families/inheritance.sql") },
    Family { name: "search", script: include_str!("samples/families/search.sql") },
    Family { name: "security", script: include_str!("samples/families/security.sql") },
    Family { name: "types", script: include_str!("samples/families/types.sql") },
    Family { name: "triggers", script: include_str!("samples/families/triggers.sql") },
    Family { name: "sequences", script: include_str!("samples/families/sequences.sql") },
    Family { name: "routines", script: include_str!("samples/families/routines.sql") },
    Family { name: "names", script: include_str!("samples/families/names.sql") },
    Family { name: "beside", script: include_str!("samples/families/beside.sql") },
];

/// Only PostgreSQL 18 takes it.
const RECENT: Family = Family { name: "recent", script: include_str!("samples/families/recent_18.sql") };

impl Family {
    /// What can be loaded on a server of this major.
    pub(crate) fn of_major(major: u32) -> Vec<Self> {
        let recent = (major >= 18).then_some(RECENT);
        FAMILIES.into_iter().chain(recent).collect()
    }

    /// Fills an empty database.
    pub(crate) fn load(self, database: &Database) {
        database.script(self.script, &[("owner", database.user.clone())]);
    }
}
