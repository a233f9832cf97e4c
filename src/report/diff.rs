//! What changed between two backups, in lines for people. Pure.

mod document;

use bytesize::ByteSize;
use jiff::Timestamp;

use super::lines::{count, number};
use super::markdown::{block, cell};
use super::workflow::visible;
use crate::archive::backup_manifest::{Amounts, BackupManifest, Object, Partial, RestoreNeeds};
use crate::layout::key::SECOND;
use crate::verification::backup_diff::{BackupDiff, DiffLimits, ObjectChanges};
use crate::verification::contents_changes::{ContentsChanges, TableRows};
use crate::verification::share::percent;

/// Rows of a table in the log, at most. The document has all.
const ROWS: usize = 200;
/// Lines in a summary, at most.
const SUMMARY_LINES: usize = 100;

/// One of the two backups.
#[derive(Debug, Clone, Copy)]
pub struct ComparedSide<'a> {
    /// `s3://bucket/key` or `file:///root/key`.
    pub location: &'a str,
    /// The time in its key.
    pub at: Timestamp,
    /// Its manifest.
    pub manifest: &'a BackupManifest,
}

/// A comparison, and what limits found.
#[derive(Debug, Clone, Copy)]
pub struct DiffReport<'a> {
    /// The earlier backup.
    pub before: ComparedSide<'a>,
    /// The later backup.
    pub after: ComparedSide<'a>,
    /// What differs.
    pub diff: &'a BackupDiff<'a>,
    /// What may differ.
    pub limits: &'a DiffLimits,
    /// What exceeds a limit, each as a phrase.
    pub findings: &'a [String],
}

