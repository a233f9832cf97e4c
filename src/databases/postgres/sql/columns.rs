//! The head of a block of rows, as pg_dump writes it (`COPY schema.table (columns) FROM stdin;`), and the order of
//! columns. After a restore, a table that inherits from another one (the older way of partitioning) can
//! have its columns in another order, and its rows their fields. They are put back into the backup's order before
//! rows are compared.

use std::collections::BTreeMap;

use super::words::{Word, Words, decoded, qualified_name};

/// A table and its columns, in the order of the rows' fields. Names are without quotes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct CopyHead {
    pub(super) schema: String,
    pub(super) name: String,
    pub(super) columns: Vec<String>,
}

impl CopyHead {
    /// The table of a `COPY` statement, if rows follow. `None` for any other statement.
    pub(super) fn of(statement: &[u8]) -> Option<Self> {
        if !statement.starts_with(b"COPY ") {
            return None;
        }
        let text = decoded(statement);
        let text = text.strip_prefix("COPY ")?.strip_suffix(" FROM stdin;")?;
        let mut words = Words::of(text).peekable();
        let (schema, name) = qualified_name(&mut words)?;
        let mut columns = Vec::new();
        // A table without columns has no list.
        let mut comma = Word::Sign('(');
        while words.next_if_eq(&comma).is_some() {
            columns.extend(words.next().and_then(|word| word.name().map(str::to_owned)));
            comma = Word::Sign(',');
        }
        Some(Self { schema, name, columns })
    }
}

/// The columns of each table, in the order of its rows' fields.
#[derive(Debug, Clone, Default)]
pub struct Columns(BTreeMap<(String, String), Vec<String>>);

impl Columns {
    pub(super) fn note(&mut self, head: &CopyHead) {
        self.0.insert((head.schema.clone(), head.name.clone()), head.columns.clone());
    }

    /// The same for tables with other names.
    #[must_use]
    pub fn renamed(&self, new_name: impl Fn(&(String, String)) -> (String, String)) -> Self {
        Self(self.0.iter().map(|(name, columns)| (new_name(name), columns.clone())).collect())
    }

    /// The position of each field in the wanted order. `None` if the order is right already, or if the columns
    /// differ.
    pub(super) fn permutation(&self, head: &CopyHead) -> Option<Vec<usize>> {
        let wanted = self.0.get(&(head.schema.clone(), head.name.clone()))?;
        if *wanted == head.columns || wanted.len() != head.columns.len() {
            return None;
        }
        wanted.iter().map(|name| head.columns.iter().position(|column| column == name)).collect()
    }
}

/// The hash of a row with its fields in this order.
pub(super) fn hash_of(row: &[u8], order: Option<&[usize]>) -> u128 {
    match order {
        Some(order) => twox_hash::XxHash3_128::oneshot(&permuted(row, order)),
        None => twox_hash::XxHash3_128::oneshot(row),
    }
}

fn permuted(row: &[u8], order: &[usize]) -> Vec<u8> {
    let fields: Vec<&[u8]> = row.split(|byte| *byte == b'\t').collect();
    let ordered: Vec<&[u8]> = order.iter().filter_map(|at| fields.get(*at).copied()).collect();
    ordered.join(&b'\t')
}

#[cfg(test)]
mod tests;
