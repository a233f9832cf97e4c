//! Builds AWS SDK clients that read no environment variables or files, except for the proxy that all clients of this
//! program use.

use std::time::Duration;

use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::{StaticConfiguration, WebIdentityTokenCredentialsProvider};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::{RetryConfig, RetryPartition};
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Config, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
    SharedCredentialsProvider, SharedHttpClient, SharedIdentityCache, StalledStreamProtectionConfig,
};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use secrecy::ExposeSecret as _;

use super::cause::Resolver;
use super::retry::{CONNECT, ContactWatch, Contacts, Retry};
use super::role::{self, AwsSession};
use crate::secrets::AwsCredentials;

/// For one attempt of a small request, which S3 usually answers within a second.
const ANSWER: Duration = Duration::from_secs(30);
/// In addition, a body that is uploaded may take as long as at this rate: several sponsors may share a slow connection. A
/// part of 8 MiB gets 286 seconds, and one of 64 KiB, the last of an upload perhaps, 32.
const SLOWEST_BYTES_PER_SECOND: usize = 32 << 10;
/// Large parts get no more than this: pg_dump holds its locks meanwhile.
const LONGEST_UPLOAD: Duration = Duration::from_secs(600);
/// For one attempt of a download, up to the answer's headers.
const DOWNLOAD: Duration = Duration::from_secs(600);
/// For one attempt to complete an upload. S3 may need minutes to assemble thousands of parts.
pub(super) const ASSEMBLY: Duration = Duration::from_secs(600);
/// How long a transfer may stall.
const STALL: Duration = Duration::from_secs(30);
/// For one attempt to abort an upload. There is time for several.
pub(super) const ABORT: Duration = Duration::from_secs(10);
const ATTEMPTS: u32 = 5;
/// Attempts for a part. Hours of a dump depend on it, so an outage of a minute is waited out.
const PART_ATTEMPTS: u32 = 10;

/// The S3 endpoint and its options.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Endpoint URL; AWS if `None`.
    pub url: Option<String>,
    /// Path-style URLs: the bucket is in the path, not in the host name.
    pub force_path_style: bool,
    /// AWS account id that must own the bucket.
    pub expected_bucket_owner: Option<String>,
    /// Whether requests carry checksums. Some compatible stores reject them.
    pub checksums: bool,
}

/// Credentials, region and HTTP client. One per sponsor, so that its buckets share a session.
#[derive(Debug, Clone)]
pub struct Caller {
    region: Region,
    http: SharedHttpClient,
    provider: SharedCredentialsProvider,
    /// The SDK's default if absent.
    cache: Option<SharedIdentityCache>,
    /// Names of the variables or secrets that the keys came from, if these are keys.
    pub(super) keys: Option<String>,
    reach: Contacts,
}

impl Caller {
    /// Uses exactly these credentials. `session` applies to a role that is assumed here.
    #[must_use]
    pub fn new(region: &str, credentials: &AwsCredentials, session: &AwsSession) -> Self {
        // Of its own: another sponsor's silent bucket says nothing about this one's.
        let reach = Contacts::default();
        let (region, http) = (Region::new(region.to_owned()), http());
        let (provider, cache) = provider(credentials, &region, &http, (session, &reach));
        let keys = match credentials {
            AwsCredentials::Keys(keys) => Some(keys.called.clone()),
            AwsCredentials::WebIdentity { .. } | AwsCredentials::Role { .. } => None,
        };
        Self { region, http, provider, cache, keys, reach }
    }

    /// Watches one client. All regions of AWS, and all endpoints, are reached separately.
    pub(super) fn watch(&self, endpoint: &Endpoint) -> ContactWatch {
        ContactWatch::new(self.reach.of(endpoint.url.as_deref().unwrap_or(self.region.as_ref())))
    }
}

/// Goes through the proxy of HTTPS_PROXY (of HTTP_PROXY for an endpoint in plain text), but not to hosts of NO_PROXY.
fn http() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector = Connector::builder()
            .proxy_config(ProxyConfig::from_env())
            .tls_provider(Provider::Rustls(CryptoMode::Ring));
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
        connector.build_with_resolver(Resolver)
    })
}

