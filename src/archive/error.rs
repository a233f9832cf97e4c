//! Everything that can go wrong with an archive, and what to do about it.

mod remedy;
mod temporary;
mod wording;

use bytesize::ByteSize;

use super::thaw::Thaw;
use remedy::{HOPELESS, of_a_role, of_keys, remedy};
pub(super) use temporary::Temporary;
use wording::{for_whom, told, waiting};

/// A request to S3 that failed. Apart, for errors are carried about.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// S3's id of it.
    pub id: Option<String>,
    /// What the keys are called that signed it, where it was keys.
    pub keys: Option<String>,
}

/// Why there is no archive, or why it cannot be read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ArchiveError {
    /// S3 refused a request, or did not answer.
    #[error("{location}: {operation} failed: {reason}{}", told(.request))]
    S3 {
        /// Name of the S3 operation.
        operation: &'static str,
        /// `s3://bucket/key`.
        location: String,
        /// HTTP status of the answer, where one came.
        status: Option<u16>,
        /// S3's error code, or the HTTP status in words where it gives none.
        code: String,
        /// Code and message, or the transport error.
        reason: String,
        /// What else is known of the request.
        request: Box<Request>,
    },
    /// There is no session of the role in whose name S3 is asked.
    #[error("role {role} cannot be assumed: {reason}")]
    Role {
        /// Its ARN.
        role: String,
        /// STS's error code, `id-token` where GitHub gave no word for this job, or `no answer`.
        code: String,
        /// Code and message, or the transport error.
        reason: String,
        /// What GitHub's word says of this job; empty where there is none.
        claims: String,
    },
    /// A certain lock is asked for, and the bucket locks nothing.
    #[error("{location} has no Object Lock, and a lock is asked for")]
    NoObjectLock {
        /// `s3://bucket/`.
        location: String,
    },
    /// Something else stands under this key already; it was left alone.
    #[error("{location} exists already and was not overwritten")]
    AlreadyExists {
        /// `s3://bucket/key`.
        location: String,
    },
    /// What was read back is not what was sent.
    #[error("{location}: the stored {what} is {got}, but {expected} was sent")]
    Differs {
        /// `s3://bucket/key`.
        location: String,
        /// `size`, `lock`, `tags` or a checksum's name.
        what: &'static str,
        /// What was sent.
        expected: String,
        /// What is stored.
        got: String,
    },
    /// The parts that a database of this size needs do not fit into the memory that was granted.
    #[error("a database of {} needs {} in flight, and memory-limit is {}", ByteSize(*.database_bytes), ByteSize(*.needed_bytes), ByteSize(*.limit_bytes))]
    MemoryLimit {
        /// Size of the database.
        database_bytes: u64,
        /// Bytes in flight that its parts need.
        needed_bytes: u64,
        /// The limit.
        limit_bytes: u64,
    },
    /// More than 10,000 parts.
    #[error("{location}: the stream is longer than an object of S3 may be")]
    TooLong {
        /// `s3://bucket/key`.
        location: String,
    },
    /// The source of the stream failed while it was read.
    #[error("the stream broke: {0}")]
    Stream(String),
    /// The compressor or the encryption refused.
    #[error("the stream cannot be {what}: {reason}")]
    Transform {
        /// `compressed` or `encrypted`.
        what: &'static str,
        /// What the library said.
        reason: String,
    },
    /// It failed, and not everything could be taken back.
    #[error("{cause}; {left}")]
    Unfinished {
        /// Why it failed.
        cause: Box<ArchiveError>,
        /// What is left, in words.
        left: String,
    },
    /// The creation of an upload was never answered, and what became of it cannot be seen or undone.
    #[error(
        "an upload in parts to {location} may be left, since its creation was never answered, and it could not be taken back: {cause}"
    )]
    Stray {
        /// `s3://bucket/key`.
        location: String,
        /// Why not.
        cause: Box<ArchiveError>,
    },
    /// There is no such backup.
    #[error("{place} holds no backup{which}")]
    NoBackup {
        /// `s3://bucket/prefix`.
        place: String,
        /// Which was looked for, with a blank before it; empty where any would have done.
        which: String,
    },
    /// Nothing stands under this key.
    #[error("{location} does not exist")]
    Missing {
        /// `s3://bucket/key`.
        location: String,
    },
    /// A small file beside a backup is not what it should be.
    #[error("{location}: {what}")]
    Malformed {
        /// `s3://bucket/key`.
        location: String,
        /// What is wrong with it.
        what: String,
    },
    /// It lies in a storage class from which nothing can be read at once.
    #[error("{location} is in storage class {class} and {}", waiting(class, *thaw))]
    Frozen {
        /// `s3://bucket/key`.
        location: String,
        /// S3 storage class.
        class: String,
        /// Whether somebody has asked for it.
        thaw: Thaw,
    },
    /// Another object stands there than the one that was examined.
    #[error("{location} was replaced while it was read")]
    Replaced {
        /// `s3://bucket/key`.
        location: String,
    },
    /// The connection broke again and again.
    #[error("{location}: the connection broke after {bytes} of {of} bytes: {reason}")]
    CutOff {
        /// `s3://bucket/key`.
        location: String,
        /// Bytes that came.
        bytes: u64,
        /// Bytes that it has.
        of: u64,
        /// What the connection said last.
        reason: String,
    },
    /// What is stored cannot be opened.
    #[error("{location} is damaged: {what}")]
    Corrupt {
        /// `s3://bucket/key`.
        location: String,
        /// Where it shows.
        what: String,
    },
    /// It is encrypted, and there is nothing to open it with.
    #[error("{location} is encrypted, and no age identity was given{}", for_whom(recipients))]
    IdentityMissing {
        /// `s3://bucket/key`.
        location: String,
        /// age public keys that it is encrypted to, where they are known.
        recipients: Vec<String>,
    },
    /// It is encrypted to others.
    #[error("{location}: no age identity that was given opens it{}", for_whom(recipients))]
    IdentityWrong {
        /// `s3://bucket/key`.
        location: String,
        /// age public keys that it is encrypted to, where they are known.
        recipients: Vec<String>,
    },
    /// The transfer was stopped from outside, by a signal or for want of time.
    #[error("the transfer was stopped")]
    Stopped,
}

