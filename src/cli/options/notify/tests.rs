use super::*;

#[test]
fn a_check_of_a_sponsor_is_named_after_it() {
    assert_eq!(sponsor_of("PING_URL_TITAN_2").as_deref(), Some("TITAN_2"));
    for other in ["PING_URL", "PING_URL_", "PING_URLS", "SPING_URL_X"] {
        assert_eq!(sponsor_of(other), None, "{other}");
    }
}
