use serde_json::{Value, json};

use super::*;

fn until(tags: &Value) -> Result<Option<String>, UnknownRetention> {
    let written = "2026-11-20T01:30:00Z".parse().unwrap();
    let document = json!({"key": "k", "tags": tags}).to_string();
    Ok(retained_until(document.as_bytes(), written)?.map(|until| until.to_string()))
}

fn of(value: &str) -> Result<Option<String>, UnknownRetention> {
    until(&json!([{"name": "sponsor", "value": "callisto"}, {"name": "retention-years", "value": value}]))
}

#[test]
fn a_number_of_years_is_read_and_too_many_are_for_ever() {
    assert_eq!(of("7"), Ok(Some("2033-11-20T01:30:00Z".to_owned())));
    assert_eq!(of("025"), Ok(Some("2051-11-20T01:30:00Z".to_owned())));
    let for_ever = Ok(Some(Timestamp::MAX.to_string()));
    for years in ["9999", "19000", "19999", "65535", "65536", "99999", "99999999999999999999999"] {
        assert_eq!(of(years), for_ever, "{years}");
    }
}

#[test]
fn what_cannot_be_read_is_not_no_retention() {
    for years in ["", " 25", "25 ", "25.0", "1e3", "-1", "+7", "0", "000", "seven", "\u{0667}"] {
        assert_eq!(of(years), Err(UnknownRetention), "{years}");
    }
    for tags in [
        json!([{"name": "retention-years", "value": 25}]),
        json!([{"name": "retention-years"}]),
        json!({"retention-years": "25"}),
        json!("retention-years=25"),
        json!([{"name": "retention-years", "value": "7"}, {"name": "retention-years", "value": "x"}]),
    ] {
        assert_eq!(until(&tags), Err(UnknownRetention), "{tags}");
    }
}

#[test]
fn a_backup_without_the_tag_has_no_retention_of_its_own() {
    for tags in [json!([]), json!(null), json!([{"name": "retention-days", "value": "30"}])] {
        assert_eq!(until(&tags), Ok(None), "{tags}");
    }
    assert_eq!(retained_until(b"{}", Timestamp::UNIX_EPOCH), Ok(None));
}

#[test]
fn the_longest_of_two_tags_counts() {
    let tags = json!([{"name": "retention-years", "value": "25"}, {"name": "retention-years", "value": "7"}]);
    assert_eq!(until(&tags), Ok(Some("2051-11-20T01:30:00Z".to_owned())));
}
