use super::*;

fn told(statement: &str) -> String {
    let part = |(kind, range): (SpanKind, Range<usize>)| match kind {
        SpanKind::Code => statement[range].to_owned(),
        SpanKind::String => format!("<1:{}>", &statement[range]),
        SpanKind::Name => format!("<2:{}>", &statement[range]),
        SpanKind::Dollars => format!("<3:{}>", &statement[range]),
        SpanKind::Comment => format!("<4:{}>", &statement[range]),
    };
    spans(statement.as_bytes()).into_iter().map(part).collect()
}

#[test]
fn code_is_distinguished_from_what_is_quoted() {
    for (statement, expected) in [
        ("SELECT a;", "SELECT a;"),
        ("'it''s \\' || b", "<1:'it''s \\'> || b"),
        ("E'a\\'b', e'\\\\' || name'x\\'", "E<1:'a\\'b'>, e<1:'\\\\'> || name<1:'x\\'>"),
        ("t.\"a 'b'\"\"c\" = ''", "t.<2:\"a 'b'\"\"c\"> = <1:''>"),
        ("'a'\"b\"$$c$$'d'", "<1:'a'><2:\"b\"><3:$$c$$><1:'d'>"),
        ("AS $_$ it's $$ $1 $_$;", "AS <3:$_$ it's $$ $1 $_$>;"),
        ("a$b$ || $1 || $2 || $$$$", "a$b$ || $1 || $2 || <3:$$$$>"),
        ("x 'never", "x <1:'never>"),
        ("$a$ never", "<3:$a$ never>"),
        ("$a never", "$a never"),
    ] {
        assert_eq!(told(statement), expected);
    }
}

/// A name can contain a dollar sign, and every character beyond ASCII.
#[test]
fn a_prefix_or_a_tag_is_not_the_end_of_a_name() {
    for (statement, expected) in [
        ("a$$ 'b$$'", "a$$ <1:'b$$'>"),
        ("a$e'x\\'", "a$e<1:'x\\'>"),
        ("ée'x\\'", "ée<1:'x\\'>"),
        ("é$a$ b", "é$a$ b"),
        ("$é$ 'b' $é$", "<3:$é$ 'b' $é$>"),
        ("\"x\"e'\\''", "<2:\"x\">e<1:'\\''>"),
        ("$e'\\''", "$e<1:'\\''>"),
        ("1e'x\\'", "1e<1:'x\\'>"),
    ] {
        assert_eq!(told(statement), expected);
    }
}

#[test]
fn comments_nest_and_hide_quotes() {
    for (statement, expected) in [
        ("a -- it's\nb 'c'", "a <4:-- it's\n>b <1:'c'>"),
        ("a/* /* ' */ \" */b - c / d", "a<4:/* /* ' */ \" */>b - c / d"),
        ("'--' \"/*\" $$--$$ -", "<1:'--'> <2:\"/*\"> <3:$$--$$> -"),
        ("a /* b", "a <4:/* b>"),
    ] {
        assert_eq!(told(statement), expected);
    }
}

#[test]
fn any_text_is_divided_without_gaps() {
    proptest::proptest!(|(text in "['\"$aeE1\\\\ x*/é\n-]{0,40}")| {
        let mut end = 0;
        for (_, range) in spans(text.as_bytes()) {
            proptest::prop_assert!(range.start == end && !range.is_empty());
            proptest::prop_assert!(text.is_char_boundary(range.end));
            end = range.end;
        }
        proptest::prop_assert_eq!(end, text.len());
    });
}