impl ArchiveError {
    /// Whether somebody stopped it, and what that left behind.
    #[must_use]
    pub fn stopped(&self) -> Option<Option<&str>> {
        match self {
            Self::Stopped => Some(None),
            Self::Unfinished { cause, left } => cause.stopped().map(|_| Some(left.as_str())),
            _ => None,
        }
    }

    /// Whether S3 knows us and says that we may not.
    #[must_use]
    pub fn is_access_denied(&self) -> bool {
        matches!(self, Self::S3 { code, .. } if code == "AccessDenied")
    }

    /// Whether the store does not know what it was asked.
    #[must_use]
    pub fn is_not_implemented(&self) -> bool {
        matches!(self.status(), Some(405 | 501))
    }

    /// Whether it tells of the stored object itself, and not of what kept it from being read.
    #[must_use]
    pub fn is_finding(&self) -> bool {
        matches!(
            self,
            Self::Malformed { .. } | Self::Corrupt { .. } | Self::Replaced { .. } | Self::Missing { .. }
        )
    }

    /// Whether every other request to this bucket would fare the same, because of who asks, or of where.
    #[must_use]
    pub fn is_hopeless(&self) -> bool {
        matches!(self, Self::Role { .. })
            || matches!(self, Self::S3 { code, .. } if HOPELESS.contains(&code.as_str()))
    }

    /// Whether S3 said that it did not do it, and why; else it may have been done. After a temporary answer, an attempt
    /// before the last one may have been done.
    pub(super) fn is_refusal(&self) -> bool {
        self.temporary().is_none() && self.status().is_some_and(|status| (400..500).contains(&status))
    }

