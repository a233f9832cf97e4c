//! The inputs by which a job's own OIDC token opens what else needs a stored secret.

use super::is_safe_for_tokens;
use crate::cli::values::{Values, bad};
use crate::cli::{UsageError, Variables};
use crate::secrets::is_role_arn;

/// Who may be asked with GitHub's word for this job.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Keyless {
    pub(super) doppler_identity: Option<String>,
    pub(super) aws_role: Option<String>,
    pub(super) sts_endpoint_url: Option<String>,
}

pub(super) fn read(values: &Values<'_>, variables: &Variables) -> Result<Keyless, UsageError> {
    let doppler_identity = values.text("doppler-identity-id");
    // Not repeated: a token may have been pasted there.
    if doppler_identity.as_ref().is_some_and(|id| uuid::Uuid::try_parse(id).is_err()) {
        return Err(bad(
            "doppler-identity-id",
            "is not the id of an identity, such as 12345678-9abc-def0-1234-56789abcdef0",
        )
        .hint("Doppler shows it on the page of the service account; it is no secret, and no token."));
    }
    let aws_role = values.text("aws-role-arn");
    if aws_role.as_deref().is_some_and(|role| !is_role_arn(role)) {
        return Err(bad(
            "aws-role-arn",
            "is not the name of a role, such as arn:aws:iam::123456789012:role/name",
        ));
    }
    let sts = variables.get("AWS_ENDPOINT_URL_STS").map(|url| url.trim().to_owned());
    let sts_endpoint_url = sts.filter(|url| !url.is_empty());
    if sts_endpoint_url.as_deref().is_some_and(|url| !is_safe_for_tokens(url)) {
        return Err(bad(
            "AWS_ENDPOINT_URL_STS",
            "must begin with https://; a token must not travel in plain text",
        ));
    }
    Ok(Keyless { doppler_identity, aws_role, sts_endpoint_url })
}
