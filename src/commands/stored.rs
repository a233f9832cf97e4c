//! One stored backup: found, described, and read through to its end before anybody trusts it.

use std::time::{Duration, Instant};

use secrecy::ExposeSecret as _;
use tokio_util::sync::CancellationToken;

use super::{Edge, scope};
use crate::archive::catalogue::{BackupKey, prefix};
use crate::archive::description::{BackupManifest, Contents, Excerpt, StoredSize};
use crate::archive::key::{checksum_key, description_key};
use crate::archive::{ArchiveError, Identities, Source, Store, checksum, open};
use crate::cli::UsageError;
use crate::cli::order::{Opening, Which};
use crate::dump::scan::{Columns, Scan, TableTruth, Truth};
use crate::failure::Failure;
use crate::proof::ProofError;
use crate::sponsors::{Environment, Sponsor};

/// A manifest of a hundred thousand tables is a quarter of this.
pub(super) const MANIFEST_BYTES: u64 = 64 << 20;
const CHECKSUM_BYTES: u64 = 4096;
/// How long a thawed backup stays readable.
const THAW_DAYS: u16 = 7;

const HINT: &str =
    "Do not restore this backup: take another one (`sponsor-backup list`), and find out who changed it.";

/// A backup whose three parts are there and agree with each other. Its bytes were not read yet.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) source: Source,
    pub(super) description: BackupManifest,
    pub(super) location: String,
}

/// A backup whose every byte was read, and found to be what its manifest says.
#[derive(Debug)]
pub(super) struct Proven {
    /// The scan of its text.
    pub(super) scan: Scan,
    /// What it holds.
    pub(super) truth: Truth,
    /// Fetching it, and all that happened meanwhile but `decrypt`.
    pub(super) fetch: Duration,
    /// Decrypting and decompressing.
    pub(super) decrypt: Duration,
}

/// The private keys of the environment and of the file that was named.
pub(super) async fn identities(opening: &Opening, edge: &Edge) -> Result<Identities, Failure> {
    let hide = |keys: &Identities| keys.masks().iter().for_each(|key| edge.sink.mask(key.expose_secret()));
    let Some(path) = &opening.identity_file else {
        hide(&opening.identities);
        return Ok(opening.identities.clone());
    };
    scope::warn_of_open_file(path, "age-identity-file", edge);
    let bad = |problem: String| UsageError::new(format!("`age-identity-file` {problem}"));
    let text =
        tokio::fs::read_to_string(path).await.map_err(|error| bad(format!("cannot be read: {error}")))?;
    let text = secrecy::SecretString::from(text);
    for line in text.expose_secret().lines().filter(|line| line.trim().starts_with("AGE-SECRET-KEY-")) {
        edge.sink.mask(line.trim());
    }
    Ok(Identities::parse(text.expose_secret()).map_err(bad)?)
}

/// Finds the backup that is meant, among the sponsor's own; the latest is found by [`super::attempts`].
pub(super) async fn find(
    store: &Store,
    (sponsor, environment): (&Sponsor, Environment),
    which: &Which,
) -> Result<BackupKey, Failure> {
    let none = |which: String| ArchiveError::NoBackup { place: store.location(&prefix(environment)), which };
    match which {
        Which::Location { bucket, key } => {
            let is_here = bucket == store.bucket();
            let parsed = BackupKey::parse(environment, key).filter(|_| is_here);
            Ok(parsed.ok_or_else(|| none(format!(" at s3://{bucket}/{key}")))?)
        }
        Which::Latest => Err(none(String::new()).into()),
        Which::At(at) => {
            let day = at.strftime("%Y/%m/%d/");
            let listed = store.list(&format!("{}{day}", prefix(environment))).await?;
            let keys = listed.iter().filter_map(|object| BackupKey::parse(environment, &object.key));
            let own = first_own(store, sponsor, keys.filter(|key| key.at == *at)).await?;
            Ok(own.ok_or_else(|| none(format!(" of {}", at.strftime("%Y%m%d-%H%M%S"))))?)
        }
    }
}

async fn first_own(
    store: &Store,
    sponsor: &Sponsor,
    backups: impl Iterator<Item = BackupKey>,
) -> Result<Option<BackupKey>, ArchiveError> {
    for backup in backups {
        if !Box::pin(is_a_partners(store, sponsor, &backup.key)).await? {
            return Ok(Some(backup));
        }
    }
    Ok(None)
}

