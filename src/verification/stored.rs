//! Compares a stored backup's dump, checksum file and manifest. Pure, downloads nothing.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::VerificationError;
use crate::archive::Selection;
use crate::archive::backup_manifest::{
    BackupManifest, Contents, LargeObjectGroup, LargeObjects, Object, Sequence, StoredSize, Table,
};
use crate::archive::catalogue::BackupKey;
use crate::databases::postgres::generated::Digests;
use crate::databases::postgres::proof::objects;
use crate::databases::postgres::settings::Settings;
use crate::databases::postgres::sql::{
    self, DumpContents, Group, ObjectDigest, Position, Scan, TableDigest, Unfit,
};
use crate::sponsors::Environment;

/// Largest manifest. One with a hundred thousand tables is a quarter of this size.
pub const MANIFEST_BYTES: u64 = 64 << 20;
const HINT: &str = "Do not restore this backup. Choose another one (`sponsor-backup list`), and find out who changed this one.";

/// What is known of a dump without reading it.
#[derive(Debug, Clone)]
pub struct StoredFacts {
    /// Bytes of the object.
    pub bytes: u64,
    /// Checksum in S3, if S3 has one.
    pub crc64: Option<String>,
    /// Hash in the checksum file.
    pub sha256: String,
}

impl StoredFacts {
    /// Where it contradicts the manifest.
    #[must_use]
    pub fn differing(self, told: &StoredSize) -> Vec<String> {
        let mut findings = Vec::new();
        if self.sha256 != told.sha256 {
            findings.push("its checksum file and its manifest disagree".to_owned());
        }
        if self.bytes != told.bytes {
            findings.push(format!("it has {} bytes, but its manifest has {}", self.bytes, told.bytes));
        }
        if let Some(crc64) = self.crc64.filter(|crc64| *crc64 != told.crc64nvme) {
            findings.push(format!(
                "its CRC64NVME in the store is {crc64}, but its manifest has {}",
                told.crc64nvme
            ));
        }
        findings
    }
}

/// What reading a dump showed.
#[derive(Debug, Clone, Copy)]
pub struct ReadFacts<'a> {
    /// SHA-256 of the object.
    pub stored_sha256: &'a str,
    /// SHA-256 of the text.
    pub sha256: &'a str,
    /// Bytes of the text.
    pub bytes: u64,
    /// The scan of the text.
    pub scan: &'a Scan,
}

/// A check that failed.
#[must_use]
pub fn refuted(location: &str, findings: Vec<String>) -> VerificationError {
    VerificationError { place: location.to_owned(), findings, hint: HINT.to_owned() }
}

/// Each contradiction between the manifest and the key, checksum file or object attributes. `asked` are sponsor,
/// environment and key.
#[must_use]
pub fn contradictions(
    manifest: &BackupManifest,
    asked: [&str; 3],
    found: StoredFacts,
    is_encrypted: bool,
) -> Vec<String> {
    let told = [&manifest.sponsor, &manifest.environment, &manifest.key];
    let mut findings = of_another(asked, told.map(String::as_str), manifest.timestamp);
    findings.extend(found.differing(&manifest.stored));
    if is_encrypted == manifest.encoding.age_recipients.is_empty() {
        findings.push("its key and its manifest disagree on whether it is encrypted".to_owned());
    }
    findings.extend(contradiction_of_index(manifest, is_encrypted));
    findings
}

