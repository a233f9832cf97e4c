//! What changed between two backups, from their manifests alone, and whether a limit allows it. Pure: `diff` shows it, and each
//! backup compares itself with the one before.

use std::collections::BTreeMap;

use super::contents_changes::{ContentsChanges, TableRows};
use super::share::{Share, percent};
use super::{counted, grouped};
use crate::archive::backup_manifest::{
    Amounts, BackupManifest, ChangedObjects, ChangedTables, Changes, Named, Object, PreviousBackup,
};

/// A loss of more than this share of all rows, or of the dump's bytes, is worth a warning, in percent.
const FALL_PERCENT: u64 = 20;
/// So is a table that lost all its rows, if it had more than this many.
const MANY_ROWS: u64 = 1_000;
/// So is a dump that is smaller or larger than its predecessors' median by more than this share, in percent.
const SIZE_PERCENT: u64 = 50;
/// Number of dumps before this one that the median is taken of: at most, …
const EARLIER: usize = 7;
/// … and at least. Fewer have no usual size.
const USUAL: usize = 3;
/// Tables that a document names, at most.
const KEPT: usize = 20;
/// Tables and objects that a message names, at most.
const NAMED: usize = 8;

/// What may change between two backups.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DiffLimits {
    /// Maximum loss of rows, all tables together.
    pub max_row_drop: Option<Share>,
    /// Maximum number of tables that are gone.
    pub max_table_drop: Option<u64>,
    /// Whether a changed schema is a finding.
    pub expect_schema_unchanged: bool,
}

impl DiffLimits {
    /// Whether anything is limited.
    #[must_use]
    pub fn are_set(&self) -> bool {
        *self != Self::default()
    }
}

/// A backup compared with an earlier one.
#[derive(Debug, Clone)]
pub struct BackupDiff<'a> {
    /// Whether both were taken of the same parts of the database. Otherwise, tables that one left out seem to be gone.
    pub is_of_one_scope: bool,
    /// Rows of all tables. `None` if those of one are unknown.
    pub rows: Option<Amounts>,
    /// Bytes of the dumps before compression.
    pub dump_bytes: Amounts,
    /// The tables that differ. `None` if those of one are unknown.
    pub tables: Option<ContentsChanges>,
    /// The objects that differ, or why they cannot be compared.
    pub objects: Result<ObjectChanges<'a>, &'static str>,
}

/// The objects of the schema that differ, by kind, schema and name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObjectChanges<'a> {
    /// In the later backup only.
    pub added: Vec<&'a Object>,
    /// In the earlier backup only.
    pub removed: Vec<&'a Object>,
    /// In both, with another digest.
    pub changed: Vec<&'a Object>,
    /// Number of those that are equal.
    pub equal: usize,
}

impl<'a> BackupDiff<'a> {
    /// What became of a table that only the earlier backup has, and of one that only the later one has. If one of them left out
    /// parts of the database, the table may be there all the same.
    #[must_use]
    pub fn words_of_one_side(&self) -> [&'static str; 2] {
        if self.is_of_one_scope { ["removed", "added"] } else { ["only before", "only after"] }
    }

    /// Compares two backups.
    #[must_use]
    pub fn between(before: &'a BackupManifest, after: &'a BackupManifest) -> Self {
        let contents = before.contents.as_ref().zip(after.contents.as_ref());
        Self {
            is_of_one_scope: before.partial == after.partial,
            rows: contents
                .map(|(before, after)| Amounts { before: before.rows_total, after: after.rows_total }),
            dump_bytes: Amounts { before: before.dump.bytes, after: after.dump.bytes },
            tables: contents.map(|(before, after)| ContentsChanges::between(&before.tables, &after.tables)),
            objects: ObjectChanges::between(before, after),
        }
    }

    /// Compares a backup with one of which only the totals are known.
    #[must_use]
    pub fn of_totals(before: &PreviousBackup, after: &BackupManifest) -> Self {
        let rows = after.contents.as_ref().map(|contents| contents.rows_total);
        Self {
            is_of_one_scope: true,
            rows: rows.map(|after| Amounts { before: before.rows_total, after }),
            dump_bytes: Amounts { before: before.dump_size_bytes, after: after.dump.bytes },
            tables: None,
            objects: Err("the manifest of the earlier backup was not read"),
        }
    }

