use super::*;

#[test]
fn a_session_name_has_sponsor_and_run_in_valid_characters() {
    assert_eq!(session_name("callisto", Some("17342009911")), "callisto-17342009911");
    assert_eq!(session_name("c/ö", None), "c---no-run");
    for (sponsor, run) in [("s".repeat(300), "r".repeat(300)), (String::new(), String::new())] {
        let name = session_name(&sponsor, Some(&run));
        assert!(name.len() <= 64, "{name}");
    }
    // The run stays whole, however long the sponsor's name is.
    assert!(session_name(&"s".repeat(300), Some("17342009911")).ends_with("s-17342009911"));
}
