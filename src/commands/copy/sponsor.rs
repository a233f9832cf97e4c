//! The copy from top to bottom: find, refuse, transfer, compare, commit, read back. Do not reorder the steps: nothing
//! becomes visible before every byte of the source was compared.

use bytesize::ByteSize;

use super::manifest::{self, Resealed, is_copy};
use super::{CopiedBackup, CopyRun, CopyState};
use crate::archive::backup_manifest::{BackupManifest, NamedValue, manifest_sizes};
use crate::archive::catalogue::{BackupKey, prefix};
use crate::archive::codec::Level;
use crate::archive::memory::BufferPlan;
use crate::archive::transfer::{ToldContents, reseal, transfer};
use crate::archive::{ArchiveError, Codec, PendingUpload, SealOptions, open};
use crate::commands::selected_backup::SelectedBackup;
use crate::commands::session::{Completed, SponsorSession};
use crate::commands::stored::{self, StoredBackup};
use crate::commands::text_blocks;
use crate::databases::postgres::sql::Blocks;
use crate::failure::Failure;
use crate::layout::key::{Object, checksum_key, manifest_key};
use crate::layout::tags::{LOCK_TAG, NOT_KNOWN};
use crate::report::lines;
use crate::secrets::{Ability, S3Backups};
use crate::store::hash::SizeAndHash;
use crate::store::s3::policy::Purpose;
use crate::store::{LockChoice, LockState, ObjectAttributes, Store, StoreError, Upload};
use crate::verification::conclusion::{CopyFacts, CopyProof};

/// A backup that is being copied, and where to.
struct Copying<'a> {
    session: &'a SponsorSession<'a>,
    source: &'a StoredBackup,
    target: &'a Store,
    /// Its key at the target.
    key: BackupKey,
}

