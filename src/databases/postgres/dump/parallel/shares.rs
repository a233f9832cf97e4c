//! Which connection dumps which table. Pure.

use std::collections::BTreeSet;

use crate::databases::postgres::snapshot::Sizes;
use crate::databases::postgres::sql::TableName;

/// The tables that each connection but the first one dumps. The first one dumps everything else, so that nothing that
/// this program does not know of is left out. The largest table goes first, and each to the connection with the least.
///
/// Without `any_name`, only tables with names in ASCII are handed out: pg_dump reads its arguments in the encoding of the
/// database.
pub(super) fn shares(sizes: &Sizes, jobs: usize, any_name: bool) -> Vec<BTreeSet<TableName>> {
    let fits = |name: &str| any_name || name.is_ascii();
    let tables: Vec<_> = sizes.tables.iter().filter(|(schema, name, _)| fits(schema) && fits(name)).collect();
    let named: u64 = tables.iter().map(|(_, _, bytes)| bytes).sum();
    let mut loads = vec![0; jobs.max(1)];
    loads[0] = sizes.all.saturating_sub(named);
    let mut shares = vec![BTreeSet::new(); loads.len()];
    for (schema, name, bytes) in tables {
        let least = (0..loads.len()).min_by_key(|at| loads[*at]).unwrap_or_default();
        loads[least] += bytes;
        shares[least].insert((schema.clone(), name.clone()));
    }
    // What is left with the first connection needs no name.
    shares.into_iter().skip(1).filter(|tables| !tables.is_empty()).collect()
}

#[cfg(test)]
mod tests;