    /// What exceeds a limit, each as a phrase. Nothing is within a limit that cannot be checked. `earlier` names the earlier
    /// backup.
    #[must_use]
    pub fn findings(&self, limits: &DiffLimits, earlier: &str) -> Vec<String> {
        if limits.are_set() && !self.is_of_one_scope {
            return vec![format!(
                "the limits cannot be checked: {earlier} and this backup are of different parts of the database"
            )];
        }
        let rows = limits.max_row_drop.and_then(|limit| self.lost_rows(limit, earlier));
        let tables = limits.max_table_drop.and_then(|limit| self.lost_tables(limit, earlier));
        let schema = limits.expect_schema_unchanged.then(|| self.other_schema(earlier)).flatten();
        [rows, tables, schema].into_iter().flatten().collect()
    }

    fn lost_rows(&self, limit: Share, earlier: &str) -> Option<String> {
        let Some(Amounts { before, after }) = self.rows else {
            return Some(format!("the loss of rows since {earlier} is unknown (`max-row-drop`)"));
        };
        let lost = before.saturating_sub(after);
        limit.is_exceeded_by(lost, before).then(|| {
            let (rows, share) = (counted(after, "row"), percent(before, after).unwrap_or_default());
            format!("{rows}, but {earlier} held {} ({share}, `max-row-drop` is {limit})", grouped(before))
        })
    }

    fn lost_tables(&self, limit: u64, earlier: &str) -> Option<String> {
        let Some(tables) = &self.tables else {
            return Some(format!("the tables that are gone since {earlier} are unknown (`max-table-drop`)"));
        };
        let count = tables.gone.len() as u64;
        (count > limit).then(|| {
            let (gone, names) = (counted(count, "table"), named(tables.gone.iter().map(TableRows::words)));
            format!("{gone} gone since {earlier} (`max-table-drop` is {limit}): {names}")
        })
    }

    fn other_schema(&self, earlier: &str) -> Option<String> {
        match &self.objects {
            Err(reason) => {
                let what = format!("whether the schema is that of {earlier} is unknown");
                Some(format!("{what} (`expect-schema-unchanged`): {reason}"))
            }
            Ok(objects) if objects.is_empty() => None,
            Ok(objects) => {
                let what = format!("the schema is not that of {earlier} (`expect-schema-unchanged`)");
                Some(format!("{what}: {}", named(objects.words())))
            }
        }
    }

    /// What is odd about a backup after an earlier one, each as a phrase. `earlier_dump_bytes` are the sizes of the dumps
    /// before.
    #[must_use]
    pub fn warnings(&self, earlier_dump_bytes: &[u64]) -> Vec<String> {
        let fell = |Amounts { before, after }: Amounts| {
            u128::from(after) * 100 < u128::from(before) * u128::from(100 - FALL_PERCENT)
        };
        let lost_rows = self.rows.filter(|rows| fell(*rows)).map(|Amounts { before, after }| {
            format!("{}, but the previous backup held {}", counted(after, "row"), grouped(before))
        });
        let bytes = self.dump_bytes;
        // Lost rows explain lost bytes.
        let lost_bytes = (lost_rows.is_none() && fell(bytes)).then(|| {
            let after = counted(bytes.after, "byte");
            format!("{after} of dump, but the previous backup held {}", grouped(bytes.before))
        });
        let unusual = unusual_size(bytes.after, earlier_dump_bytes);
        let lost_bytes = if unusual.is_some() { None } else { lost_bytes };
        [lost_rows, lost_bytes, unusual, self.emptied()].into_iter().flatten().collect()
    }

    fn emptied(&self) -> Option<String> {
        let emptied: Vec<&TableRows> =
            self.tables.iter().flat_map(|tables| tables.emptied(MANY_ROWS)).collect();
        let names = named(emptied.iter().map(|table| table.words()));
        let tables = counted(emptied.len() as u64, "table");
        (!emptied.is_empty()).then(|| format!("{tables} without rows that the previous backup held: {names}"))
    }

