use super::*;

#[test]
fn a_duration_is_read_as_people_type_it() {
    let hours = |hours: u64| Some(Duration::from_secs(hours * 3600));
    for (text, expected) in [
        ("6h", hours(6)),
        ("1d12h", hours(36)),
        ("1d 12h", hours(36)),
        ("8d", hours(8 * 24)),
        ("2w", hours(14 * 24)),
        ("1w1d1h", hours(8 * 24 + 1)),
        ("90m", Some(Duration::from_secs(5400))),
        ("1m30s", Some(Duration::from_secs(90))),
        ("1.5h", Some(Duration::from_secs(5400))),
        ("500ms", Some(Duration::from_millis(500))),
        ("PT6H", hours(6)),
    ] {
        assert_eq!(Duration::from_input(text), expected, "{text}");
    }
    for wrong in ["", "6", "soon", "-6h", "0s", "1mo", "1y", "6 hectares", "999999999999999999h"] {
        assert_eq!(Duration::from_input(wrong), None, "{wrong}");
    }
}
