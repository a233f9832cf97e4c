use proptest::prelude::{prop_assert_eq, proptest};

use super::*;

#[test]
fn what_people_type_is_read() {
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
        assert_eq!(parse(text), expected, "{text}");
    }
    for wrong in ["", "6", "soon", "-6h", "0s", "1mo", "1y", "6 hectares", "999999999999999999h"] {
        assert_eq!(parse(wrong), None, "{wrong}");
    }
}

#[test]
fn what_people_read_is_short() {
    let told = [0, 45, 90, 21_600, 129_600, 691_200].map(|seconds| words(Duration::from_secs(seconds)));
    assert_eq!(told, ["0s", "45s", "1m30s", "6h", "1d12h", "8d"]);
}

proptest! {
    #[test]
    fn what_is_written_can_be_read(milliseconds in 1_u64..10_000_000_000) {
        let duration = Duration::from_millis(milliseconds);
        prop_assert_eq!(parse(&words(duration)), Some(duration));
    }
}
