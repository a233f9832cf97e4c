use super::*;

#[test]
fn what_differs_comes_first_and_foreign_words_are_text() {
    let row =
        |name, equal| ComparedTable { schema: "s", name, rows_expected: Some(1), rows_found: None, equal };
    let mut text = String::new();
    tables(&mut text, vec![row("a", true), row("b|<b>\n[x](y)", false)]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[3], "| s.b\\|&lt;b> \\[x\\](y) | 1 | – | ❌ not equal |");
    assert_eq!(lines[4], "| s.a | 1 | – | ✅ equal |");
}
