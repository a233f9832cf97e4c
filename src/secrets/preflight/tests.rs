use super::{flag, rate_limit};
use crate::finding::Level;
use crate::secrets::{Disabled, Place, RawSecrets, Secret};

fn of_flag(value: Option<&str>) -> Level {
    let place = Place::Doppler { project: "p".to_owned(), config: "c".to_owned() };
    let raw: RawSecrets = value
        .map(|value| ("ENABLE_S3_BACKUP_ARCHIVAL".to_owned(), Secret::from(value)))
        .into_iter()
        .collect();
    flag(Disabled::of(&place, &raw).as_ref()).level
}

/// Absent, empty and `false` are deliberate. Any other value was meant to be `true`.
#[test]
fn only_a_wrong_value_of_the_flag_is_an_obstacle() {
    assert_eq!(of_flag(Some("true")), Level::Ok);
    for deliberate in [None, Some(""), Some("false")] {
        assert_eq!(of_flag(deliberate), Level::Warn, "{deliberate:?}");
    }
    for wrong in ["True", "TRUE", "1", "yes", " true", "FALSE", "a-long-secret-in-the-wrong-row"] {
        assert_eq!(of_flag(Some(wrong)), Level::Fail, "{wrong}");
    }
}

#[test]
fn the_rate_limit_covers_one_request_per_sponsor_and_manifest() {
    assert_eq!(rate_limit(119, Some(120)).level, Level::Ok);
    assert_eq!(rate_limit(120, Some(120)).level, Level::Warn);
    assert!(rate_limit(1, None).what.starts_with("unknown: "));
}
