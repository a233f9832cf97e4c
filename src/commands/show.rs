//! `show`: one backup in full, from its manifest. Reads no dump, so that a frozen backup is shown, too.

use std::time::Duration;

use super::publish::{Ended, Publisher};
use super::secrets_source::SecretsSource;
use super::session::{Sessions, SponsorSession, contained};
use super::stored;
use super::tenancy_guard::TenancyGuard;
use super::{RunContext, sponsor_selection, which_backup};
use crate::archive::backup_manifest::Occasion;
use crate::archive::catalogue::BackupKey;
use crate::cli::options::ShowOptions;
use crate::failure::Failure;
use crate::report::SponsorResult;
use crate::report::shown_backup::ShownBackup;
use crate::secrets::Disabled;
use crate::sponsors::Sponsor;
use crate::store::Store;
use crate::verification::Conclusion;

/// Default `timeout` of a run. An upload that began earlier belongs to a run that has ended.
const AN_UPLOAD: Duration = Duration::from_secs(6 * 3600);

struct ShowRun<'a> {
    options: &'a ShowOptions,
    context: &'a RunContext,
    sessions: Sessions<'a>,
}

pub(super) async fn run(
    options: ShowOptions,
    context: &RunContext,
    publisher: &Publisher<'_>,
) -> Result<u8, Failure> {
    let selected = sponsor_selection::select_some(&options.common, context).await?;
    let sponsor = selected.only_one("show")?;
    let secrets = SecretsSource::open(&options.common, context, &selected.sponsors).await?;
    let guard = TenancyGuard::of_secrets(&secrets, &selected, None, context).await;
    let sessions = Sessions { common: &options.common, context, guard, publisher };
    let run = ShowRun { options: &options, context, sessions };
    let broken = |failure| run.sessions.end_broken(sponsor, &failure);
    let ended = contained(Box::pin(run.sponsor(sponsor)), broken).await;
    publisher.results(vec![ended])
}

impl ShowRun<'_> {
    async fn sponsor(&self, sponsor: &Sponsor) -> Ended {
        let session = self.sessions.begin(sponsor, None);
        let mut result = session.result(Conclusion::of_listing(1));
        let shown = session.limit.unless_stopped(Box::pin(self.show(&session, &mut result)));
        match session.run(shown).await {
            // What was shown is all that the log needs.
            Ok(Ok(())) => (result, None),
            Ok(Err(disabled)) => session.end_disabled(&disabled),
            Err(failure) => session.end_failed(&failure),
        }
    }

    async fn show(
        &self,
        session: &SponsorSession<'_>,
        result: &mut SponsorResult,
    ) -> Result<Result<(), Disabled>, Failure> {
        let place = match session.history_to_read(&self.options.endpoint, AN_UPLOAD).await? {
            Ok(place) => place,
            Err(disabled) => return Ok(Err(disabled)),
        };
        let backup = Box::pin(which_backup::find_any(&place, &self.options.which)).await?;
        let (store, location) = (&place.backups, place.location(&backup));
        let (manifest, document) =
            Box::pin(stored::manifest(store, (session.sponsor, place.environment), &backup)).await?;
        let (storage_class, locked_until) = self.of_store(store, &backup).await?;
        let age = self.context.now().duration_since(backup.at);
        self.print(&ShownBackup {
            location: &location,
            at: backup.at,
            age: Duration::try_from(age).unwrap_or_default(),
            storage_class: storage_class.as_deref(),
            locked_until,
            occasion: &Occasion::of_manifest(&document),
            // It was parsed before.
            document: &serde_json::from_slice(&document).unwrap_or_default(),
            manifest: &manifest,
        });
        result.backup_location = Some(location);
        result.backup_size = Some(manifest.stored.bytes);
        result.backup_sha256 = Some(manifest.stored.sha256.clone());
        Ok(Ok(()))
    }

    /// Storage class and end of the lock of the dump, as a list shows them.
    async fn of_store(
        &self,
        store: &Store,
        backup: &BackupKey,
    ) -> Result<(Option<String>, Option<jiff::Timestamp>), Failure> {
        let listed = Box::pin(store.list(&backup.key)).await?;
        let class = listed.into_iter().find(|object| object.key == backup.key);
        let examined = Box::pin(store.examine(&backup.key)).await?;
        Ok((class.and_then(|object| object.storage_class), examined.lock.map(|lock| lock.until)))
    }

    fn print(&self, shown: &ShownBackup<'_>) {
        let sink = &self.context.sink;
        if self.options.json {
            sink.document(&shown.title(), shown.json().lines().map(str::to_owned));
        } else {
            sink.table(&shown.title(), || shown.lines(), false);
        }
    }
}
