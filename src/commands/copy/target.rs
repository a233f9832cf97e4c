//! The store that `to` names: opened with the sponsor's own credentials, after it is certain that it is neither the store
//! of the source nor another sponsor's.

use futures_util::StreamExt as _;

use super::CopyRun;
use crate::archive::catalogue::prefix;
use crate::cli::UsageError;
use crate::commands::buckets::BucketAccess;
use crate::commands::session::SponsorSession;
use crate::commands::tenancy_guard::{MOST, SECRETS_TIMEOUT, some_of};
use crate::failure::Failure;
use crate::secrets::{SecretsError, SponsorSecrets};
use crate::sponsors::{Environment, Sponsor};
use crate::store::Store;
use crate::store::place::{self, PlaceOfObjects};
use crate::store::s3::policy::Purpose;
use crate::verification::previous::{PreviousSearch, newest};
use crate::verification::tenancy::foreign_target;

impl CopyRun<'_> {
    /// # Errors
    /// It is the sponsor's own store, another sponsor's, or cannot be opened.
    pub(super) async fn open_target(
        &self,
        session: &SponsorSession<'_>,
        secrets: &SponsorSecrets,
    ) -> Result<Store, Failure> {
        let (sponsor, target) = (session.sponsor, &self.options.target);
        let there = place::of_store(target).await;
        if let Some(own) = place::of(secrets).await.into_iter().find(|own| own.meets(&there)) {
            let problem =
                format!("`to` is {}, but {} holds {}'s own objects", there.shown, own.shown, sponsor.name);
            return Err(UsageError::new(problem).hint("Name another bucket or folder in `to`.").into());
        }
        self.refuse_others_place(sponsor, &there).await?;
        let aws = match &secrets.aws {
            _ if !target.needs_aws() => None,
            Some(own) => Some(own.clone()),
            None => Some(self.secrets.aws_access(&sponsor.name, self.options.region.as_deref()).await?),
        };
        let access = BucketAccess {
            common: &self.options.common,
            context: self.context,
            endpoint: &self.options.deployment.endpoint,
            sponsor,
            purpose: Purpose::CopyTarget,
        };
        let store = access.open(target, aws.as_ref())?;
        for environment in Environment::ALL {
            self.refuse_others_backups(&store, (sponsor, environment)).await?;
        }
        Ok(store)
    }

    /// Compares the target with the names and the places of all other sponsors, as far as their secrets can be read here.
    async fn refuse_others_place(&self, sponsor: &Sponsor, there: &PlaceOfObjects) -> Result<(), Failure> {
        let strangers = self.known.iter().filter(|name| **name != sponsor.name);
        let (readable, mut unread): (Vec<&String>, Vec<&String>) =
            strangers.partition(|name| self.secrets.has_key_to(name));
        unread.extend(readable.iter().skip(MOST));
        let asked = readable.into_iter().take(MOST).map(|name| async move {
            let stores = tokio::time::timeout(SECRETS_TIMEOUT, self.secrets.stores(name)).await;
            let stores = stores.ok().and_then(Result::ok).filter(|stores| !stores.is_empty());
            let Some(stores) = stores else { return (name, None) };
            let places = futures_util::future::join_all(stores.iter().map(place::of_store)).await;
            (name, Some(places))
        });
        let answers: Vec<_> = futures_util::stream::iter(asked).buffered(MOST).collect().await;
        let mut others = Vec::new();
        for (name, places) in answers {
            match places {
                Some(places) => others.push((name.clone(), places)),
                None => unread.push(name),
            }
        }
        if let Some(error) = foreign_target(sponsor, there, &self.known, &others) {
            return Err(error.into());
        }
        if !unread.is_empty() {
            let names: Vec<String> = unread.into_iter().cloned().collect();
            let (whose, place) = (some_of(&names), &there.shown);
            let words = format!(
                "cannot read the secrets of {whose} here, so this run cannot see whether they use {place}"
            );
            self.context.sink.line(&format!("note: {words}"));
        }
        Ok(())
    }

    /// A store with another sponsor's backups is not this sponsor's, whatever its name is.
    async fn refuse_others_backups(
        &self,
        store: &Store,
        whose: (&Sponsor, Environment),
    ) -> Result<(), Failure> {
        match Box::pin(newest(store, whose, &prefix(whose.1), None)).await? {
            PreviousSearch::AnotherSponsors { owner } => {
                Err(SecretsError::Foreign { place: self.options.target.words(), owner }.into())
            }
            PreviousSearch::Unknown(reason) => {
                let place = store.location("");
                let words = format!("{}: cannot see whose backups {place} holds: {reason}", whose.0.name);
                self.context.warn("the target was not compared", &self.context.sink.redacted(&words));
                Ok(())
            }
            PreviousSearch::None | PreviousSearch::Backup { .. } => Ok(()),
        }
    }
}