impl CopyRun<'_> {
    pub(super) async fn copy(
        &self,
        session: &SponsorSession<'_>,
        state: &mut CopyState,
    ) -> Result<Completed, Failure> {
        let limit = &session.limit;
        let secrets = match limit.unless_stopped(async { Ok(session.secrets().await?) }).await? {
            S3Backups::Disabled(why) => return Ok(Completed::Disabled(why.clone())),
            S3Backups::Enabled(secrets) => secrets,
        };
        // Find, and refuse.
        let (reading, purpose) = (&self.options.reading, Purpose::Copy { thaw: self.options.reading.thaw });
        let buckets = session.open_buckets(secrets, &reading.endpoint, purpose)?;
        let history = session.history(&buckets, reading.timeout);
        state.buckets = Some(buckets);
        let target = limit.unless_stopped(Box::pin(self.open_target(session, secrets))).await?;
        // Bytes that stay as they are need no identity.
        let identities = self.is_resealed().then_some(&self.identities);
        let found = SelectedBackup::find(history, reading, identities);
        let chosen = limit.unless_stopped(Box::pin(found)).await?;
        let source = &chosen.stored;
        state.source = Some((source.location.clone(), source.description.clone()));
        let key = self.key(source)?;
        let copying = Copying { session, source, target: &target, key };
        let is_there = limit.unless_stopped(Box::pin(self.is_copied(&copying))).await?;
        self.show(&copying, state, is_there);
        if self.options.common.dry_run {
            return Ok(Completed::Planned);
        }
        // Transfer, compare, commit.
        let lock = if is_there {
            let shown = limit.unless_stopped(async { Ok(target.examine(&copying.key.key).await?) }).await?;
            shown.lock.map_or(LockState::Unknown, LockState::Until)
        } else {
            Box::pin(self.store(&copying, state)).await?
        };
        // Read back.
        let (description, proof) = Box::pin(self.read_back(&copying)).await?;
        let facts = CopyFacts {
            proof,
            tables: description.contents.as_ref().map(|told| told.tables.len() as u64),
            partial: description.partial.is_some(),
        };
        let location = target.location(&copying.key.key);
        state.copied = Some(CopiedBackup { location, description, facts, lock, was_there: is_there });
        Ok(Completed::Done)
    }

    /// Whether the copy is encrypted for other recipients.
    fn is_resealed(&self) -> bool {
        !self.options.recipients.is_empty()
    }

    /// The copy's key: the source's, with `.age` if only the copy is encrypted.
    fn key(&self, source: &StoredBackup) -> Result<BackupKey, Failure> {
        let adds = self.is_resealed() && !source.source.encrypted;
        let key = format!("{}{}", source.source.key, if adds { ".age" } else { "" });
        let parsed = BackupKey::parse(self.options.common.environment, &key);
        parsed.ok_or_else(|| Failure::Bug(format!("{key} is not the key of a backup")))
    }

    /// Whether the target holds this copy already.
    ///
    /// # Errors
    /// It holds something else under one of its keys, or a part of it.
    async fn is_copied(&self, copying: &Copying<'_>) -> Result<bool, Failure> {
        let Copying { target, source, key, .. } = copying;
        let taken = || Failure::from(StoreError::Occupied { location: target.location(&key.key) });
        let listed = target.list(&key.key).await?;
        let parts = [key.key.clone(), checksum_key(&key.key), manifest_key(&key.key)];
        match parts.iter().filter(|part| listed.iter().any(|object| object.key == **part)).count() {
            0 => return Ok(false),
            3 => {}
            _ => return Err(taken()),
        }
        let whose = (copying.session.sponsor, self.options.common.environment);
        let described = stored::describe(target, whose, key.clone(), None, false).await?;
        let recipients = self.options.recipients.public_keys();
        let wanted = self.is_resealed().then_some(recipients.as_slice());
        // A manifest proves nothing about encrypted bytes. Only an identity that opens them does.
        let can_be_proven =
            !self.is_resealed() || self.identities.matches(&described.description.encoding.age_recipients);
        if can_be_proven && is_copy(source, &described, wanted) { Ok(true) } else { Err(taken()) }
    }

    /// Shows the plan.
    fn show(&self, copying: &Copying<'_>, state: &mut CopyState, is_there: bool) {
        let Copying { source, target, key, session } = copying;
        let encryption = match (self.is_resealed(), source.source.encrypted) {
            (true, _) => format!("for {}", self.options.recipients.public_keys().join(", ")),
            (false, true) => "as it is".to_owned(),
            (false, false) => "none".to_owned(),
        };
        state.plan = vec![
            ("from", source.location.clone()),
            ("to", target.location(&key.key)),
            ("size", ByteSize(source.description.stored.bytes).to_string()),
            ("encryption", encryption),
        ];
        if is_there {
            state.plan.push(("already there", "verified only".to_owned()));
        }
        let verb = if self.options.common.dry_run { "would be copied" } else { "copy" };
        self.context.sink.block(&lines::plan(format!("{}: {verb}", session.sponsor.name), &state.plan));
    }

    /// Stores the copy. Gives its lock.
    async fn store(&self, copying: &Copying<'_>, state: &mut CopyState) -> Result<LockState, Failure> {
        let Copying { session, source, target, key } = copying;
        let limit = &session.limit;
        let say = |words: &str| self.context.sink.line(&format!("{}: {words}", session.sponsor.name));
        let below = prefix(self.options.common.environment);
        let dead = async { Ok(target.remove_dead_uploads(&below).await?) };
        for location in limit.unless_stopped(dead).await? {
            say(&format!("removed an unfinished upload of an earlier run: {location}"));
        }
        let labels = limit.unless_stopped(self.labels(copying)).await?;
        let told = &source.description;
        let bytes = if self.is_resealed() { told.dump.bytes } else { told.stored.bytes };
        let memory = self.options.memory_limit_bytes;
        let buffers = BufferPlan::for_database(bytes, memory, memory, self.context.cores)?;
        let upload = Upload::new(target, key.key.clone(), labels, buffers.parts(), limit.stop().clone());
        let (pending, resealed) = if self.is_resealed() {
            self.reseal(copying, buffers, upload).await?
        } else {
            (self.transfer(copying, upload).await?, None)
        };
        let manifest = match manifest::document(source, resealed.as_ref(), self.context.now()) {
            Ok(manifest) => manifest,
            Err(failure) => return Err(taken_back(pending, failure).await),
        };
        let committed = pending.commit(manifest).await?;
        committed.remarks.iter().for_each(|remark| say(remark));
        let by = self.attribute_source(session, &self.options.deployment);
        state.warnings.extend(by.not_locked(&self.options.target, &committed.lock));
        state.warnings.extend(committed.warnings);
        Ok(committed.lock)
    }

    /// Tags and metadata of the source, as its manifest has them, and the lock that was asked for.
    async fn labels(&self, copying: &Copying<'_>) -> Result<ObjectAttributes, Failure> {
        let Copying { session, source, target, key } = copying;
        let deployment = &self.options.deployment;
        let told = &source.description;
        if matches!(deployment.lock, LockChoice::Governance | LockChoice::Compliance) {
            target.require_object_lock().await?;
        }
        let mut by = self.attribute_source(session, deployment);
        let lock = by.ask_lock(target, session.sponsor).await?;
        // Release 0.1 wrote neither down. Then they are those of a backup at its time.
        (by.partial, by.at) = (told.partial.is_some(), told.timestamp);
        let suffix = key.key.find(".sql").and_then(|at| key.key.get(at..)).unwrap_or_default();
        let mut labels = by.attributes(session.sponsor, Object::Backup { suffix }, lock);
        if let Some(tags) = &told.tags {
            labels.tags = pairs(tags);
            labels.tags.retain(|(name, _)| name != LOCK_TAG);
            labels.tags.push((LOCK_TAG.to_owned(), NOT_KNOWN.to_owned()));
        }
        if let Some(metadata) = &told.metadata {
            labels.metadata = pairs(metadata);
        }
        let has_classes = self.options.target.has(Ability::StorageClasses);
        labels.storage_class = has_classes.then(|| self.options.storage_class.clone());
        labels.content_type = "application/octet-stream";
        Ok(labels)
    }

    /// The bytes as they are, once they match manifest and checksum file.
    async fn transfer(&self, copying: &Copying<'_>, upload: Upload) -> Result<PendingUpload, Failure> {
        let source = copying.source;
        let told = &source.description;
        let plain = SizeAndHash { bytes: told.dump.bytes, sha256: told.dump.sha256.clone() };
        let contents = ToldContents { plain, members: told.encoding.members };
        let pending = match transfer(&source.source, contents, upload).await {
            Ok(pending) => pending,
            Err(failed) => return Err(failed.abandon().await.into()),
        };
        let findings = differing_bytes(told, &pending.sealed().stored);
        or_taken_back(source, pending, findings).await
    }

    /// The text of the source, encrypted for other recipients, once source and text match the manifest.
    async fn reseal(
        &self,
        copying: &Copying<'_>,
        buffers: BufferPlan,
        upload: Upload,
    ) -> Result<(PendingUpload, Option<Resealed>), Failure> {
        let source = copying.source;
        let told = &source.description;
        let format = source.source.format;
        // A level that this version does not know becomes automatic: only the text counts.
        let level = match told.encoding.levels {
            None => Level::Fixed(told.encoding.level),
            Some(_) => Level::Auto,
        };
        let codec = Codec::new(format, level).unwrap_or(Codec { format, level: Level::Auto });
        let options = SealOptions { codec, recipients: self.options.recipients.clone() };
        let reader = open(source.source.clone(), copying.session.limit.stop().clone())?;
        let resealed = reseal(reader, (&options, buffers), upload, Blocks::new).await;
        let (pending, opened, blocks) = match resealed {
            Ok(resealed) => resealed,
            Err(failed) => {
                return Err(match failed.abandon().await {
                    ArchiveError::Corrupt { what, .. } => stored::proof(&source.location, vec![what]),
                    error => error.into(),
                });
            }
        };
        let mut findings = differing_bytes(told, &opened.stored);
        let is_text = |text: &SizeAndHash| (text.bytes, &text.sha256) == (told.dump.bytes, &told.dump.sha256);
        if !is_text(&opened.plain) || !is_text(&pending.sealed().plain) {
            findings.push("its decompressed text does not match its manifest".to_owned());
        }
        let pending = or_taken_back(source, pending, findings).await?;
        let (_, stored, encoding) = manifest_sizes(pending.sealed(), &options);
        let (_, _, pieces) = blocks.into_parts();
        let pieces = text_blocks::index(&pending.sealed().pieces, pieces);
        Ok((pending, Some(Resealed { key: copying.key.key.clone(), stored, encoding, pieces })))
    }

    /// Reads the copy as `verify` does.
    async fn read_back(&self, copying: &Copying<'_>) -> Result<(BackupManifest, CopyProof), Failure> {
        let Copying { session, target, key, .. } = copying;
        let whose = (session.sponsor, self.options.common.environment);
        let described = Box::pin(stored::describe(target, whose, key.clone(), None, false));
        let mut copy = match session.limit.unless_stopped(described).await {
            Ok(copy) => copy,
            Err(Failure::Archive(ArchiveError::Store(StoreError::Frozen { .. }))) => {
                return Ok((copying.source.description.clone(), CopyProof::Upload));
            }
            Err(failure) => return Err(failure),
        };
        let recipients = &copy.description.encoding.age_recipients;
        if recipients.is_empty() || self.identities.matches(recipients) {
            copy.source.identities = self.identities.clone();
            stored::verify(&copy, session.limit.stop()).await?;
            return Ok((copy.description, CopyProof::Contents));
        }
        let measured = async { Ok(target.measure(&key.key).await?) };
        let measured = session.limit.unless_stopped(measured).await?;
        let findings = differing_bytes(&copy.description, &measured);
        if findings.is_empty() {
            Ok((copy.description, CopyProof::Bytes))
        } else {
            Err(stored::proof(&copy.location, findings))
        }
    }
}

