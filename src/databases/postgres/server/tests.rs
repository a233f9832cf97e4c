use super::*;

#[test]
fn the_answer_is_read() {
    let answer = "150018|15.18 (Debian 15.18-0+deb12u1)|7853871|f|UTF8|LATIN1|t|2|escape|off|on|de_DE|UTC|off|[[\"s\", \"a|b\"]]";
    let server = parse(answer).unwrap();
    assert_eq!((server.major, server.database_bytes, server.is_standby), (15, 7_853_871, false));
    assert_eq!(server.to_pin(Money::Plain), ["bytea_output=hex", "lc_monetary=C"]);
    assert_eq!(server.to_pin(Money::AsThere), ["bytea_output=hex"]);
    assert_eq!((server.hidden_mappings, server.reads_mappings), (2, true));
    assert!(server.hidden_sequences.contains(&("s".to_owned(), "a|b".to_owned())));
    let reacts = parse(&answer.replace("|UTC|off|", "|UTC|on|")).unwrap();
    assert!(reacts.to_pin(Money::Plain).contains(&"event_triggers=off".to_owned()));
    assert_eq!(parse("150018|15.18"), None);
    assert_eq!(parse(""), None);
}
