//! One backup in full: lines for people, a document for programs. Pure.

use std::time::Duration;

use bytesize::ByteSize;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::lines::{count, number};
use crate::archive::backup_manifest::{BackupManifest, Contents, Occasion, Partial};
use crate::layout::key::SECOND;
use crate::verification::limits::words;

/// Digits of a commit that are enough to recognize it.
const COMMIT_DIGITS: usize = 12;

/// A backup, as its manifest and the store describe it.
#[derive(Debug)]
pub struct ShownBackup<'a> {
    /// `s3://bucket/key` or `file:///root/key`.
    pub location: &'a str,
    /// The time in its key.
    pub at: Timestamp,
    /// Since that time.
    pub age: Duration,
    /// S3 storage class of the dump, if it is known.
    pub storage_class: Option<&'a str>,
    /// End of its Object Lock, if it is locked and S3 lets that be read.
    pub locked_until: Option<Timestamp>,
    /// Its manifest.
    pub manifest: &'a BackupManifest,
    /// Why it was taken.
    pub occasion: &'a Occasion,
    /// The manifest as it is stored, with what this version does not know of it.
    pub document: &'a Value,
}

impl ShownBackup<'_> {
    /// `callisto: backup 20261128-102059 of production`
    #[must_use]
    pub fn title(&self) -> String {
        let BackupManifest { sponsor, environment, .. } = self.manifest;
        format!("{sponsor}: backup {} of {environment}", self.at.strftime(SECOND))
    }

    /// Facts with their labels, then all tables, the largest first.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let manifest = self.manifest;
        let mut facts = vec![
            ("location", self.location.to_owned()),
            ("taken", format!("{}, {} ago", manifest.started_at, words(self.age))),
            ("why", self.why()),
        ];
        facts.extend(self.who().map(|who| ("by", who)));
        let (stored, dump) = (ByteSize(manifest.stored.bytes), ByteSize(manifest.dump.bytes));
        facts.push(("size", format!("{stored} stored, {dump} of dump ({})", manifest.encoding.codec)));
        facts.push(("sha256", manifest.stored.sha256.clone()));
        facts.extend(self.storage_class.map(|class| ("storage class", class.to_owned())));
        facts.extend(self.locked_until.map(|until| ("locked until", until.to_string())));
        facts.push(("encrypted", self.encryption()));
        facts.push((
            "left out",
            manifest.partial.as_ref().map_or_else(|| "nothing".to_owned(), Partial::words),
        ));
        facts.extend(self.holds());
        facts.push(("server", format!("PostgreSQL {}", manifest.server_version)));
        facts.push(("written by", self.writers()));
        facts.extend(manifest.source.as_ref().map(|source| ("database", source.place.clone())));
        facts.extend(manifest.previous_backup.as_ref().map(|before| {
            let rows = count(before.rows_total, "row");
            ("compared with", format!("{}, {rows}", before.location))
        }));
        let warnings = manifest.warnings.iter().flatten();
        facts.extend(warnings.map(|warning| ("warning", warning.clone())));
        let lines = facts.into_iter().map(|(label, value)| format!("{label}: {}", value.replace('\n', " ")));
        lines.chain(manifest.contents.as_ref().map(tables).unwrap_or_default()).collect()
    }

    /// One document: what the store and this program know, and the manifest as it is stored.
    #[must_use]
    pub fn json(&self) -> String {
        let document = json!({
            "sponsor": self.manifest.sponsor,
            "environment": self.manifest.environment,
            "location": self.location,
            "timestamp": self.at,
            "age_seconds": self.age.as_secs(),
            "why": self.occasion.why(),
            "actor": self.occasion.actor(),
            "reason": self.occasion.reason(),
            "storage_class": self.storage_class,
            "locked_until": self.locked_until,
            "manifest": self.document,
        });
        format!("{document:#}\n")
    }

    fn why(&self) -> String {
        let why = self.occasion.why().unwrap_or("unknown");
        let version =
            self.occasion.version.as_ref().map(|version| format!(" of {version}")).unwrap_or_default();
        let reason = self.occasion.reason().map(|reason| format!(": {reason}")).unwrap_or_default();
        format!("{why}{version}{reason}")
    }

    /// `octocat, run 19876543210 attempt 1, commit 0123456789ab`
    fn who(&self) -> Option<String> {
        let Occasion { git_sha, github_run_id, github_run_attempt, .. } = self.occasion;
        let attempt = |id: &String| {
            let attempt = github_run_attempt.as_ref().map(|attempt| format!(" attempt {attempt}"));
            format!("run {id}{}", attempt.unwrap_or_default())
        };
        let commit = |sha: &String| format!("commit {}", sha.chars().take(COMMIT_DIGITS).collect::<String>());
        let parts = [
            self.occasion.actor().map(str::to_owned),
            github_run_id.as_ref().map(attempt),
            git_sha.as_ref().map(commit),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    fn encryption(&self) -> String {
        match self.manifest.encoding.age_recipients.as_slice() {
            [] => "no".to_owned(),
            recipients => format!("for {}", recipients.join(", ")),
        }
    }

    /// What it holds besides the rows of each table.
    fn holds(&self) -> Vec<(&'static str, String)> {
        let manifest = self.manifest;
        let names = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let mut facts = Vec::new();
        match &manifest.contents {
            Some(contents) => facts.extend(contents_facts(contents)),
            None => facts.push(("holds", "unknown: the dump's text was not understood".to_owned())),
        }
        if let Some(needs) = &manifest.restore {
            facts.push(("extensions", names(&needs.extensions)));
            facts.push(("roles", names(&needs.roles)));
        }
        let privileges = if manifest.includes_privileges { "in this backup" } else { "not in this backup" };
        facts.push(("owners and grants", privileges.to_owned()));
        facts
    }

    fn writers(&self) -> String {
        let tool = &self.manifest.tool;
        format!("{} {}, pg_dump {}", tool.name, tool.version, self.manifest.pg_dump_version)
    }
}

fn contents_facts(contents: &Contents) -> Vec<(&'static str, String)> {
    let (rows, tables) = (count(contents.rows_total, "row"), count(contents.tables.len(), "table"));
    let mut facts = vec![("holds", format!("{rows} in {tables}"))];
    facts.extend(contents.sequences.as_ref().map(|all| ("sequences", number(all.len() as u64))));
    facts.extend(
        contents
            .large_objects
            .as_ref()
            .map(|all| ("large objects", format!("{}, {}", number(all.count), ByteSize(all.bytes)))),
    );
    facts
}

/// A table of the tables, the largest first.
fn tables(contents: &Contents) -> Vec<String> {
    let mut rows: Vec<(String, u64)> = contents
        .tables
        .iter()
        .map(|table| (format!("{}.{}", table.schema, table.name), table.rows))
        .collect();
    rows.sort_by(|(one, fewer), (other, more)| (more, one).cmp(&(fewer, other)));
    let cells: Vec<(String, String)> = std::iter::once(("TABLE".to_owned(), "ROWS".to_owned()))
        .chain(rows.into_iter().map(|(name, rows)| (name.replace('\n', " "), number(rows))))
        .collect();
    if cells.len() == 1 {
        return Vec::new();
    }
    let width = |cell: fn(&(String, String)) -> &String| {
        cells.iter().map(|cells| cell(cells).chars().count()).max().unwrap_or_default()
    };
    let (names, numbers) = (width(|(name, _)| name), width(|(_, rows)| rows));
    cells.iter().map(|(name, rows)| format!("{name:<names$}  {rows:>numbers$}")).collect()
}

#[cfg(test)]
mod tests;
