use super::*;

static NOTHING: BTreeMap<&str, String> = BTreeMap::new();

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
    let own = |name, value: &str| (name, value.to_owned());
    let all = BTreeMap::from([
        own(BACKUPS_BUCKET, "acme-backup-callisto"),
        own(AUDIT_LOGS_BUCKET, "acme-audit-callisto"),
        own(REGION, "eu-central-1"),
    ]);
    let two = BTreeMap::from([own(BACKUPS_BUCKET, "acme-backup-callisto"), own(REGION, "eu-west-1")]);
    let text = [
        lines(SponsorSetup { set: &all, ..doppler }, Some(80)).join("\n"),
        lines(SponsorSetup { set: &two, ..file }, Some(80)).join("\n"),
        lines(doppler, None).join("\n"),
        lines(file, Some(120)).join("\n"),
        lines(doppler, Some(80)).join("\n"),
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
