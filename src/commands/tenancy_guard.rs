//! Before the first sponsor is processed: reads the secrets of all selected sponsors and identifies their folders and
//! databases, so that two sponsors that share one are known before any of their data is read.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;

use super::RunContext;
use super::other_sponsors::{Compared, OtherSponsors};
use super::secrets_source::SecretsSource;
use super::sponsor_selection::SelectedSponsors;
use crate::databases::postgres::client::Client;
use crate::databases::postgres::identity::{self, Identity, Unidentified};
use crate::databases::postgres::{Connection, PostgresError};
use crate::secrets::{S3Backups, SecretsError};
use crate::sponsors::Sponsor;
use crate::store::StoreError;
use crate::store::place::{self, PlaceOfObjects};
use crate::verification::tenancy::{Conflicts, SponsorResources, find_conflicts, must_not_share};

/// Sponsors in parallel, if the command does not set it.
const AT_ONCE: usize = 4;

/// Secrets and databases of all selected sponsors.
pub(super) struct TenancyGuard {
    found: BTreeMap<String, SponsorFindings>,
    conflicts: Conflicts,
}

#[derive(Default)]
struct SponsorFindings {
    /// `None` if a signal or the sponsor's time limit came first.
    archival: Option<Result<S3Backups, SecretsError>>,
    /// Where its objects are. Empty if its secrets are not known.
    places: Vec<PlaceOfObjects>,
    database: Option<SponsorDatabase>,
    took: Duration,
}

/// The database of a sponsor's DATABASE_URL.
pub(super) struct SponsorDatabase {
    pub(super) connection: Connection,
    /// Its identity, why it has none, or why the query failed.
    pub(super) identity: Result<Result<Identity, Unidentified>, PostgresError>,
}

/// How databases are identified.
#[derive(Clone, Copy)]
pub(super) struct SurveyOptions<'a> {
    /// Any version of psql.
    pub(super) client: Option<&'a Client>,
    pub(super) at_once: usize,
    /// Per sponsor.
    pub(super) timeout: Duration,
}

impl TenancyGuard {
    /// Secrets only, for commands that write to a sponsor's stores and do not connect to its database. Also compares the stores
    /// of sponsors that are not selected.
    pub(super) async fn of_stores(
        secrets: &SecretsSource<'_>,
        selected: &SelectedSponsors,
        timeout: Option<Duration>,
        context: &RunContext,
    ) -> Self {
        let mut survey = Self::of_secrets(secrets, selected, timeout, context).await;
        survey.compare_with_others((secrets, Compared::Places), selected, context).await;
        survey
    }