impl DiffReport<'_> {
    /// `callisto: 20261119-013000 and 20261120-013000 of production`
    #[must_use]
    pub fn title(&self) -> String {
        let BackupManifest { sponsor, environment, .. } = self.after.manifest;
        let [before, after] = [self.before, self.after].map(|side| side.at.strftime(SECOND));
        format!("{sponsor}: {before} and {after} of {environment}")
    }

    /// Facts with their labels, then the tables and the objects that differ.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let facts = self.facts();
        let facts = facts.into_iter().map(|(label, value)| format!("{label}: {}", one_line(&value)));
        let sides = self.diff.words_of_one_side();
        let tables = self.diff.tables.as_ref().map(|tables| table_lines(tables, sides)).unwrap_or_default();
        let objects = self.diff.objects.as_ref().map(object_lines).unwrap_or_default();
        let apart = |lines: Vec<String>| {
            let blank = (!lines.is_empty()).then(String::new);
            blank.into_iter().chain(lines)
        };
        facts.chain(apart(tables)).chain(apart(objects)).collect()
    }

    /// The chapter of the job summary.
    #[must_use]
    pub fn chapter(&self) -> String {
        let mut lines = self.lines();
        if lines.len() > SUMMARY_LINES {
            lines.truncate(SUMMARY_LINES);
            lines.push("… the log has more".to_owned());
        }
        format!("### {}\n\n{}\n", cell(&self.title()), block(&lines.join("\n")))
    }

    /// What the reader can do about a finding.
    #[must_use]
    pub fn hint(&self) -> String {
        let mut hint =
            "Find out what changed the database. If it was on purpose, raise the limit or leave it out."
                .to_owned();
        let [before, after] = [self.before, self.after].map(|side| &side.manifest.pg_dump_version);
        if self.limits.expect_schema_unchanged && before != after {
            hint.push_str(&format!(" pg_dump {before} and {after} can write the same schema differently."));
        }
        hint
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let (before, after) = (self.before.manifest, self.after.manifest);
        let bytes = |amounts: Amounts| changed(amounts, |bytes| ByteSize(bytes).to_string());
        let stored = Amounts { before: before.stored.bytes, after: after.stored.bytes };
        let mut facts = vec![("before", of_side(&self.before)), ("after", of_side(&self.after))];
        if !self.diff.is_of_one_scope {
            let left_out = |partial: &Option<Partial>| {
                partial.as_ref().map_or_else(|| "nothing".to_owned(), Partial::words)
            };
            facts.push(("left out before", left_out(&before.partial)));
            facts.push(("left out after", left_out(&after.partial)));
        }
        let unknown = || "unknown: the text of one backup was not understood".to_owned();
        facts.push(("rows", self.diff.rows.map_or_else(unknown, |rows| changed(rows, number))));
        facts.push(("tables", self.tables().unwrap_or_else(unknown)));
        facts.push(("dump", bytes(self.diff.dump_bytes)));
        facts.push(("stored", bytes(stored)));
        facts.push(("schema", self.schema()));
        facts.extend(self.large_objects().map(|large_objects| ("large objects", large_objects)));
        for (label, list) in LISTS {
            facts.extend(NameChanges::of(before, after, list).map(|names| (label, names.words())));
        }
        let versions = [&before.server_version, &after.server_version];
        facts.push(("server", format!("PostgreSQL {}", versions_changed(versions))));
        facts.push(("pg_dump", versions_changed([&before.pg_dump_version, &after.pg_dump_version])));
        facts.extend(self.findings.iter().map(|finding| ("limit", finding.clone())));
        facts
    }

    fn tables(&self) -> Option<String> {
        let tables = self.diff.tables.as_ref()?;
        let amounts = self.table_amounts()?;
        let equal = amounts.after - (tables.count() - tables.gone.len()) as u64;
        let [removed, added] = self.diff.words_of_one_side();
        Some(format!(
            "{} → {} ({} {removed}, {} {added}, {} with other rows, {} equal)",
            number(amounts.before),
            number(amounts.after),
            number(tables.gone.len() as u64),
            number(tables.new.len() as u64),
            number((tables.fewer.len() + tables.more.len() + tables.rewritten.len()) as u64),
            number(equal),
        ))
    }

    fn table_amounts(&self) -> Option<Amounts> {
        let count = |side: &ComparedSide<'_>| Some(side.manifest.contents.as_ref()?.tables.len() as u64);
        Some(Amounts { before: count(&self.before)?, after: count(&self.after)? })
    }

    fn schema(&self) -> String {
        let objects = match &self.diff.objects {
            Err(reason) => return format!("unknown: {reason}"),
            Ok(objects) => objects,
        };
        let [removed, changed, added] =
            [&objects.removed, &objects.changed, &objects.added].map(|all| number(all.len() as u64));
        match objects.is_empty() {
            true => format!("equal ({})", count(objects.equal, "object")),
            false => format!(
                "{removed} removed, {changed} changed, {added} added, {} equal",
                number(objects.equal as u64)
            ),
        }
    }

    fn large_objects(&self) -> Option<String> {
        let [before, after] = [self.before, self.after].map(|side| side.manifest.contents.as_ref());
        let (before, after) = (before?.large_objects.as_ref()?, after?.large_objects.as_ref()?);
        if before.count == 0 && after.count == 0 {
            return None;
        }
        let counts = changed(Amounts { before: before.count, after: after.count }, number);
        let equal = if before.digest == after.digest { "equal" } else { "with other contents" };
        Some(format!("{counts}, {equal}"))
    }
}

/// A list of names that a restore needs.
type List = fn(&RestoreNeeds) -> &Vec<String>;

const EXTENSIONS: List = |needs| &needs.extensions;
const ROLES: List = |needs| &needs.roles;
const LISTS: [(&str, List); 2] = [("extensions", EXTENSIONS), ("roles", ROLES)];

/// Names that only one backup has.
struct NameChanges<'a> {
    removed: Vec<&'a String>,
    added: Vec<&'a String>,
}

impl<'a> NameChanges<'a> {
    /// `None` if a backup does not record what it needs.
    fn of(before: &'a BackupManifest, after: &'a BackupManifest, list: List) -> Option<Self> {
        let (before, after) = (list(before.restore.as_ref()?), list(after.restore.as_ref()?));
        let only = |here: &'a [String], there: &[String]| {
            here.iter().filter(|name| !there.contains(name)).collect::<Vec<_>>()
        };
        Some(Self { removed: only(before, after), added: only(after, before) })
    }

    fn words(&self) -> String {
        let removed = self.removed.iter().map(|name| format!("{name} removed"));
        let words: Vec<String> =
            removed.chain(self.added.iter().map(|name| format!("{name} added"))).collect();
        if words.is_empty() { "equal".to_owned() } else { words.join(", ") }
    }
}

