use super::{Leftover, json_lines, lines};
use crate::report::pruning::Step;

fn json(all: &[Leftover]) -> String {
    json_lines(all).map(|line| line + "\n").collect()
}

#[test]
fn leftovers_are_a_table_that_ends_with_its_count() {
    let leftover = |action, path: &str, kind, age_seconds, reason: &str| Leftover {
        action,
        path: path.to_owned(),
        kind,
        age_seconds,
        reason: reason.to_owned(),
    };
    let all = [
        leftover(
            Step::Remove,
            "/tmp/sponsor-backup-drill-0123456789ab",
            "server",
            Some(90_000),
            "its drill was killed",
        ),
        leftover(Step::Keep, "deployment-logs/callisto/a.json", "record", None, "its only copy"),
    ];
    crate::reviewed::text("prune-leftovers", &lines(&all).join("\n"));
    assert_eq!(lines(&[]), ["keeps 0 leftovers, removes 0 leftovers"]);
    assert_eq!(json(&all).lines().count(), 4);
    assert_eq!(json(&[]), "[]\n");
}