/// Whether a backup is that of a sponsor who may share this bucket: keys do not tell whose they are, manifests do. One
/// without a manifest that can be understood, or that names anybody else, is for the sponsor to look into.
pub(super) async fn is_a_partners(store: &Store, sponsor: &Sponsor, key: &str) -> Result<bool, ArchiveError> {
    if sponsor.partners.is_empty() {
        return Ok(false);
    }
    let beside = description_key(key);
    let document = match Box::pin(store.read_small(&beside, MANIFEST_BYTES)).await {
        Err(ArchiveError::Missing { .. } | ArchiveError::Malformed { .. }) => return Ok(false),
        document => document?,
    };
    let told = Excerpt::parse(&store.location(&beside), &document);
    Ok(told.is_ok_and(|told| sponsor.partners.contains(&told.sponsor)))
}

/// Reads what stands beside a dump and compares the three with each other; a frozen one is thawed where that is wanted.
pub(super) async fn describe(
    store: &Store,
    whose: (&Sponsor, Environment),
    backup: BackupKey,
    identities: &Identities,
    thaw: bool,
) -> Result<Stored, Failure> {
    let key = backup.key.clone();
    match look(store, whose, backup, identities).await {
        Err(Failure::Archive(frozen @ ArchiveError::Frozen { .. })) if thaw => {
            Err(thawing(store, &key, frozen).await?.into())
        }
        looked => looked,
    }
}

async fn look(
    store: &Store,
    (sponsor, environment): (&Sponsor, Environment),
    backup: BackupKey,
    identities: &Identities,
) -> Result<Stored, Failure> {
    let BackupKey { key, format, encrypted, .. } = backup;
    let location = store.location(&key);
    let examined = store.examine(&key).await?;
    examined.readable(&location)?;
    let beside = description_key(&key);
    let document = store.read_small(&beside, MANIFEST_BYTES).await?;
    let description = BackupManifest::parse(&store.location(&beside), &document)?;
    let sha256 = checksum_of(store, &key).await?;
    let told = [&description.sponsor, &description.environment, &description.key];
    let mut findings = of_another([&sponsor.name, environment.name(), &key], told.map(String::as_str));
    let found = Found { bytes: examined.bytes, crc64: examined.crc64, sha256 };
    findings.extend(found.differing(&description.stored));
    if encrypted == description.encoding.age_recipients.is_empty() {
        findings.push("its key and its manifest do not agree on whether it is encrypted".to_owned());
    }
    if !findings.is_empty() {
        return Err(proof(&location, findings));
    }
    identities.check(&location, &description.encoding.age_recipients)?;
    let etag = examined.etag;
    let bytes = examined.bytes;
    let source =
        Source { store: store.clone(), key, etag, bytes, format, encrypted, identities: identities.clone() };
    Ok(Stored { source, description, location })
}

/// The hash that the checksum file of a dump tells.
pub(super) async fn checksum_of(store: &Store, key: &str) -> Result<String, ArchiveError> {
    let beside = checksum_key(key);
    let line = store.read_small(&beside, CHECKSUM_BYTES).await?;
    checksum::parse(&store.location(&beside), key, &line)
}

/// What is known of a dump without reading it.
pub(super) struct Found {
    pub(super) bytes: u64,
    /// As S3 keeps it, where it does.
    pub(super) crc64: Option<String>,
    /// As the checksum file tells it.
    pub(super) sha256: String,
}

impl Found {
    /// What of it is not as the manifest says.
    pub(super) fn differing(self, told: &StoredSize) -> Vec<String> {
        let mut findings = Vec::new();
        if self.sha256 != told.sha256 {
            findings.push("its checksum file and its manifest tell different hashes".to_owned());
        }
        if self.bytes != told.bytes {
            findings.push(format!("it has {} bytes, and its manifest says {}", self.bytes, told.bytes));
        }
        if let Some(crc64) = self.crc64.filter(|crc64| *crc64 != told.crc64nvme) {
            findings
                .push(format!("its CRC64NVME is {crc64} at S3, and its manifest says {}", told.crc64nvme));
        }
        findings
    }
}

/// What shows that a manifest is of another backup: its sponsor, its environment, its key.
pub(super) fn of_another(expected: [&str; 3], told: [&str; 3]) -> Vec<String> {
    let pairs = ["sponsor", "environment", "key"].into_iter().zip(expected.into_iter().zip(told));
    let others = pairs.filter(|(_, (expected, told))| expected != told);
    others
        .map(|(what, (expected, told))| {
            format!("its manifest is of another backup: {what} {told} in place of {expected}")
        })
        .collect()
}

