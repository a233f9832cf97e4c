//! `s3s_fs` with two changes. Listings are read from the folder at once: `s3s_fs` asks for each file by itself, which takes
//! seconds for each page of thirty thousand. And checksums of objects that came in parts can be kept, as S3 does.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crc_fast::{CrcAlgorithm, Digest};
use s3s::dto::{
    ChecksumMode, ChecksumType, CompleteMultipartUploadInput, CompleteMultipartUploadOutput, HeadObjectInput,
    HeadObjectOutput, ListObjectsV2Input, ListObjectsV2Output, Object, Timestamp,
};
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};
use s3s_fs::FileSystem;

pub(super) struct Files {
    pub(super) files: FileSystem,
    pub(super) root: PathBuf,
    /// Whether it knows the CRC64NVME of an object that came in parts. Many servers do not.
    pub(super) keeps_checksums: bool,
}

impl Files {
    /// S3 completes only an object with the checksum that the request names.
    async fn complete(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let file = self.root.join(&request.input.bucket).join(&request.input.key);
        let sent = request.input.checksum_crc64nvme.clone();
        let done = self.files.complete_multipart_upload(request).await?;
        if self.keeps_checksums && sent.is_some_and(|sent| sent != crc64nvme(&file)) {
            std::fs::remove_file(file).unwrap();
            return Err(s3_error!(BadDigest));
        }
        Ok(done)
    }

    async fn head(&self, request: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        let file = self.root.join(&request.input.bucket).join(&request.input.key);
        let is_asked =
            request.input.checksum_mode.as_ref().is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED);
        let mut head = self.files.head_object(request).await?;
        if self.keeps_checksums && is_asked && head.output.checksum_crc64nvme.is_none() {
            head.output.checksum_crc64nvme = Some(crc64nvme(&file));
            head.output.checksum_type = Some(ChecksumType::from_static(ChecksumType::FULL_OBJECT));
        }
        Ok(head)
    }
}

fn crc64nvme(file: &Path) -> String {
    let mut digest = Digest::new(CrcAlgorithm::Crc64Nvme);
    std::io::copy(&mut std::fs::File::open(file).unwrap(), &mut digest).unwrap();
    STANDARD.encode(digest.finalize().to_be_bytes())
}

/// Hands requests on. The whole trait, because `async_trait` does not see what a macro inside of it makes.
macro_rules! handed_on {
    ($($name:ident: $input:ident -> $output:ident;)*) => {
        #[async_trait::async_trait]
        impl S3 for Files {
            $(async fn $name(&self, request: S3Request<s3s::dto::$input>) -> S3Result<S3Response<s3s::dto::$output>> {
                self.files.$name(request).await
            })*

            async fn complete_multipart_upload(
                &self,
                request: S3Request<CompleteMultipartUploadInput>,
            ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
                self.complete(request).await
            }

            async fn head_object(
                &self,
                request: S3Request<HeadObjectInput>,
            ) -> S3Result<S3Response<HeadObjectOutput>> {
                self.head(request).await
            }

            async fn list_objects_v2(
                &self,
                request: S3Request<ListObjectsV2Input>,
            ) -> S3Result<S3Response<ListObjectsV2Output>> {
                if request.input.delimiter.is_some() || request.input.start_after.is_some() {
                    return self.files.list_objects_v2(request).await;
                }
                let bucket = self.root.join(&request.input.bucket);
                if !bucket.is_dir() {
                    return Err(s3_error!(NoSuchBucket));
                }
                let page = tokio::task::spawn_blocking(move || page(&bucket, request.input)).await.unwrap();
                Ok(S3Response::new(page))
            }
        }
    };
}

handed_on! {
    abort_multipart_upload: AbortMultipartUploadInput -> AbortMultipartUploadOutput;
    copy_object: CopyObjectInput -> CopyObjectOutput;
    create_bucket: CreateBucketInput -> CreateBucketOutput;
    create_multipart_upload: CreateMultipartUploadInput -> CreateMultipartUploadOutput;
    delete_bucket: DeleteBucketInput -> DeleteBucketOutput;
    delete_object: DeleteObjectInput -> DeleteObjectOutput;
    delete_objects: DeleteObjectsInput -> DeleteObjectsOutput;
    get_bucket_location: GetBucketLocationInput -> GetBucketLocationOutput;
    get_object: GetObjectInput -> GetObjectOutput;
    head_bucket: HeadBucketInput -> HeadBucketOutput;
    list_buckets: ListBucketsInput -> ListBucketsOutput;
    list_objects: ListObjectsInput -> ListObjectsOutput;
    list_parts: ListPartsInput -> ListPartsOutput;
    put_object: PutObjectInput -> PutObjectOutput;
    upload_part: UploadPartInput -> UploadPartOutput;
    upload_part_copy: UploadPartCopyInput -> UploadPartCopyOutput;
}

fn page(bucket: &Path, input: ListObjectsV2Input) -> ListObjectsV2Output {
    let prefix = input.prefix.clone().unwrap_or_default();
    let mut keys = Vec::new();
    keys_below(bucket, bucket, &mut keys);
    let after = input.continuation_token.clone().unwrap_or_default();
    keys.retain(|key| key.starts_with(&prefix) && *key > after);
    keys.sort_unstable();
    let most = usize::try_from(input.max_keys.unwrap_or(1000)).unwrap();
    let is_truncated = keys.len() > most;
    keys.truncate(most);
    let object = |key: &String| {
        let file = std::fs::metadata(bucket.join(key)).ok()?;
        Some(Object {
            key: Some(key.clone()),
            last_modified: Some(Timestamp::from(file.modified().ok()?)),
            size: i64::try_from(file.len()).ok(),
            ..Default::default()
        })
    };
    // One that was removed meanwhile is not shown.
    let contents: Vec<Object> = keys.iter().filter_map(object).collect();
    ListObjectsV2Output {
        key_count: i32::try_from(contents.len()).ok(),
        contents: Some(contents).filter(|contents| !contents.is_empty()),
        encoding_type: input.encoding_type,
        max_keys: input.max_keys.or(Some(1000)),
        is_truncated: Some(is_truncated),
        next_continuation_token: keys.pop().filter(|_| is_truncated),
        continuation_token: input.continuation_token,
        name: Some(input.bucket),
        prefix: Some(prefix),
        ..Default::default()
    }
}

fn keys_below(bucket: &Path, folder: &Path, keys: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => keys_below(bucket, &entry.path(), keys),
            Ok(_) => keys.push(entry.path().strip_prefix(bucket).unwrap().to_str().unwrap().to_owned()),
            Err(_) => {}
        }
    }
}
