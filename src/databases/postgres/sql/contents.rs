//! What a dump contains: tables and large objects as numbers that do not depend on the server's order, and positions
//! of sequences. Pure.

use std::collections::BTreeMap;

use memchr::memmem::find;
use twox_hash::XxHash3_128;

use super::words::{Words, decoded, qualified_name};

/// What a dump contains. Two dumps with equal contents restore to equal databases.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DumpContents {
    /// Each table that has a block of rows, by schema and name.
    pub tables: Vec<TableDigest>,
    /// Each sequence, by schema and name. Its statement is included in the statements below.
    pub sequences: BTreeMap<(String, String), Position>,
    /// The large objects. Their statements are included in the statements below.
    pub large_objects: LargeObjects,
    /// Number of materialized views. Their rows are not in a dump, because a restore computes them again.
    pub materialized_views: u64,
    /// Number of statements other than rows, including sequence values, without comments and psql commands.
    pub statements: u64,
    /// Digest of the statements, 32 hexadecimal digits: the wrapping sum of each statement's XXH3-128, in the
    /// manifests' spelling.
    pub statements_digest: String,
    /// The same in the spelling that compares two dumps. No document contains it, because releases differ in it.
    pub compared_digest: String,
}

impl DumpContents {
    /// Rows of all tables.
    #[must_use]
    pub fn rows_total(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }
}

/// What one table contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableDigest {
    /// Schema, without quotes.
    pub schema: String,
    /// Name, without quotes.
    pub name: String,
    /// Rows.
    pub rows: u64,
    /// Digest of the rows, 32 hexadecimal digits: the wrapping sum of each row's XXH3-128, as COPY writes the row.
    pub digest: String,
}

/// A sum of hashes, which does not depend on their order.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sum {
    pub(super) count: u64,
    digest: u128,
}

impl Sum {
    pub(super) fn add(&mut self, hash: u128) {
        self.count += 1;
        self.digest = self.digest.wrapping_add(hash);
    }

    fn digest(self) -> String {
        format!("{:032x}", self.digest)
    }
}

/// The sums of a stream so far.
#[derive(Debug, Default)]
pub(super) struct Sums {
    pub(super) tables: BTreeMap<(String, String), Sum>,
    pub(super) statements: Sum,
    compared: Sum,
    sequences: BTreeMap<(String, String), Position>,
    large_objects: LargeObjectTracker,
    materialized_views: u64,
}

impl Sums {
    /// Adds a statement, or its beginning, by its two hashes: one for manifests and one for comparing. Returns
    /// whether the statement's sequence or large object names its differences already.
    pub(super) fn learn(&mut self, statement: &[u8], hash: u128, compared: u128) -> bool {
        self.statements.add(hash);
        self.compared.add(compared);
        if statement.starts_with(b"REFRESH MATERIALIZED VIEW ") {
            self.materialized_views += 1;
        }
        if let Some((name, position)) = set(statement) {
            // The last one wins, as in a restore.
            self.sequences.insert(name, position);
            return true;
        }
        self.large_objects.learn(statement, hash)
    }

    pub(super) fn contents(&self) -> DumpContents {
        let table = |((schema, name), sum): (&(String, String), &Sum)| TableDigest {
            schema: schema.clone(),
            name: name.clone(),
            rows: sum.count,
            digest: sum.digest(),
        };
        DumpContents {
            tables: self.tables.iter().map(table).collect(),
            sequences: self.sequences.clone(),
            large_objects: self.large_objects.found.clone(),
            materialized_views: self.materialized_views,
            statements: self.statements.count,
            statements_digest: self.statements.digest(),
            compared_digest: self.compared.digest(),
        }
    }
}

/// Hashes a text that arrives in pieces. Short texts are kept whole, which is much faster.
#[derive(Default)]
pub(super) struct Text {
    /// Whether longer texts are kept whole, too.
    keeps_long: bool,
    kept: Vec<u8>,
    long: Option<XxHash3_128>,
    /// The beginning of a text that was too long to keep.
    beginning: Vec<u8>,
}

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Text({} bytes kept)", self.kept.len())
    }
}

