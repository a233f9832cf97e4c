use super::*;

#[test]
fn an_answer_is_read() {
    let line: String = r#"["s","t","12"]"#.bytes().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(read(&line), Some(("s".to_owned(), "t".to_owned(), Some("12".to_owned()))));
    assert_eq!(read("BEGIN"), None);
}
