//! Everything that can go wrong with a sponsor's secrets. No message ever holds a value that is secret.

use std::time::Duration;

/// Why a sponsor's secrets cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SecretsError {
    /// The environment holds no token for this place.
    #[error("no Doppler token for {place}: {variable} is not set")]
    TokenMissing {
        /// Whose secrets were wanted.
        place: String,
        /// The variable that would hold it.
        variable: String,
    },
    /// Two variables whose names differ in case only, with different values.
    #[error("{variable} is set twice, in different spellings and with different values")]
    Ambiguous {
        /// The variable, in capitals.
        variable: String,
    },
    /// The job cannot ask GitHub for an ID token.
    #[error("GitHub gives this job no ID token: {variable} is not set")]
    NoIdToken {
        /// The variable that GitHub sets where it does.
        variable: String,
    },
    /// GitHub did not give an ID token.
    #[error("GitHub gave no ID token: {reason}")]
    IdToken {
        /// Status or transport error.
        reason: String,
        /// Status of a final refusal; without one, another try may succeed.
        status: Option<u16>,
    },
    /// Doppler does not take the ID token for this identity.
    #[error("Doppler refused identity {identity} with status {status}: {message}{}", request(.request_id))]
    IdentityRefused {
        /// Its id.
        identity: String,
        /// HTTP status.
        status: u16,
        /// Doppler's own words.
        message: String,
        /// `x-request-id`, for Doppler's support.
        request_id: Option<String>,
        /// What the token said.
        claims: String,
    },
    /// One half of an AWS key pair.
    #[error("{present} is set, but {absent} is not")]
    HalfAKeyPair {
        /// The variable that is set.
        present: String,
        /// The one that is not.
        absent: String,
    },
    /// Temporary AWS keys, which are of no use without their session token.
    #[error("{id} begins with ASIA: temporary AWS keys need a session token, and there is none")]
    NoSessionToken {
        /// The variable or secret that holds the key's id.
        id: String,
        /// What to do about it.
        hint: String,
    },
    /// Doppler answered with a final refusal.
    #[error("Doppler refused {place} with status {status}: {message}{}", request(.request_id))]
    Refused {
        /// `project/config`.
        place: String,
        /// HTTP status.
        status: u16,
        /// Doppler's own words.
        message: String,
        /// `x-request-id`, for Doppler's support.
        request_id: Option<String>,
    },
    /// Doppler could not serve now: 429, 5xx, or no answer at all.
    #[error("Doppler did not serve {place}: {reason}{}", request(.request_id))]
    Unavailable {
        /// `project/config`.
        place: String,
        /// Status or transport error.
        reason: String,
        /// How long it asked to wait, where it did.
        retry_after: Option<Duration>,
        /// `x-request-id`, for Doppler's support.
        request_id: Option<String>,
    },
    /// The answer is not a map of names to text.
    #[error("Doppler's answer for {place} is not a map of secrets: {reason}")]
    NotSecrets {
        /// `project/config`.
        place: String,
        /// What the parser said.
        reason: String,
    },
    /// The token belongs somewhere else: another sponsor's secrets came back.
    #[error("the token for {meant} opened {got}")]
    WrongPlace {
        /// `project/config` that was meant.
        meant: String,
        /// `project/config` that answered.
        got: String,
    },
    /// Secrets that are not there, or empty.
    #[error("{place} lacks {}", .names.join(", "))]
    Missing {
        /// Where they should be.
        place: String,
        /// Their names.
        names: Vec<String>,
        /// How to set them there.
        hint: String,
    },
    /// A secret that is needed is missing, and one that is not is spelt almost like it.
    #[error("{place}: {name} is missing, and {typed} is not a secret that is read")]
    Misspelt {
        /// Where it is.
        place: String,
        /// As typed.
        typed: String,
        /// The name that is missing.
        name: &'static str,
    },
    /// A secret that cannot be what it must be. Described, since another secret may have been pasted there.
    #[error("{place}: {name} {problem}")]
    Malformed {
        /// Where it is.
        place: String,
        /// Its name.
        name: String,
        /// What is wrong with it, in words.
        problem: String,
    },
    /// A bucket or database that another sponsor uses, too.
    #[error("{what} is also used by sponsor {other}")]
    Shared {
        /// Bucket or database.
        what: String,
        /// The other sponsor.
        other: String,
    },
    /// A bucket that is called after another sponsor of the manifest.
    #[error("bucket {bucket} is sponsor {owner}'s, by its name")]
    Foreign {
        /// The bucket.
        bucket: String,
        /// The other sponsor.
        owner: String,
    },
    /// The database is not the one that the previous backup was taken of.
    #[error("DATABASE_URL leads to {is}, but the previous backup is of {was}")]
    OtherSource {
        /// The sponsor.
        sponsor: String,
        /// The database, in words.
        is: String,
        /// The previous one, in words.
        was: String,
    },
    /// The secrets file cannot be used.
    #[error("secrets file {path}: {reason}")]
    File {
        /// Path as typed.
        path: String,
        /// What is wrong.
        reason: String,
        /// What to do about it.
        hint: String,
    },
    /// The sponsor's flag does not enable the archival, and the order says that it must.
    #[error("the backup is required, but {disabled}")]
    Required {
        /// What the flag holds.
        disabled: String,
    },
}

