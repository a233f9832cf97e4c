use super::*;

#[test]
fn what_differs_comes_first_and_foreign_words_are_text() {
    let table = |name: &str, is_equal| TablePair {
        schema: "s".to_owned(),
        name: name.to_owned(),
        rows_expected: Some(1),
        rows_found: None,
        is_equal,
        generated_differ: false,
    };
    let mut text = String::new();
    tables(&mut text, &[table("a", true), table("b|<b>\n[x](y)", false)]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[3], "| s.b\\|&lt;b> \\[x\\](y) | 1 | – | ❌ not equal |");
    assert_eq!(lines[4], "| s.a | 1 | – | ✅ equal |");
}
