use super::*;

fn told(statement: &str) -> String {
    let part = |segment| match segment {
        Segment::Code(text) => String::from_utf8_lossy(text).into_owned(),
        Segment::Quoted(sign, text) => format!("<{sign}:{}>", String::from_utf8_lossy(text)),
    };
    segments(statement.as_bytes()).into_iter().map(part).collect()
}

#[test]
fn code_is_distinguished_from_what_is_quoted() {
    for (statement, expected) in [
        ("SELECT a;", "SELECT a;"),
        ("'it''s \\' || b", "<1:'it''s \\'> || b"),
        ("E'a\\'b', e'\\\\' || name'x\\'", "E<1:'a\\'b'>, e<1:'\\\\'> || name<1:'x\\'>"),
        ("t.\"a 'b'\"\"c\" = ''", "t.<2:\"a 'b'\"\"c\"> = <1:''>"),
        ("AS $_$ it's $$ $1 $_$;", "AS <3:$_$ it's $$ $1 $_$>;"),
        ("a$b$ || $1 || $2 || $$$$", "a$b$ || $1 || $2 || <3:$$$$>"),
        ("x 'never", "x <1:'never>"),
        ("$a$ never", "<3:$a$ never>"),
    ] {
        assert_eq!(told(statement), expected);
        let masked = Masked::of(statement.as_bytes()).unwrap();
        assert_eq!(masked.unmasked(&masked.code), statement.as_bytes());
    }
}

#[test]
fn a_colon_before_a_name_in_code_gets_a_blank() {
    for (statement, expected) in [
        ("CHECK (a[1:\"QUIET\"] = '{}')", "CHECK (a[1: \"QUIET\"] = '{}')"),
        ("a[\"X\":\"PORT\"] || b[1:'2'::int]", "a[\"X\": \"PORT\"] || b[1: '2'::int]"),
        ("a[lo:hi] a[1:E'2'] a[:$$3$$]", "a[lo: hi] a[1: E'2'] a[: $$3$$]"),
        ("a::\"Type\" ':\"x\"' \":'\" $_$ :\"x\" $_$", "a::\"Type\" ':\"x\"' \":'\" $_$ :\"x\" $_$"),
        ("'x'::text :: \"T\" a[1:(2)]", "'x'::text :: \"T\" a[1:(2)]"),
        ("a -- it's\n[1:\"PORT\"] ':\"x\"'", "a -- it's\n[1:\"PORT\"] ':\"x\"'"),
    ] {
        assert_eq!(String::from_utf8_lossy(&without_variables(statement.as_bytes())), expected);
    }
}

#[test]
fn every_text_comes_back_as_it_was() {
    proptest::proptest!(|(text in "['\"$aeE1\\\\ x]{0,40}")| {
        let masked = Masked::of(text.as_bytes()).unwrap();
        proptest::prop_assert_eq!(masked.unmasked(&masked.code), text.as_bytes());
    });
    assert!(Masked::of(b"a\x01b").is_none());
}
