//! `drill`: a stored backup restored and compared, with real servers of three major versions.

mod bad_input;
mod cleanup;
mod differences;
mod existing;
mod lacking;
mod limits;
mod network;
mod objects;
mod reactions;
mod room;
mod samples;
mod texts;

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::support::{Cluster, Outcome, Run, Sponsor, Trial, tools};

/// A drill of a trial's backups, as a workflow step.
fn drill(trial: &Trial) -> Run {
    trial.run().input("command", "drill")
}

/// A sponsor with a small diary and one backup of it.
fn backed_up() -> Trial {
    let trial = Trial::of([Sponsor::named("callisto")]);
    trial.run().run().assert_code(0);
    trial
}

/// The distribution's programs, of which pg_dump and psql are scripts that do something first. They are run without a
/// `PATH`, so they name programs by their whole paths.
fn programs(before_pg_dump: &str, before_psql: &str) -> TempDir {
    let folder = tools::open_folder("programs");
    let real = |name: &str| Cluster::shared().bin_dir().join(name);
    for name in ["initdb", "postgres"] {
        symlink(real(name), folder.path().join(name)).unwrap();
    }
    for (name, before) in [("pg_dump", before_pg_dump), ("psql", before_psql)] {
        let path = folder.path().join(name);
        let real = real(name).display().to_string();
        let version = format!("if [ \"$1\" = --version ]; then exec {real} --version; fi");
        std::fs::write(&path, format!("#!/bin/sh\n{version}\n{before}\nexec {real} \"$@\"\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    folder
}

/// Programs that change the restored database before it is read back. The dump does not contain what the change answers.
fn tampering(sql: &str) -> TempDir {
    let psql = Cluster::shared().bin_dir().join("psql").display().to_string();
    programs(&format!("{psql} -Xqv ON_ERROR_STOP=1 -o /dev/null -c {}", shell(sql)), "")
}

fn shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Where a run makes its temporary servers.
fn scratch(workspace: &Path) -> PathBuf {
    workspace.parent().unwrap().join("temp")
}

/// Folders of temporary servers below a place.
fn folders_in(scratch: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(scratch).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.display().to_string().contains("sponsor-backup-drill-")).collect()
}

/// Processes whose command line names a place.
fn processes_of(place: &Path) -> Vec<u32> {
    let place = place.display().to_string();
    let pids = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let pid: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let working = std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap_or_default();
        let names = String::from_utf8_lossy(&line).contains(&place) || working.starts_with(&place);
        (names && pid != std::process::id()).then_some(pid)
    });
    pids.collect()
}

/// What holds after every drill: no folder, no process.
#[track_caller]
fn assert_nothing_is_left(outcome: &Outcome) {
    let scratch = scratch(&outcome.workspace);
    assert_eq!(folders_in(&scratch), Vec::<PathBuf>::new(), "{}", outcome.transcript());
    assert_eq!(processes_of(&scratch), Vec::<u32>::new(), "{}", outcome.transcript());
}

/// Puts another text in a backup's place, with sizes and hashes that fit, as an attacker with write access could.
fn forge(trial: &Trial, key: &str, text: &[u8]) {
    forge_with_contents(trial, key, text);
    let (bucket, beside) = (trial.bucket("callisto"), format!("{key}.manifest.json"));
    let mut manifest = trial.store.get_json(bucket, &beside);
    for name in ["tables", "rows_total", "statements", "statements_digest"] {
        manifest.as_object_mut().unwrap().remove(name);
    }
    // An index that fits.
    manifest["pieces"] = serde_json::json!([{
        "rows": 0, "offset": 0, "bytes": manifest["stored"]["bytes"], "sha256": manifest["stored"]["sha256"],
        "text_bytes": text.len(),
    }]);
    trial.store.put(bucket, &beside, serde_json::to_vec(&manifest).unwrap());
}

/// The same, but the manifest still records what the backup held.
fn forge_with_contents(trial: &Trial, key: &str, text: &[u8]) {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text).unwrap();
    let stored = encoder.finish().unwrap();
    let sha256 = |bytes: &[u8]| -> String {
        use sha2::Digest as _;
        sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let (bucket, beside) = (trial.bucket("callisto"), format!("{key}.manifest.json"));
    let mut manifest = trial.store.get_json(bucket, &beside);
    manifest.as_object_mut().unwrap().remove("pieces");
    manifest["dump"] = serde_json::json!({"bytes": text.len(), "sha256": sha256(text)});
    manifest["stored"]["bytes"] = stored.len().into();
    manifest["stored"]["sha256"] = sha256(&stored).into();
    let line = format!("{}  {}\n", sha256(&stored), key.rsplit('/').next().unwrap());
    trial.store.put(bucket, &format!("{key}.sha256"), line);
    trial.store.put(bucket, &beside, serde_json::to_vec(&manifest).unwrap());
    trial.store.put(bucket, key, stored);
}
