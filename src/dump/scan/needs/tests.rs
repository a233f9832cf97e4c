use super::*;

#[test]
fn roles_are_found_wherever_a_dump_names_them() {
    for (statement, expected) in [
        (
            "CREATE POLICY p ON diary.t FOR SELECT TO authenticated, \"Ops, 2\" USING ((owner = CURRENT_USER));",
            "Ops, 2 authenticated",
        ),
        ("CREATE POLICY p ON diary.t USING (true);", ""),
        ("CREATE POLICY \"to\" ON diary.t TO PUBLIC WITH CHECK (true);", ""),
        ("GRANT SELECT,INSERT(a) ON TABLE diary.\"to x\" TO app WITH GRANT OPTION;", "app"),
        ("GRANT USAGE ON SCHEMA diary TO service_role;", "service_role"),
        ("REVOKE ALL ON SCHEMA public FROM PUBLIC;", ""),
        ("REVOKE ALL ON TABLE t FROM old_app CASCADE;", "old_app"),
        (
            "ALTER DEFAULT PRIVILEGES FOR ROLE maker IN SCHEMA diary GRANT SELECT ON TABLES  TO reader;",
            "maker reader",
        ),
        ("ALTER TABLE diary.t OWNER TO app;", "app"),
        ("CREATE USER MAPPING FOR app SERVER s OPTIONS (\"user\" 'x');", "app"),
        ("ALTER TABLE ONLY diary.t ALTER COLUMN a SET DEFAULT 1;", ""),
    ] {
        let mut needs = Needs::default();
        needs.learn(statement.as_bytes());
        let found: Vec<String> = needs.roles.into_iter().collect();
        assert_eq!(found.join(" "), expected, "{statement}");
    }
}

#[test]
fn a_role_of_a_name_that_is_not_utf8_is_found() {
    let mut needs = Needs::default();
    needs.learn(b"ALTER TABLE public.t OWNER TO \"ren\xe9\";");
    assert_eq!(needs.roles.into_iter().collect::<Vec<_>>(), ["rené"]);
}

#[test]
fn extensions_encoding_and_settings_are_found() {
    let mut needs = Needs::default();
    for statement in [
        "SET client_encoding = 'LATIN1';",
        "SET transaction_timeout = 0;",
        "CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\" WITH SCHEMA extensions;",
        "CREATE EXTENSION citext;",
        "CREATE SCHEMA \"Odd schema\";",
        "COMMENT ON EXTENSION other IS 'CREATE EXTENSION no;';",
        "CREATE EVENT TRIGGER audit ON login\n   EXECUTE FUNCTION public.audit();",
    ] {
        needs.learn(statement.as_bytes());
    }
    assert_eq!(needs.encoding.as_deref(), Some("LATIN1"));
    assert_eq!((needs.server_major, needs.reacts_to_logins), (17, true));
    assert_eq!(needs.extensions.into_iter().collect::<Vec<_>>(), ["citext", "uuid-ossp"]);
}
