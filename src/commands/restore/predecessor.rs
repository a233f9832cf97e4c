//! What a backup lacks of the one before it, for the plan. The newest backup may be the one after the accident.

use super::RestoreRun;
use crate::archive::backup_manifest::Table;
use crate::archive::catalogue::BackupKey;
use crate::commands::stored::StoredBackup;
use crate::failure::Failure;
use crate::layout::key::SECOND;
use crate::sponsors::Sponsor;
use crate::verification::contents_changes::ContentsChanges;
use crate::verification::previous;

/// Tables that a plan names, at most.
const NAMED: usize = 20;

impl RestoreRun<'_> {
    /// Facts for the plan: the backup before this one, and what this one lacks of its tables that count. That it cannot be read ends
    /// no restore.
    pub(super) async fn facts_of_before(
        &self,
        sponsor: &Sponsor,
        stored: &StoredBackup,
        counts: impl Fn(&Table) -> bool,
    ) -> Result<Vec<(&'static str, String)>, Failure> {
        const LABEL: &str = "backup before";
        let environment = self.options.common.environment;
        let (store, description) = (&stored.source.store, &stored.description);
        let Some(chosen) = BackupKey::parse(environment, &stored.source.key) else { return Ok(Vec::new()) };
        let partial = description.partial.as_ref();
        let found = Box::pin(previous::before(store, (sponsor, environment), chosen.at, partial)).await;
        let (earlier, before) = match found {
            Ok(Some(found)) => (found.backup.at.strftime(SECOND).to_string(), found.description),
            Ok(None) => return Ok(vec![(LABEL, "none".to_owned())]),
            Err(error) if error.affects_every_request() => return Err(error.into()),
            Err(error) => {
                let words = format!("unknown: {error}");
                return Ok(vec![(LABEL, self.context.sink.redacted(&words))]);
            }
        };
        let (Some(before), Some(after)) = (&before.contents, &description.contents) else {
            return Ok(vec![(
                LABEL,
                format!("{earlier}, which cannot be compared: tables are not recorded"),
            )]);
        };
        let [before, after] =
            [before, after].map(|of| of.tables.iter().filter(|it| counts(it)).cloned().collect::<Vec<_>>());
        let losses = ContentsChanges::between(&before, &after).losses(&earlier);
        let count = losses.len();
        let words = match count {
            0 => "no table and no rows are missing",
            _ => "this backup lacks some of its rows",
        };
        let more = (count > NAMED).then(|| format!("… and {} more tables", count - NAMED));
        let lines = losses.into_iter().take(NAMED).chain(more).map(|line| ("lacks", line));
        Ok(std::iter::once((LABEL, format!("{earlier}: {words}"))).chain(lines).collect())
    }
}
