//! Versions that are written in several files are the same: of Rust, and of what the manifest depends on.

use crate::workflows::{CI, RELEASE, jobs};

/// The first value of `key` in a file of TOML.
fn value(path: &str, key: &str) -> String {
    let text = crate::read(path);
    let start = format!("{key} = \"");
    let line = text.lines().find_map(|line| line.strip_prefix(&start));
    line.and_then(|rest| rest.split('"').next()).unwrap_or_else(|| panic!("{path}: no {key}")).to_owned()
}

fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map(|part| part.parse().unwrap()).collect()
}

#[test]
fn every_place_names_the_same_rust() {
    let (ci, release) = (crate::yaml(CI), crate::yaml(RELEASE));
    let exact = ci["env"]["RUSTUP_TOOLCHAIN"].as_str().unwrap();
    assert_eq!(release["env"]["RUSTUP_TOOLCHAIN"], exact);
    // Docker's images are named by the minor version: they get fixes, and the digest is in a release's provenance.
    let dockerfile = crate::read("Dockerfile");
    let image = dockerfile.lines().find_map(|line| line.strip_prefix("ARG RUST=rust:")).unwrap();
    let minor = exact.rsplit_once('.').unwrap().0;
    assert_eq!(image.split('-').next().unwrap(), minor);
    // A number would have rustup download it, which fails on a machine without a network.
    assert_eq!(value("rust-toolchain.toml", "channel"), "stable");
}

#[test]
fn the_oldest_rust_is_tried_and_not_newer() {
    let ci = crate::yaml(CI);
    let oldest = value("Cargo.toml", "rust-version");
    assert_eq!(ci["jobs"]["minimum-version"]["env"]["RUSTUP_TOOLCHAIN"], oldest.as_str());
    assert!(numbers(&oldest) <= numbers(ci["env"]["RUSTUP_TOOLCHAIN"].as_str().unwrap()));
}

/// Branch protection requires this job alone. GitHub takes a skipped job for a successful one.
#[test]
fn one_job_waits_for_all_others() {
    let ci = crate::yaml(CI);
    let gate = &ci["jobs"]["all-green"];
    let mut needed: Vec<&str> =
        gate["needs"].as_array().unwrap().iter().filter_map(|job| job.as_str()).collect();
    let mut others: Vec<&str> =
        jobs(&ci).map(|(name, _)| name.as_str()).filter(|name| *name != "all-green").collect();
    needed.sort_unstable();
    others.sort_unstable();
    assert_eq!(needed, others);
    assert_eq!(gate["if"], "always()");
    let failed = gate["steps"][0]["env"]["FAILED"].as_str().unwrap();
    for result in ["failure", "cancelled", "skipped"] {
        assert!(failed.contains(&format!("contains(needs.*.result, '{result}')")), "{failed}");
    }
    for (name, job) in jobs(&ci) {
        let unnamed = job["steps"].as_array().unwrap().iter().find(|step| step["name"].is_null());
        assert!(unnamed.is_none(), "{name}: {unnamed:?} has no name");
    }
}
