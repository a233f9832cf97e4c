//! Errors of an archive, their messages and hints.

use bytesize::ByteSize;

use crate::store::StoreError;

/// Why there is no archive, or why it cannot be read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ArchiveError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The upload buffers for a database of this size exceed the memory limit.
    #[error("a database of {} needs {} of upload buffers{}, but `memory-limit` is {}", ByteSize(*.database_bytes), ByteSize(*.needed_bytes), of_the_source(*.source_bytes), ByteSize(*.limit_bytes))]
    MemoryLimit {
        /// Database size.
        database_bytes: u64,
        /// Buffers that its parts need, in bytes.
        needed_bytes: u64,
        /// Bytes of them that several connections to the database need.
        source_bytes: u64,
        /// The limit.
        limit_bytes: u64,
    },
    /// The compressor or the encryption failed.
    #[error("the data stream cannot be {what}: {reason}")]
    Transform {
        /// `compressed`, `encrypted` or `opened`.
        what: &'static str,
        /// The library's message.
        reason: String,
    },
    /// The backup does not exist.
    #[error("{place} holds no backup{which}{}", in_brackets(elsewhere.as_deref()))]
    NoBackup {
        /// `s3://bucket/prefix` or `file:///root/prefix`.
        place: String,
        /// Which one was wanted, after a blank; empty for any.
        which: String,
        /// Which other environments hold backups, if any do.
        elsewhere: Option<String>,
    },
    /// A checksum file or manifest is not valid.
    #[error("{location} {what}")]
    Malformed {
        /// `s3://bucket/key` or `file:///root/key`.
        location: String,
        /// What is wrong with it, as a predicate.
        what: String,
    },
    /// The stored bytes cannot be decrypted or decompressed.
    #[error("{location} is damaged: {what}")]
    Corrupt {
        /// `s3://bucket/key` or `file:///root/key`.
        location: String,
        /// What shows it.
        what: String,
    },
    /// The backup is encrypted, and no identity was given.
    #[error("{location} is encrypted, and no age identity was given{}", encrypted_to(recipients))]
    IdentityMissing {
        /// `s3://bucket/key` or `file:///root/key`.
        location: String,
        /// age public keys that it is encrypted to, if they are known.
        recipients: Vec<String>,
    },
    /// The backup is encrypted to other recipients.
    #[error("none of the given age identities opens {location}{}", encrypted_to(recipients))]
    IdentityWrong {
        /// `s3://bucket/key` or `file:///root/key`.
        location: String,
        /// age public keys that it is encrypted to, if they are known.
        recipients: Vec<String>,
    },
    /// The source of the stream failed while it was read.
    #[error("the data stream broke: {0}")]
    Stream(String),
    /// An upload failed and left something behind.
    #[error("{cause}; {left}")]
    Unfinished {
        /// Why it failed.
        cause: Box<ArchiveError>,
        /// What is left, in words.
        left: String,
    },
    /// What is removed from this store is gone for good.
    #[error("{place} {}, so what is removed from it is gone for good", if *suspended { "keeps no new versions" } else { "keeps no versions" })]
    Unversioned {
        /// `s3://bucket/` or `file:///root/`.
        place: String,
        /// Whether versioning is suspended.
        suspended: bool,
    },
    /// The store of the records has none, although there are backups.
    #[error("{place} holds no record, although each backup leaves one")]
    NoRecords {
        /// `s3://bucket/folder/` or `file:///root/folder/`.
        place: String,
    },
    /// An object was removed, and the store showed no delete marker over it.
    #[error("{location} was removed, but the store showed no delete marker over it")]
    NotHidden {
        /// `s3://bucket/key`.
        location: String,
    },
    /// What a run hid cannot be brought back by this record.
    #[error("{location} {why}")]
    NotUndone {
        /// `s3://bucket/key`.
        location: String,
        /// What is wrong with it, as a predicate.
        why: String,
    },
    /// A signal or the time limit stopped the transfer.
    #[error("the transfer was stopped")]
    Stopped,
}

impl ArchiveError {
    /// What a stop left behind; `None` if the transfer was not stopped.
    #[must_use]
    pub fn stopped(&self) -> Option<Option<&str>> {
        match self {
            Self::Stopped => Some(None),
            Self::Store(error) => error.is_stop().then_some(None),
            Self::Unfinished { cause, left } => cause.stopped().map(|_| Some(left.as_str())),
            _ => None,
        }
    }

    /// Whether the error is about the stored object itself, not about access to it.
    #[must_use]
    pub fn is_finding(&self) -> bool {
        match self {
            Self::Store(error) => error.is_finding(),
            Self::Malformed { .. } | Self::Corrupt { .. } => true,
            _ => false,
        }
    }

    /// Whether every other request to this store would fail in the same way.
    #[must_use]
    pub fn affects_every_request(&self) -> bool {
        matches!(self, Self::Store(error) if error.affects_every_request())
    }

    /// What you can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Store(error) => return error.hint(),
            Self::Unfinished { cause, .. } => return cause.hint(),
            Self::MemoryLimit { needed_bytes, source_bytes, .. } => {
                let mebibytes = needed_bytes.div_ceil(1 << 20);
                let input = if *source_bytes > 0 { "jobs" } else { "max-parallel" };
                return Some(format!("Set `memory-limit` to {mebibytes}MiB or more, or lower `{input}`."));
            }
            Self::Stream(_) | Self::Transform { .. } => {
                "Run again. If it happens again, report it with this message."
            }
            Self::NoBackup { elsewhere: Some(_), .. } => {
                "Check `environment`, or list the backups with `sponsor-backup list`."
            }
            Self::NoBackup { .. } => "List the backups with `sponsor-backup list`.",
            Self::Malformed { .. } => {
                "If a newer version of sponsor-backup wrote it, use that version. Otherwise use another backup, and find out who changed this one."
            }
            Self::Corrupt { .. } => {
                "Use another backup (`sponsor-backup list`). Keep this one unchanged, and compare it with its checksum file."
            }
            Self::IdentityMissing { .. } => {
                "Pass the age identity of one of its recipients in AGE_IDENTITY or `age-identity-file`."
            }
            Self::IdentityWrong { .. } => {
                "Pass the age identity of one of its recipients in AGE_IDENTITY or `age-identity-file`. If this is the right one, the start of the object is damaged."
            }
            Self::Unversioned { .. } => {
                "Set `unversioned` to accept that nothing can be brought back. A bucket can keep versions instead."
            }
            Self::NoRecords { .. } => {
                "Check that the store of the records is this sponsor's, and that its folder is mounted. Holds, drills and deployments are known from it alone."
            }
            Self::NotHidden { .. } => {
                "Check the bucket's versioning and the versions of this object before you prune again."
            }
            Self::NotUndone { .. } => {
                "Pass the record that `prune` printed for this sponsor and environment. What a store without versions removed is only in a copy."
            }
            Self::Stopped => return None,
        };
        Some(hint.to_owned())
    }
}

fn in_brackets(text: Option<&str>) -> String {
    text.map(|text| format!(" ({text})")).unwrap_or_default()
}

fn encrypted_to(recipients: &[String]) -> String {
    if recipients.is_empty() {
        String::new()
    } else {
        format!(" (it is encrypted to {})", recipients.join(", "))
    }
}

/// What several connections to the database add to the buffers of an upload.
fn of_the_source(bytes: u64) -> String {
    if bytes > 0 { format!(", {} of them for `jobs`", ByteSize(bytes)) } else { String::new() }
}

#[cfg(test)]
mod tests;
