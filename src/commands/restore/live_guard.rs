//! Keeps a restore from live databases: those of all sponsors in all environments. Of the selected sponsor, each database
//! or its newest backup gives its identity. Databases of other sponsors are never connected to, so only their addresses
//! are compared. The rule itself is in [`live`].

use super::RestoreRun;
use crate::archive::ArchiveError;
use crate::archive::backup_manifest::SourceDatabase;
use crate::commands::other_sponsors::{OtherDatabase, OtherSponsors, some_of};
use crate::commands::restoring;
use crate::databases::postgres::Connection;
use crate::databases::postgres::client::Client;
use crate::databases::postgres::identity::{self, Identity, ReachedAt};
use crate::databases::postgres::restore::live::{
    self, KnownTarget, LiveIdentity, LiveMatches, TargetAddress, Wanted,
};
use crate::databases::postgres::restore::{RestoreError, Target, existing};
use crate::failure::Failure;
use crate::secrets::SponsorSecrets;
use crate::sponsors::{Environment, Sponsor};
use crate::store::Store;
use crate::verification::previous::{PreviousSearch, SearchFor};

impl RestoreRun<'_> {
    /// The addresses of other sponsors' databases. Refuses a target at such an address before any connection. The
    /// database need not exist: once created, it would be the other sponsor's.
    pub(super) async fn neighbours(&self, sponsor: &Sponsor) -> Result<OtherSponsors, Failure> {
        let others: Vec<&str> =
            self.known.iter().map(String::as_str).filter(|name| *name != sponsor.name).collect();
        let others = OtherSponsors::databases_of_all(&self.secrets, &others, self.context).await;
        let addresses = [TargetAddress::resolve(self.target.clone()).await];
        for other in &others.databases {
            self.refuse_another_sponsors(sponsor, other, &addresses).await?;
        }
        Ok(others)
    }

    /// Decides whose live database the target is and whether the user confirmed it. Prints the result.
    pub(super) async fn guard(
        &self,
        sponsor: &Sponsor,
        (secrets, store): (&SponsorSecrets, &Store),
        others: &OtherSponsors,
    ) -> Result<(), Failure> {
        let (_, client) = restoring::clients(&self.clients)?;
        let target = Target::look(&self.target, client).await?;
        let say = |what: &str| self.context.sink.line(&format!("{}: {what}", sponsor.name));
        if !target.exists() {
            say(&format!("the target {} does not exist yet", self.target.place()));
            return Ok(());
        }
        let known = KnownTarget::ask(&target, client).await;
        let mut matches = LiveMatches::default();
        for other in &others.databases {
            matches.is.extend(self.refuse_another_sponsors(sponsor, other, &known.addresses).await?);
        }
        // A partner's live database is known by its address, and always wants a confirmation.
        if matches.is.is_empty() && self.only_adds_a_schema(&target, client).await? {
            say(&format!(
                "a new schema of {} takes the tables, and nothing in it changes",
                self.target.place()
            ));
            return Ok(());
        }
        matches.by_address = self.doubt_about_others(sponsor);
        for environment in Environment::ALL {
            let connection = self.live(sponsor, secrets, environment).await;
            let live = (environment, connection.as_ref(), store);
            self.compare(sponsor, live, (&known, client), &mut matches).await;
        }
        let wanted = Wanted {
            sponsor: &sponsor.name,
            replaces: self.options.replace,
            adds: self.options.tables.is_some(),
            confirm: self.options.confirm.as_deref(),
            on_terminal: !self.context.sink.is_workflow(),
        };
        say(&matches.judge(&target, known.identity.as_ref(), wanted)?);
        Ok(())
    }

    /// Whether nothing that exists can change, so that even a live database needs no confirmation.
    async fn only_adds_a_schema(&self, target: &Target, client: &Client) -> Result<bool, RestoreError> {
        let into = self.options.tables.as_ref().and_then(|tables| tables.selection.into.as_ref());
        match into {
            Some(schema) => Ok(!existing::has_schema(&target.connection, client, schema).await?),
            None => Ok(false),
        }
    }

    /// Refuses a target at the address of another sponsor's database. If that sponsor is a partner, returns the
    /// owner.
    async fn refuse_another_sponsors(
        &self,
        sponsor: &Sponsor,
        other: &OtherDatabase,
        addresses: &[TargetAddress],
    ) -> Result<Option<String>, Failure> {
        if !live::leads_to(addresses, &other.connection).await {
            return Ok(None);
        }
        let owner = owner(&other.sponsor, other.environment);
        if sponsor.partners.contains(&other.sponsor) {
            return Ok(Some(owner));
        }
        let (place, database) = (self.target.place(), self.target.database().to_owned());
        Err(RestoreError::LiveOfAnother { place, database, owner }.into())
    }

    fn doubt_about_others(&self, sponsor: &Sponsor) -> Option<String> {
        let others: Vec<String> = self.known.iter().filter(|name| **name != sponsor.name).cloned().collect();
        let words = "only the addresses of other sponsors' databases are compared";
        (!others.is_empty()).then(|| format!("{}: {words}", some_of(&others)))
    }

    /// The sponsor's own database in an environment, if its URL is available here.
    async fn live(
        &self,
        sponsor: &Sponsor,
        secrets: &SponsorSecrets,
        environment: Environment,
    ) -> Option<Connection> {
        if environment == self.options.common.environment {
            return Connection::parse(&secrets.database_url).ok();
        }
        let url = self.secrets.database_url(&sponsor.name, environment, true).await.ok()?;
        let connection = Connection::parse(&url).ok()?;
        self.context.mask(connection.masks());
        Some(connection)
    }

    /// Compares the target with one of the sponsor's own live databases.
    async fn compare(
        &self,
        sponsor: &Sponsor,
        (environment, connection, store): (Environment, Option<&Connection>, &Store),
        (known, client): (&KnownTarget, &Client),
        matches: &mut LiveMatches,
    ) {
        let owner = owner(&sponsor.name, environment);
        if let Some(connection) = connection {
            if live::leads_to(&known.addresses, connection).await {
                return matches.is.push(owner);
            }
            if let Ok(Ok(identity)) = identity::ask(connection, client).await {
                return matches.compare(owner, known.identity.as_ref(), LiveIdentity::Asked(identity));
            }
        }
        // If the live database cannot be asked, its newest backup has its identity.
        let whose = (sponsor, environment);
        let previous = PreviousSearch::find(store, whose, self.context.now(), SearchFor::Newest).await;
        let live = match previous.as_ref().ok().and_then(PreviousSearch::source) {
            Some(source) => LiveIdentity::OfBackup(recorded(source)),
            None => LiveIdentity::Unknown(unidentified(&previous, environment)),
        };
        matches.compare(owner, known.identity.as_ref(), live);
    }
}

fn owner(sponsor: &str, environment: Environment) -> String {
    format!("{sponsor} ({environment})")
}

/// Why a live database that cannot be asked has no identity: what its newest backup lacks.
fn unidentified(previous: &Result<PreviousSearch, ArchiveError>, environment: Environment) -> String {
    match previous {
        Ok(PreviousSearch::None) => format!("no {environment} backup to compare with"),
        Ok(PreviousSearch::Backup { .. }) => {
            format!("its newest {environment} backup does not record which database it is of")
        }
        Ok(PreviousSearch::AnotherSponsors { owner }) => {
            format!("the newest {environment} backup in its store is of {owner}")
        }
        Ok(PreviousSearch::Unknown(_)) | Err(_) => format!("its {environment} backups cannot be read"),
    }
}

/// The identity recorded in a backup.
fn recorded(source: &SourceDatabase) -> Identity {
    Identity {
        system_identifier: source.system_identifier.clone(),
        database_oid: source.database_oid,
        database: source.database.clone(),
        server_started_at: source.server_started_at,
        in_recovery: source.in_recovery,
        reached_at: ReachedAt { address: None, port: 0 },
    }
}
