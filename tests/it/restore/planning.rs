//! What is in the way is reported before the backup is read, all at once, and by a dry run with the same code.

use super::{empty, fetches, into, message, place, restore, with_a_backup};
use crate::support::{Cluster, Database, Outcome, Proxy, Run, Sponsor, Trial, tools};

/// Runs it for real and dry; neither reads the backup.
#[track_caller]
fn refused(trial: &Trial, run: impl Fn() -> Run, code: i32) -> Outcome {
    let proxy = Proxy::before(trial.store.endpoint());
    let run = || run().input("s3-endpoint-url", proxy.endpoint());
    let (real, dry) = (run().run(), run().input("dry-run", "true").run());
    real.assert_code(code);
    dry.assert_code(code);
    // A drill's database has another name each time.
    let told = |outcome: &Outcome| message(outcome).split_once(' ').map(|(_, told)| told.to_owned());
    assert_eq!(told(&real), told(&dry));
    assert_eq!(fetches(&proxy), 0, "the backup was read before {}", message(&real));
    assert_eq!(real.result("callisto")["target"], "unchanged");
    real
}

#[test]
fn an_unfit_target_is_reported_before_the_backup_is_read() {
    let trial = with_a_backup();
    let full = empty();
    full.psql_as_owner("CREATE TABLE mine (id int)");
    let url = full.url();
    let wrong_password = url.replacen("@", "x@", 1);
    let closed = format!("postgresql://a:b@127.0.0.1:{}/app", tools::free_port());
    let missing = format!("{url}_new");
    for (url, told) in [
        (url.as_str(), "is not empty"),
        (&wrong_password, "password authentication failed"),
        (&closed, "Connection refused"),
        (&missing, "cannot create databases"),
    ] {
        let outcome = refused(&trial, || into(&trial, url), 16);
        assert!(message(&outcome).contains(told), "{}", message(&outcome));
    }
    for (url, told) in
        [(&wrong_password, "password authentication failed"), (&url, "cannot create databases")]
    {
        let drill = || trial.run().input("command", "drill").env("TARGET_DATABASE_URL", url);
        let outcome = refused(&trial, drill, 16);
        assert!(message(&outcome).contains(told), "{}", message(&outcome));
    }
}

#[test]
fn a_missing_temporary_folder_is_named_before_any_download() {
    let trial = with_a_backup();
    let drill = || trial.run().input("command", "drill").env("TMPDIR", "/nonexistent/scratch");
    let outcome = refused(&trial, drill, 16);
    assert!(message(&outcome).contains("/nonexistent/scratch"), "{}", message(&outcome));
    assert!(outcome.visible().contains("TMPDIR"), "{}", outcome.transcript());
    // Nothing was restored.
    assert_eq!(outcome.output("restore_duration_minutes"), "");
}

/// What was restored would be hidden from the role that has to read it back.
#[test]
fn a_role_that_cannot_read_restored_rows_is_refused_first() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let source = trial.database("callisto");
    source.psql(&format!("ALTER ROLE \"{}\" BYPASSRLS", source.user));
    source.psql_as_owner(
        "CREATE TABLE secret (id int); ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
         ALTER TABLE secret FORCE ROW LEVEL SECURITY; CREATE POLICY none ON secret USING (false)",
    );
    trial.run().run().assert_code(0);
    let role = empty();
    role.psql(&format!("ALTER ROLE \"{}\" CREATEDB", role.user));
    let target = Database { name: format!("{}_new", role.name), ..role.clone() };
    let outcome = refused(&trial, || restore(&trial, &target), 16);
    let told = message(&outcome);
    assert!(told.starts_with(&place(&target)) && told.contains("FORCE ROW LEVEL SECURITY"), "{told}");
    assert!(!super::targets::exists(Cluster::shared(), &target.name));
    role.psql(&format!("ALTER ROLE \"{}\" BYPASSRLS", role.user));
    let restored = restore(&trial, &target).run();
    restored.assert_code(0);
    assert_eq!(restored.result("callisto")["target"], "created");
}

#[test]
fn schemas_the_role_may_not_create_are_an_obstacle() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    trial.database("callisto").psql_as_owner("CREATE SCHEMA app; CREATE TABLE app.t AS SELECT 1 AS id");
    trial.run().run().assert_code(0);
    let target = empty();
    target.psql(&format!("ALTER DATABASE \"{}\" OWNER TO postgres", target.name));
    for dry_run in ["true", "false"] {
        let outcome = restore(&trial, &target).input("dry-run", dry_run).run();
        outcome.assert_code(16);
        let told = "this role cannot create missing schemas: app";
        assert!(message(&outcome).contains(told), "{}", message(&outcome));
    }
    target.psql(&format!("CREATE SCHEMA app; GRANT CREATE, USAGE ON SCHEMA app TO \"{}\"", target.user));
    let outcome = restore(&trial, &target).run();
    outcome.assert_code(0);
    assert_eq!(target.psql("SELECT id FROM app.t"), "1");
}
