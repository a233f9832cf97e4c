//! What a store does with objects after they are removed.

use super::s3::lifecycle::ObjectFamily;
use super::{Kind, Store, StoreError};
use crate::layout::key::Object;
use crate::sponsors::Environment;

impl Store {
    /// Days after which the lifecycle rules delete a backup of the sponsor that was hidden. `None` if they do not delete each
    /// one. Needs s3:GetLifecycleConfiguration.
    ///
    /// # Errors
    /// The store refuses or keeps no versions.
    pub async fn noncurrent_days(
        &self,
        environment: Environment,
        sponsor: &str,
    ) -> Result<Option<u32>, StoreError> {
        let Kind::S3(bucket) = &self.kind else { return Err(self.cannot("keep versions")) };
        let rules = Box::pin(bucket.lifecycle()).await?;
        let retention_years = environment.retention_years();
        let object = Object::Backup { suffix: "" };
        let fate = ObjectFamily { object, environment, sponsor, retention_years }.fate(&rules);
        Ok(fate.noncurrent.filter(|_| fate.all_noncurrent_end).map(|(days, _)| days))
    }
}
