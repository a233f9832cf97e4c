use std::collections::BTreeMap;

use super::*;
use crate::secrets::Secret;

fn doppler() -> Place {
    Place::Doppler { project: "hht-diary-callisto".to_owned(), config: "production".to_owned() }
}

fn disabled(place: &Place, value: Option<&str>) -> Option<Disabled> {
    let raw = value.map(|value| (FLAG.to_owned(), Secret::from(value)));
    Disabled::of(place, &raw.into_iter().collect())
}

#[test]
fn only_the_exact_true_enables() {
    assert!(disabled(&doppler(), Some("true")).is_none());
    for (value, reason) in [
        (None, "ENABLE_S3_BACKUP_ARCHIVAL does not exist"),
        (Some(""), "ENABLE_S3_BACKUP_ARCHIVAL is empty"),
        (Some("false"), "ENABLE_S3_BACKUP_ARCHIVAL is `false`, not `true`"),
        (Some("TRUE"), "is `TRUE`, not `true`"),
        (Some("true "), "is `true `, not `true`"),
        (Some("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), "is a text of 40 characters, not `true`"),
    ] {
        let disabled = disabled(&doppler(), value).unwrap().to_string();
        assert!(disabled.contains(reason), "{disabled}");
    }
}

#[test]
fn what_is_set_up_is_known_and_a_misplaced_secret_is_not_shown() {
    let values = [
        (BACKUPS_BUCKET, " acme-backup-callisto "),
        (AUDIT_LOGS_BUCKET, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        (REGION, ""),
    ];
    let raw = values.map(|(name, value)| (name.to_owned(), Secret::from(value)));
    let disabled = Disabled::of(&doppler(), &raw.into_iter().collect()).unwrap();
    let backups = StoreName::parse("acme-backup-callisto").ok();
    assert_eq!(disabled.set(), &StorageSecrets { backups, ..StorageSecrets::default() });
}

#[test]
fn the_next_step_fits_the_place_of_the_flag() {
    let file = |lines: &[(&str, u64)]| {
        let lines: BTreeMap<String, u64> =
            lines.iter().map(|(name, line)| ((*name).to_owned(), *line)).collect();
        Place::File { path: "secrets.yaml".to_owned(), sponsor: "io".to_owned(), lines }
    };
    for (place, value, step) in [
        (file(&[(FLAG, 6)]), Some("yes"), "In secrets.yaml, line 6, write `true`."),
        (file(&[]), None, "Add `ENABLE_S3_BACKUP_ARCHIVAL: true` to secrets.yaml below `io:`."),
        (
            doppler(),
            None,
            "Run `doppler secrets set ENABLE_S3_BACKUP_ARCHIVAL=true --project hht-diary-callisto --config production`.",
        ),
    ] {
        assert_eq!(disabled(&place, value).unwrap().next_step(), step);
    }
}
