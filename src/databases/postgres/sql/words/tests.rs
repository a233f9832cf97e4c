use super::*;

fn told(words: impl IntoIterator<Item = Word>) -> String {
    let told = words.into_iter().map(|word| match word {
        Word::Sign(sign) => sign.to_string(),
        Word::Plain(name) => name,
        Word::Quoted(name) => format!("<{name}>"),
        Word::Text => "text".to_owned(),
    });
    told.collect::<Vec<_>>().join(" ")
}

#[test]
fn only_the_top_level_is_reported() {
    let words = top_level(
        "CREATE POLICY \"a \"\"b\"\"\" ON x.t TO app, \"Ops\" USING ((a = 'TO it''s') OR f($$ TO $$));",
    );
    assert_eq!(told(words), "CREATE POLICY <a \"b\"> ON x . t TO app , <Ops> USING ;");
}

#[test]
fn texts_and_comments_hide_what_is_in_them() {
    for (statement, expected) in [
        ("a E'b\\' c' d", "a text d"),
        ("a e'\\\\' d", "a text d"),
        ("name'x\\' d", "name text d"),
        ("f('it''s', x$1, $1) $_$ it's $$ $_$ z", "f ( text , x$1 , $ 1 ) text z"),
        ("a -- it's\nb /* it's /* \" */ $$ */ c", "a b c"),
        ("a - b / c * d", "a - b / c * d"),
    ] {
        assert_eq!(told(Words::of(statement)), expected, "{statement}");
    }
}

#[test]
fn a_text_that_never_ends_ends() {
    for text in ["'a", "\"a", "$x$ a", "$", "(((", "é$1", "E'\\", "/* /* */", "--", "e'a\\'"] {
        assert!(top_level(text).len() <= 3 && Words::of(text).count() <= 3, "{text}");
    }
}

#[test]
fn quotes_in_a_name_are_doubled() {
    assert_eq!(quoted("a \"b\"; c"), "\"a \"\"b\"\"; c\"");
}
