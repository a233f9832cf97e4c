//! Sequences and large objects that differ, by name. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::databases::postgres::sql::{Group, LargeObjects, Position};

/// Number of objects named per kind.
const NAMED: usize = 20;

/// Differences, each as a phrase.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Differences {
    /// Objects that are missing.
    pub(crate) missing: Vec<String>,
    /// Objects that differ, or that the backup does not have.
    pub(crate) changed: Vec<String>,
}

impl Differences {
    pub(crate) fn all(self) -> Vec<String> {
        [self.missing, self.changed].concat()
    }

    pub(crate) fn and(mut self, other: Self) -> Self {
        self.missing.extend(other.missing);
        self.changed.extend(other.changed);
        self
    }

    fn shortened(mut self, kind: &str) -> Self {
        for list in [&mut self.missing, &mut self.changed] {
            let count = list.len();
            list.truncate(NAMED);
            if count > NAMED {
                list.push(format!("{} more {kind} differ", count - NAMED));
            }
        }
        self
    }
}

type Positions = BTreeMap<(String, String), Position>;

/// Compares sequences.
pub(crate) fn sequences(expected: &Positions, found: &Positions) -> Differences {
    let mut differences = Differences::default();
    for name in expected.keys().chain(found.keys()).collect::<BTreeSet<_>>() {
        let told = format!("sequence {}.{}", name.0, name.1);
        match (expected.get(name), found.get(name)) {
            (Some(_), None) => differences.missing.push(format!("{told} is missing")),
            (None, _) => differences.changed.push(format!("{told} is not in the backup")),
            (Some(expected), Some(found)) if expected != found => {
                differences.changed.push(format!("{told} is at {found}, expected {expected}"));
            }
            _ => {}
        }
    }
    differences.shortened("sequences")
}

/// Compares large objects. Large numbers of them are grouped with their neighbors.
pub(crate) fn large_objects(expected: &LargeObjects, found: &LargeObjects) -> Differences {
    let shift = expected.shift.max(found.shift);
    let (expected, found) = (expected.coarser(shift), found.coarser(shift));
    let mut differences = Differences::default();
    for first in expected.groups.keys().chain(found.groups.keys()).collect::<BTreeSet<_>>() {
        let last = first | ((1 << shift) - 1);
        let (told, is) = if *first == last {
            (format!("large object {first}"), "is")
        } else {
            (format!("large objects {first} to {last}"), "are")
        };
        match (expected.groups.get(first), found.groups.get(first)) {
            (Some(_), None) => differences.missing.push(format!("{told} {is} missing")),
            (None, _) => differences.changed.push(format!("{told} {is} not in the backup")),
            (Some(expected), Some(found)) if expected != found => {
                differences.changed.push(format!("{told}: {}", how(expected, found)));
            }
            _ => {}
        }
    }
    differences.shortened("large objects")
}

fn how(expected: &Group, found: &Group) -> String {
    if found.count < expected.count {
        format!("found {}, expected {}", found.count, expected.count)
    } else if found.bytes != expected.bytes {
        format!("found {} bytes, expected {}", found.bytes, expected.bytes)
    } else {
        "different contents, owner or grants".to_owned()
    }
}

#[cfg(test)]
mod tests;
