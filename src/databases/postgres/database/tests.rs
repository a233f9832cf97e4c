use super::*;

#[test]
fn an_answer_is_read_and_another_text_is_refused() {
    let json = r#"{"encoding":"UTF8","provider":"icu","collate":"C","ctype":"C","locale":"tr-TR","icu_rules":null,
            "collation_version":"153","comment":null,"has_generated_values":true,"left_to_extensions":[],"settings":[[null,"app.key","a=b"]]}"#;
    let hex: String = json.bytes().map(|byte| format!("{byte:02x}")).collect();
    let database = parse(&hex).unwrap();
    assert_eq!((database.locale.words().as_str(), database.settings.all.len()), ("icu tr-TR", 1));
    assert_eq!(database.settings.all[0].name, "app.key");
    assert!(parse(&hex[1..]).is_none() && parse("").is_none() && parse("é").is_none());
}

fn locale(provider: Option<Provider>, own: Option<&str>, libc: &str) -> Locale {
    Locale {
        encoding: "UTF8".to_owned(),
        provider,
        collate: libc.to_owned(),
        ctype: libc.to_owned(),
        locale: own.map(str::to_owned),
        icu_rules: None,
        collation_version: None,
    }
}

#[test]
fn the_locale_of_the_backup_is_tried_first() {
    let turkish = locale(Some(Provider::Icu), Some("tr-TR"), "de_DE.UTF-8");
    assert_eq!(
        turkish.options(15),
        [
            " LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR' LC_COLLATE 'de_DE.UTF-8' LC_CTYPE 'de_DE.UTF-8'",
            " LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR' LC_COLLATE 'C' LC_CTYPE 'C'",
        ]
    );
    let old = locale(None, None, "it's");
    assert_eq!(old.options(14)[0], " LC_COLLATE 'it''s' LC_CTYPE 'it''s'");
    assert!(old.options(15)[0].starts_with(" LOCALE_PROVIDER libc LC_COLLATE"));
    let builtin = locale(Some(Provider::Builtin), Some("C.UTF-8"), "C");
    assert!(builtin.options(17)[0].starts_with(" LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LC_"));
}

#[test]
fn spellings_of_one_locale_sort_alike() {
    let english = locale(Some(Provider::Libc), None, "en_US.UTF-8");
    assert!(english.sorts_like(&locale(None, None, "en_US.utf8")));
    assert!(!english.sorts_like(&locale(None, None, "C.UTF-8")));
    let turkish = locale(Some(Provider::Icu), Some("tr-TR"), "C.UTF-8");
    assert!(turkish.sorts_like(&locale(Some(Provider::Icu), Some("tr_TR"), "C")));
    assert!(!turkish.sorts_like(&english));
    assert_eq!(turkish.words(), "icu tr-TR");
    assert_eq!(english.words(), "libc en_US.UTF-8");
}