    /// The comparison as manifest and record keep it. `None` if this backup's own rows are unknown.
    #[must_use]
    pub fn changes(&self, compared_with: &str, earlier_dump_bytes: &[u64]) -> Option<Changes> {
        let list = |tables: Vec<&TableRows>| Named {
            count: tables.len() as u64,
            names: tables.iter().take(KEPT).map(|table| table.table.clone()).collect(),
        };
        Some(Changes {
            compared_with: compared_with.to_owned(),
            rows: self.rows?,
            dump_bytes: self.dump_bytes,
            earlier_dump_bytes: earlier_dump_bytes.to_vec(),
            tables: self.tables.as_ref().map(|tables| ChangedTables {
                added: list(tables.new.iter().collect()),
                removed: list(tables.gone.iter().collect()),
                emptied: list(tables.emptied(0).collect()),
            }),
            objects: self.objects.as_ref().ok().map(|objects| ChangedObjects {
                added: objects.added.len() as u64,
                removed: objects.removed.len() as u64,
                changed: objects.changed.len() as u64,
            }),
        })
    }
}

/// The sizes of the newest dumps up to this backup, for the next one to be compared with: the oldest first.
#[must_use]
pub fn sizes_up_to(backup: &BackupManifest) -> Vec<u64> {
    let earlier = backup.changes.iter().flat_map(|changes| changes.earlier_dump_bytes.iter().copied());
    let mut sizes: Vec<u64> = earlier.chain([backup.dump.bytes]).collect();
    sizes.drain(..sizes.len().saturating_sub(EARLIER));
    sizes
}

fn unusual_size(bytes: u64, earlier: &[u64]) -> Option<String> {
    let mut sorted = earlier.to_vec();
    sorted.sort_unstable();
    let median = *sorted.get(sorted.len() / 2).filter(|_| sorted.len() >= USUAL)?;
    let differs = u128::from(bytes.abs_diff(median)) * 100 > u128::from(median) * u128::from(SIZE_PERCENT);
    differs.then(|| {
        let share = percent(median, bytes).map(|share| format!(" ({share})")).unwrap_or_default();
        let (count, median) = (sorted.len(), grouped(median));
        format!("{} of dump, but the median of the last {count} is {median}{share}", counted(bytes, "byte"))
    })
}

impl<'a> ObjectChanges<'a> {
    fn between(before: &'a BackupManifest, after: &'a BackupManifest) -> Result<Self, &'static str> {
        let of = |manifest: &'a BackupManifest| manifest.contents.as_ref()?.objects.as_deref();
        let (before_objects, after_objects) = match (of(before), of(after)) {
            (Some(before), Some(after)) => (before, after),
            (None, Some(_)) => return Err("the earlier backup does not record its objects"),
            (Some(_), None) => return Err("the later backup does not record its objects"),
            (None, None) => return Err("neither backup records its objects"),
        };
        if before.includes_privileges != after.includes_privileges {
            return Err("only one of the backups includes owners and grants");
        }
        let mut objects: BTreeMap<[&str; 3], [Option<&'a Object>; 2]> = BTreeMap::new();
        for (side, all) in [before_objects, after_objects].into_iter().enumerate() {
            for object in all {
                objects.entry([&object.kind, &object.schema, &object.name]).or_default()[side] = Some(object);
            }
        }
        let mut changes = Self::default();
        for sides in objects.into_values() {
            match sides {
                [Some(before), Some(after)] if before.digest == after.digest => changes.equal += 1,
                [Some(_), Some(after)] => changes.changed.push(after),
                [Some(before), None] => changes.removed.push(before),
                [None, after] => changes.added.extend(after),
            }
        }
        Ok(changes)
    }

    /// Whether the schemas are equal.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }

    /// What became of each object that differs, the losses first: `removed`, `changed` or `added`.
    pub fn each(&self) -> impl Iterator<Item = (&'a Object, &'static str)> {
        let all = |objects: &[&'a Object], what| objects.iter().map(move |object| (*object, what)).collect();
        let each: [Vec<_>; 3] =
            [all(&self.removed, "removed"), all(&self.changed, "changed"), all(&self.added, "added")];
        each.into_iter().flatten()
    }

    /// `function diary.total(integer) changed`, …
    fn words(&self) -> impl Iterator<Item = String> {
        self.each().map(|(object, what)| format!("{} {what}", object.words()))
    }
}

/// Some names in a message, and how many more there are.
fn named(mut names: impl Iterator<Item = String>) -> String {
    let shown: Vec<String> = names.by_ref().take(NAMED).collect();
    let more = names.count();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    shown.join(", ") + &more
}

#[cfg(test)]
pub(crate) mod tests;
