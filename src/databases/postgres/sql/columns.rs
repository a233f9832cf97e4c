//! The order of columns. After a restore, a table that inherits from another one (the older way of partitioning) can
//! have its columns in another order, and its rows their fields. They are put back into the backup's order before
//! rows are compared.

use std::collections::BTreeMap;

use super::copy::Head;

/// The columns of each table, in the order of its rows' fields.
#[derive(Debug, Clone, Default)]
pub struct Columns(BTreeMap<(String, String), Vec<String>>);

impl Columns {
    pub(super) fn note(&mut self, head: &Head) {
        self.0.insert((head.schema.clone(), head.name.clone()), head.columns.clone());
    }

    /// The position of each field in the wanted order. `None` if the order is right already, or if the columns
    /// differ.
    pub(super) fn permutation(&self, head: &Head) -> Option<Vec<usize>> {
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
