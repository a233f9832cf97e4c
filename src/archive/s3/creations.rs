//! Counts CreateMultipartUpload requests without a response: each may have left an upload with an unknown id. The SDK
//! retries on its own, so an interceptor counts the attempts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_s3::config::interceptors::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;

const SERVICE_UNAVAILABLE: u16 = 503;

/// Number of CreateMultipartUpload requests without a response.
#[derive(Debug, Clone, Default)]
pub(in crate::archive) struct Creations(Arc<AtomicU32>);

impl Creations {
    /// Whether an upload with an unknown id may exist.
    pub(in crate::archive) fn unanswered(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }

    pub(super) fn answered(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Intercept for Creations {
    fn name(&self) -> &'static str {
        "creations"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// A rejected request created nothing, and neither did a busy server. A 200 counts only with the id in its body, and
    /// other server errors do not show what the server had done.
    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let status = context.response().status();
        if status.is_client_error() || status.as_u16() == SERVICE_UNAVAILABLE {
            self.answered();
        }
        Ok(())
    }
}
