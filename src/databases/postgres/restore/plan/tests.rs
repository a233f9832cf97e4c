use super::*;

fn facts() -> TargetFacts {
    of_a_role(false)
}

fn of_a_role(sees_all_rows: bool) -> TargetFacts {
    serde_json::from_value(serde_json::json!({
        "version_number": 150_018, "version": "15.18", "objects": 2, "extensions": ["citext"], "roles": ["app"],
        "may_create": true, "sees_all_rows": sees_all_rows, "encoding": "UTF8",
        "locks": {"per_transaction": 64, "slots": 121, "is_in_huge_pages": false, "to_clear": 20},
    }))
    .unwrap()
}

fn needs(server_major: u32) -> Needs {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Needs {
        extensions: names(&["citext", "postgis"]),
        roles: names(&["app", "reader"]),
        server_major,
        ..Needs::default()
    }
}

fn told(plan: &Plan, allowed: Allowed) -> String {
    plan.obstacles(allowed).iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

#[test]
fn every_obstacle_is_reported_and_can_be_allowed_by_itself() {
    let plan = Plan::new("db:5432/app", &needs(0), 15, &facts());
    assert_eq!(
        told(&plan, Allowed::default()),
        "db:5432/app is not empty: it holds 2 objects (tables, views, functions, types or others); missing extensions in db:5432/app: postgis; \
             missing roles in db:5432/app: reader"
    );
    let all = Allowed { replace: true, clears: true, skip_missing_extensions: true, make_roles: true };
    assert_eq!(told(&plan, all), "");
    assert_eq!(making_roles(&plan.missing_roles), "CREATE ROLE \"reader\" NOLOGIN;\n");
}

#[test]
fn rows_hidden_from_the_role_block_a_restore_always() {
    let hidden = Needs { forces_row_security: true, ..Needs::default() };
    let all = Allowed { replace: true, clears: true, skip_missing_extensions: true, make_roles: true };
    let plan = Plan::new("db:5432/app", &hidden, 15, &facts());
    assert!(told(&plan, all).contains("FORCE ROW LEVEL SECURITY"));
    assert_eq!(told(&Plan::new("db:5432/app", &hidden, 15, &of_a_role(true)), all), "");
}

#[test]
fn locks_that_do_not_fit_are_an_obstacle() {
    let of = |locks| Plan::new("db:5432/app", &Needs { locks, ..Needs::default() }, 15, &facts());
    let replacing = Allowed { replace: true, ..Allowed::default() };
    let clearing = Allowed { clears: true, ..replacing };
    assert_eq!(told(&of(15_740), replacing), "");
    assert!(told(&of(15_740), clearing).contains("needs 129 or more"));
    assert!(told(&of(15_800), replacing).contains("max_locks_per_transaction is 64"));
}

#[test]
fn an_older_server_is_refused_whatever_is_allowed() {
    let all = Allowed { replace: true, clears: true, skip_missing_extensions: true, make_roles: true };
    for (needs, dumped) in [(needs(0), 16), (needs(17), 15)] {
        let told = told(&Plan::new("db:5432/app", &needs, dumped, &facts()), all);
        assert!(told.starts_with("db:5432/app runs PostgreSQL 15, but the dump needs 1"), "{told}");
    }
}

#[test]
fn only_what_cannot_fit_is_refused() {
    let room = FreeSpace { folder: "/tmp".into(), free: 100 << 20 };
    let size = |stored, rows| BackupSize { dump_bytes: 900 << 20, stored_bytes: stored, rows };
    assert!(room.check(size(136 << 20, 2_000_000)).is_ok());
    let refused = room.check(size(137 << 20, 0)).unwrap_err().to_string();
    assert_eq!(
        refused,
        "/tmp has 100.0 MiB free, but the restored database needs at least 100.5 MiB (dump: 900.0 MiB)"
    );
    assert!(room.check(size(0, 3_000_000)).is_err());
    assert!(room.check(size(u64::MAX, u64::MAX)).is_err());
    assert_eq!(room.words(size(1, 1)), "100.0 MiB free in /tmp (dump: 900.0 MiB)");
    assert!(FreeSpace::of(Path::new("/nonexistent/x")).is_none());
}
