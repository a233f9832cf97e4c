//! Temporary errors of a store. Pure.
//!
//! The SDK knows 500, 502, 503 and 504, and the throttling codes of AWS. These are the others.

/// Request timeout, too many requests, and Cloudflare's statuses for a store that it cannot reach.
const STATUSES: [u16; 8] = [408, 429, 520, 521, 522, 523, 524, 529];

/// Codes of a store, or of the key service behind it, that has too much to do. Facts: Amazon S3, "Error responses"; AWS KMS,
/// "Common errors".
const BUSY: [&str; 8] = [
    "KMS.DependencyTimeoutException",
    "KMS.InternalException",
    "KMS.KMSInternalException",
    "KMS.KeyUnavailableException",
    "KMS.ThrottlingException",
    "OperationAborted",
    "SlowDown",
    "TooManyRequests",
];

/// Codes of a request whose bytes arrived incomplete or changed.
const SPOILED: [&str; 5] = [
    "BadDigest",
    "IncompleteBody",
    "RequestTimeout",
    "XAmzContentChecksumMismatch",
    "XAmzContentSHA256Mismatch",
];

/// Why another attempt may succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::archive) enum Temporary {
    /// The store is busy.
    Busy,
    /// The request arrived incomplete or changed.
    Spoiled,
}

impl Temporary {
    /// Judges an answer by its status and its code.
    pub(in crate::archive) fn of(status: Option<u16>, code: &str) -> Option<Self> {
        if SPOILED.contains(&code) {
            Some(Self::Spoiled)
        } else if BUSY.contains(&code) || status.is_some_and(|status| STATUSES.contains(&status)) {
            Some(Self::Busy)
        } else {
            None
        }
    }

    /// The hint if no attempt succeeds.
    pub(super) fn hint(self) -> &'static str {
        match self {
            Self::Busy => {
                "The store limits the request rate (throttling) and rejected every attempt. Run again later, and lower `max-parallel`. If it happens again, ask the store's support for a higher limit."
            }
            Self::Spoiled => {
                "Every attempt arrived incomplete or changed. The store may be busy (throttling), or the network unreliable. Run again later, lower `max-parallel`, and check the network between this runner and the store."
            }
        }
    }
}

#[cfg(test)]
mod tests;
