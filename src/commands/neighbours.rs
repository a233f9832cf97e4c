//! Addresses of the databases of other sponsors and environments, as far as their secrets can be read here. The run does not
//! connect to them.

use std::time::Duration;

use futures_util::StreamExt as _;
use secrecy::ExposeSecret as _;

use super::Edge;
use super::scope::SecretsSource;
use crate::dump::Connection;
use crate::sponsors::Environment;

/// Look-ups of one run at most, all at once: a manifest may hold thousands of sponsors.
const MOST: usize = 50;
/// Whose secrets are not there by then is not compared.
const PATIENCE: Duration = Duration::from_secs(20);
/// Maximum number of names to show.
const SHOWN: usize = 5;

/// A database of another sponsor or environment.
pub(super) struct Neighbour {
    pub(super) sponsor: String,
    pub(super) environment: Environment,
    pub(super) connection: Connection,
}

/// All that could be learned.
#[derive(Default)]
pub(super) struct Neighbours {
    pub(super) found: Vec<Neighbour>,
    /// Whose address is not known.
    pub(super) unread: Vec<String>,
}

impl Neighbours {
    /// Those of the run's own environment.
    pub(super) async fn of_here(secrets: &SecretsSource<'_>, sponsors: &[&str], edge: &Edge) -> Self {
        let here = secrets.environment();
        Self::ask(secrets, sponsors.iter().map(|name| (*name, here)).collect(), edge).await
    }

    /// Those of all environments, the run's own first.
    pub(super) async fn of_all(secrets: &SecretsSource<'_>, sponsors: &[&str], edge: &Edge) -> Self {
        let here = secrets.environment();
        let elsewhere = Environment::ALL.into_iter().filter(|environment| *environment != here);
        let all = std::iter::once(here).chain(elsewhere);
        let wanted = all.flat_map(|environment| sponsors.iter().map(move |name| (*name, environment)));
        Self::ask(secrets, wanted.collect(), edge).await
    }

    async fn ask(secrets: &SecretsSource<'_>, wanted: Vec<(&str, Environment)>, edge: &Edge) -> Self {
        let (readable, mut unread): (Vec<_>, Vec<_>) =
            wanted.into_iter().partition(|(sponsor, _)| secrets.has_key_to(sponsor));
        unread.extend(readable.iter().skip(MOST));
        let asked = readable.into_iter().take(MOST).map(|(sponsor, environment)| async move {
            let url = tokio::time::timeout(PATIENCE, secrets.database_url(sponsor, environment, false)).await;
            let connection = url.ok().and_then(Result::ok).and_then(|url| Connection::parse(&url).ok());
            (sponsor, environment, connection)
        });
        let mut answers = futures_util::stream::iter(asked).buffered(MOST);
        let mut found = Vec::new();
        while let Some((sponsor, environment, connection)) = answers.next().await {
            let Some(connection) = connection else {
                unread.push((sponsor, environment));
                continue;
            };
            connection.masks().iter().for_each(|mask| edge.sink.mask(mask.expose_secret()));
            found.push(Neighbour { sponsor: sponsor.to_owned(), environment, connection });
        }
        let mut names: Vec<String> = unread.into_iter().map(|(sponsor, _)| sponsor.to_owned()).collect();
        let mut seen = std::collections::BTreeSet::new();
        names.retain(|name| seen.insert(name.clone()));
        Self { found, unread: names }
    }

    /// Whose addresses are not known and what that means, in words. Nothing if all are known.
    /// Sponsors that the manifest disables are not deployed, so they are left out.
    pub(super) fn unread_words(&self, disabled: &[String]) -> Option<String> {
        let unread: Vec<String> =
            self.unread.iter().filter(|name| !disabled.contains(name)).cloned().collect();
        (!unread.is_empty()).then(|| {
            let whose = some_of(&unread);
            format!(
                "cannot read the secrets of {whose} here, so this run cannot see whether they use the same database"
            )
        })
    }
}

/// Names in a line, and how many more there are.
pub(super) fn some_of(names: &[String]) -> String {
    let shown = names[..names.len().min(SHOWN)].join(", ");
    if names.len() > SHOWN { format!("{shown} and {} others", names.len() - SHOWN) } else { shown }
}