impl SecretsError {
    pub(super) fn malformed(place: &str, name: &str, problem: &str) -> Self {
        Self::Malformed { place: place.to_owned(), name: name.to_owned(), problem: problem.to_owned() }
    }

    /// Whether the same request may succeed a little later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::IdToken { status: None, .. })
    }

    /// How long the other side asked to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// What the reader can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::TokenMissing { variable, .. } => {
                format!("Create a read-only service token for that config in Doppler and pass it as env `{variable}`.")
            }
            Self::Ambiguous { .. } => "Keep the spelling in capitals and remove the other.".to_owned(),
            Self::NoIdToken { .. } => {
                "Add `permissions: id-token: write` to the job, and to the one that calls its workflow; a pull request from a fork never gets it, nor does a run outside GitHub.".to_owned()
            }
            Self::IdToken { status: Some(_), .. } => {
                "Check that the job has `permissions: id-token: write`, and that it still runs: its right to ask ends with it.".to_owned()
            }
            Self::IdToken { .. } => "Run again; if it stays, see GitHub's status page.".to_owned(),
            Self::IdentityRefused { claims, .. } => {
                format!("This job's token says {claims}: in Doppler, the identity's claims must be just these (docs/keyless.md), and its id `doppler-identity-id`.")
            }
            Self::HalfAKeyPair { absent, .. } => format!("Set {absent} too, or neither of the two."),
            Self::Refused { status: 401, .. } => {
                "The token is wrong or revoked; create a new service token and update the GitHub secret.".to_owned()
            }
            Self::Refused { .. } => {
                "Check that the token is a service token of just this project and config (or that the identity's service account may read it), and that both exist.".to_owned()
            }
            Self::Unavailable { .. } => {
                "Run again; if it stays, see Doppler's status page and `doppler-api-url`.".to_owned()
            }
            Self::NotSecrets { .. } => "Check `doppler-api-url`: something else than Doppler answered.".to_owned(),
            Self::WrongPlace { .. } => {
                "The GitHub secret holds another project's or config's token, or something else than Doppler answered; nothing was read from that database.".to_owned()
            }
            Self::Missing { hint, .. } | Self::NoSessionToken { hint, .. } | Self::File { hint, .. } => hint.clone(),
            Self::Misspelt { name, .. } => format!("Did you mean {name}?"),
            Self::Malformed { .. } => {
                "Buckets are bare names (a-z, 0-9, - and .), regions look like eu-west-1, roles like arn:aws:iam::123456789012:role/name.".to_owned()
            },
            Self::Shared { .. } | Self::Foreign { .. } => {
                "Each sponsor has a database and buckets of its own; correct the secret of the sponsor that is wrong. Where two may share, both say so in the manifest: `may_share_with`.".to_owned()
            }
            Self::OtherSource { sponsor, .. } => {
                format!("Correct DATABASE_URL if it is another sponsor's or environment's. After a move, or an upgrade by dump and restore, run once with `accept-new-source` set to `{sponsor}`.")
            }
            Self::Required { .. } => {
                "Set ENABLE_S3_BACKUP_ARCHIVAL to `true` for this sponsor, or drop the `require-backup` input.".to_owned()
            }
        }
    }
}

fn request(id: &Option<String>) -> String {
    id.as_ref().map(|id| format!(" (request {id})")).unwrap_or_default()
}

#[cfg(test)]
mod tests;
