//! Values that a dump does not contain: the target computes them again.

use super::{assert_proven, confirmed, tables};
use crate::support::{Sponsor, Trial};

/// A function that a generated column calls is another one now.
#[test]
fn generated_values_that_differ_are_not_equal() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let live = trial.database("callisto");
    let times = |factor: u32| {
        format!(
            "CREATE OR REPLACE FUNCTION public.f(a int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT a * {factor}'"
        )
    };
    live.psql_as_owner(&times(2));
    live.psql_as_owner("CREATE TABLE sums (a int PRIMARY KEY, g int GENERATED ALWAYS AS (public.f(a)) STORED); INSERT INTO sums SELECT generate_series(1, 5)");
    trial.run().run().assert_code(0);
    let back = || {
        live.psql_as_owner("DROP TABLE IF EXISTS sums");
        tables(&trial, live, "public.sums").input("confirm", confirmed(live)).run()
    };
    assert_proven(&back(), "replaced");
    live.psql_as_owner("DROP TABLE sums");
    live.psql_as_owner(&times(1000));
    let outcome = back();
    outcome.assert_code(17);
    assert!(
        outcome.visible().contains("generated columns have different values"),
        "{}",
        outcome.transcript()
    );
}
