//! Whether the target is a sponsor's live database: then its name must have been typed out.

use secrecy::ExposeSecret as _;

use super::Run;
use crate::dump::Connection;
use crate::failure::Failure;
use crate::restore::RestoreError;
use crate::secrets::SponsorSecrets;
use crate::sponsors::Sponsor;

impl Run<'_> {
    /// Compares the target with the database of every sponsor of the manifest. One whose secrets cannot be read here may
    /// be the target's owner as well.
    pub(super) async fn guard(&self, sponsor: &Sponsor, secrets: &SponsorSecrets) -> Result<(), Failure> {
        if self.order.confirm.as_deref() == Some(self.target.database()) {
            return Ok(());
        }
        let mut unknown = Vec::new();
        for name in &self.known {
            let live = if *name == sponsor.name {
                Connection::parse(&secrets.database_url).ok()
            } else {
                self.live_database(name).await
            };
            match live {
                Some(live) if live.is_same_database(&self.target) => {
                    return Err(self.live(format!("is the live database of {name}")));
                }
                Some(_) => {}
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
