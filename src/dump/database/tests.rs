use super::*;

#[test]
fn an_answer_is_read_and_another_text_is_refused() {
    let json = r#"{"encoding":"UTF8","provider":"icu","collate":"C","ctype":"C","locale":"tr-TR","icu_rules":null,
            "collation_version":"153","comment":null,"has_generated_values":true,"settings":[[null,"app.key","a=b"]]}"#;
    let hex: String = json.bytes().map(|byte| format!("{byte:02x}")).collect();
    let database = parse(&hex).unwrap();
    assert_eq!((database.locale.words().as_str(), database.settings.all.len()), ("icu tr-TR", 1));
    assert_eq!(database.settings.all[0].name, "app.key");
    assert!(parse(&hex[1..]).is_none() && parse("").is_none() && parse("é").is_none());
}
