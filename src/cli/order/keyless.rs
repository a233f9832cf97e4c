//! The inputs that replace stored secrets by the job's OIDC token.

use super::is_safe_for_tokens;
use crate::cli::values::{Values, bad};
use crate::cli::{UsageError, Variables};
use crate::secrets::is_role_arn;

/// Which services accept the job's OIDC token.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Keyless {
    pub(super) doppler_identity: Option<String>,
    pub(super) aws_role: Option<String>,
    pub(super) sts_endpoint_url: Option<String>,
}

pub(super) fn read(values: &Values<'_>, variables: &Variables) -> Result<Keyless, UsageError> {
    let doppler_identity = values.text("doppler-identity-id");
    // The message does not repeat the value: it may be a token, pasted by mistake.
    if doppler_identity.as_ref().is_some_and(|id| uuid::Uuid::try_parse(id).is_err()) {
        return Err(bad(
            "doppler-identity-id",
            "is not an identity ID such as 12345678-9abc-def0-1234-56789abcdef0",
        )
        .hint(
            "Copy the ID from the service account's page in Doppler. It is neither a secret nor a token.",
        ));
    }
    let aws_role = values.text("aws-role-arn");
    if aws_role.as_deref().is_some_and(|role| !is_role_arn(role)) {
        return Err(bad("aws-role-arn", "is not the ARN of an IAM role")
            .hint("Write an ARN such as `arn:aws:iam::123456789012:role/name`."));
    }
    let sts = variables.get("AWS_ENDPOINT_URL_STS").map(|url| url.trim().to_owned());
    let sts_endpoint_url = sts.filter(|url| !url.is_empty());
    if sts_endpoint_url.as_deref().is_some_and(|url| !is_safe_for_tokens(url)) {
        return Err(UsageError::new(
            "AWS_ENDPOINT_URL_STS does not begin with https://, so tokens would be sent in plain text",
        )
        .hint("Write an https:// URL. Only localhost may use http://."));
    }
    Ok(Keyless { doppler_identity, aws_role, sts_endpoint_url })
}
