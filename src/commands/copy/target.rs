//! The store that `to` names: opened with the sponsor's own credentials, after it is certain that it is neither the store
//! of the source nor another sponsor's.

use super::CopyRun;
use crate::archive::catalogue::prefix;
use crate::cli::UsageError;
use crate::commands::buckets::BucketAccess;
use crate::commands::other_sponsors::{Compared, OtherSponsors};
use crate::commands::session::SponsorSession;
use crate::failure::Failure;
use crate::layout::key::Object;
use crate::record::log;
use crate::secrets::{SecretsError, SponsorSecrets};
use crate::sponsors::{Environment, Sponsor};
use crate::store::Store;
use crate::store::place::{self, PlaceOfObjects};
use crate::store::s3::policy::Purpose;
use crate::verification::previous::{PreviousSearch, newest};
use crate::verification::tenancy::{foreign, must_not_share};

/// Records are a few KiB long.
const RECORD_BYTES: u64 = 4 << 20;

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
        there.answers()?;
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
            self.refuse_others_records(&store, (sponsor, environment)).await?;
        }
        Ok(store)
    }

    /// Compares the target with the names and the places of all other sponsors, as far as their secrets can be read here.
    async fn refuse_others_place(&self, sponsor: &Sponsor, there: &PlaceOfObjects) -> Result<(), Failure> {
        let strangers: Vec<&str> =
            self.known.iter().map(String::as_str).filter(|name| *name != sponsor.name).collect();
        let others = OtherSponsors::of_here(&self.secrets, Compared::Places, &strangers, self.context).await;
        if let Some(error) = foreign(sponsor, there, &self.known, &others.places) {
            return Err(error.into());
        }
        if let Some(words) = others.unread_words(&there.shown, &[]) {
            self.context.sink.line(&format!("note: {words}"));
        }
        Ok(())
    }

    /// A store with another sponsor's records is not this sponsor's either. A role can list backups alone, so what the store does
    /// not show is not compared.
    async fn refuse_others_records(
        &self,
        store: &Store,
        (sponsor, environment): (&Sponsor, Environment),
    ) -> Result<(), Failure> {
        for kind in Object::records() {
            let below = format!("{}/", kind.folder(environment));
            let listed = Box::pin(store.list(&below)).await.unwrap_or_default();
            let Some(newest) = listed.iter().map(|record| &record.key).max() else { continue };
            let Ok(document) = Box::pin(store.read_small(newest, RECORD_BYTES)).await else { continue };
            if let Some(owner) = log::sponsor_of(&document).filter(|owner| must_not_share(sponsor, owner)) {
                return Err(SecretsError::Foreign { place: self.options.target.words(), owner }.into());
            }
        }
        Ok(())
    }

    /// A store with another sponsor's backups is not this sponsor's, whatever its name is.
    async fn refuse_others_backups(
        &self,
        store: &Store,
        whose: (&Sponsor, Environment),
    ) -> Result<(), Failure> {
        match Box::pin(newest(store, whose, &prefix(whose.1))).await? {
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
