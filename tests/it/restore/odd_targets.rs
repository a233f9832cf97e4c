//! Targets that are not as a fresh database is: of another encoding, without `public`, with things that are no tables, with
//! privileges of their own for all that is made.

use super::{empty, message, place, restore};
use crate::support::{Cluster, Database, Sponsor, Trial};

#[test]
fn rows_are_compared_in_the_encoding_of_the_backup() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let owner = trial.database("callisto");
    let latin = Database { name: format!("{}_latin", owner.name), ..owner.clone() };
    Cluster::shared().psql(
        "postgres",
        &format!(
            "CREATE DATABASE \"{}\" OWNER \"{}\" TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'",
            latin.name, owner.user
        ),
    );
    latin
        .psql_as_owner("CREATE TABLE notes (note text); INSERT INTO notes VALUES (U&'caf\\00e9'), ('plain')");
    trial.secret("callisto", "DATABASE_URL", Some(&latin.url()));
    trial.run().run().assert_code(0);
    let target = empty();
    let outcome = restore(&trial, &target).run();
    outcome.assert_code(0);
    let told = format!("restored into {}: equal: 1 tables, 2 rows", place(&target));
    assert_eq!(message(&outcome), told);
    assert_eq!(target.psql("SELECT note FROM notes WHERE note <> 'plain'"), "café");
    assert_eq!(target.psql("SELECT getdatabaseencoding()"), "UTF8");
}
