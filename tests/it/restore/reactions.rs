//! Event triggers and login triggers: they are restored, and react neither to the load nor to what reads it back.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::{confirmed, message, restore};
use crate::support::{Cluster, Database, Run, Sponsor, Trial, tools};

/// An audit trail of schema changes, a rule against them, and one trigger for each state. A view is refreshed after all of
/// them were made in the dump.
const REACTIONS: &str = "CREATE SCHEMA audit;
    CREATE TABLE audit.ddl (id bigint GENERATED ALWAYS AS IDENTITY, tag text, what text);
    CREATE FUNCTION audit.note() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
      INSERT INTO audit.ddl (tag, what) SELECT command_tag, object_identity FROM pg_event_trigger_ddl_commands(); END $$;
    CREATE FUNCTION audit.forbid() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
      IF current_setting('audit.change_ticket', true) IS NULL THEN RAISE EXCEPTION 'DDL needs a change ticket: %', tg_tag; END IF; END $$;
    CREATE TABLE visits (id int PRIMARY KEY, site int);
    INSERT INTO visits SELECT i, i % 5 FROM generate_series(1, 50) i;
    CREATE MATERIALIZED VIEW per_site AS SELECT site, count(*) AS n FROM visits GROUP BY site;
    CREATE EVENT TRIGGER note_ddl ON ddl_command_end EXECUTE FUNCTION audit.note();
    COMMENT ON EVENT TRIGGER note_ddl IS 'keeps the trail';
    CREATE TABLE later (id int);
    CREATE EVENT TRIGGER always ON ddl_command_end EXECUTE FUNCTION audit.note();
    CREATE EVENT TRIGGER replica ON ddl_command_end EXECUTE FUNCTION audit.note();
    CREATE EVENT TRIGGER never ON ddl_command_end EXECUTE FUNCTION audit.note();
    CREATE EVENT TRIGGER forbid_ddl ON ddl_command_start EXECUTE FUNCTION audit.forbid();
    ALTER EVENT TRIGGER always ENABLE ALWAYS;
    ALTER EVENT TRIGGER replica ENABLE REPLICA;
    ALTER EVENT TRIGGER never DISABLE;";

/// The audit of logins from PostgreSQL's manual ("Event Triggers", "A Database Login Event Trigger Example").
pub(crate) const LOGINS: &str =
    "CREATE TABLE user_login_log (\"user\" text, \"session_start\" timestamp with time zone);
    CREATE FUNCTION init_session() RETURNS event_trigger SECURITY DEFINER LANGUAGE plpgsql AS $$ BEGIN
      IF pg_is_in_recovery() THEN RETURN; END IF;
      INSERT INTO public.user_login_log VALUES (session_user, current_timestamp); END $$;
    CREATE EVENT TRIGGER init_session ON login EXECUTE FUNCTION init_session();
    ALTER EVENT TRIGGER init_session ENABLE ALWAYS;";

/// The triggers and what they wrote, without reacting to the question.
const STATE: &str = "SELECT string_agg(format('%s %s', evtname, evtenabled), ', ' ORDER BY evtname) FROM pg_event_trigger;
    SELECT count(*), max(id) FROM audit.ddl; SELECT last_value, is_called FROM audit.ddl_id_seq;
    SELECT count(*), sum(n) FROM per_site; SELECT obj_description(oid) FROM pg_event_trigger WHERE evtname = 'note_ddl'";

fn of_a_superuser(cluster: &Cluster) -> Database {
    let target = cluster.database("target");
    target.psql(&format!("ALTER ROLE \"{}\" SUPERUSER", target.user));
    target
}

fn replacing(run: Run, target: &Database) -> Run {
    run.input("replace", "true").input("confirm", confirmed(target))
}

