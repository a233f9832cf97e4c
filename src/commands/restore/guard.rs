//! Whether the target is a sponsor's live database: then its name must have been typed out.

use std::collections::BTreeSet;
use std::time::Duration;

use secrecy::ExposeSecret as _;

use super::Run;
use crate::dump::Connection;
use crate::failure::Failure;
use crate::restore::RestoreError;
use crate::secrets::SponsorSecrets;
use crate::sponsors::Sponsor;

/// A name that is not resolved by then is compared as a name alone.
const PATIENCE: Duration = Duration::from_secs(5);

impl Run<'_> {
    /// Compares the target with the database of every sponsor of the manifest. One whose secrets cannot be read here may
    /// be the target's owner as well.
    pub(super) async fn guard(&self, sponsor: &Sponsor, secrets: &SponsorSecrets) -> Result<(), Failure> {
        if self.order.confirm.as_deref() == Some(self.target.database()) {
            return Ok(());
        }
        let ours = addresses(&self.target).await;
        let mut unknown = Vec::new();
        for name in &self.known {
            let live = if *name == sponsor.name {
                Connection::parse(&secrets.database_url).ok()
            } else {
                self.live_database(name).await
            };
            match live {
                Some(live) => {
                    if self.target.is_same_database(&live, &ours, &addresses(&live).await) {
                        return Err(self.live(format!("is the live database of {name}")));
                    }
                }
                None => unknown.push(name.as_str()),
            }
        }
        if unknown.is_empty() {
            return Ok(());
        }
        let names = unknown.join(", ");
        Err(self.live(format!("may be the live database of {names}, whose secrets cannot be read here")))
    }

    async fn live_database(&self, sponsor: &str) -> Option<Connection> {
        let url = self.secrets.database_url(sponsor).await.ok()?;
        let connection = Connection::parse(&url).ok()?;
        connection.masks().iter().for_each(|mask| self.edge.sink.mask(mask.expose_secret()));
        Some(connection)
    }

    fn live(&self, why: String) -> Failure {
        let database = self.target.database().to_owned();
        RestoreError::Live { place: self.target.place(), why, database }.into()
    }
}

/// The addresses of a host's names, as far as this machine can tell: two names may be one host.
async fn addresses(connection: &Connection) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for host in connection.hosts() {
        if let Ok(Ok(addresses)) =
            tokio::time::timeout(PATIENCE, tokio::net::lookup_host((host.as_str(), 0))).await
        {
            found.extend(addresses.map(|address| address.ip().to_canonical().to_string()));
        }
    }
    found
}
