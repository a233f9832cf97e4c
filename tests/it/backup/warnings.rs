//! What a backup warns of, in words that were reviewed.

use crate::support::{Outcome, Sponsor, Trial, reviewed};

fn warnings(outcome: &Outcome, sponsor: &str) -> String {
    outcome.assert_code(0);
    let log = outcome.log(sponsor);
    let texts = log["warnings"].as_array().unwrap().iter().map(|text| text.as_str().unwrap());
    texts.map(|text| format!("warning: {text}\n")).collect()
}

#[test]
fn warnings_of_backups_are_reviewed_texts() {
    let trial = Trial::of([Sponsor::named("callisto").empty(), Sponsor::named("titan").empty()]);
    let database = trial.database("callisto");
    database.psql_as_owner(
        "CREATE SCHEMA kept; CREATE SCHEMA gone; CREATE TABLE gone.t (a int);
         CREATE TABLE kept.t AS SELECT i FROM generate_series(1, 10) i; CREATE VIEW kept.v AS SELECT * FROM gone.t",
    );
    let first = trial.run().run();
    let empty = warnings(&first, "titan");
    database.psql_as_owner("DELETE FROM kept.t WHERE i > 1");
    let fallen = warnings(&trial.run().input("sponsors", "callisto").run(), "callisto");
    let run = trial.run().input("sponsors", "callisto").input("exclude-schemas", "gone").run();
    let partial = warnings(&run, "callisto");
    reviewed("backup-warnings", &format!("empty\n{empty}\nfewer rows\n{fallen}\npartial\n{partial}"));
}