#[test]
fn event_triggers_are_restored_and_do_not_react() {
    for (cluster, privileges) in [(Cluster::shared(), "false"), (Cluster::of_major(18), "true")] {
        let trial = Trial::plan([Sponsor::named("callisto").empty()]).cluster(cluster).start();
        let source = trial.database("callisto");
        source.psql(&format!("GRANT pg_read_all_data TO \"{}\"; {REACTIONS}", source.user));
        let before = source.psql(STATE);
        trial.run().path(cluster.bin_dir()).input("include-privileges", privileges).run().assert_code(0);
        let target = of_a_superuser(cluster);
        let outcome = restore(&trial, &target).path(cluster.bin_dir()).run();
        outcome.assert_code(0);
        assert!(message(&outcome).contains(": equal: "), "{}", message(&outcome));
        assert_eq!(target.psql(STATE), before);

        // The triggers of a target that holds the same react neither to their own end nor to what comes after it.
        let outcome = replacing(restore(&trial, &target).path(cluster.bin_dir()), &target).run();
        outcome.assert_code(0);
        assert_eq!(target.psql(STATE), before);
        target.psql("SET audit.change_ticket = '7'; CREATE TABLE newest ()");
        assert_eq!(target.psql("SELECT count(*) > 1 FROM audit.ddl"), "t", "they are awake");
    }
}

/// A backup of some schemas has no event triggers. Those of the target stay, with their states, and do not react to it.
#[test]
fn event_triggers_of_a_target_do_not_react_to_a_part() {
    let trial = Trial::of([Sponsor::named("callisto")]);
    trial.database("callisto").psql_as_owner(
        "CREATE SCHEMA part; CREATE TABLE part.t AS SELECT 1 AS i; CREATE MATERIALIZED VIEW part.v AS SELECT * FROM part.t",
    );
    trial.run().input("schemas", "part").run().assert_code(0);
    let target = of_a_superuser(Cluster::shared());
    target.psql("CREATE SCHEMA part; CREATE TABLE part.t (i int)");
    target.psql(REACTIONS);
    let before = target.psql(STATE);
    let run = restore(&trial, &target).input("allow-partial", "true");
    let outcome = replacing(run, &target).run();
    outcome.assert_code(0);
    assert_eq!(target.psql(STATE), before);
    assert_eq!(target.psql("SELECT i FROM part.v"), "1");
}

#[test]
fn login_triggers_do_not_react_to_a_restore_or_a_dump() {
    let cluster = Cluster::of_major(18);
    let trial = Trial::plan([Sponsor::named("callisto").empty()]).cluster(cluster).start();
    let source = trial.database("callisto");
    source.psql(&format!("ALTER ROLE \"{}\" SUPERUSER", source.user));
    source.psql(LOGINS);
    source.psql("SELECT 1");
    let programs = tools::open_folder("programs");
    symlink(cluster.bin_dir().join("psql"), programs.path().join("psql")).unwrap();
    let (seen, real) = (programs.path().join("seen"), cluster.bin_dir().join("pg_dump"));
    let note = format!("case \"$*\" in *--clean*) echo \"$PGOPTIONS\" >> {};; esac", seen.display());
    let script = format!("#!/bin/sh\n{note}\nexec {} \"$@\"\n", real.display());
    std::fs::write(programs.path().join("pg_dump"), script).unwrap();
    let permissions = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(programs.path().join("pg_dump"), permissions).unwrap();
    trial.run().only_path(&[programs.path()]).run().assert_code(0);
    let options = std::fs::read_to_string(seen).unwrap();
    assert!(options.lines().all(|line| line.contains("event_triggers=off")), "{options}");
    let quiet = "SET event_triggers = off; SELECT count(*) FROM user_login_log";
    let target = of_a_superuser(cluster);
    let backed_up = {
        let outcome = restore(&trial, &target).path(cluster.bin_dir()).run();
        outcome.assert_code(0);
        assert!(message(&outcome).contains(": equal: 1 table, "), "{}", message(&outcome));
        message(&outcome).rsplit(' ').nth(1).unwrap().parse::<u32>().unwrap()
    };
    // The one that looks is a login itself.
    assert_eq!(target.psql(quiet).parse::<u32>().unwrap(), backed_up + 1);
    let states = "SELECT evtname, evtenabled, evtevent FROM pg_event_trigger";
    assert_eq!(target.psql(states), "init_session|A|login");
    // Over it once more: its first session cannot know yet that there is a trigger, and its log is replaced.
    let outcome = replacing(restore(&trial, &target).path(cluster.bin_dir()), &target).run();
    outcome.assert_code(0);
    assert_eq!(target.psql(quiet).parse::<u32>().unwrap(), backed_up + 1);
}