fn pairs(values: &[NamedValue]) -> Vec<(String, String)> {
    values.iter().map(|one| (one.name.clone(), one.value.clone())).collect()
}

/// The bytes of a backup that contradict its manifest. Its checksum file was compared with that before.
fn differing_bytes(told: &BackupManifest, found: &SizeAndHash) -> Vec<String> {
    if (found.bytes, &found.sha256) == (told.stored.bytes, &told.stored.sha256) {
        return Vec::new();
    }
    vec![format!("its SHA-256 is {}, but its checksum file has {}", found.sha256, told.stored.sha256)]
}

/// The upload, if nothing was found.
async fn or_taken_back(
    source: &StoredBackup,
    pending: PendingUpload,
    findings: Vec<String>,
) -> Result<PendingUpload, Failure> {
    if findings.is_empty() {
        return Ok(pending);
    }
    Err(taken_back(pending, stored::proof(&source.location, findings)).await)
}

/// The failure, after the upload was taken back. What could not be taken back follows it.
async fn taken_back(pending: PendingUpload, failure: Failure) -> Failure {
    match (pending.abandon().await, failure) {
        (Err(left), Failure::Proof(mut proof)) => {
            proof.findings.push(left.to_string());
            Failure::Proof(proof)
        }
        (_, failure) => failure,
    }
}