/// Encryption adds bytes, so only the text shows how long an encrypted archive's compressed stream is.
fn contradiction_of_index(manifest: &BackupManifest, is_encrypted: bool) -> Option<String> {
    let pieces = manifest.pieces.as_ref()?;
    let end = pieces.last().map_or(0, |last| last.offset.saturating_add(last.bytes));
    let stream = if is_encrypted { end } else { manifest.stored.bytes };
    let text = pieces.iter().try_fold(0_u64, |sum, piece| sum.checked_add(piece.text_bytes));
    let mut rows: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for piece in pieces {
        if let (Some(schema), Some(name)) = (&piece.schema, &piece.name) {
            let sum = rows.entry((schema, name)).or_default();
            *sum = sum.saturating_add(piece.rows);
        }
    }
    let tables = manifest.contents.iter().flat_map(|told| &told.tables);
    let told = tables.map(|table| ((table.schema.as_str(), table.name.as_str()), table.rows)).collect();
    let fits = Selection::covers(pieces, stream)
        && text == Some(manifest.dump.bytes)
        && (manifest.contents.is_none() || rows == told);
    (!fits).then(|| "the pieces in its manifest do not cover it".to_owned())
}

/// Findings if a manifest belongs to another backup, by sponsor, environment, key and the time in the key. Ages and limits are
/// counted from the key.
#[must_use]
pub fn of_another(expected: [&str; 3], told: [&str; 3], timestamp: Timestamp) -> Vec<String> {
    let differs = |what: &str, told: &str, expected: &str| {
        format!("its manifest belongs to another backup: {what} {told}, expected {expected}")
    };
    let pairs = ["sponsor", "environment", "key"].into_iter().zip(expected.into_iter().zip(told));
    let others = pairs.filter(|(_, (expected, told))| expected != told);
    let mut findings: Vec<String> =
        others.map(|(what, (expected, told))| differs(what, told, expected)).collect();
    let key = expected[2];
    let at = Environment::ALL.into_iter().find_map(|environment| BackupKey::parse(environment, key));
    if let Some(BackupKey { at, .. }) = at.filter(|_| key == told[2])
        && at.as_second() != timestamp.as_second()
    {
        findings.push(differs("time", &format!("{timestamp:.0}"), &at.to_string()));
    }
    findings
}

/// The contents of a dump that was read to its end and matches its manifest.
///
/// # Errors
/// It contradicts the manifest or is not a dump: each contradiction as a phrase.
pub fn judged(manifest: &BackupManifest, read: ReadFacts<'_>) -> Result<DumpContents, Vec<String>> {
    let mut findings = Vec::new();
    if read.stored_sha256 != manifest.stored.sha256 {
        let (told, found) = (&manifest.stored.sha256, read.stored_sha256);
        findings.push(format!("its SHA-256 is {found}, but its checksum file has {told}"));
    }
    if read.sha256 != manifest.dump.sha256 || read.bytes != manifest.dump.bytes {
        findings.push("its decompressed text does not match its manifest".to_owned());
    }
    let judged = read.scan.judged();
    // A dump with foreign commands can still show by name what was changed.
    let contents = match &judged {
        Ok(contents) => Some(contents.clone()),
        Err(Unfit::Foreign(_)) => read.scan.contents(),
        Err(Unfit::Cut(_)) => None,
    };
    if let (Some(told), Some(contents)) = (&manifest.contents, &contents) {
        findings.extend(differing(told, contents));
    }
    if let Some(told) = &manifest.database {
        findings.extend(super::database::contradictions(
            told,
            read.scan.first_lines().and_then(Settings::parse).as_ref(),
        ));
    }
    match judged {
        Ok(contents) if findings.is_empty() => Ok(contents),
        Ok(_) => Err(findings),
        Err(unfit) => {
            findings.push(unfit.to_string());
            Err(findings)
        }
    }
}

/// Where the manifest contradicts the text. Release 0.1 did not record everything.
fn differing(told: &Contents, contents: &DumpContents) -> Vec<String> {
    let tables: Vec<TableDigest> = told.tables.iter().map(table_digest).collect();
    let mut findings = Vec::new();
    if tables != contents.tables {
        let only_there = tables.iter().filter(|table| !contents.tables.contains(table));
        let only_here = contents.tables.iter().filter(|table| !tables.contains(table));
        let mut names: Vec<String> =
            only_there.chain(only_here).map(|table| format!("{}.{}", table.schema, table.name)).collect();
        names.sort_unstable();
        names.dedup();
        names.truncate(20);
        findings.push(format!("its tables differ from its manifest: {}", names.join(", ")));
    }
    if let Some(sequences) = &told.sequences {
        let told = sequences.iter().map(position).collect();
        findings.extend(objects::sequences(&told, &contents.sequences).all());
    }
    if let Some(told) = &told.large_objects {
        match large_objects(told) {
            Some(told) => findings.extend(objects::large_objects(&told, &contents.large_objects).all()),
            None => findings.push("the large objects in its manifest are inconsistent".to_owned()),
        }
    }
    if told.statements != contents.statements || told.statements_digest != contents.statements_digest {
        findings.push("its statements differ from its manifest".to_owned());
    }
    findings
}

