//! Metrics of a run: in a file, in a Pushgateway, and derived from the store by the command `metrics`.

mod file;
mod gateway;
mod store;

use std::path::{Path, PathBuf};

use crate::support::{Sponsor, Trial};

pub(crate) fn callisto() -> Trial {
    Trial::of([Sponsor::named("callisto").diary(2, 3)])
}

/// A closed port instead of the database: the backup fails within a second.
pub(crate) fn lose_database(trial: &Trial, sponsor: &str) {
    trial.secret(sponsor, "DATABASE_URL", Some("postgres://app:secret-of-app@127.0.0.1:1/app"));
}

/// The value of the only sample of a metric of one sponsor, with more labels if there are any.
pub(crate) fn value(text: &str, metric: &str, sponsor: &str, more: &str) -> Option<f64> {
    let begin = format!("sponsor_backup_{metric}{{sponsor=\"{sponsor}\",environment=\"production\"{more}}} ");
    let mut found = text.lines().filter_map(|line| line.strip_prefix(&*begin));
    let value = found.next().map(|value| value.parse().unwrap());
    assert_eq!(found.next(), None, "{text}");
    value
}

fn metrics_file(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("backups.prom")
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}
