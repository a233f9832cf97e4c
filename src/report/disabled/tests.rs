use super::*;
use crate::secrets::{Disabled, Place, Secret};

static NOTHING: StorageSecrets = StorageSecrets { backups: None, audit_logs: None, region: None };

/// What these secrets set up.
fn storage(secrets: &[(&str, &str)]) -> StorageSecrets {
    let raw = secrets.iter().map(|(name, value)| ((*name).to_owned(), Secret::from(*value))).collect();
    let place = Place::Doppler { project: String::new(), config: String::new() };
    Disabled::of(&place, &raw).unwrap().set().clone()
}

fn set_up(place: SecretsPlace<'_>) -> SponsorSetup<'_> {
    SponsorSetup {
        set: &NOTHING,
        sponsor: "callisto",
        place,
        region: Some("eu-west-1"),
        why: "ENABLE_S3_BACKUP_ARCHIVAL is empty",
    }
}

#[test]
fn steps_fit_where_the_secrets_are() {
    let doppler = set_up(SecretsPlace::Doppler { project: "hht-diary-callisto", config: "production" });
    let file = set_up(SecretsPlace::File("secrets.yaml"));
    let all = storage(&[
        (BACKUPS_BUCKET, "acme-backup-callisto"),
        (AUDIT_LOGS_BUCKET, "acme-audit-callisto"),
        (REGION, "eu-central-1"),
    ]);
    let two = storage(&[(BACKUPS_BUCKET, "acme-backup-callisto"), (REGION, "eu-west-1")]);
    let folders = storage(&[
        (BACKUPS_BUCKET, "file:///srv/callisto/backups/"),
        (AUDIT_LOGS_BUCKET, "file:///srv/callisto/audit%20logs"),
    ]);
    let folder = storage(&[(BACKUPS_BUCKET, "file:///srv/callisto/backups")]);
    let mixed = storage(&[
        (BACKUPS_BUCKET, "file:///srv/callisto/backups"),
        (AUDIT_LOGS_BUCKET, "acme-audit-callisto"),
    ]);
    let text = [
        lines(SponsorSetup { set: &all, ..doppler }, Some(80)).join("\n"),
        lines(SponsorSetup { set: &two, ..file }, Some(80)).join("\n"),
        lines(doppler, None).join("\n"),
        lines(file, Some(120)).join("\n"),
        lines(doppler, Some(80)).join("\n"),
        lines(SponsorSetup { set: &folders, ..file }, Some(80)).join("\n"),
        lines(SponsorSetup { set: &folder, ..doppler }, Some(80)).join("\n"),
        lines(SponsorSetup { set: &mixed, ..file }, Some(80)).join("\n"),
        next_step(doppler),
        next_step(file),
    ];
    crate::reviewed::text("disabled", &text.join("\n\n"));
}

#[test]
fn the_frame_is_square() {
    let lines = lines(set_up(SecretsPlace::File("secrets.yaml")), Some(104));
    let widths: Vec<usize> = lines.iter().map(|line| line.chars().count()).collect();
    assert!(widths.iter().all(|width| *width == 104), "{}", lines.join("\n"));
}