    /// Secrets only, for commands that only read: a manifest names the sponsor of its backup. Each within the sponsor's time
    /// limit, if it has one.
    pub(super) async fn of_secrets(
        secrets: &SecretsSource<'_>,
        selected: &SelectedSponsors,
        timeout: Option<Duration>,
        context: &RunContext,
    ) -> Self {
        let found = gather(&selected.sponsors, AT_ONCE, |sponsor| async move {
            let stop = context.stop.child();
            let begun = Instant::now();
            let mut found = SponsorFindings::default();
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = over(timeout) => {}
                () = look(secrets.fetch(&sponsor.name), None, &mut found) => {}
            };
            found.took = begun.elapsed();
            found
        })
        .await;
        Self::judged(found, selected, context)
    }

    /// Secrets and databases. Does not connect to databases of sponsors that are not selected: compares their addresses.
    pub(super) async fn of_databases(
        secrets: &SecretsSource<'_>,
        selected: &SelectedSponsors,
        means: SurveyOptions<'_>,
        context: &RunContext,
    ) -> Self {
        let fetch = async |sponsor: &str| secrets.fetch(sponsor).await;
        Self::of_databases_by(fetch, secrets, selected, means, context).await
    }

    /// The same with secrets that `fetch` returns.
    pub(super) async fn of_databases_by(
        fetch: impl AsyncFn(&str) -> Result<S3Backups, SecretsError>,
        secrets: &SecretsSource<'_>,
        selected: &SelectedSponsors,
        means: SurveyOptions<'_>,
        context: &RunContext,
    ) -> Self {
        let fetch = &fetch;
        let found = gather(&selected.sponsors, means.at_once, |sponsor| async move {
            let (stop, begun) = (context.stop.child(), Instant::now());
            let mut found = SponsorFindings::default();
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = over(Some(means.timeout)) => {}
                () = look(fetch(&sponsor.name), means.client, &mut found) => {}
            }
            found.took = begun.elapsed();
            found
        })
        .await;
        let mut survey = Self::judged(found, selected, context);
        survey.compare_with_others((secrets, Compared::Both), selected, context).await;
        survey
    }

    fn judged(
        found: BTreeMap<String, SponsorFindings>,
        SelectedSponsors { sponsors, known, .. }: &SelectedSponsors,
        context: &RunContext,
    ) -> Self {
        // In the order of the manifest, not of the answers.
        for sponsor in sponsors {
            if let Some(Some(Ok(archival))) = found.get(&sponsor.name).map(|found| &found.archival) {
                context.sink.line(&format!("{}: secrets from {}", sponsor.name, archival.source()));
            }
        }
        let resources: Vec<SponsorResources<'_>> =
            sponsors.iter().filter_map(|sponsor| found.get(&sponsor.name)?.resources(sponsor)).collect();
        let conflicts = find_conflicts(&resources, known);
        Self { found, conflicts }
    }

    /// Stores and databases of sponsors that are not selected, until a signal comes. Their databases are known by address
    /// only.
    async fn compare_with_others(
        &mut self,
        (secrets, compared): (&SecretsSource<'_>, Compared),
        selected: &SelectedSponsors,
        context: &RunContext,
    ) {
        // Without secrets there is nothing to compare.
        if self.found.values().all(|found| found.places.is_empty()) {
            return;
        }
        let SelectedSponsors { sponsors, known, disabled } = selected;
        let is_selected = |name: &str| sponsors.iter().any(|sponsor| sponsor.name == name);
        let unselected: Vec<&str> =
            known.iter().map(String::as_str).filter(|name| !is_selected(name)).collect();
        let stop = context.stop.child();
        let others = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            others = OtherSponsors::of_here(secrets, compared, &unselected, context) => others,
        };
        for sponsor in sponsors {
            let Some(found) = self.found.get(&sponsor.name) else { continue };
            self.conflicts.compare_with_unselected(sponsor, &found.places, known, &others.places);
            let Some(database) = &found.database else { continue };
            let strangers = others.databases.iter().filter(|other| must_not_share(sponsor, &other.sponsor));
            let none = &std::collections::BTreeSet::new();
            let same = |connection: &Connection| database.connection.is_same_database(connection, none, none);
            if let Some(other) = strangers.into_iter().find(|other| same(&other.connection)) {
                self.conflicts.refuse_database(sponsor, &database.connection.place(), &other.sponsor);
            }
        }
        if let Some(words) = others.unread_words(compared.words(), disabled) {
            context.sink.line(&format!("note: {words}"));
        }
    }

    /// The sponsor's secrets. Never returns if a signal or the sponsor's time limit came first: its caller is about to end.
    ///
    /// # Errors
    /// They cannot be used.
    pub(super) async fn secrets(&self, sponsor: &Sponsor) -> Result<&S3Backups, SecretsError> {
        match self.found.get(&sponsor.name).and_then(|found| found.archival.as_ref()) {
            Some(archival) => archival.as_ref().map_err(Clone::clone),
            None => std::future::pending().await,
        }
    }

    /// Checks that the file systems of the sponsor's folders answered. Opening one that does not would stop all sponsors.
    ///
    /// # Errors
    /// One of them did not.
    pub(super) fn answers(&self, sponsor: &Sponsor) -> Result<(), StoreError> {
        let places = self.found.get(&sponsor.name).map(|found| found.places.as_slice()).unwrap_or_default();
        places.iter().try_for_each(PlaceOfObjects::answers)
    }

    pub(super) fn conflicts(&self) -> &Conflicts {
        &self.conflicts
    }

    /// The sponsor's database, if its URL is valid and a client is installed.
    pub(super) fn database(&self, sponsor: &Sponsor) -> Option<&SponsorDatabase> {
        self.found.get(&sponsor.name)?.database.as_ref()
    }

    /// How much of the sponsor's time limit this took.
    pub(super) fn took(&self, sponsor: &Sponsor) -> Duration {
        self.found.get(&sponsor.name).map(|found| found.took).unwrap_or_default()
    }
}

impl SponsorFindings {
    fn resources<'a>(&'a self, sponsor: &'a Sponsor) -> Option<SponsorResources<'a>> {
        let Some(Ok(S3Backups::Enabled(_))) = &self.archival else { return None };
        let identity = self.database.as_ref().and_then(|database| database.identity.as_ref().ok());
        Some(SponsorResources {
            sponsor,
            places: self.places.clone(),
            connection: self.database.as_ref().map(|database| &database.connection),
            identity: identity.and_then(|identity| identity.as_ref().ok()),
        })
    }
}

async fn over(timeout: Option<Duration>) {
    match timeout {
        Some(timeout) => tokio::time::sleep(timeout).await,
        None => std::future::pending().await,
    }
}

async fn look(
    fetched: impl Future<Output = Result<S3Backups, SecretsError>>,
    client: Option<&Client>,
    found: &mut SponsorFindings,
) {
    let archival = fetched.await;
    let mut connection = None;
    if let Ok(S3Backups::Enabled(secrets)) = &archival {
        found.places = place::of(secrets).await;
        connection = Connection::parse(&secrets.database_url).ok();
    }
    if let (Some(connection), Some(client)) = (connection, client) {
        let identity = identity::ask(&connection, client).await;
        found.database = Some(SponsorDatabase { connection, identity });
    }
    found.archival = Some(archival);
}

async fn gather<'a, F: Future<Output = SponsorFindings>>(
    sponsors: &'a [Sponsor],
    at_once: usize,
    ask: impl Fn(&'a Sponsor) -> F,
) -> BTreeMap<String, SponsorFindings> {
    let asked = sponsors.iter().map(|sponsor| {
        let found = ask(sponsor);
        async { (sponsor.name.clone(), found.await) }
    });
    futures_util::stream::iter(asked).buffer_unordered(at_once.max(1)).collect().await
}
