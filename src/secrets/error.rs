//! Everything that can go wrong with a sponsor's secrets. No message ever holds a secret value.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

/// The HTTP client's own error, for `RUNNER_DEBUG`: messages give its cause alone.
pub type SourceError = Arc<dyn Error + Send + Sync>;

/// Why a sponsor's secrets cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SecretsError {
    /// The environment holds no token for this place.
    #[error("no Doppler token for {place}: {variable} is not set")]
    TokenMissing {
        /// `project/config`.
        place: String,
        /// The variable that would hold it.
        variable: String,
        /// A variable that is set and has almost the same name.
        near: Option<String>,
    },
    /// Two variables whose names differ in case only, with different values.
    #[error("{variable} is set twice: in upper and in lower case, with different values")]
    Ambiguous {
        /// The variable, in capitals.
        variable: String,
    },
    /// The job cannot request an OIDC token.
    #[error("no OIDC token for this job: {variable} is not set")]
    NoIdToken {
        /// The variable that GitHub sets if the job may request one.
        variable: String,
    },
    /// GitHub did not issue an OIDC token.
    #[error("GitHub issued no OIDC token: {reason}")]
    IdToken {
        /// Status or transport error.
        reason: String,
        /// Status of a final rejection. Without one, a retry may succeed.
        status: Option<u16>,
        /// The transport error itself.
        #[source]
        source: Option<SourceError>,
    },
    /// Doppler does not accept the OIDC token for this identity.
    #[error("Doppler rejected identity {identity} with status {status}: {message}{}", request(.request_id))]
    IdentityRefused {
        /// Identity ID.
        identity: String,
        /// HTTP status.
        status: u16,
        /// Doppler's message.
        message: String,
        /// `x-request-id`, for Doppler's support.
        request_id: Option<String>,
        /// Audience and subject of the token.
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
    /// The keys that only one command uses are not set.
    #[error("{id} and {secret} are not set")]
    NoOwnKeys {
        /// The variable of the key ID.
        id: String,
        /// The variable of the secret half.
        secret: String,
    },
    /// Temporary AWS keys without their session token.
    #[error("{id} begins with ASIA: temporary AWS keys need a session token")]
    NoSessionToken {
        /// The variable or secret that holds the key ID.
        id: String,
        /// Where the session token belongs.
        hint: String,
    },
    /// Doppler rejected the request for good.
    #[error("Doppler rejected the request for {place} with status {status}: {message}{}", request(.request_id))]
    Refused {
        /// `project/config`.
        place: String,
        /// HTTP status.
        status: u16,
        /// Doppler's message.
        message: String,
        /// `x-request-id`, for Doppler's support.
        request_id: Option<String>,
    },
    /// Doppler is unavailable: status 429 or 5xx, or no response at all.
    #[error("Doppler is unavailable for {place}: {reason}{}", request(.request_id))]
    Unavailable {
        /// `project/config`.
        place: String,
        /// Status or transport error.
        reason: String,
        /// How long Doppler asks to wait.
        retry_after: Option<Duration>,
        /// `x-request-id`, for Doppler's support.
        request_id: Option<String>,
        /// The transport error itself.
        #[source]
        source: Option<SourceError>,
    },
    /// The response is not a map of names to text.
    #[error("Doppler's response for {place} is not a map of secrets: {reason}")]
    NotSecrets {
        /// `project/config`.
        place: String,
        /// Where the response stops being one.
        reason: String,
    },
    /// The token belongs to another project or config: another sponsor's secrets came back.
    #[error("expected secrets of {meant}, but the token belongs to {got}")]
    WrongPlace {
        /// `project/config` that was requested.
        meant: String,
        /// `project/config` that answered.
        got: String,
    },
    /// Secrets that do not exist, or are empty.
    #[error("missing secrets in {place}: {}", .names.join(", "))]
    Missing {
        /// Where they should be.
        place: String,
        /// Their names.
        names: Vec<String>,
        /// How to set them there.
        hint: String,
    },
    /// A required secret is missing, and an unknown name is almost the same.
    #[error("{at}: {typed} is not a known secret, and {name} is missing")]
    Misspelt {
        /// Place and line of the unknown name.
        at: String,
        /// As typed.
        typed: String,
        /// The name that is missing.
        name: &'static str,
        /// Where to correct it.
        hint: String,
    },
    /// A secret without its required form. Described but not shown: it may be another secret, pasted into the wrong row.
    #[error("{at}: {name} {problem}")]
    Malformed {
        /// Place and line of the secret.
        at: String,
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: String,
        /// What to write instead.
        hint: String,
    },
    /// A bucket, folder or database that another sponsor uses, too.
    #[error("{what} is also used by sponsor {other}")]
    Shared {
        /// Bucket, folder or database.
        what: String,
        /// The other sponsor.
        other: String,
    },
    /// A folder inside or around another sponsor's.
    #[error("{what} of sponsor {other}")]
    Nested {
        /// Both folders and how they are related, the other sponsor's last.
        what: String,
        /// The other sponsor.
        other: String,
    },
    /// A sponsor's backups and records in one folder, under two paths.
    #[error("{what}")]
    OneFolder {
        /// Both folders, and how they are related.
        what: String,
    },
    /// A bucket or folder named after another sponsor of the manifest.
    #[error("{place} appears to belong to sponsor {owner}")]
    Foreign {
        /// The bucket or folder.
        place: String,
        /// The other sponsor.
        owner: String,
    },
    /// The database differs from that of the previous backup.
    #[error("DATABASE_URL leads to {is}, but the previous backup is of {was}")]
    OtherSource {
        /// The sponsor.
        sponsor: String,
        /// Name and address of the database.
        is: String,
        /// Name and address of the previous one.
        was: String,
    },
    /// The secrets file cannot be read.
    #[error("cannot read secrets file {path}: {reason}")]
    Unreadable {
        /// Path as typed.
        path: String,
        /// The system's reason.
        reason: String,
    },
    /// The secrets file cannot be used.
    #[error("secrets file {at}: {reason}")]
    File {
        /// Path as typed, and the line if known.
        at: String,
        /// What is wrong.
        reason: String,
        /// What to do about it.
        hint: String,
    },
    /// The sponsor's flag does not enable the archival, and `require-backup` is set.
    #[error("the backup is required, but {reason}")]
    Required {
        /// What the flag is instead.
        reason: String,
        /// How to enable the archival where the flag is stored.
        next_step: String,
    },
}

