use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn a_moment_is_a_time_a_day_or_a_time_ago() {
    let now = at("2026-11-30T12:00:00Z");
    for (text, begin, end) in [
        ("20261120-013000", "2026-11-20T01:30:00Z", "2026-11-20T01:30:00Z"),
        ("2026-11-20T01:30:00+01:00", "2026-11-20T00:30:00Z", "2026-11-20T00:30:00Z"),
        ("2026-11-20", "2026-11-20T00:00:00Z", "2026-11-20T23:59:59.999999999Z"),
        ("30d", "2026-10-31T12:00:00Z", "2026-10-31T12:00:00Z"),
        ("1w12h", "2026-11-23T00:00:00Z", "2026-11-23T00:00:00Z"),
    ] {
        let moment = Moment::from_input(text).unwrap();
        assert_eq!((moment.begin(now), moment.end(now)), (at(begin), at(end)), "{text}");
    }
    for wrong in ["", "soon", "2026-11", "2026-02-30", "-3d", "20261120", "20261120-01300"] {
        assert_eq!(Moment::from_input(wrong), None, "{wrong}");
    }
}

#[test]
fn the_ends_of_time_do_not_overflow() {
    let first = Moment::from_input("9999-12-31").unwrap();
    assert!(first.end(at("2026-11-30T12:00:00Z")) > at("9999-12-30T00:00:00Z"));
    let ago = Moment::Ago(Duration::MAX);
    assert_eq!(ago.begin(at("2026-11-30T12:00:00Z")), Timestamp::MIN);
}
