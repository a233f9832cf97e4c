use std::path::Path;

use proptest::prelude::{any, prop_assert_eq, proptest};

use super::*;
use crate::manifest as sponsors;
use crate::secrets::file::SecretsFile;

/// A URL of these folders. What is read back, a URL made from any text included.
fn read_back(name: &str, database: &str) -> [String; 4] {
    let [backups, records] =
        ["/srv/a #1/b%20ü", "/srv/it's: {x}"].map(|path| StoreName::folder(Path::new(path)).unwrap());
    let text = secrets(name, &Secret::from(database), [&backups, &records]);
    let read = SecretsFile::parse(SECRETS, &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let read = read.fetch(name).unwrap();
    assert_eq!(read.len(), 4, "{text}");
    [DATABASE_URL, BACKUPS_BUCKET, AUDIT_LOGS_BUCKET, FLAG].map(|name| read[name].expose_secret().to_owned())
}

#[test]
fn a_database_url_is_read_back_whatever_is_in_it() {
    for url in [
        "postgresql://app:p#a:s's\"w%23ö\\rd@db:5432/diary?sslmode=require",
        "- x: {y} # z",
        "true",
        "null",
        "a\nb\r\tc\u{0}\u{85}\u{2028}\u{feff}\u{fffe}\u{7f}",
        "",
    ] {
        let read = read_back("callisto", url);
        assert_eq!(read[0], url);
        let paths = [&read[1], &read[2]].map(|url| StoreName::at(url).unwrap().words());
        assert_eq!(paths, ["folder /srv/a #1/b%20ü", "folder /srv/it's: {x}"]);
        assert_eq!(read[3], "true");
    }
}

#[test]
fn a_name_that_yaml_reads_as_something_else_is_quoted() {
    for name in
        ["callisto", "null", "true", "false", "yes", "no", "on", "off", "y", "n", "a-1", "e5", "nan", "x-"]
    {
        let manifest = manifest(name, "NUL");
        let read = sponsors::parse(&manifest).unwrap_or_else(|error| panic!("{error}\n{manifest}"));
        assert_eq!((read.entries[0].name.as_str(), read.entries[0].code.as_str()), (name, "NUL"));
        assert_eq!((read.entries.len(), read.entries[0].enabled), (1, Some(true)));
        read_back(name, "x");
    }
    assert!(manifest("callisto", "CAL").contains("name: callisto\n    code: CAL\n"));
    assert!(manifest("null", "CAL").contains("name: \"null\"\n"));
}

proptest! {
    #[test]
    fn any_text_is_read_back_as_it_was_written(url in any::<String>()) {
        prop_assert_eq!(&read_back("callisto", &url)[0], &url);
    }

    #[test]
    fn any_sponsor_is_read_back_as_it_was_written(name in "[a-z][a-z0-9-]{0,8}", code in "[A-Z]{3}") {
        let read = sponsors::parse(&manifest(&name, &code)).unwrap();
        prop_assert_eq!((&read.entries[0].name, &read.entries[0].code), (&name, &code));
        read_back(&name, "x");
    }
}
