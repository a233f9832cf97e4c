//! An SDK error becomes ours: its code, its message and its request id, and nothing of the request.

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::RequestId as _;

use super::role::RoleError;
use super::signer::HEADER;
use crate::archive::ArchiveError;
use crate::archive::error::Request;
use crate::secrets::foreign::foreign;

type Response = aws_sdk_s3::config::http::HttpResponse;

pub(super) fn failed<E>(
    operation: &'static str,
    location: String,
    error: &SdkError<E, Response>,
) -> ArchiveError
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    if let Some(error) = RoleError::below(error) {
        return error;
    }
    let status = error.raw_response().map(|response| response.status().as_u16());
    let (code, reason) = match status {
        Some(status) => answered(error, status),
        None => unanswered(error),
    };
    let answer = error.raw_response();
    let request = Request {
        id: answer.and_then(|answer| answer.request_id()).map(foreign),
        keys: answer.and_then(|answer| answer.headers().get(HEADER)).map(str::to_owned),
    };
    ArchiveError::S3 { operation, location, status, code, reason, request: Box::new(request) }
}

/// A HEAD's refusal has no body, hence no code: then the status speaks.
fn answered<E: ProvideErrorMetadata>(error: &SdkError<E, Response>, status: u16) -> (String, String) {
    let status =
        http::StatusCode::from_u16(status).map_or_else(|_| status.to_string(), |status| status.to_string());
    let metadata = error.as_service_error().map(ProvideErrorMetadata::meta);
    let code = metadata.and_then(|metadata| metadata.code()).unwrap_or(&status).to_owned();
    let reason = match metadata.and_then(|metadata| metadata.message()) {
        Some(message) => foreign(&format!("{code}: {message}")),
        None => foreign(&code),
    };
    (code, reason)
}

/// The SDK's own words say little; the causes below them tell.
fn unanswered<E>(error: &SdkError<E, Response>) -> (String, String)
where
    E: std::error::Error + 'static,
{
    let chain = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    let reason = chain.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    let code = if reason.contains("credentials") { "no credentials" } else { "no answer" };
    (code.to_owned(), reason)
}
