//! Pages of one, forty and four hundred sponsors, as people see them: narrow and wide, light and dark, by axe and by eye.

use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};
use sponsor_backup::layout::key::Object;
use sponsor_backup::record::entries::RecordEntry;
use sponsor_backup::report::digest::{Digest, Limits, Period, SponsorDigest, SponsorFacts, StoredBackup};
use sponsor_backup::report::history::HistoryEvent;
use sponsor_backup::report::metrics::StoreFacts;
use sponsor_backup::report::page;
use sponsor_backup::sponsors::Environment;

use crate::support::{Page, Scheme, schemas};

const DAYS: i64 = 90;
const HOSTILE: &str = "<b onclick=alert(1)>x</b> & \"quoted\" <!channel>";

fn now() -> Timestamp {
    "2026-11-30T12:00:00Z".parse().unwrap()
}

/// Of each day a backup, of each week a drill and a deployment. Every seventh sponsor has its troubles.
fn sponsor(number: usize, text: &str, period: Period, limits: &Limits) -> SponsorDigest {
    let name = format!("sponsor-{number:03}");
    match number % 7 {
        5 => return SponsorDigest::disabled(&name, "`SPONSOR_BACKUPS_ENABLED` is `false`"),
        6 => return SponsorDigest::unknown(&name, text),
        _ => {}
    }
    let is_unwell = number % 7 == 4;
    let record = |object: Object<'_>, kind: &str, at: Timestamp, more: Value| {
        let mut document = json!({
            "sponsor": name, "environment": "production", "tool_version": "0.2.0", "outcome": "success", "event": "backup",
            "actor": "mona", "github_run_url": "https://github.com/o/r/actions/runs/1",
        });
        document[format!("{kind}_timestamp")] = json!(at);
        document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let key = object.key(Environment::Production, at);
        RecordEntry::parse(Environment::Production, &key, document.to_string().as_bytes()).unwrap()
    };
    let (mut entries, mut stored) = (Vec::new(), Vec::new());
    for day in 0..DAYS {
        let at = now().checked_sub((24 * day + 3).hours()).unwrap();
        let location =
            format!("s3://{name}-backups/backups/backup-prod-{}.sql.gz", at.strftime("%Y%m%d-%H%M%S"));
        let bytes = u64::try_from(5_000_000 + 10_000 * (DAYS - day) + 40_000 * (day % 3)).unwrap();
        let backup = json!({"backup_location": location, "backup_size_bytes": bytes, "duration_seconds": 61});
        if is_unwell && day % 9 == 0 {
            let failure = json!({"outcome": "failure", "stage": "dump", "message": text});
            entries.push(record(Object::DeploymentLog, "deployment", at, failure));
            continue;
        }
        entries.push(record(Object::DeploymentLog, "deployment", at, backup));
        stored.push(StoredBackup { location: location.clone(), timestamp: at, size_bytes: bytes });
        if day % 7 == 0 {
            let later = at.checked_add(1.hour()).unwrap();
            let deployed =
                json!({"event": "deployment", "version": format!("v1.{day}"), "backup_location": location});
            entries.push(record(Object::DeploymentLog, "deployment", later, deployed));
            let drilled = json!({
                "status": "passed", "backup_location": location, "backup_age_minutes": 60.0, "restore_duration_minutes": 4.5,
                "max_rpo_minutes": 360.0, "max_rto_minutes": 30.0,
            });
            entries.push(record(Object::DrillReport, "drill", later, drilled));
        }
    }
    let events = entries
        .iter()
        .map(|entry| HistoryEvent::of_record(entry.clone(), Some(true), format!("s3://logs/{}", entry.key)))
        .collect();
    let newest = stored.first().map(|backup| (backup.timestamp, backup.location.clone()));
    let facts = SponsorFacts {
        sponsor: name,
        entries,
        unread: Vec::new(),
        events,
        store: StoreFacts {
            newest,
            stored_bytes: stored.first().map(|backup| backup.size_bytes),
            rows: Some(48_211),
            partial: Some(false),
            storage_bytes: Some(stored.iter().map(|backup| backup.size_bytes).sum()),
            ..StoreFacts::default()
        },
        stored,
    };
    SponsorDigest::of(facts, period, limits)
}

