//! Makes the SDK retry temporary errors that it does not know.

use aws_sdk_s3::config::retry::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;

use crate::archive::error::Temporary;

/// Before and after the code of an error, in every answer of S3 and of STS.
const CODE: (&str, &str) = ("<Code>", "</Code>");

/// Reads status and code from the response: they are the same for every operation, unlike the SDK's types.
#[derive(Debug)]
pub(super) struct Retry;

impl ClassifyRetry for Retry {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        if !matches!(context.output_or_error(), Some(Err(_))) {
            return RetryAction::NoActionIndicated;
        }
        let Some(answer) = context.response() else { return RetryAction::NoActionIndicated };
        let body = answer.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
        let code = body.split_once(CODE.0).and_then(|(_, rest)| rest.split_once(CODE.1));
        let code = code.map_or("", |(code, _)| code);
        match Temporary::of(Some(answer.status().as_u16()), code) {
            Some(Temporary::Busy) => RetryAction::throttling_error(),
            Some(Temporary::Spoiled) => RetryAction::transient_error(),
            None => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "temporary answers"
    }
}