/// The manifest's entry for the contents of a dump, with its objects and the digests of generated values.
#[must_use]
pub fn manifest_contents(
    contents: &DumpContents,
    objects: Option<Vec<ObjectDigest>>,
    generated: &Digests,
) -> Contents {
    let table = |table: &TableDigest| Table {
        schema: table.schema.clone(),
        name: table.name.clone(),
        rows: table.rows,
        digest: table.digest.clone(),
        generated_digest: generated.get(&(table.schema.clone(), table.name.clone())).cloned(),
    };
    let sequence = |((schema, name), position): (&(String, String), &Position)| Sequence {
        schema: schema.clone(),
        name: name.clone(),
        value: position.value,
        is_called: position.is_called,
    };
    let total = contents.large_objects.total();
    let group = |(first, group): (&u32, &Group)| LargeObjectGroup {
        oid: *first,
        count: group.count,
        bytes: group.bytes,
        digest: hex(group.digest),
    };
    Contents {
        tables: contents.tables.iter().map(table).collect(),
        rows_total: contents.rows_total(),
        statements: contents.statements,
        statements_digest: contents.statements_digest.clone(),
        sequences: Some(contents.sequences.iter().map(sequence).collect()),
        large_objects: Some(LargeObjects {
            count: total.count,
            bytes: total.bytes,
            digest: hex(total.digest),
            oids_per_group: 1 << contents.large_objects.shift,
            groups: contents.large_objects.groups.iter().map(group).collect(),
        }),
        objects: objects.map(|objects| objects.into_iter().map(object).collect()),
    }
}

fn object(ObjectDigest { kind, schema, name, digest }: ObjectDigest) -> Object {
    Object { kind: kind.to_owned(), schema, name, digest }
}

/// The digests of generated values in a manifest.
#[must_use]
pub fn generated(told: &Contents) -> Digests {
    let sum = |table: &Table| {
        let name = (table.schema.clone(), table.name.clone());
        Some((name, table.generated_digest.clone()?))
    };
    told.tables.iter().filter_map(sum).collect()
}

fn table_digest(table: &Table) -> TableDigest {
    TableDigest {
        schema: table.schema.clone(),
        name: table.name.clone(),
        rows: table.rows,
        digest: table.digest.clone(),
    }
}

fn position(sequence: &Sequence) -> ((String, String), Position) {
    let Sequence { schema, name, value, is_called } = sequence;
    ((schema.clone(), name.clone()), Position { value: *value, is_called: *is_called })
}

/// `None` if the document contradicts itself.
fn large_objects(told: &LargeObjects) -> Option<sql::LargeObjects> {
    let mut read = sql::LargeObjects { shift: told.oids_per_group.trailing_zeros(), ..Default::default() };
    for LargeObjectGroup { oid, count, bytes, digest } in &told.groups {
        let digest = u128::from_str_radix(digest, 16).ok()?;
        read.groups.insert(*oid, Group { count: *count, bytes: *bytes, digest });
    }
    let total = read.total();
    let is_one =
        (told.count, told.bytes, told.digest.as_str()) == (total.count, total.bytes, &hex(total.digest));
    (is_one && told.oids_per_group.is_power_of_two()).then_some(read)
}

fn hex(digest: u128) -> String {
    format!("{digest:032x}")
}

#[cfg(test)]
mod tests;
