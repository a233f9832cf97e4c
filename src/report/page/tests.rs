use proptest::prelude::{prop_assert_eq, proptest};
use serde_json::json;

use super::*;
use crate::layout::key::Object;
use crate::record::entries::RecordEntry;
use crate::report::digest::{Limits, Period, SponsorFacts, StoredBackup};
use crate::report::history::HistoryEvent;
use crate::report::metrics::StoreFacts;
use crate::sponsors::Environment;

const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)> </style>&lt;\u{202e}";

/// A page in which every text that others can write is this one.
fn page_with(text: &str, url: &str) -> String {
    let now: Timestamp = "2026-11-30T12:00:00Z".parse().unwrap();
    let at: Timestamp = "2026-11-29T12:00:00Z".parse().unwrap();
    let record = |object: Object<'_>, name: &str, more: serde_json::Value| {
        let mut document = json!({
            "sponsor": "callisto", "environment": "production", "tool_version": text, "version": text, "actor": text,
            "reason": text, "message": text, "stage": text, "github_run_url": url, "backup_location": text,
            "backup_size_bytes": 7_340_032, "target": text, "restored_into": text,
        });
        document[format!("{name}_timestamp")] = json!(at);
        document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let key = object.key(Environment::Production, at);
        RecordEntry::parse(Environment::Production, &key, document.to_string().as_bytes()).unwrap()
    };
    let log = Object::DeploymentLog;
    let entries = vec![
        record(log, "deployment", json!({"event": "backup", "outcome": "failure"})),
        record(log, "deployment", json!({"event": "deployment", "outcome": "success"})),
        record(Object::DrillReport, "drill", json!({"status": "failed"})),
        record(Object::RestoreRecord, "restore", json!({"outcome": "success"})),
    ];
    let events =
        entries.iter().map(|entry| HistoryEvent::of_record(entry.clone(), None, text.to_owned())).collect();
    let facts = SponsorFacts {
        sponsor: "callisto".to_owned(),
        entries,
        unread: vec![text.to_owned()],
        events,
        store: StoreFacts {
            newest: Some((at, text.to_owned())),
            version: Some(text.to_owned()),
            storage_bytes: Some(7_340_032),
            ..StoreFacts::default()
        },
        stored: vec![StoredBackup { location: text.to_owned(), timestamp: at, size_bytes: 7_340_032 }],
    };
    let period = Period { since: "2026-11-20T12:00:00Z".parse().unwrap(), until: now, now };
    let digests =
        vec![SponsorDigest::of(facts, period, &Limits::default()), SponsorDigest::unknown("titan", text)];
    render(&Digest::new("production", period, Limits::default(), digests))
}

/// The names of all tags, in their order.
fn tags(page: &str) -> Vec<&str> {
    page.split('<').skip(1).map(|rest| rest.split([' ', '>']).next().unwrap()).collect()
}

#[test]
fn the_page_has_a_policy_and_no_script() {
    let page = page_with("a text", "https://github.com/o/r/actions/runs/1");
    assert!(page.contains("Content-Security-Policy\" content=\"default-src 'none';"));
    for part in ["<script", "javascript:", "<link", "@import", "url(", "<form", "<button", " onclick"] {
        assert!(!page.contains(part), "{part}");
    }
    let links: Vec<&str> = page.split("http").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(links.iter().filter(|link| **link == "s://github.com/o/r/actions/runs/1").count(), 4);
    assert_eq!(links.len(), 4 + 1, "and `http-equiv`: {links:?}");
}

#[test]
fn what_others_wrote_stays_text() {
    let page = page_with(HOSTILE, "javascript:alert(1)");
    assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("javascript:"));
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    // What turns the order of the letters around after it.
    assert!(!page.contains('\u{202e}'));
}

#[test]
fn only_https_is_linked() {
    for url in ["javascript:alert(1)", "data:text/html,x", "http://example.org/", "//example.org", "HTTPS:x"]
    {
        assert!(!page_with("a", url).contains(&format!("href=\"{url}")), "{url}");
    }
}

proptest! {
    /// Whatever a text is, the page has the same structure.
    #[test]
    fn no_text_adds_a_tag(text in "\\PC{1,40}", url in "\\PC*") {
        let plain = page_with("a", "x");
        let url = format!("x{url}");
        let page = page_with(&text, &url);
        prop_assert_eq!(tags(&page), tags(&plain));
    }
}
