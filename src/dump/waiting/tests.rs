use super::Wait;

#[test]
fn a_wait_names_the_table_and_the_session_that_holds_its_lock() {
    for (answer, expected) in [
        (r#"{"relation":"s.t","blocked_by":7}"#, "waiting for a lock on s.t (held by pid 7)"),
        (
            r#"{"relation":"s.t","blocked_by":0}"#,
            "waiting for a lock on s.t (held by a prepared transaction)",
        ),
        (r#"{"relation":"s.t","blocked_by":null}"#, "waiting for a lock on s.t"),
    ] {
        assert_eq!(serde_json::from_str::<Wait>(answer).unwrap().to_string(), expected);
    }
}
