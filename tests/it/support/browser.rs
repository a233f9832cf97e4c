//! Pages in Chromium without a window: what the console says, what is requested, what axe finds. Knows nothing of what is shown.

use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use serde_json::Value;

use super::tools::{self, REMEDY};

/// Before what the page reports, and after it.
const MARKS: [&str; 2] = ["SEEN:", ":SEEN"];
/// Runs axe, and reports in base64, because the log would quote it.
const LOOK: &str = "
addEventListener('load', () => axe.run(document, {resultTypes: ['violations']}).then(found => {
  const seen = {
    width: innerWidth,
    overflow: document.documentElement.scrollWidth - innerWidth,
    dark: matchMedia('(prefers-color-scheme: dark)').matches,
    requests: performance.getEntriesByType('resource').map(it => it.name),
    violations: found.violations.map(it => it.id + ': ' + it.nodes.slice(0, 3).map(node => node.html).join(' ')),
    checks: found.passes.length,
    text: document.body.textContent,
  };
  console.log('SEEN:' + btoa(unescape(encodeURIComponent(JSON.stringify(seen)))) + ':SEEN');
}));
";

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Light,
    Dark,
}

/// What was seen of a page.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) width: u64,
    /// Pixels that the page is wider than the window.
    pub(crate) overflow: i64,
    pub(crate) dark: bool,
    /// URLs of what the page loaded.
    pub(crate) requests: Vec<String>,
    /// What axe found, with the first elements.
    pub(crate) violations: Vec<String>,
    /// How many of axe's rules were met.
    pub(crate) checks: u64,
    pub(crate) text: String,
}

/// A page in a folder of its own.
pub(crate) struct Page {
    folder: tempfile::TempDir,
    html: String,
}

impl Page {
    pub(crate) fn new(html: &str) -> Self {
        let folder = tools::open_folder("browser");
        std::fs::write(folder.path().join("page.html"), html).unwrap();
        Self { folder, html: html.to_owned() }
    }

    /// What the console says of the page as it is.
    pub(crate) fn console(&self) -> Vec<String> {
        let log = self.browse("page.html", 1280, Scheme::Light, &["--dump-dom"]);
        log.lines().filter(|line| line.contains(":CONSOLE:")).map(str::to_owned).collect()
    }

    /// A copy without its policy, which would forbid the script that looks.
    pub(crate) fn look(&self, width: u32, scheme: Scheme) -> Seen {
        let policy = self.html.find("<meta http-equiv=\"Content-Security-Policy\"").unwrap();
        let end = policy + self.html[policy..].find('>').unwrap() + 1;
        let axe = std::fs::read_to_string(axe()).unwrap();
        let (head, tail) = self.html[end..].split_once("</head>").unwrap();
        let copy = format!(
            "{}{head}<script>{axe}</script><script>{LOOK}</script></head>{tail}",
            &self.html[..policy]
        );
        std::fs::write(self.folder.path().join("copy.html"), copy).unwrap();
        let log = self.browse(&self.framed("copy.html", width), 1280, scheme, &["--dump-dom"]);
        let seen = log.split(MARKS[0]).nth(1).and_then(|rest| rest.split(MARKS[1]).next());
        let seen = seen.unwrap_or_else(|| panic!("the page did not report: {log}"));
        let seen = base64::engine::general_purpose::STANDARD.decode(seen).unwrap();
        let seen: Value = serde_json::from_slice(&seen).unwrap();
        let texts = |name: &str| {
            seen[name].as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect()
        };
        Seen {
            width: seen["width"].as_u64().unwrap(),
            overflow: seen["overflow"].as_i64().unwrap(),
            dark: seen["dark"].as_bool().unwrap(),
            requests: texts("requests"),
            violations: texts("violations"),
            checks: seen["checks"].as_u64().unwrap(),
            text: seen["text"].as_str().unwrap().to_owned(),
        }
    }

    /// A picture of the page's upper end.
    pub(crate) fn picture(&self, width: u32, height: u32, scheme: Scheme, file: &Path) {
        let frame = self.framed("page.html", width);
        let html = std::fs::read_to_string(self.folder.path().join(&frame)).unwrap();
        let html = html.replace("height=900", &format!("height={height}"));
        std::fs::write(self.folder.path().join(&frame), html).unwrap();
        let picture = format!("--screenshot={}", file.display());
        self.browse_at(&frame, (width.max(500), height), scheme, &[&picture]);
    }

    /// Chromium's window has at least 500 pixels, so a page is put into a frame of any width.
    fn framed(&self, page: &str, width: u32) -> String {
        let name = format!("frame-{width}.html");
        let html = format!(
            "<!DOCTYPE html><html lang=en><title>frame</title><body style=\"margin:0;background:#dfe3e8\"><iframe title=page src={page} width={width} height=900 style=\"border:0;display:block;margin:0 auto\"></iframe>"
        );
        std::fs::write(self.folder.path().join(&name), html).unwrap();
        name
    }

    fn browse(&self, page: &str, width: u32, scheme: Scheme, more: &[&str]) -> String {
        self.browse_at(page, (width, 900), scheme, more)
    }

    fn browse_at(&self, page: &str, (width, height): (u32, u32), scheme: Scheme, more: &[&str]) -> String {
        let profile = tools::open_folder("browser-profile");
        let mut command = Command::new(chromium());
        command
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-extensions"])
            .args([
                "--host-resolver-rules=MAP * ~NOTFOUND",
                "--enable-logging=stderr",
                "--virtual-time-budget=30000",
            ])
            .args(["--allow-file-access-from-files", "--disable-dev-shm-usage"])
            .arg(format!("--window-size={width},{height}"))
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .env("HOME", profile.path());
        if scheme == Scheme::Dark {
            command.arg("--force-dark-mode");
        }
        let url = format!("file://{}", self.folder.path().join(page).display());
        let output = command.args(more).arg(url).output().unwrap();
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{log}");
        log
    }
}

fn chromium() -> PathBuf {
    let names = ["chromium", "google-chrome", "google-chrome-stable"];
    let found = names.iter().map(|name| Path::new("/usr/bin").join(name)).find(|path| path.exists());
    found.unwrap_or_else(|| panic!("Chromium is missing: {REMEDY}"))
}

/// The accessibility checker, from the Python tools.
fn axe() -> PathBuf {
    let libraries =
        std::fs::read_dir(tools::tools_dir().join("lib")).into_iter().flatten().filter_map(Result::ok);
    libraries
        .map(|python| python.path().join("site-packages/axe_playwright_python/axe.min.js"))
        .find(|file| file.exists())
        .unwrap_or_else(|| panic!("axe is missing: {REMEDY}"))
}
