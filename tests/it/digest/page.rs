//! The page of real runs: the same numbers as the JSON, written as a whole.

use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};

use super::{document, on_a_terminal, sponsor};
use crate::support::{Page, Scheme, Sponsor, StrictS3, Trial, tools};

const HOSTILE: &str = "</p><script>alert(1)</script><img src=https://example.org/x>";

#[test]
fn the_page_shows_what_the_json_holds() {
    let store = StrictS3::start();
    let trial = Trial::plan([Sponsor::named("callisto").diary(3, 30)]).store(&store).start();
    let reason = [("version", "v1.4.2"), ("reason", HOSTILE)];
    let run = |command: &str| {
        reason
            .iter()
            .fold(trial.run().input("command", command), |run, (name, value)| run.input(name, *value))
    };
    run("backup").run().assert_code(0);
    run("record").input("outcome", "success").run().assert_code(0);
    trial.run().input("command", "drill").input("max-rpo", "8h").run().assert_code(0);
    let folder = tools::open_folder("report");
    let file = folder.path().join("backups.html");
    let outcome = on_a_terminal(&trial, &["--json", "--html"]).arg(&file).run();
    outcome.assert_code(0);
    let found = document(&outcome);
    let page = Page::new(&std::fs::read_to_string(&file).unwrap());
    assert_eq!(page.console(), Vec::<String>::new());
    let seen = page.look(1280, Scheme::Light);
    assert_eq!((seen.requests, seen.violations), (vec![], vec![]));
    assert!(seen.text.contains(HOSTILE), "{}", seen.text);

    let callisto = sponsor(&found, "callisto");
    let newest = &callisto["newest_backup"];
    let second =
        newest["location"].as_str().unwrap().rsplit("backup-prod-").next().unwrap().replace(".sql.gz", "");
    let minute = |at: &serde_json::Value| at.as_str().unwrap().replace('T', " ")[..16].to_owned() + " UTC";
    for part in [
        "1 sponsor of production: nothing needs attention",
        &minute(&newest["timestamp"]),
        &minute(&callisto["last_passed_drill"]),
        &format!("Rows{}", newest["rows"]),
        "limit 8h",
        "1 of 1",
        "the only deployment had a backup, a proven one",
        &format!("sponsor-backup restore --environment production --sponsors callisto --backup {second}"),
    ] {
        assert!(seen.text.contains(part), "{part}\n{}", seen.text);
    }
}

#[test]
fn a_page_is_replaced_as_a_whole() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let folder = tools::open_folder("report");
    let place = |name: &str| folder.path().join(name);
    let report = |file: &std::path::Path| on_a_terminal(&trial, &["--html"]).arg(file).run();
    std::fs::write(place("old.html"), "an older page").unwrap();
    report(&place("old.html")).assert_code(0);
    let written = std::fs::read_to_string(place("old.html")).unwrap();
    assert!(written.ends_with("</html>"), "{written}");
    assert_eq!(std::fs::metadata(place("old.html")).unwrap().permissions().mode() & 0o777, 0o644);

    let refused = report(&place("page.txt"));
    refused.assert_code(2);
    std::fs::create_dir(place("folder.html")).unwrap();
    report(&place("folder.html")).assert_code(1);
    assert!(tools::succeed(std::process::Command::new("mkfifo").arg(place("pipe.html"))).is_empty());
    report(&place("pipe.html")).assert_code(1);
    assert!(std::fs::metadata(place("pipe.html")).unwrap().file_type().is_fifo());
    let missing = report(&place("missing/page.html"));
    missing.assert_code(1);
    assert!(missing.stderr.contains("Check that the folder exists"), "{}", missing.transcript());
    // A link to a file of another kind, whatever its own name is.
    std::fs::write(place("manifest.yaml"), "precious").unwrap();
    std::os::unix::fs::symlink(place("manifest.yaml"), place("link.html")).unwrap();
    report(&place("link.html")).assert_code(1);
    assert_eq!(std::fs::read_to_string(place("manifest.yaml")).unwrap(), "precious");
    // The owner has closed it.
    std::fs::set_permissions(place("old.html"), std::fs::Permissions::from_mode(0o600)).unwrap();
    report(&place("old.html")).assert_code(0);
    assert_eq!(std::fs::metadata(place("old.html")).unwrap().permissions().mode() & 0o777, 0o600);
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(left.len(), 5, "{left:?}");
}

/// What was found out is in the summary, and its exit code comes first.
#[test]
fn a_page_that_cannot_be_written_hides_nothing() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let run = |age: &str| {
        let run = trial.run().input("command", "report").input("html", "/proc/missing/page.html");
        run.input("max-backup-age", age).run()
    };
    for (age, code) in [("", 1), ("8h", 17)] {
        let outcome = run(age);
        outcome.assert_code(code);
        assert!(outcome.summary().contains("no backup found"), "{}", outcome.summary());
        assert!(outcome.annotations("error").concat().contains("`html`"), "{}", outcome.transcript());
    }
}

#[test]
fn pages_that_are_written_at_once_are_whole() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let folder = tools::open_folder("report");
    let file = folder.path().join("backups.html");
    let runs: Vec<_> = (0..4).map(|_| on_a_terminal(&trial, &["--html"]).arg(&file).start()).collect();
    for run in runs {
        run.wait().assert_code(0);
    }
    let page = std::fs::read_to_string(&file).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>"));
}
