//! Converts SDK errors: code, message and request id of an answer, or the cause if none came.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::RequestId as _;

use super::cause::{self, Cause};
use super::role::RoleError;
use super::{S3Bucket, client};
use crate::secrets::http::foreign;
use crate::store::StoreError;
use crate::store::error::{NoResponse, S3Answer};

type Response = aws_sdk_s3::config::http::HttpResponse;

impl S3Bucket {
    /// The error of a request for an object or a prefix. Holds nothing of the request itself.
    pub(super) fn failed<E>(
        &self,
        operation: &'static str,
        key: &str,
        error: SdkError<E, Response>,
    ) -> StoreError
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        self.failed_within(client::limit(operation), operation, key, error)
    }

    /// The same for a request whose attempts had this time limit.
    pub(super) fn failed_within<E>(
        &self,
        limit: Duration,
        operation: &'static str,
        key: &str,
        error: SdkError<E, Response>,
    ) -> StoreError
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        if let Some(error) = RoleError::below(&error) {
            return error;
        }
        match error.raw_response().map(|response| response.status().as_u16()) {
            Some(status) => self.answered(operation, key, error, status),
            None => self.unanswered(limit, operation, key, error),
        }
    }

    /// The answer to a HEAD has no body, so its code is the status in words.
    fn answered<E>(
        &self,
        operation: &'static str,
        key: &str,
        error: SdkError<E, Response>,
        status: u16,
    ) -> StoreError
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let words = http::StatusCode::from_u16(status)
            .map_or_else(|_| status.to_string(), |status| status.to_string());
        let metadata = error.as_service_error().map(ProvideErrorMetadata::meta);
        let code = metadata.and_then(|metadata| metadata.code()).unwrap_or(&words).to_owned();
        let reason = match metadata.and_then(|metadata| metadata.message()) {
            Some(message) => foreign(&format!("{code}: {message}")),
            None => foreign(&code),
        };
        let request_id = error.raw_response().and_then(|answer| answer.request_id()).map(foreign);
        let answer =
            Box::new(S3Answer { reason, request_id, keys: self.keys.clone(), named_by: self.named_by });
        let (location, source) = (self.location(key), Arc::new(error));
        StoreError::S3 { operation, location, status, code, answer, source }
    }

    fn unanswered<E>(
        &self,
        limit: Duration,
        operation: &'static str,
        key: &str,
        error: SdkError<E, Response>,
    ) -> StoreError
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        let (location, reached) = (self.location(key), self.watch.contact.answered());
        // How long the answer could take. The SDK does not show in its errors which limit ended the wait.
        let waited = |connected| match &error {
            SdkError::TimeoutError(_) => Some(limit),
            _ => self.watch.contact.limit(connected),
        };
        let failed = cause::cause(&error, waited);
        let source = Arc::new(error);
        if let Cause::Credentials(reason) = failed.cause {
            return StoreError::Credentials { location, reason: foreign(&reason), source };
        }
        let silence = NoResponse {
            address: self.watch.address(),
            reached: reached && failed.connected,
            cause: failed.cause,
        };
        StoreError::Unanswered { operation, location, silence: Box::new(silence), source }
    }
}
