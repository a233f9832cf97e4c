//! Backups that are missing, hidden, unfinished or not ours.

use super::{BACK_UP, PAGE};
use crate::support::{Moto, OnCall, Play, StrictS3, project_of, squeezed};

pub(super) const NIGHT: Play = Play { page: PAGE, blocks: &[], inline: &["Nothing ran last night"] };
pub(super) const STORE: Play = Play {
    page: PAGE,
    blocks: &[],
    inline: &[
        "A backup disappeared",
        "aws s3api list-object-versions --bucket BUCKET --prefix KEY",
        "Dumps with status `foreign`",
        "`latest` fails, and older backups work",
        "sponsor-backup list",
    ],
};
pub(super) const FLAG: Play = Play {
    page: PAGE,
    blocks: &[],
    inline: &[
        "A sponsor is missing",
        "sponsor-backup matrix --environment production --manifest FILE",
        "Green, but no backup",
    ],
};

#[test]
fn a_night_without_a_backup_is_named_per_sponsor() {
    let store = StrictS3::start();
    let mut on_call = OnCall::at(&store, &NIGHT);
    on_call.with_titan(&store);
    on_call.back_up_then("");
    on_call.also("sponsor-backup backup --environment production --sponsors titan --pre-migration=false");
    let listed = on_call.run_row("Nothing ran last night", "diary", &[(17, "sponsor-backup list")]);
    let errors: Vec<&str> = listed.lines().filter(|line| line.contains(" error: ")).collect();
    assert!(errors.len() == 1 && errors[0].contains("callisto"), "{listed}");
    assert!(listed.contains("old, more than `max-backup-age` (8h)"), "{listed}");
    on_call.end("Nothing ran last night");
}

/// The dump's key of a backup that is taken now.
fn backed_up(on_call: &mut OnCall) -> String {
    let printed = on_call.also(BACK_UP);
    let (_, rest) =
        printed.split_once(&format!("s3://{}/", OnCall::BACKUPS)).unwrap_or_else(|| panic!("{printed}"));
    let end = rest.find(".sql.gz").unwrap_or_else(|| panic!("{printed}"));
    rest[..end + ".sql.gz".len()].to_owned()
}

#[test]
fn what_is_wrong_in_the_bucket_is_named() {
    let moto = Moto::start();
    let mut on_call = OnCall::at(&moto, &STORE);
    on_call.also("aws s3api put-bucket-versioning --bucket hht-diary-backups-callisto-eu-west-1 --versioning-configuration Status=Enabled");
    on_call.also(BACK_UP);
    let gone = backed_up(&mut on_call);
    for end in ["", ".sha256", ".manifest.json"] {
        moto.delete(OnCall::BACKUPS, &format!("{gone}{end}"));
    }
    let checked = on_call.run_row("A backup disappeared", "diary", &[(17, "sponsor-backup history")]);
    assert!(checked.contains(&format!("vanished s3://{}/{gone}", OnCall::BACKUPS)), "{checked}");
    let versions = "aws s3api list-object-versions --bucket BUCKET --prefix KEY";
    let marker = on_call.run_inline_changed(versions, |command| {
        command.replace("BUCKET", OnCall::BACKUPS).replace("KEY", &gone)
    });
    assert!(marker.contains("\"DeleteMarkers\""), "{marker}");

    moto.put(OnCall::BACKUPS, "backups/2026/11/21/backup-prod-20261121-120000.sql.gz", "by another program");
    let listed = on_call.run_row("Dumps with status `foreign`", "diary", &[]);
    assert!(squeezed(&listed).contains("20261121-120000 foreign"), "{listed}");

    // A run that was cut off after the dump: of the three objects, the last one is missing.
    let cut = backed_up(&mut on_call);
    let version = format!(
        "aws s3api delete-object --bucket {} --key {cut}.manifest.json --version-id",
        OnCall::BACKUPS
    );
    on_call.also(&format!(
        "{version} $(aws s3api head-object --bucket {} --key {cut}.manifest.json --query VersionId --output text)",
        OnCall::BACKUPS
    ));
    let latest = "sponsor-backup verify --environment production --sponsors callisto";
    let refused = on_call.type_in(latest);
    assert_eq!(refused.failed[0].0, 17, "{refused:#?}");
    let listed = on_call.run_row("`latest` fails, and older backups work", "diary", &[]);
    let stamp = cut.rsplit("prod-").next().unwrap().trim_end_matches(".sql.gz").to_owned();
    assert!(squeezed(&listed).contains(&format!("{stamp} missing manifest")), "{listed}");
    on_call.also(&format!("{latest} --allow-older"));
    let all = on_call.run_inline("sponsor-backup list", &[]);
    assert!(all.contains(&stamp), "{all}");
    on_call.end("What is wrong in the bucket");
}

#[test]
fn a_sponsor_without_backups_is_found_by_manifest_and_flag() {
    let store = StrictS3::start();
    let mut on_call = OnCall::at(&store, &FLAG);
    let missing = on_call.run_row("A sponsor is missing", "diary", &[]);
    assert!(missing.contains("callisto") && missing.contains("titan"), "{missing}");
    std::fs::write(
        on_call.newcomer.work().join("manifest.yaml"),
        "sponsors:\n  - {name: callisto, code: CAL, enabled: false}\n  - {name: titan, code: TIT, enabled: true}\n",
    )
    .unwrap();
    let matrix = "sponsor-backup matrix --environment production --manifest FILE";
    let missing = on_call.run_inline_changed(matrix, |command| command.replace("FILE", "manifest.yaml"));
    assert!(missing.contains("titan") && !missing.contains("\"callisto\""), "{missing}");
    // The matrix has it, and a workflow lacks its token.
    std::fs::create_dir_all(on_call.newcomer.work().join(".github/workflows")).unwrap();
    let workflow = include_str!("../../../docs/workflows/backup-production.yml").lines();
    let lacking: String = workflow
        .filter(|line| !line.contains("DOPPLER_TOKEN_TITAN"))
        .map(|line| format!("{line}\n"))
        .collect();
    std::fs::write(on_call.newcomer.work().join(".github/workflows/backup.yml"), lacking).unwrap();
    let lacks =
        on_call.type_in("sponsor-backup matrix --environment production --workflows .github/workflows");
    assert!(lacks.printed.contains("without a sponsor's token"), "{lacks:#?}");
    assert!(lacks.printed.contains("does not pass DOPPLER_TOKEN_TITAN"), "{lacks:#?}");

    on_call.doppler.set(&project_of("callisto"), "production", "ENABLE_S3_BACKUP_ARCHIVAL", Some("TRUE"));
    on_call.also(BACK_UP);
    assert!(store.keys_in(OnCall::BACKUPS).is_empty());
    let listed = on_call.run_row("Green, but no backup", "diary", &[]);
    assert!(listed.contains("1 of 1 not enabled, so no backup was looked for"), "{listed}");
    let required = on_call.type_in(&format!("{BACK_UP} --require-backup"));
    assert_eq!(required.failed[0].0, 12, "{required:#?}");
    on_call.end("A sponsor without backups");
}
