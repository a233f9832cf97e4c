use super::*;

#[test]
fn no_approval_and_an_unknown_one_are_never_the_same() {
    let unapproved = serde_json::to_value(approvals(Vec::new())).unwrap();
    assert_eq!(
        unapproved,
        serde_json::json!({"status": "read", "reason": null, "entries": [], "omitted": 0})
    );
    for answer in [Answer::<Approval>::not_asked("x"), Answer::unavailable("x")] {
        let answer = serde_json::to_value(answer).unwrap();
        assert!(answer["entries"].is_null() && answer["omitted"].is_null() && answer["reason"] == "x");
    }
}

#[test]
fn long_text_is_cut_between_characters_and_entries_are_counted() {
    assert_eq!(shortened("日本語", 2), "日本…");
    assert_eq!(shortened("日本", 2), "日本");
    let many: Vec<u8> = vec![0; 25];
    let answer = Answer::read(many, PULL_REQUESTS);
    assert_eq!((answer.entries.unwrap().len(), answer.omitted), (20, Some(5)));
}

#[test]
fn an_approval_of_an_unknown_state_is_an_error() {
    let read = |state: &str| {
        let text = format!(r#"[{{"user": null, "state": "{state}", "comment": "", "environments": []}}]"#);
        serde_json::from_str::<Vec<RawApproval>>(&text)
    };
    assert!(read("approved").is_ok() && read("waved through").is_err());
}
