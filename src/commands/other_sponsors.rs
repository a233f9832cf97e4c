//! What sponsors that a run did not select use, as far as their secrets can be read here, so that it can be compared. The run
//! connects to none of their databases and opens none of their stores.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::StreamExt as _;

use super::RunContext;
use super::secrets_source::{SecretsSource, Uses};
use crate::databases::postgres::Connection;
use crate::secrets;
use crate::sponsors::Environment;
use crate::store::place::{self, PlaceOfObjects};

/// Look-ups of one run at most, all at once: a manifest may hold thousands of sponsors.
const MOST: usize = 50;
/// Whose secrets are not there by then is not compared.
const SECRETS_TIMEOUT: Duration = Duration::from_secs(20);
/// Maximum number of names to show.
const SHOWN: usize = 5;

/// What is compared. No other secret is requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compared {
    Databases,
    Places,
    Both,
}

impl Compared {
    fn secrets(self) -> &'static [&'static str] {
        match self {
            Self::Databases => &[secrets::DATABASE_URL],
            Self::Places => &[secrets::BACKUPS_BUCKET, secrets::AUDIT_LOGS_BUCKET],
            Self::Both => &[secrets::DATABASE_URL, secrets::BACKUPS_BUCKET, secrets::AUDIT_LOGS_BUCKET],
        }
    }

    /// What two sponsors may have in common.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Databases => "the same database",
            Self::Places => "the same stores",
            Self::Both => "the same database or stores",
        }
    }
}

/// A database of another sponsor or environment.
pub(super) struct OtherDatabase {
    pub(super) sponsor: String,
    pub(super) environment: Environment,
    pub(super) connection: Connection,
}

/// All that could be learned.
#[derive(Default)]
pub(super) struct OtherSponsors {
    pub(super) databases: Vec<OtherDatabase>,
    /// The places of each sponsor's objects, in the run's own environment.
    pub(super) places: Vec<(String, Vec<PlaceOfObjects>)>,
    /// Of whom something is not known.
    pub(super) unread: Vec<String>,
}

impl OtherSponsors {
    /// What they use in the run's own environment.
    pub(super) async fn of_here(
        secrets: &SecretsSource<'_>,
        compared: Compared,
        sponsors: &[&str],
        context: &RunContext,
    ) -> Self {
        let here = secrets.environment();
        let wanted = sponsors.iter().map(|name| (*name, here)).collect();
        Self::ask((secrets, compared), wanted, context).await
    }

    /// Their databases in all environments, the run's own first.
    pub(super) async fn databases_of_all(
        secrets: &SecretsSource<'_>,
        sponsors: &[&str],
        context: &RunContext,
    ) -> Self {
        let here = secrets.environment();
        let elsewhere = Environment::ALL.into_iter().filter(|environment| *environment != here);
        let all = std::iter::once(here).chain(elsewhere);
        let wanted = all.flat_map(|environment| sponsors.iter().map(move |name| (*name, environment)));
        Self::ask((secrets, Compared::Databases), wanted.collect(), context).await
    }

    async fn ask(
        (secrets, compared): (&SecretsSource<'_>, Compared),
        wanted: Vec<(&str, Environment)>,
        context: &RunContext,
    ) -> Self {
        let (readable, mut unread): (Vec<_>, Vec<_>) =
            wanted.into_iter().partition(|(sponsor, _)| secrets.has_key_to(sponsor));
        unread.extend(readable.iter().skip(MOST));
        let asked = readable.into_iter().take(MOST).map(|(sponsor, environment)| async move {
            let uses = secrets.uses((sponsor, environment), compared.secrets());
            let Uses { url, stores } = tokio::time::timeout(SECRETS_TIMEOUT, uses)
                .await
                .ok()
                .and_then(Result::ok)
                .unwrap_or_default();
            let places = futures_util::future::join_all(stores.iter().map(place::of_store)).await;
            (sponsor, environment, url.and_then(|url| Connection::parse(&url).ok()), places)
        });
        let mut answers = futures_util::stream::iter(asked).buffered(MOST);
        let mut found = Self::default();
        while let Some((sponsor, environment, connection, places)) = answers.next().await {
            let lacks_database = connection.is_none() && compared != Compared::Places;
            let lacks_places = places.is_empty() && compared != Compared::Databases;
            if lacks_database || lacks_places {
                unread.push((sponsor, environment));
            }
            if let Some(connection) = connection {
                context.mask(connection.masks());
                found.databases.push(OtherDatabase { sponsor: sponsor.to_owned(), environment, connection });
            }
            found.places.push((sponsor.to_owned(), places));
        }
        let mut seen = BTreeSet::new();
        let names = unread.into_iter().map(|(sponsor, _)| sponsor.to_owned());
        found.unread = names.filter(|name| seen.insert(name.clone())).collect();
        found
    }

    /// Whose secrets are not known, and that this run cannot see whether they use `what`, too. `None` if all are known.
    /// Sponsors that the manifest disables are not deployed, so they are left out.
    pub(super) fn unread_words(&self, what: &str, disabled: &[String]) -> Option<String> {
        let unread: Vec<String> =
            self.unread.iter().filter(|name| !disabled.contains(name)).cloned().collect();
        (!unread.is_empty()).then(|| {
            let whose = some_of(&unread);
            format!("cannot read the secrets of {whose} here, so this run cannot see whether they use {what}")
        })
    }
}

/// Names in a line, and how many more there are.
pub(super) fn some_of(names: &[String]) -> String {
    let shown = names[..names.len().min(SHOWN)].join(", ");
    if names.len() > SHOWN { format!("{shown} and {} others", names.len() - SHOWN) } else { shown }
}
