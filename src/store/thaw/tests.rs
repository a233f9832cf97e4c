use super::*;
use crate::store::ObjectInfo;
use crate::store::StoreError;

fn examined(class: &str, tier: Option<&str>, header: Option<&str>) -> ObjectInfo {
    ObjectInfo {
        bytes: 1,
        mark: String::new(),
        storage_class: Some(class.to_owned()),
        archive_tier: tier.map(str::to_owned),
        crc64: None,
        write_id: None,
        restored: ThawState::parse(header),
        lock: None,
        legal_hold: None,
        replication: None,
        version: None,
    }
}

fn readable(class: &str, header: Option<&str>) -> Result<(), StoreError> {
    examined(class, None, header).readable("s3://b/k")
}

#[test]
fn a_tier_of_intelligent_tiering_is_frozen_until_s3_names_none() {
    let class = "INTELLIGENT_TIERING";
    for (header, thaw) in [(None, Thaw::NotRequested), (Some(r#"ongoing-request="true""#), Thaw::Ongoing)] {
        let frozen = examined(class, Some("DEEP_ARCHIVE_ACCESS"), header);
        let error = frozen.readable("s3://b/k").unwrap_err();
        assert!(matches!(error, StoreError::Frozen { thaw: told, .. } if told == thaw));
        assert!(error.to_string().contains("in storage class DEEP_ARCHIVE_ACCESS"), "{error}");
        assert_eq!(frozen.thaw_days(7), None);
    }
    assert_eq!(examined("GLACIER", None, None).thaw_days(7), Some(7));
    assert!(readable(class, None).is_ok());
}

#[test]
fn the_header_is_read_as_s3_writes_it() {
    let ended = r#"ongoing-request="false", expiry-date="Fri, 21 Dec 2012 00:00:00 GMT""#;
    let until = "2012-12-21T00:00:00Z".parse().unwrap();
    assert_eq!(ThawState::parse(Some(ended)), ThawState::Until(until));
    assert_eq!(ThawState::parse(Some(r#"ongoing-request="true""#)), ThawState::Ongoing);
    assert_eq!(ThawState::parse(Some(r#"ongoing-request="false""#)), ThawState::No);
    assert_eq!(ThawState::parse(None), ThawState::No);
}

#[test]
fn what_is_frozen_can_be_read_only_once_it_is_thawed() {
    let ended = Some(r#"ongoing-request="false", expiry-date="Fri, 21 Dec 2012 00:00:00 GMT""#);
    for class in ["STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR"] {
        assert!(readable(class, None).is_ok(), "{class}");
    }
    for class in ["GLACIER", "DEEP_ARCHIVE"] {
        assert!(readable(class, ended).is_ok(), "{class}");
        let asked = readable(class, Some(r#"ongoing-request="true""#)).unwrap_err();
        assert!(matches!(asked, StoreError::Frozen { thaw: Thaw::Ongoing, .. }), "{asked}");
    }
    let error = readable("GLACIER", None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "s3://b/k is in storage class GLACIER and must be thawed before it can be read, which takes 3 to 5 hours"
    );
    let error = readable("DEEP_ARCHIVE", Some(r#"ongoing-request="true""#)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "s3://b/k is in storage class DEEP_ARCHIVE and is being thawed, which takes up to 12 hours, or 48 with bulk retrieval"
    );
}
