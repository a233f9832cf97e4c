//! The inputs about some tables of a backup.

use std::path::PathBuf;

use super::kinds::FromInput;
use crate::databases::postgres::sql::selection::TableName;

/// Names of tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TableNames(pub(super) Vec<TableName>);

impl FromInput for TableNames {
    const EXPECTED: &'static str = "a list of table names";
    const HINT: &'static str = "Write names such as `diary.visits`, separated by commas. As in SQL, names with upper-case letters or blanks need double quotes.";

    fn from_input(text: &str) -> Option<Self> {
        TableName::parse_list(text).map(Self)
    }
}

/// The name of a schema to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NewSchema(pub(super) String);

impl FromInput for NewSchema {
    const EXPECTED: &'static str = "a name for a schema";
    const HINT: &'static str =
        "Write one ASCII name of up to 63 characters that does not begin with `pg_`, such as `recovered`.";

    fn from_input(text: &str) -> Option<Self> {
        TableName::parse_schema(text).map(Self)
    }
}

/// Where SQL goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SqlOutput {
    /// Standard output.
    Stream,
    /// A new file.
    File(PathBuf),
}

impl FromInput for SqlOutput {
    fn from_input(text: &str) -> Option<Self> {
        Some(if text == "-" { Self::Stream } else { Self::File(PathBuf::from(text)) })
    }
}
