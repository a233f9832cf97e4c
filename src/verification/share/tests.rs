use super::*;

#[test]
fn shares_are_read_and_written() {
    for (text, shown) in [
        ("20%", "20%"),
        ("0%", "0%"),
        ("100%", "100%"),
        ("2.5%", "2.5%"),
        ("2.50%", "2.5%"),
        ("0.05%", "0.05%"),
    ] {
        assert_eq!(Share::parse(text).unwrap().to_string(), shown);
    }
    for text in [
        "",
        "%",
        "20",
        "20 %",
        "-1%",
        "+1%",
        "100.01%",
        "101%",
        "1.234%",
        "1.%",
        ".5%",
        "1,5%",
        "99999999999%",
    ] {
        assert_eq!(Share::parse(text), None, "{text}");
    }
}

#[test]
fn a_share_is_exceeded_by_more_than_it() {
    let fifth = Share::parse("20%").unwrap();
    assert!(!fifth.is_exceeded_by(20, 100) && fifth.is_exceeded_by(21, 100));
    assert!(!fifth.is_exceeded_by(0, 0) && fifth.is_exceeded_by(1, 0));
    assert!(fifth.is_exceeded_by(u64::MAX, u64::MAX));
    assert!(!Share::parse("100%").unwrap().is_exceeded_by(u64::MAX, u64::MAX));
}

#[test]
fn percentages_never_round_to_nothing_or_everything() {
    for (before, after, shown) in [
        (100, 70, Some("-30%")),
        (40, 41, Some("+2.5%")),
        (3, 2, Some("-33.3%")),
        (10_000_000, 1, Some("-99.9%")),
        (10_000_000, 9_999_999, Some("-0.1%")),
        (5, 0, Some("-100%")),
        (1, u64::MAX, Some("+1844674407370955161400%")),
        (7, 7, None),
        (0, 5, None),
    ] {
        assert_eq!(percent(before, after).as_deref(), shown, "{before} → {after}");
    }
}