/// `s3://…, taken 2026-11-20T01:30:00Z, version v1.4.2`
fn of_side(side: &ComparedSide<'_>) -> String {
    let ComparedSide { location, manifest, .. } = side;
    let version = manifest.version.as_ref().map(|version| format!(", version {version}"));
    format!("{location}, taken {}{}", manifest.started_at, version.unwrap_or_default())
}

/// `75,000 → 52,500 (-30%)`, or only one number if both are equal.
fn changed(Amounts { before, after }: Amounts, shown: impl Fn(u64) -> String) -> String {
    if before == after {
        return shown(after);
    }
    let share = percent(before, after).map(|share| format!(" ({share})")).unwrap_or_default();
    format!("{} → {}{share}", shown(before), shown(after))
}

fn versions_changed([before, after]: [&String; 2]) -> String {
    if before == after { after.clone() } else { format!("{before} → {after}") }
}

fn one_line(text: &str) -> String {
    visible(&text.replace(['\n', '\t'], " "))
}

/// The tables that differ, the losses first: what became of each, and its rows.
fn each_table<'a>(
    changes: &'a ContentsChanges,
    [removed, added]: [&'static str; 2],
) -> impl Iterator<Item = (&'a TableRows, &'static str)> {
    let ContentsChanges { gone, fewer, more, rewritten, new } = changes;
    let kinds = [
        (gone, removed),
        (fewer, "fewer rows"),
        (rewritten, "other values"),
        (more, "more rows"),
        (new, added),
    ];
    kinds.into_iter().flat_map(|(tables, what)| tables.iter().map(move |table| (table, what)))
}

fn table_lines(changes: &ContentsChanges, sides: [&'static str; 2]) -> Vec<String> {
    let dash = || "–".to_owned();
    let row = |(table, what): (&TableRows, &str)| {
        let TableRows { table: name, before, after } = table;
        let difference = match (*before, *after) {
            (Some(before), Some(after)) if before != after => {
                let sign = if after < before { '-' } else { '+' };
                let share = percent(before, after).map(|share| format!(" ({share})"));
                format!("{sign}{}{}", number(before.abs_diff(after)), share.unwrap_or_default())
            }
            _ => dash(),
        };
        let rows = [*before, *after].map(|rows| rows.map_or_else(dash, number));
        [vec![one_line(name), what.to_owned()], rows.to_vec(), vec![difference]].concat()
    };
    let head = ["TABLE", "CHANGE", "BEFORE", "AFTER", "DIFFERENCE"];
    columns(&head, [false, false, true, true, true], each_table(changes, sides).map(row), changes.count())
}

fn object_lines(changes: &ObjectChanges<'_>) -> Vec<String> {
    let row = |(object, what): (&Object, &str)| vec![one_line(&object.words()), what.to_owned()];
    let count = changes.removed.len() + changes.changed.len() + changes.added.len();
    columns(&["OBJECT", "CHANGE"], [false; 2], changes.each().map(row), count)
}

/// Rows below their titles, in columns. Of very many rows the first, and how many more there are.
fn columns<const N: usize>(
    head: &[&str; N],
    is_right: [bool; N],
    rows: impl Iterator<Item = Vec<String>>,
    count: usize,
) -> Vec<String> {
    if count == 0 {
        return Vec::new();
    }
    let head: Vec<String> = head.iter().map(|title| (*title).to_owned()).collect();
    let cells: Vec<Vec<String>> = std::iter::once(head).chain(rows.take(ROWS)).collect();
    let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |row: &Vec<String>| {
        let cell = |column: usize| match (is_right[column], widths[column]) {
            (true, width) => format!("{:>width$}", row[column]),
            (false, width) => format!("{:<width$}", row[column]),
        };
        (0..N).map(cell).collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let more = count.saturating_sub(ROWS);
    let more = (more > 0).then(|| format!("… and {more} more: set `json` to see all"));
    cells.iter().map(line).chain(more).collect()
}

#[cfg(test)]
mod tests;
