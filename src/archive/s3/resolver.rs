//! Resolves host names as the system does, with a typed error and a time limit.

use std::net::IpAddr;
use std::time::Duration;

use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};

/// The system waits five seconds for a lost answer. A second question is answered sooner.
const LIMIT: Duration = Duration::from_millis(1500);
const ATTEMPTS: u32 = 2;

/// The host name cannot be resolved.
#[derive(Debug, thiserror::Error)]
#[error("{host} cannot be resolved")]
pub(super) struct Unresolved {
    pub(super) host: String,
}

/// The system's resolver.
#[derive(Debug, Clone)]
pub(super) struct Resolver;

impl ResolveDns for Resolver {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(resolve(name))
    }
}

async fn resolve(name: &str) -> Result<Vec<IpAddr>, ResolveDnsError> {
    for _ in 0..ATTEMPTS {
        match tokio::time::timeout(LIMIT, tokio::net::lookup_host((name, 0))).await {
            Ok(Ok(found)) => return Ok(found.map(|address| address.ip()).collect()),
            Ok(Err(_)) => break,
            Err(_) => {}
        }
    }
    Err(ResolveDnsError::new(Unresolved { host: name.to_owned() }))
}
