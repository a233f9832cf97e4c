//! Digests of a dump's large objects. They do not depend on their order or on the PostgreSQL version that wrote them,
//! and they stay small for any number of objects. Pure.

use std::collections::BTreeMap;

use memchr::memmem::find;

const CREATES: &[u8] = b"SELECT pg_catalog.lo_create('";
const OPENS: &[u8] = b"SELECT pg_catalog.lo_open('";
const WRITES: &[u8] = b"SELECT pg_catalog.lowrite(0, '\\x";
const ANY_WRITE: &[u8] = b"SELECT pg_catalog.lowrite(";
const ANY: &[u8] = b"SELECT pg_catalog.lo_";
const LARGE_OBJECT: &[u8] = b"LARGE OBJECT ";
/// Statements about one large object: its owner, its privileges, its comment and its labels.
const DESCRIBES: [&[u8]; 5] =
    [b"ALTER LARGE OBJECT ", b"COMMENT ON LARGE OBJECT ", b"GRANT ", b"REVOKE ", b"SECURITY LABEL "];
/// Maximum number of groups. With more large objects, several neighbors share a group.
const GROUPS: usize = 10_000;

/// What the large objects of a dump contain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LargeObjects {
    /// A group consists of the large objects whose OIDs are equal after shifting right by this number of bits. With
    /// 0, each has its own group.
    pub shift: u32,
    /// The groups, by their smallest possible OID.
    pub groups: BTreeMap<u32, Group>,
}

/// A large object, or several neighbors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Group {
    /// Number of large objects.
    pub count: u64,
    /// Bytes of all of them together.
    pub bytes: u64,
    /// Wrapping sum of the hashes of all statements about them.
    pub digest: u128,
}

impl Group {
    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.bytes += other.bytes;
        self.digest = self.digest.wrapping_add(other.digest);
    }
}

impl LargeObjects {
    /// All of them together.
    #[must_use]
    pub fn total(&self) -> Group {
        self.groups.values().fold(Group::default(), |mut total, group| {
            total.add(*group);
            total
        })
    }

    /// The same in coarser groups, by at least this shift.
    #[must_use]
    pub fn coarser(&self, shift: u32) -> Self {
        let shift = shift.clamp(self.shift, 31);
        let mut coarser = Self { shift, groups: BTreeMap::new() };
        for (first, group) in &self.groups {
            coarser.groups.entry(first >> shift << shift).or_default().add(*group);
        }
        coarser
    }

    fn add(&mut self, oid: u32, group: Group) {
        self.groups.entry(oid >> self.shift << self.shift).or_default().add(group);
        while self.groups.len() > GROUPS {
            *self = self.coarser(self.shift + 1);
        }
    }
}

/// The large objects of a stream so far.
#[derive(Debug, Default)]
pub(super) struct Watch {
    pub(super) found: LargeObjects,
    /// The one that was opened last.
    open: u32,
}

impl Watch {
    /// Reads the next statement, or its beginning, with its hash. Returns whether it is about a large object.
    pub(super) fn learn(&mut self, statement: &[u8], hash: u128) -> bool {
        let mut group = Group { digest: hash, ..Group::default() };
        let oid = if statement.starts_with(ANY_WRITE) {
            let digits = statement.strip_prefix(WRITES).and_then(|rest| memchr::memchr(b'\'', rest));
            group.bytes = digits.unwrap_or_default() as u64 / 2;
            Some(self.open)
        } else if let Some(rest) = statement.strip_prefix(OPENS) {
            let oid = number(rest);
            self.open = oid.unwrap_or_default();
            oid
        } else if let Some(rest) = statement.strip_prefix(CREATES) {
            group.count = 1;
            number(rest)
        } else if DESCRIBES.iter().any(|start| statement.starts_with(start)) {
            // Privileges and a label's provider precede the number, and people's text follows it.
            find(statement, LARGE_OBJECT).and_then(|at| number(&statement[at + LARGE_OBJECT.len()..]))
        } else {
            // Statements that close an object, or drop a target's objects, have no content of their own.
            return statement.starts_with(ANY);
        };
        if let Some(oid) = oid {
            self.found.add(oid, group);
        }
        oid.is_some()
    }
}

fn number(text: &[u8]) -> Option<u32> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    std::str::from_utf8(&text[..end]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests;
