//! The workflows of `docs/workflows/`, run to their end by act, a runner that is not ours: unchanged, with the built program
//! in place of the image, real databases and a real S3 server. Run it with `script/workflows`, which installs what it needs.
//! Ends with a panic where one does not do what its comments say.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it prints how far it is, and ends with a panic where something does not hold"
)]

mod act;
mod deployments;
mod seen;
mod without_deployment;
#[path = "../../tests/it/support/mod.rs"]
mod support;

use std::time::Instant;

use support::{Cluster, Moto, Plan, Sponsor, Trial, tools};

type Scene = (&'static str, fn(&Servers));

const SCENES: [Scene; 11] = [
    ("production is approved, backed up, deployed and recorded", deployments::production),
    ("keyless: production is deployed and recorded without a stored secret", deployments::keyless),
    ("a deployment that fails is recorded as a failure", deployments::failing),
    ("a failed backup stops the deployment, not the other backup nor the record", deployments::no_backup),
    ("where the manifest cannot be read, nothing is deployed", deployments::no_manifest),
    ("nobody enabled: no backup, no deployment, no error", deployments::nobody),
    ("a push to main deploys to staging", deployments::staging),
    ("development is deployed for one sponsor alone", deployments::development),
    ("backups by hand: the plan, then one sponsor's backup", without_deployment::by_hand),
    ("scheduled backups of each environment", without_deployment::scheduled),
    ("the drill fails without backups, and passes with them", without_deployment::drill),
];

/// What all scenes share.
struct Servers {
    cluster: Cluster,
    moto: Moto,
}

impl Servers {
    /// Two sponsors with data, and one whom the manifest does not enable.
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
    let servers = Servers { cluster: Cluster::start(tools::distribution_bin_dir()), moto: Moto::start() };
    let mut passed = 0;
    for (name, play) in SCENES.iter().filter(|(name, _)| name.contains(&wanted)) {
        let started = Instant::now();
        println!("{name}");
        play(&servers);
        println!("  holds, after {:.1} s", started.elapsed().as_secs_f64());
        passed += 1;
    }
    assert!(passed > 0, "no scene's name holds `{wanted}`");
    println!("{passed} passed, 0 failed");
}
