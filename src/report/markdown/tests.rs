use proptest::prelude::*;

use super::*;

#[test]
fn marks_links_and_mentions_are_text() {
    for (foreign, shown) in [
        ("a|b", "a\\|b"),
        ("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)>"),
        ("<!-- the rest", "&lt;!-- the rest"),
        ("[x](https://evil.example)", "\\[x\\](https:\u{200b}//evil.example)"),
        ("see WWW.evil.example", "see WWW\u{200b}.evil.example"),
        ("mailto:a@b.example", "mailto:a@\u{200b}b.example"),
        ("@octocat", "@\u{200b}octocat"),
        ("# a\r\n- b", "\\# a  - b"),
        ("- a", "\\- a"),
        ("db.example.org:5432/app", "db.example.org:5432/app"),
        ("\u{1b}[31mred", "\\[31mred"),
    ] {
        assert_eq!(cell(foreign), shown);
    }
    assert_eq!(code("a`b|c\nd"), "``a`b\\|c d``");
    assert_eq!(code("`"), "`` ` ``");
    assert_eq!(spans("a flag is `no|x`, not `<b>`: <b>"), "a flag is `no\\|x`, not `<b>`: &lt;b>");
    assert_eq!(spans("it's `` or a ` [x](y)"), "it's \\`\\` or a \\` \\[x\\](y)");
}

/// A name of a table may hold any of them. They would color, hide or turn what a reader sees.
#[test]
fn nothing_that_a_terminal_obeys_is_left() {
    let foreign = "visits\u{1b}[2J\u{202e}lld\u{2066}\u{7}\u{9b}\r\u{2028}x";
    for shown in [
        cell(foreign),
        code(foreign),
        link(foreign, "http://x"),
        block(foreign),
        spans(foreign),
        sentence(foreign),
    ] {
        assert!(!shown.chars().any(|character| character != '\n' && is_obeyed(character)), "{shown:?}");
        assert!(shown.contains("visits"), "{shown:?}");
    }
}

proptest! {
    #[test]
    fn a_cell_is_one_line_without_a_way_out(text in "(\\PC|[|`<@\\[\\]\n\r\t\\\\]){0,60}") {
        let safe = cell(&text);
        prop_assert!(!safe.contains(['\n', '\r', '<']));
        let mut before = ' ';
        for character in safe.chars() {
            let escaped = before == '\\';
            prop_assert!(escaped || !"|`[]*".contains(character), "{safe}");
            before = if escaped && character == '\\' { ' ' } else { character };
        }
        prop_assert!(!safe.contains("://"));
    }

    #[test]
    fn code_ends_where_it_should(text in "(\\PC|[|`\n\r]){1,60}") {
        let shown = code(&text);
        let fence: String = shown.chars().take_while(|character| *character == '`').collect();
        let inside = &shown[fence.len()..shown.len() - fence.len()];
        prop_assert!(!shown.contains(['\n', '\r']) && !inside.contains(&fence));
        prop_assert!(!inside.replace("\\|", "").contains('|'));
    }

    #[test]
    fn a_block_ends_where_it_should(text in "(\\PC|[`\n~]){0,80}") {
        let shown = block(&text);
        let fence: String = shown.chars().take_while(|character| *character == '`').collect();
        let lines: Vec<&str> = shown.split('\n').collect();
        prop_assert!(lines[1..lines.len() - 1].iter().all(|line| !line.contains(&fence)));
    }
}