pub(super) fn build(endpoint: &Endpoint, bucket: &str, caller: &Caller, watch: &ContactWatch) -> Client {
    let stall = StalledStreamProtectionConfig::enabled().grace_period(STALL).build();
    let timeouts =
        TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ANSWER).build();
    let (request, response) = if endpoint.checksums {
        (RequestChecksumCalculation::WhenSupported, ResponseChecksumValidation::WhenSupported)
    } else {
        (RequestChecksumCalculation::WhenRequired, ResponseChecksumValidation::WhenRequired)
    };
    let mut config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(caller.region.clone())
        .http_client(caller.http.clone())
        .force_path_style(endpoint.force_path_style)
        // Otherwise all sponsors of a region would share one retry budget, and one in trouble would use up the others'.
        .retry_partition(RetryPartition::new(format!("s3-{bucket}")))
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .retry_classifier(Retry)
        .retry_classifier(watch.clone())
        .interceptor(watch.clone())
        .timeout_config(timeouts)
        .stalled_stream_protection(stall)
        .request_checksum_calculation(request)
        .response_checksum_validation(response);
    // The builder's other setter would give each bucket its own cache entry, and so its own session.
    config.set_credentials_provider(Some(caller.provider.clone()));
    if let Some(cache) = &caller.cache {
        config = config.identity_cache(cache.clone());
    }
    config.set_endpoint_url(endpoint.url.clone());
    Client::from_conf(config.build())
}

/// Overrides for a download.
pub(super) fn for_download() -> aws_sdk_s3::config::Builder {
    for_part(DOWNLOAD)
}

/// Overrides for a part, which is costly to give up: an attempt that takes longer than `limit` is followed by others.
pub(super) fn for_part(limit: Duration) -> aws_sdk_s3::config::Builder {
    answered_within(limit).retry_config(RetryConfig::standard().with_max_attempts(PART_ATTEMPTS))
}

/// Overrides for a request whose attempts may each take this long.
pub(super) fn answered_within(limit: Duration) -> aws_sdk_s3::config::Builder {
    Config::builder().timeout_config(TimeoutConfig::builder().operation_attempt_timeout(limit).build())
}

/// Time limit for one attempt of an operation that uploads no bytes.
pub(super) fn limit(operation: &str) -> Duration {
    match operation {
        "GetObject" => DOWNLOAD,
        "CompleteMultipartUpload" => ASSEMBLY,
        "AbortMultipartUpload" => ABORT,
        _ => ANSWER,
    }
}

/// Time limit for one attempt to upload this many bytes.
pub(super) fn upload_limit(bytes: usize) -> Duration {
    (ANSWER + Duration::from_secs((bytes / SLOWEST_BYTES_PER_SECOND) as u64)).min(LONGEST_UPLOAD)
}

/// A provider, and its cache if it needs another than the SDK's.
fn provider(
    credentials: &AwsCredentials,
    region: &Region,
    http: &SharedHttpClient,
    (session, reach): (&AwsSession, &Contacts),
) -> (SharedCredentialsProvider, Option<SharedIdentityCache>) {
    match credentials {
        AwsCredentials::Keys(keys) => {
            let keys = Credentials::new(
                keys.access_key_id.clone(),
                keys.secret_access_key.expose_secret(),
                keys.session_token.as_ref().map(|token| token.expose_secret().to_owned()),
                None,
                "sponsor",
            );
            (SharedCredentialsProvider::new(keys), None)
        }
        AwsCredentials::WebIdentity { token_file, role_arn, session_name } => {
            let surroundings = ProviderConfig::without_region()
                .with_region(Some(region.clone()))
                .with_http_client(http.clone());
            let identity = StaticConfiguration {
                web_identity_token_file: token_file.into(),
                role_arn: role_arn.clone(),
                session_name: session_name.clone(),
            };
            let provider = WebIdentityTokenCredentialsProvider::builder()
                .static_configuration(identity)
                .configure(&surroundings)
                .build();
            (SharedCredentialsProvider::new(provider), None)
        }
        AwsCredentials::Role { arn, tokens } => {
            let (provider, cache) = role::provider((arn, tokens), region, http, (session, reach));
            (provider, Some(cache))
        }
    }
}
