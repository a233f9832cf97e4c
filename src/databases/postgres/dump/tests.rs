use super::{LockWait, *};

#[tokio::test]
async fn of_very_many_words_the_last_whole_lines_are_kept() {
    let say = |script: &str| {
        let mut command = tokio::process::Command::new("/bin/sh");
        command.args(["-c", script]).stderr(Stdio::piped()).spawn().unwrap().stderr.take().unwrap()
    };
    let never = std::future::pending;
    let said = words(say("echo 'a secret' >&2"), never()).await;
    assert_eq!((said.last_words(), said.is_cut), ("a secret\n", false));
    let flood = "i=0; while [ $i -lt 2000 ]; do echo 'a secret' >&2; i=$((i + 1)); done";
    let said = words(say(flood), never()).await;
    let last = said.last_words();
    assert!(!said.is_cut && said.text.len() == 2000 * 9 && last.len() > LAST_WORDS / 2, "{last}");
    assert!(last.lines().all(|line| line == "a secret"), "{last}");
    let said = words(say("head -c 2000000 /dev/zero | tr '\\0' x >&2"), never()).await;
    assert!(said.is_cut && said.text.is_empty());
}

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
        assert_eq!(serde_json::from_str::<LockWait>(answer).unwrap().to_string(), expected);
    }
}