impl SecretsError {
    /// A folder inside or around another sponsor's.
    pub(crate) fn nested(what: String, other: &str) -> Self {
        Self::Nested { what, other: other.to_owned() }
    }

    /// Whether the source could not be asked, or answered for another place. Otherwise its secrets are at fault.
    pub(super) fn is_about_access(&self) -> bool {
        matches!(
            self,
            Self::TokenMissing { .. }
                | Self::Ambiguous { .. }
                | Self::NoIdToken { .. }
                | Self::IdToken { .. }
                | Self::IdentityRefused { .. }
                | Self::Refused { .. }
                | Self::Unavailable { .. }
                | Self::NotSecrets { .. }
                | Self::WrongPlace { .. }
        )
    }

    /// Whether a retry may succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::IdToken { status: None, .. })
    }

    /// How long Doppler asks to wait before a retry.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        let hint = match self {
            Self::Missing { hint, .. }
            | Self::Misspelt { hint, .. }
            | Self::Malformed { hint, .. }
            | Self::NoSessionToken { hint, .. }
            | Self::File { hint, .. } => return hint.clone(),
            Self::TokenMissing { variable, near, .. } => return token_hint(variable, near.as_deref()),
            Self::IdentityRefused { claims, .. } => {
                return format!(
                    "Give the identity exactly the claims of this job's OIDC token in Doppler: {claims}. Check `doppler-identity-id`. See docs/keyless.md."
                );
            }
            Self::HalfAKeyPair { present, absent } => {
                return format!("Set {absent} too, or unset {present}.");
            }
            Self::NoOwnKeys { .. } => {
                "Set both variables. The keys that back up are never used to remove anything (docs/retention.md)."
            }
            Self::OtherSource { sponsor, .. } => {
                return format!(
                    "Correct DATABASE_URL if it belongs to another sponsor or environment. After a restore, a move, or an upgrade, run once with `accept-new-source` set to `{sponsor}`."
                );
            }
            Self::Required { next_step, .. } => {
                return format!("{next_step} Or remove the `require-backup` input.");
            }
            Self::Ambiguous { .. } => "Keep the variable in upper case and remove the other.",
            Self::NoIdToken { .. } => {
                "Add `permissions: id-token: write` to the job, and to the job that calls its workflow. GitHub issues no OIDC token to pull requests from forks or outside of GitHub Actions."
            }
            Self::IdToken { status: Some(_), .. } => {
                "Check that the job has `permissions: id-token: write` and is still running. The permission ends with the job."
            }
            Self::IdToken { .. } => "Run again. If it fails again, check GitHub's status page.",
            Self::Refused { status: 401, .. } => {
                "Create a new service token and update the secret that holds it. The current one is wrong or revoked."
            }
            Self::Refused { .. } => {
                "Use a service token for exactly this project and config, or let the identity's service account read them. Check that both exist."
            }
            Self::Unavailable { .. } => {
                "Run again. If it fails again, check Doppler's status page and `doppler-api-url`."
            }
            Self::NotSecrets { .. } => "Check `doppler-api-url`: the response does not come from Doppler.",
            Self::WrongPlace { .. } => {
                "Replace the token with one for exactly this project and config, and check `doppler-api-url`. No database was read."
            }
            Self::OneFolder { .. } => {
                "Set SPONSOR_AUDIT_LOGS_BUCKET to a folder next to that of SPONSOR_BACKUPS_BUCKET."
            }
            Self::Shared { .. } | Self::Nested { .. } | Self::Foreign { .. } => {
                "Give each sponsor its own database and its own buckets or folders, and correct the secret that is wrong. If two sponsors may share, list each in the other's `may_share_with` in the manifest."
            }
            Self::Unreadable { .. } => "Check the `secrets-file` input: the path of a YAML file.",
        };
        hint.to_owned()
    }
}

fn token_hint(variable: &str, near: Option<&str>) -> String {
    match near {
        Some(near) => format!("{near} is set. Did you mean {variable}?"),
        None => format!(
            "Create a read-only service token for this config in Doppler and pass it as environment variable {variable}. Without Doppler, set both `manifest` and `secrets-file`."
        ),
    }
}

fn request(id: &Option<String>) -> String {
    id.as_ref().map(|id| format!(" (request {id})")).unwrap_or_default()
}

#[cfg(test)]
mod tests;
