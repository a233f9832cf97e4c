//! Some tables of a dump, with what they need: which of its statements and rows belong to them, in which form, and what
//! cannot be kept and why. Pure.
//!
//! The statements before the first rows define the objects, so they are all read before the first decision. Names are
//! compared as PostgreSQL stores them, with their schemas. A statement is kept only if everything that it names is
//! selected or known to be in the target.

mod bring_back;
mod catalog;
mod chooser;
mod definition;
mod subject;
mod wanted;

pub use super::statement::QualifiedName;
pub use chooser::{Chooser, Note, Plan};
pub use wanted::TableName;

use std::collections::BTreeSet;

use serde::Deserialize;

/// What is known about the database that the tables go into.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Ground {
    /// Nothing: the statements are loaded later, somewhere.
    #[default]
    Unknown,
    /// What it has.
    Known(Existing),
}

/// What a database has, without PostgreSQL's own objects.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Existing {
    /// Schemas.
    pub schemas: BTreeSet<String>,
    /// Tables, views, sequences and indexes.
    pub relations: BTreeSet<QualifiedName>,
    /// Types.
    pub types: BTreeSet<QualifiedName>,
    /// Functions, operator classes, collations and other objects that a statement can name.
    pub others: BTreeSet<QualifiedName>,
    /// Roles.
    pub roles: BTreeSet<String>,
}

impl Existing {
    fn has(&self, name: &QualifiedName) -> bool {
        self.relations.contains(name) || self.types.contains(name) || self.others.contains(name)
    }
}

/// Why tables cannot be selected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// The backup has no table of this name.
    #[error("the backup has no table {name}")]
    Unknown {
        /// As the user named it.
        name: String,
        /// Similar names.
        near: Vec<String>,
    },
    /// Several schemas have such a table.
    #[error("the backup has several tables {name}: {}", .names.join(", "))]
    Ambiguous {
        /// As the user named it.
        name: String,
        /// The tables.
        names: Vec<String>,
    },
    /// The name is of another kind of object.
    #[error("{name} is a {kind} in the backup, not a table with rows")]
    NotATable {
        /// As the user named it.
        name: String,
        /// `view`
        kind: &'static str,
    },
    /// The backup was made without the rows.
    #[error("the backup holds no rows of {}, only the definition", .names.join(", "))]
    NoRows {
        /// The tables.
        names: Vec<String>,
    },
    /// Two objects of the selection would get the same name.
    #[error("{} would have the same name in {into}", .names.join(" and "))]
    SameName {
        /// The new schema.
        into: String,
        /// Their names in the backup.
        names: Vec<String>,
    },
    /// The target has them already.
    #[error("the target already has {}", .names.join(", "))]
    Exist {
        /// Their names in the target.
        names: Vec<String>,
        /// Whether they would go into another schema.
        is_moved: bool,
    },
}

impl SelectionError {
    /// What the reader can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Unknown { near, .. } if near.is_empty() => {
                "Check the name. The backup's manifest lists its tables. Names with upper-case letters need double quotes.".to_owned()
            }
            Self::Unknown { near, .. } => format!("Did you mean {}?", near.join(", or ")),
            Self::Ambiguous { .. } => "Name the table with its schema.".to_owned(),
            Self::NotATable { .. } => "Name the tables that it reads, or restore the whole backup.".to_owned(),
            Self::NoRows { .. } => {
                "Choose a backup that was made without `exclude-table-data`, and of unlogged tables one of a primary."
                    .to_owned()
            }
            Self::SameName { .. } => "Restore them one after the other, each into another schema.".to_owned(),
            Self::Exist { is_moved: true, .. } => "Name a schema in `into` that does not exist yet.".to_owned(),
            Self::Exist { .. } => {
                "Set `into` to a new schema, such as `recovered`, and bring the missing rows back from there.".to_owned()
            }
        }
    }
}

/// Keywords that cannot be names without quotes.
const RESERVED: &str = " all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate \
    collation column concurrently constraint create cross current_catalog current_date current_role current_schema \
    current_time current_timestamp current_user default deferrable desc distinct do else end except false fetch for \
    foreign freeze from full grant group having ilike in initially inner intersect into is isnull join lateral leading \
    left like limit localtime localtimestamp natural not notnull null offset on only or order outer overlaps placing \
    primary references returning right select session_user similar some symmetric system_user table tablesample then to \
    trailing true union unique user using variadic verbose when where window with ";

/// A name as SQL writes it: in quotes only if it needs them.
#[must_use]
pub fn identifier(name: &str) -> String {
    let is_plain = name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !RESERVED.contains(&format!(" {name} "));
    if is_plain { name.to_owned() } else { super::words::quoted(name) }
}

/// `schema.name` as SQL writes it.
#[must_use]
pub fn shown_name((schema, name): &QualifiedName) -> String {
    format!("{}.{}", identifier(schema), identifier(name))
}

#[cfg(test)]
mod tests;
