//! Marks each answer of S3 with what the keys are called that signed the request, so that an error can name what to
//! correct.

use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextMut;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;

/// S3 knows no such header.
pub(super) const HEADER: &str = "x-sponsor-backup-signed-by";

/// What the keys are called.
#[derive(Debug)]
pub(super) struct Signer(pub(super) String);

impl Intercept for Signer {
    fn name(&self) -> &'static str {
        "Signer"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // What no header can carry is not told; the error is the same.
        context.response_mut().headers_mut().try_insert(HEADER, self.0.clone()).ok();
        Ok(())
    }
}
