//! What a dump contains, as numbers that do not depend on the order of the server's rows.

use std::collections::BTreeMap;

use twox_hash::XxHash3_128;

use super::large_objects::{LargeObjects, Watch};
use super::sequence::{self, Position};

/// What a dump contains. Two dumps with equal truths restore to equal databases.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Truth {
    /// Each table that has a block of rows, by schema and name.
    pub tables: Vec<TableTruth>,
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

impl Truth {
    /// Rows of all tables.
    #[must_use]
    pub fn rows_total(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }
}

/// What one table contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableTruth {
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
    count: u64,
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
    large_objects: Watch,
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
        if let Some((name, position)) = sequence::set(statement) {
            // The last one wins, as in a restore.
            self.sequences.insert(name, position);
            return true;
        }
        self.large_objects.learn(statement, hash)
    }

    pub(super) fn truth(&self) -> Truth {
        let table = |((schema, name), sum): (&(String, String), &Sum)| TableTruth {
            schema: schema.clone(),
            name: name.clone(),
            rows: sum.count,
            digest: sum.digest(),
        };
        Truth {
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