fn digest(sponsors: usize, text: &str) -> Digest {
    let period = Period { since: now().checked_sub((24 * DAYS).hours()).unwrap(), until: now(), now: now() };
    let limits = Limits {
        max_backup_age_seconds: Some(8 * 3600),
        max_drill_age_seconds: Some(8 * 86_400),
        storage_budget_bytes: Some(500_000_000_000),
    };
    let all = (0..sponsors).map(|number| sponsor(number, text, period, &limits)).collect();
    Digest::new("production", period, limits, all)
}

#[track_caller]
fn assert_clean(sponsors: usize, width: u32, scheme: Scheme) {
    let digest = digest(sponsors, HOSTILE);
    let document = serde_json::from_str(&digest.json()).unwrap();
    schemas::check_report("the document", &document);
    let html = page::render(&digest);
    println!("{sponsors} sponsors: {} KiB", html.len() / 1024);
    let page = Page::new(&html);
    assert_eq!(page.console(), Vec::<String>::new());
    let seen = page.look(width, scheme);
    assert_eq!((seen.width, seen.dark), (u64::from(width), scheme == Scheme::Dark));
    assert_eq!(seen.violations, Vec::<String>::new());
    assert_eq!(seen.requests, Vec::<String>::new());
    assert!(seen.checks > 20, "only {} of axe's rules", seen.checks);
    assert!(seen.overflow <= 0, "{} pixels too wide", seen.overflow);
    assert!(sponsors < 5 || seen.text.contains(HOSTILE));
    // The same numbers as in the document.
    assert!(seen.text.contains(&digest.headline()));
    for one in &digest.sponsors {
        for part in [one.sponsor.clone(), one.runs(), one.age(), one.stored_words()] {
            assert!(one.stored.is_empty() || seen.text.contains(&part), "{}: {part}", one.sponsor);
        }
    }
}

#[test]
fn one_sponsor_narrow_and_light() {
    assert_clean(1, 390, Scheme::Light);
}

#[test]
fn one_sponsor_wide_and_dark() {
    assert_clean(1, 1280, Scheme::Dark);
}

#[test]
fn forty_sponsors_narrow_and_dark() {
    assert_clean(40, 390, Scheme::Dark);
}

#[test]
fn forty_sponsors_wide_and_light() {
    assert_clean(40, 1280, Scheme::Light);
}

#[test]
fn four_hundred_sponsors_narrow_and_light() {
    assert_clean(400, 390, Scheme::Light);
}

#[test]
fn four_hundred_sponsors_wide_and_dark() {
    assert_clean(400, 1280, Scheme::Dark);
}

/// A page with a fault is noticed: an image without a text, a text that is hard to see, a request.
#[test]
fn a_faulty_page_is_noticed() {
    let fault =
        "<p style=\"color:#bbb;background:#fff\">pale</p><img src=\"https://example.org/x.png\"></main>";
    let page = Page::new(&page::render(&digest(1, HOSTILE)).replace("</main>", fault));
    assert!(
        page.console().iter().any(|line| line.contains("Content Security Policy")),
        "{:?}",
        page.console()
    );
    let seen = page.look(1280, Scheme::Light);
    let found = seen.violations.join("\n");
    assert!(found.contains("color-contrast") && found.contains("image-alt"), "{found}");
    assert_eq!(seen.requests, ["https://example.org/x.png"]);
}

/// The pictures of docs/report.md. `UPDATE_DOCUMENTS=1` takes them again.
#[test]
fn the_documentation_shows_the_page() {
    let page = Page::new(&page::render(&digest(12, "pg_dump: error: the connection to the server was lost")));
    for (name, width, height, scheme) in
        [("report.png", 1280, 900, Scheme::Light), ("report-narrow-dark.png", 390, 900, Scheme::Dark)]
    {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
        if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
            page.picture(width, height, scheme, &file);
        }
        let picture = std::fs::read(&file).unwrap();
        assert!(picture.starts_with(b"\x89PNG") && picture.len() > 10_000, "{name}");
    }
}
