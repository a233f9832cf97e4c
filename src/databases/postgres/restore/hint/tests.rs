use super::*;

fn remedy(statement: &str, code: &str) -> String {
    of(statement, SqlState::parse(code).unwrap()).unwrap_or_default()
}

#[test]
fn one_code_means_another_thing_in_another_statement() {
    for (statement, code, told) in [
        ("REFRESH MATERIALIZED VIEW public.words", "42P01", "in the definition of public.words and"),
        ("CREATE UNIQUE INDEX i ON public.t", "42883", "in the definition of i and"),
        ("ALTER TABLE ONLY public.t ADD CONSTRAINT c", "42P01", "in the definition of public.t and"),
        (
            "CREATE VIEW public.v",
            "42703",
            "Something that public.v reads is neither in the dump nor on this server",
        ),
        ("CREATE VIEW public.v", "42883", "A function or operator in public.v is"),
        ("CREATE EVENT TRIGGER e ON x", "42883", "neither in the dump nor on the server"),
        ("REFRESH MATERIALIZED VIEW s.m", "08001", "The foreign server that s.m reads"),
        ("REFRESH MATERIALIZED VIEW s.m", "23505", "Run REFRESH MATERIALIZED VIEW s.m in the live"),
        ("CREATE UNIQUE INDEX i ON public.t", "23505", "REINDEX"),
        ("COPY public.n", "23514", "The live database itself breaks this rule"),
        ("CREATE INDEX i ON public.t", "54000", "too large for i"),
        ("", "53200", "max_locks_per_transaction"),
        ("", "08006", ""),
        ("SELECT pg_catalog.setval('s.q', 1, true)", "P0001", ""),
    ] {
        let found = remedy(statement, code);
        assert!(found.contains(told) && found.is_empty() == told.is_empty(), "{statement} {code}: {found}");
    }
}