impl Text {
    /// Maximum length of a kept text in bytes. The head of a COPY with 1,600 columns is shorter.
    const KEPT: usize = 512 * 1024;
    /// Maximum length in bytes if the fields must be put into another order.
    const KEPT_LONG: usize = 64 << 20;
    /// Bytes kept of a longer text, to identify it.
    const BEGINNING: usize = 16 * 1024;

    /// From here on, keeps texts of up to 64 MiB or stops doing so.
    pub(super) fn keep_long(&mut self, keeps_long: bool) {
        if self.keeps_long && !keeps_long {
            self.kept.shrink_to(Self::KEPT);
        }
        self.keeps_long = keeps_long;
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        let most = if self.keeps_long { Self::KEPT_LONG } else { Self::KEPT };
        if self.kept.len() > most {
            if self.long.is_none() {
                self.beginning = self.kept[..Self::BEGINNING].to_vec();
            }
            self.long.get_or_insert_with(XxHash3_128::new).write(&self.kept);
            self.kept.clear();
        }
        self.kept.extend_from_slice(bytes);
    }

    /// Removes the last byte, which must just have been pushed.
    pub(super) fn pop(&mut self) {
        self.kept.pop();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.kept.is_empty() && self.long.is_none()
    }

    /// The whole text, unless it was too long to keep.
    pub(super) fn whole(&self) -> Option<&[u8]> {
        if self.long.is_none() { Some(&self.kept) } else { None }
    }

    /// Its first bytes: the whole text if it was short enough to keep.
    pub(super) fn beginning(&self) -> &[u8] {
        if self.long.is_none() { &self.kept } else { &self.beginning }
    }

    /// Forgets it.
    pub(super) fn clear(&mut self) {
        self.long = None;
        self.kept.clear();
    }

    /// Returns its hash and clears it.
    pub(super) fn take_hash(&mut self) -> u128 {
        let hash = match self.long.take() {
            Some(mut long) => {
                long.write(&self.kept);
                long.finish_128()
            }
            None => XxHash3_128::oneshot(&self.kept),
        };
        self.kept.clear();
        hash
    }
}

/// The statement that sets a sequence's value, as every pg_dump version writes it.
const SETS: &str = "SELECT pg_catalog.setval('";

/// The position of a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Its last value, or its first value.
    pub value: i64,
    /// Whether the sequence has returned this value already.
    pub is_called: bool,
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.value)?;
        if self.is_called { Ok(()) } else { f.write_str(" (not used yet)") }
    }
}

/// Schema, name and position of the sequence that a statement sets. `None` for any other statement.
pub(super) fn set(statement: &[u8]) -> Option<((String, String), Position)> {
    if !statement.starts_with(SETS.as_bytes()) {
        return None;
    }
    let text = decoded(statement);
    let rest = text.strip_prefix(SETS)?.strip_suffix(");")?;
    let (rest, called) = rest.rsplit_once(", ")?;
    let (name, value) = rest.rsplit_once("', ")?;
    // The qualified name is a string literal, so its quotes are doubled.
    let name = name.replace("''", "'");
    let mut words = Words::of(&name).peekable();
    let name =
        qualified_name(&mut words).filter(|(schema, _)| !schema.is_empty() && words.next().is_none())?;
    let is_called = match called {
        "true" => true,
        "false" => false,
        _ => return None,
    };
    Some((name, Position { value: value.parse().ok()?, is_called }))
}

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

/// What the large objects of a dump contain. The digests do not depend on their order or on the PostgreSQL version
/// that wrote them, and they stay small for any number of objects.
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
pub(super) struct LargeObjectTracker {
    pub(super) found: LargeObjects,
    /// The one that was opened last.
    open: u32,
}

impl LargeObjectTracker {
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
