use super::*;
use proptest::prelude::{prop_assert, proptest};

fn until(written: &str, years: u16) -> String {
    retain_until(written.parse().unwrap(), years).unwrap().to_string()
}

#[test]
fn seven_years_are_seven_calendar_years() {
    assert_eq!(until("2026-11-20T12:00:00Z", 7), "2033-11-20T12:00:00Z");
    assert_eq!(until("2024-02-29T23:59:59Z", 7), "2031-03-01T23:59:59Z");
    assert_eq!(until("2024-02-29T00:00:00Z", 8), "2032-02-29T00:00:00Z");
}

proptest! {
    #[test]
    fn it_is_never_short_and_never_more_than_a_day_long(seconds in 0_i64..4_000_000_000, years in 1_u16..100) {
        let written = Timestamp::from_second(seconds).unwrap();
        let until = retain_until(written, years).unwrap();
        let (from, to) = (written.to_zoned(TimeZone::UTC), until.to_zoned(TimeZone::UTC));
        let key = |at: &jiff::Zoned| (at.month(), at.day(), at.time());
        prop_assert!(to.year() - from.year() == i16::try_from(years).unwrap());
        prop_assert!(key(&to) >= key(&from), "{from} to {to}");
        prop_assert!(to.date().day() == from.date().day() || (to.month(), to.day()) == (3, 1));
    }
}
