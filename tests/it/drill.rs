//! `drill`: a stored backup restored and compared, with real servers of three major versions.

mod samples;

use crate::support::{Outcome, Run, Trial};

/// A drill of a trial's backups, as a workflow step.
fn drill(trial: &Trial) -> Run {
    trial.run().input("command", "drill")
}

/// Backs up, and must succeed.
fn backed_up(trial: &Trial) -> Outcome {
    let outcome = trial.run().run();
    outcome.assert_code(0);
    outcome
}
