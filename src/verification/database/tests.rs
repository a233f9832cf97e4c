use super::*;

/// A locale of ICU.
pub(in crate::verification) fn locale(own: &str) -> Locale {
    Locale {
        encoding: "UTF8".to_owned(),
        provider: Some(Provider::Icu),
        collate: "C".to_owned(),
        ctype: "C".to_owned(),
        locale: Some(own.to_owned()),
        icu_rules: None,
        collation_version: Some("153".to_owned()),
    }
}

pub(in crate::verification) fn database(locale: Locale, settings: &[(&str, &str)]) -> Database {
    let setting = |(name, value): &(&str, &str)| Setting::new(None, (*name).to_owned(), (*value).to_owned());
    Database {
        locale,
        settings: Settings::new(settings.iter().map(setting).collect(), None),
        has_generated_values: false,
        left_to_extensions: Vec::new(),
    }
}

#[test]
fn a_database_like_the_one_that_was_dumped_differs_in_nothing() {
    let was = database(locale("tr-TR"), &[("search_path", "app, public"), ("app.key", "secret")]);
    let told = document(&was.locale, &was.settings);
    assert_eq!(contradictions(&told, Some(&was.settings)), Vec::<String>::new());
    assert_eq!(
        DatabaseDifferences::new(&told, Some(&was.settings), &was, "db"),
        DatabaseDifferences::default()
    );
}

#[test]
fn each_difference_is_named_and_no_secret_is_shown() {
    let was = database(locale("tr-TR"), &[("search_path", "app, public"), ("app.key", "secret")]);
    let told = document(&was.locale, &was.settings);
    let is = database(locale("en-US"), &[("app.key", "other"), ("work_mem", "1MB")]);
    let found = DatabaseDifferences::new(&told, Some(&was.settings), &is, "db");
    assert_eq!(found.locales.unwrap(), "the database locale is icu en-US, expected icu tr-TR");
    assert_eq!(
        found.differing,
        [
            "the setting search_path is not set: ALTER DATABASE \"db\" SET \"search_path\" TO E'app', E'public';",
            "the setting app.key has a different value: the role cannot set it, or the database existed before. The backup's value is in the first lines of the dump",
            "the setting work_mem is set here but not in the backup: ALTER DATABASE \"db\" RESET \"work_mem\";",
        ]
    );
    let forged = contradictions(&told, Some(&is.settings));
    assert_eq!(forged, ["database settings differ from the manifest: app.key, search_path, work_mem"]);
    assert_eq!(contradictions(&told, None), ["the first lines of the dump are not valid database settings"]);
}
