//! A backup compared with the one before it: what the manifest keeps of it, and what fails.

use super::BackupRun;
use super::prepare::PreparedBackup;
use super::state::BackupState;
use crate::archive::backup_manifest::BackupManifest;
use crate::failure::Failure;
use crate::sponsors::Sponsor;
use crate::verification::VerificationError;
use crate::verification::previous::PreviousSearch;

impl BackupRun<'_> {
    /// Shows what is not compared, and why.
    pub(super) fn show_not_compared(
        &self,
        sponsor: &Sponsor,
        state: &mut BackupState,
        previous: &PreviousSearch,
    ) {
        match (previous.warning(), previous.not_compared()) {
            (Some(warning), _) => state.warnings.push(warning),
            (None, Some(reason)) => {
                let words = format!("{}: not compared with an earlier backup: {reason}", sponsor.name);
                self.context.sink.line(&words);
            }
            (None, None) => {}
        }
    }

    /// Compares the backup before its manifest is written: the next run must know whether it failed.
    pub(super) fn compare(
        &self,
        state: &mut BackupState,
        prepared: &PreparedBackup,
        manifest: &mut BackupManifest,
    ) {
        let mut compared = prepared.previous.compare(manifest, &self.options.limits);
        // Some quote S3, and the manifest keeps them for years.
        for finding in &mut compared.findings {
            *finding = self.context.sink.redacted(finding);
        }
        manifest.changes.clone_from(&compared.changes);
        manifest.exceeded_limits = (!compared.findings.is_empty()).then(|| compared.findings.clone());
        state.compared = compared;
    }

    /// The finding if there are limits that cannot be checked.
    pub(super) fn unchecked(&self, prepared: &PreparedBackup) -> Option<String> {
        prepared.previous.unchecked(&self.options.limits)
    }
}

/// The failure of a backup that contains nothing although an earlier one had rows.
pub(super) fn emptied(place: String, finding: String) -> Failure {
    let hint = "Check that DATABASE_URL names the right database. The previous backup is still stored.";
    VerificationError { place, findings: vec![finding], hint: hint.to_owned() }.into()
}

/// The failure of a backup that has lost more than a limit allows, or that cannot be compared.
pub(super) fn over_a_limit(place: String, findings: Vec<String>, is_unchecked: bool) -> Failure {
    let hint = if is_unchecked {
        "Check the earlier backups with `sponsor-backup list`. To accept this backup as the one to compare with, run once without limits."
    } else {
        "Find out what was lost: `sponsor-backup diff` compares both backups, which are stored. If it was lost on purpose, run once without the limit."
    };
    VerificationError { place, findings, hint: hint.to_owned() }.into()
}
