//! What every S3 server of the tests is asked, from outside the program under test: a blocking client with the server's
//! own all-powerful keys. Panics on any failure; makes no claim about the program.

use std::collections::BTreeMap;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region, ResponseChecksumValidation};
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::BucketVersioningStatus::Enabled;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration, VersioningConfiguration};

use super::http::runtime;
use super::schemas;

/// The region of every bucket here.
pub(crate) const REGION: &str = "eu-west-1";

/// A key pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Keys {
    /// As in `AWS_ACCESS_KEY_ID`.
    pub(crate) id: String,
    /// As in `AWS_SECRET_ACCESS_KEY`.
    pub(crate) secret: String,
}

/// An object in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    /// The whole key.
    pub(crate) key: String,
    /// Bytes.
    pub(crate) size: i64,
}

/// A server's address, the keys that may do anything, and those that the program under test is given.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    endpoint: String,
    keys: Keys,
    client: Client,
}

impl Store {
    /// Talks to `endpoint` as `owner`; hands out `keys` to others.
    pub(crate) fn new(endpoint: &str, owner: &Keys, keys: Keys) -> Self {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .credentials_provider(Credentials::new(&owner.id, &owner.secret, None, None, "tests"))
            .region(Region::new(REGION))
            .endpoint_url(endpoint)
            .force_path_style(true)
            // Moto returns wrong checksums for multipart uploads; tests compare the bytes themselves.
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .build();
        Self { endpoint: endpoint.to_owned(), keys, client: Client::from_conf(config) }
    }

    /// `http://127.0.0.1:port`.
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The keys for the program under test.
    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// As in `AWS_ACCESS_KEY_ID`.
    pub(crate) fn access_key(&self) -> &str {
        &self.keys.id
    }

    /// As in `AWS_SECRET_ACCESS_KEY`.
    pub(crate) fn secret_key(&self) -> &str {
        &self.keys.secret
    }

    /// The SDK's client with all rights, for what is not offered here; run it with [`runtime`].
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Makes a bucket.
    pub(crate) fn bucket(&self, name: &str) {
        let region = CreateBucketConfiguration::builder()
            .location_constraint(BucketLocationConstraint::from(REGION))
            .build();
        runtime()
            .block_on(self.client.create_bucket().bucket(name).create_bucket_configuration(region).send())
            .unwrap();
    }

    /// Makes a versioned bucket, as the product's own Terraform does.
    pub(crate) fn versioned_bucket(&self, name: &str) {
        self.bucket(name);
        let versioning = VersioningConfiguration::builder().status(Enabled).build();
        let request = self.client.put_bucket_versioning().bucket(name).versioning_configuration(versioning);
        runtime().block_on(request.send()).unwrap();
    }

    /// Makes a bucket that can lock objects, without a default retention.
    pub(crate) fn bucket_with_object_lock(&self, name: &str) {
        let region = CreateBucketConfiguration::builder()
            .location_constraint(BucketLocationConstraint::from(REGION))
            .build();
        let request = self.client.create_bucket().bucket(name).create_bucket_configuration(region);
        runtime().block_on(request.object_lock_enabled_for_bucket(true).send()).unwrap();
    }

    /// Every object of a bucket, by key.
    pub(crate) fn objects(&self, bucket: &str) -> Vec<Stored> {
        let pages = self.client.list_objects_v2().bucket(bucket).into_paginator().send();
        let pages = runtime().block_on(pages.try_collect()).unwrap();
        let objects = pages.iter().flat_map(|page| page.contents().iter().cloned());
        let mut objects: Vec<_> =
            objects.map(|object| Stored { key: object.key.unwrap(), size: object.size.unwrap() }).collect();
        objects.sort_by(|left, right| left.key.cmp(&right.key));
        objects
    }

    /// The keys of a bucket, sorted.
    pub(crate) fn keys_in(&self, bucket: &str) -> Vec<String> {
        self.objects(bucket).into_iter().map(|object| object.key).collect()
    }

    /// An object's bytes.
    pub(crate) fn get(&self, bucket: &str, key: &str) -> Vec<u8> {
        runtime().block_on(async {
            let object = self.client.get_object().bucket(bucket).key(key).send().await;
            let object = object.unwrap_or_else(|error| panic!("no s3://{bucket}/{key}: {error:?}"));
            object.body.collect().await.unwrap().to_vec()
        })
    }

    /// A JSON object; a record or a manifest that breaks its schema ends the test.
    #[track_caller]
    pub(crate) fn get_json(&self, bucket: &str, key: &str) -> serde_json::Value {
        let document = serde_json::from_slice(&self.get(bucket, key)).unwrap();
        schemas::check_object(key, &document);
        document
    }

    /// Metadata, storage class, lock, size and checksums, as the SDK gives them.
    pub(crate) fn head(&self, bucket: &str, key: &str) -> HeadObjectOutput {
        let request = self.client.head_object().bucket(bucket).key(key);
        let request = request.checksum_mode(aws_sdk_s3::types::ChecksumMode::Enabled);
        runtime().block_on(request.send()).unwrap_or_else(|error| panic!("no s3://{bucket}/{key}: {error:?}"))
    }

    /// An object's tags.
    pub(crate) fn tags(&self, bucket: &str, key: &str) -> BTreeMap<String, String> {
        let tagging =
            runtime().block_on(self.client.get_object_tagging().bucket(bucket).key(key).send()).unwrap();
        tagging.tag_set.into_iter().map(|tag| (tag.key, tag.value)).collect()
    }

    /// Keys of multipart uploads that were neither completed nor aborted.
    pub(crate) fn uploads(&self, bucket: &str) -> Vec<String> {
        let uploads = runtime().block_on(self.client.list_multipart_uploads().bucket(bucket).send()).unwrap();
        uploads.uploads().iter().map(|upload| upload.key.clone().unwrap()).collect()
    }

    /// Takes an object away.
    pub(crate) fn delete(&self, bucket: &str, key: &str) {
        runtime().block_on(self.client.delete_object().bucket(bucket).key(key).send()).unwrap();
    }

    /// Stores an object.
    pub(crate) fn put(&self, bucket: &str, key: &str, bytes: impl Into<Vec<u8>>) {
        let body = ByteStream::from(bytes.into());
        runtime().block_on(self.client.put_object().bucket(bucket).key(key).body(body).send()).unwrap();
    }
}