/// An error of one of the three parts of a backup, as words about that backup.
pub(super) fn in_words(store: &Store, key: &str, error: &ArchiveError) -> String {
    // The dump comes last: its key is the beginning of the other two.
    let parts = [
        (checksum_key(key), "its checksum file"),
        (description_key(key), "its manifest"),
        (key.to_owned(), "it"),
    ];
    let name = |text: String, (key, name): (String, &str)| text.replace(&store.location(&key), name);
    parts.into_iter().fold(error.to_string(), name)
}

/// Reads a backup through to its end and compares everything that its manifest says.
pub(super) async fn prove(stored: &Stored, stop: &CancellationToken) -> Result<Proven, Failure> {
    let begun = Instant::now();
    let mut reader = open(stored.source.clone(), stop.clone())?;
    let mut scan = Scan::detailed(Columns::default());
    let opened = loop {
        match reader.next().await {
            Ok(Some(piece)) => scan.feed(&piece),
            Ok(None) => break reader.finish().await?,
            Err(ArchiveError::Corrupt { what, .. }) => return Err(proof(&stored.location, vec![what])),
            Err(error) => return Err(error.into()),
        }
    };
    let (description, mut findings) = (&stored.description, Vec::new());
    if opened.stored.sha256 != description.stored.sha256 {
        let (told, found) = (&description.stored.sha256, &opened.stored.sha256);
        findings.push(format!("its SHA-256 is {found}, and its checksum file says {told}"));
    }
    if opened.plain.sha256 != description.dump.sha256 || opened.plain.bytes != description.dump.bytes {
        findings.push("its text is not the one that its manifest describes".to_owned());
    }
    findings.extend(scan.missing().map(|missing| format!("the dump is cut off: {missing}")));
    let truth = scan.truth();
    findings.extend(differing(description.contents.as_ref(), truth.as_ref()));
    let foreign = &scan.needs().foreign_commands;
    if !foreign.is_empty() {
        let commands = foreign.iter().cloned().collect::<Vec<_>>().join(", ");
        findings.push(format!("it holds commands of psql that pg_dump never writes: {commands}"));
    }
    match truth {
        Some(truth) if findings.is_empty() => {
            let decrypt = opened.decoding;
            Ok(Proven { scan, truth, fetch: begun.elapsed().saturating_sub(decrypt), decrypt })
        }
        _ => Err(proof(&stored.location, findings)),
    }
}

/// A proof that did not hold, of a stored backup.
pub(super) fn proof(location: &str, findings: Vec<String>) -> Failure {
    ProofError { place: location.to_owned(), findings, hint: HINT.to_owned() }.into()
}

/// What the manifest tells of the tables and statements otherwise than the text does.
fn differing(told: Option<&Contents>, truth: Option<&Truth>) -> Vec<String> {
    let Some(truth) = truth else { return vec!["its text ends in the middle of a statement".to_owned()] };
    let Some(told) = told else { return Vec::new() };
    let tables: Vec<TableTruth> = told.tables.iter().map(table_truth).collect();
    let mut findings = Vec::new();
    if tables != truth.tables {
        let differs = |table: &&TableTruth| !truth.tables.contains(table);
        let names = tables.iter().filter(differs).map(|table| format!("{}.{}", table.schema, table.name));
        let names: Vec<String> = names.take(20).collect();
        findings.push(format!("its tables are not the ones of its manifest: {}", names.join(", ")));
    }
    if told.statements != truth.statements || told.statements_digest != truth.statements_digest {
        findings.push("its statements are not the ones of its manifest".to_owned());
    }
    findings
}

fn table_truth(table: &crate::archive::description::Table) -> TableTruth {
    TableTruth {
        schema: table.schema.clone(),
        name: table.name.clone(),
        rows: table.rows,
        digest: table.digest.clone(),
    }
}

/// Asks S3 for those of the three parts that are frozen.
async fn thawing(store: &Store, key: &str, frozen: ArchiveError) -> Result<ArchiveError, Failure> {
    for part in [key.to_owned(), checksum_key(key), description_key(key)] {
        let examined = store.examine(&part).await?;
        if examined.readable(&store.location(&part)).is_err() {
            store.thaw(&part, examined.thaw_days(THAW_DAYS)).await?;
        }
    }
    Ok(match frozen {
        ArchiveError::Frozen { location, class, .. } => {
            ArchiveError::Frozen { location, class, thaw: crate::archive::thaw::Thaw::Ongoing }
        }
        other => other,
    })
}
