//! Runs the workflows of `docs/workflows/` to their end with act, an independent runner: unchanged, with the built program
//! instead of the image, real databases and a real S3 server. Run it with `script/workflows`, which installs what it needs.
//! Panics if a workflow does not do what its comments say.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it prints how far it is, and panics if a scene fails"
)]

mod act;
mod deployments;
mod known;
mod reading;
mod seen;
mod without_deployment;
#[path = "../../tests/it/support/mod.rs"]
mod support;

use std::time::Instant;

use support::{Cluster, Moto, Plan, Sponsor, Trial, tools};

type Scene = (&'static str, fn(&Servers));

const SCENES: [Scene; 23] = [
    ("production is approved, backed up, deployed and recorded", deployments::production),
    ("keyless: production is deployed and recorded without a stored secret", deployments::keyless),
    ("no approval: nothing is backed up or deployed, and the record says so", deployments::not_approved),
    ("a version that is neither tag nor commit fails before any backup", deployments::no_such_version),
    ("the manifest changes between matrix and record", deployments::another_manifest),
    ("no run deploys with backups that are too old", deployments::old_backups),
    ("a deployment that fails is recorded as a failure", deployments::failing),
    ("a failed backup stops the deployment, but not the other backup or the record", deployments::no_backup),
    ("nothing is deployed if the manifest cannot be read", deployments::no_manifest),
    ("no sponsor enabled: no backup, no deployment, no error", deployments::nothing_enabled),
    ("a push to main deploys to staging", deployments::staging),
    ("development is deployed for one sponsor only", deployments::development),
    ("the next deployment notices a sponsor without a recent backup", deployments::another_sponsors_age),
    ("a misspelled environment fails before it is used", without_deployment::misspelt),
    ("backups by hand: the plan, then one sponsor's backup", without_deployment::by_hand),
    ("scheduled backups of each environment, whatever their cron text", without_deployment::scheduled),
    ("the schedule's last job notices a backup that never ran", without_deployment::cancelled),
    ("the watcher in another repository", without_deployment::watcher),
    ("the drill fails without backups, and passes with them", without_deployment::drill),
    ("a report is published as a page, whatever it says", reading::reported),
    ("the region drill restores from the replica", reading::region_drill),
    ("backups are listed and verified", reading::listed_and_verified),
    ("one backup is restored by a workflow", reading::restored),
];

/// What all scenes share.
struct Servers {
    cluster: Cluster,
    moto: Moto,
}

impl Servers {
    /// Two sponsors with data, and one that the manifest does not enable.
    fn plan(&self) -> Plan {
        self.plan_of([
            Sponsor::named("callisto"),
            Sponsor::named("titan"),
            Sponsor::named("ganymede").empty().disabled(),
        ])
    }

    fn plan_of(&self, sponsors: impl IntoIterator<Item = Sponsor>) -> Plan {
        Trial::plan(sponsors).cluster(&self.cluster).store(&self.moto)
    }
}

fn main() {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    if wanted == "--copies-for-linters" {
        return copies_for_linters(&std::env::args().skip(2).collect::<Vec<_>>());
    }
    let servers = Servers { cluster: Cluster::start(tools::distribution_bin_dir()), moto: Moto::start() };
    let mut passed = 0;
    for (name, play) in SCENES.iter().filter(|(name, _)| name.contains(&wanted)) {
        let started = Instant::now();
        println!("{name}");
        play(&servers);
        println!("  passed after {:.1} s", started.elapsed().as_secs_f64());
        passed += 1;
    }
    assert!(passed > 0, "no scene's name contains `{wanted}`");
    println!("{passed} passed, 0 failed");
}

/// The workflows of these paths as the linters know them, below a folder.
fn copies_for_linters(arguments: &[String]) {
    let (folder, paths) = arguments.split_first().expect("a folder and paths of workflows");
    for path in paths {
        let copy = std::path::Path::new(folder).join(path);
        std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
        std::fs::write(copy, known::without_newer_keys(&std::fs::read_to_string(path).unwrap())).unwrap();
    }
}
