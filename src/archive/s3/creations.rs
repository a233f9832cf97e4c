//! Counts creations of uploads that were sent and of which nobody can say how they ended: each may have left an upload
//! whose id nobody knows. The SDK sends again by itself, so it is watched from inside.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_s3::config::interceptors::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;

const SERVICE_UNAVAILABLE: u16 = 503;

/// How many creations are open. One that is given up while it is under way stays so.
#[derive(Debug, Clone, Default)]
pub(in crate::archive) struct Creations(Arc<AtomicU32>);

impl Creations {
    /// Whether an upload may be there whose id never came.
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

    /// A refusal created nothing, and neither did a server that was too busy. Of a 200 only the id in its body tells, and
    /// the other errors of a server say nothing about what it had done by then.
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
