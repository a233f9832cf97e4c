use super::*;

#[test]
fn a_typo_is_recognized_and_another_word_is_not() {
    let known = ["name", "enabled", "region", "may_share_with"];
    for (typed, expected) in [
        ("enabeld", Some("enabled")),
        ("enbled", Some("enabled")),
        ("enabledd", Some("enabled")),
        ("Enabled", Some("enabled")),
        ("regoin", Some("region")),
        ("rgion", Some("region")),
        ("may-share-with", Some("may_share_with")),
        ("may_shar_wiht", Some("may_share_with")),
        ("disabled", None),
        ("enabled_at", None),
        ("nmae", Some("name")),
        ("node", None),
        ("reason", None),
        ("repo", None),
        ("tag", None),
        ("portal", None),
        ("mobile_module", None),
    ] {
        assert_eq!(suggest(typed, known), expected, "{typed}");
    }
}
