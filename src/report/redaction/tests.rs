use proptest::prelude::*;

use super::*;

fn knowing(secrets: &[&str]) -> Redaction {
    let mut redaction = Redaction::default();
    secrets.iter().for_each(|secret| redaction.add(secret));
    redaction
}

const ODD: &str = "p@:/?#%&+ '\"\\$`word";

#[test]
fn every_way_to_quote_a_secret_is_known() {
    let redaction = knowing(&[ODD]);
    for quoted in [
        ODD,
        "p%40%3A%2F%3F%23%25%26%2B%20%27%22%5C%24%60word",
        "p%40%3a%2f%3f%23%25%26%2b%20%27%22%5c%24%60word",
        // In a form's body, and as JavaScript has it.
        "p%40%3A%2F%3F%23%25%26%2B+%27%22%5C%24%60word",
        "p%40%3A%2F%3F%23%25%26%2B%20'%22%5C%24%60word",
        // JSON, with and without its slash in quotes.
        "p@:/?#%&+ '\\\"\\\\$`word",
        "p@:\\/?#%&+ '\\\"\\\\$`word",
        // XML and HTML.
        "p@:/?#%&amp;+ &apos;&quot;\\$`word",
        "p@:/?#%&amp;+ &#39;&#34;\\$`word",
        // `export -p`, `set`, `declare -x` and `printf %q` of several shells.
        "p@:/?#%&+ '\\''\"\\$`word",
        "p@:/?#%&+ '\"'\"'\"\\$`word",
        "p@:/?#%&+ '\\\"\\\\\\$\\`word",
        "p@:/\\?\\#%\\&+\\ \\'\\\"\\\\\\$\\`word",
        // A connection string, and SQL.
        "p@:/?#%&+ \\'\"\\\\$`word",
        "p@:/?#%&+ ''\"\\$`word",
    ] {
        let seen = redaction.prose(&format!("PGPASSWORD={quoted};"));
        assert_eq!(seen, "PGPASSWORD=***;", "{quoted}");
    }
}

#[test]
fn the_url_crate_spells_a_password_as_it_is_known() {
    let mut url = url::Url::parse("postgresql://app@db/app").unwrap();
    url.set_password(Some(ODD)).unwrap();
    let seen = knowing(&[ODD]).prose(url.as_str());
    assert_eq!(seen, "postgresql://app:***@db/app");
}

#[test]
fn each_line_of_a_secret_is_one_but_for_tiny_ones() {
    let redaction = knowing(&["{\n  \"key\": \"canary-of-a-line\"\n}\n"]);
    assert_eq!(redaction.prose("it says \"key\": \"canary-of-a-line\" {}"), "it says *** {}");
}

#[test]
fn short_words_stay_as_they_are() {
    let redaction = knowing(&["true", "app", "eu-west", ""]);
    let text = "enabled: true, database app in eu-west-1";
    assert_eq!(redaction.prose(text), text);
}

#[test]
fn of_foreign_words_even_the_shortest_secret_is_taken_out() {
    use crate::secrets::http::foreign;
    let redaction = knowing(&["hunter7", "app", "p/w", "}"]);
    let text = |words: &str| format!("app said {}, app", foreign(words));
    for (words, expected) in [
        ("PGPASSWORD=hunter7;", "PGPASSWORD=***;"),
        ("app:p%2Fw@db/app mapped", "***:***@db/*** mapped"),
        ("hunter77 {} }", "hunter77 {*** ***"),
        ("\u{2069}app", "***"),
    ] {
        assert_eq!(redaction.prose(&text(words)), format!("app said {expected}, app"));
    }
    assert_eq!(redaction.prose(text("hunter7").split('\u{2069}').next().unwrap()), "app said ***");
    assert_eq!(knowing(&[]).prose(&text("x")), "app said x, app");
}

#[test]
fn a_name_stays_in_data_and_goes_from_prose() {
    let redaction = knowing(&["callisto", "hht-diary-backups-callisto-eu-west-1", "s3://hht-diary-backups"]);
    let location = "s3://hht-diary-backups-callisto-eu-west-1/backups/2026/11/20/backup.sql.gz";
    assert_eq!(redaction.data(location), location);
    assert_eq!(redaction.prose("callisto failed"), "*** failed");
}

#[test]
fn what_is_not_a_name_goes_from_data_too() {
    let token = format!("dp.st.production.{}", "0123456789abcdef".repeat(4));
    let key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    let redaction = knowing(&[&token, key, "postgres://app:secret@db:5432/app?x"]);
    for secret in [token.as_str(), key, "postgres://app:secret@db:5432/app?x"] {
        assert_eq!(redaction.data(&format!("[{secret}]")), "[***]");
    }
}

#[test]
fn secrets_that_overlap_are_hidden_whole() {
    let redaction = knowing(&["first-secret-and", "and-the-second", "secret-a"]);
    assert_eq!(redaction.prose("<first-secret-and-the-second>"), "<***>");
    assert_eq!(redaction.prose("secret-asecret-a é"), "****** é");
}

/// However many sponsors there are, a summary of a megabyte is read once.
#[test]
fn many_secrets_take_no_longer_than_few() {
    let mut redaction = Redaction::default();
    (0..10_000).for_each(|n| redaction.add(&format!("{n:08}-canary-of-a-sponsor")));
    let text = "a line of a summary 00009999-canary-of-a-sponsor\n".repeat(20_000);
    let begun = std::time::Instant::now();
    assert!(!redaction.prose(&text).contains("canary"));
    assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", begun.elapsed());
}

proptest! {
    #[test]
    fn no_secret_survives_whatever_surrounds_it(
        secret in "[ -~é\n]{8,40}", before in "\\PC{0,30}", after in "\\PC{0,30}",
    ) {
        let redaction = knowing(&[&secret]);
        let clean = redaction.prose(&format!("{before}{secret}{after}"));
        prop_assert!(!clean.contains(&secret));
        for spelling in spellings(&secret).into_iter().filter(|spelling| spelling.len() >= SHORTEST) {
            let clean = redaction.prose(&format!("{before}{spelling}{after}"));
            prop_assert!(!clean.contains(&spelling), "{clean}");
        }
    }

    #[test]
    fn a_text_without_secrets_is_left_alone(text in "\\PC{0,200}") {
        prop_assert_eq!(knowing(&["a secret that is nowhere \u{1}"]).prose(&text), text);
    }
}