    /// Whether S3 found something under a key that should be free.
    pub(super) fn says_taken(&self) -> bool {
        self.status() == Some(412)
    }

    /// Whether S3 saw another write to the same key under way. What is only temporary was sent again already.
    pub(super) fn is_conflict(&self) -> bool {
        self.status() == Some(409) && self.temporary().is_none()
    }

    /// Whether S3 knows no such upload: it was completed or aborted.
    pub(super) fn says_no_such_upload(&self) -> bool {
        matches!(self, Self::S3 { code, .. } if code == "NoSuchUpload")
    }

    /// Why another attempt might have succeeded.
    fn temporary(&self) -> Option<Temporary> {
        if let Self::S3 { status, code, .. } = self { Temporary::of(*status, code) } else { None }
    }

    fn status(&self) -> Option<u16> {
        if let Self::S3 { status, .. } = self { *status } else { None }
    }

    /// What the reader can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::S3 { operation, code, request, .. } => {
                if let Some(temporary) = self.temporary() {
                    return Some(temporary.hint().to_owned());
                }
                let of_the_keys = request.keys.as_ref().and_then(|keys| of_keys(code, keys));
                return of_the_keys.or_else(|| remedy(operation, code).map(str::to_owned));
            }
            Self::NoObjectLock { .. } => {
                "Make a bucket with Object Lock (it is chosen when a bucket is made), or set `object-lock` to `auto` or `off`."
            }
            Self::Role { code, claims, .. } => return Some(of_a_role(code, claims)),
            Self::Unfinished { cause, .. } | Self::Stray { cause, .. } => return cause.hint(),
            Self::AlreadyExists { .. } => "Another run used the same second; run again.",
            Self::Differs { what: "lock", .. } => {
                "Grant s3:GetObjectRetention on the objects of this bucket: without it, S3 does not tell a lock. If it is granted, the store did not lock that object as it was asked to: tell its support, or set `object-lock` to `off`."
            }
            Self::Differs { what: "tags", .. } => {
                "The store did not keep the tags that it was sent: tell its support. That object has no checksum file and no manifest beside it."
            }
            Self::Differs { .. } => {
                "Do not trust that object; it has no checksum file and no manifest beside it. Run again, and tell the store's support."
            }
            Self::MemoryLimit { needed_bytes, .. } => {
                let mebibytes = needed_bytes.div_ceil(1 << 20);
                return Some(format!(
                    "Set `memory-limit` to {mebibytes}MiB or more, or lower `max-parallel`."
                ));
            }
            Self::TooLong { .. } => "Split the backup with `schemas` and `exclude-schemas`.",
            Self::Stream(_) | Self::Transform { .. } => {
                "Run again; if it stays, report it with this message."
            }
            Self::NoBackup { .. } | Self::Missing { .. } => {
                "Look with `sponsor-backup list` for what is there."
            }
            Self::Malformed { .. } => {
                "If a newer version of this program wrote it, use that one; else trust another backup, and find out who changed this one."
            }
            Self::Frozen { thaw: Thaw::NotRequested, .. } => {
                "Run again with `thaw` to ask S3 for it, and once more when it is there."
            }
            Self::Frozen { thaw: Thaw::Ongoing, .. } => "Run again when it is there.",
            Self::Replaced { .. } => {
                "Find out who writes to this bucket: no backup is ever replaced. Run again."
            }
            Self::CutOff { .. } => "Check the network between this runner and S3, and run again.",
            Self::Corrupt { .. } => {
                "Take another backup (`sponsor-backup list`). Keep this one as it is, and compare it with its checksum file."
            }
            Self::IdentityMissing { .. } => {
                "Give the age identity of one of its recipients: env AGE_IDENTITY, or the input `age-identity-file`."
            }
            Self::IdentityWrong { .. } => {
                "Give the age identity of one of its recipients (env AGE_IDENTITY, or the input `age-identity-file`); if it is that one, the object's head is damaged."
            }
            Self::Stopped => return None,
        };
        Some(hint.to_owned())
    }
}

#[cfg(test)]
mod tests;
