use super::*;

#[test]
fn a_complaint_finds_its_statement() {
    let connection = Connection::at_socket(std::path::Path::new("/tmp"), "app", "postgres", "a server");
    let mut sent = Sent::to(&connection);
    sent.note_ours(1, b"BEGIN;\n");
    sent.note(2, b"-- a comment\nCREATE TABLE s.a ();");
    sent.note(3, b"COPY s.a (x) FROM stdin;\n");
    sent.goes_on(90);
    sent.note(91, b"CREATE VIEW s.v AS SELECT 'zoe';");
    let found = [1, 2, 3, 90, 91, 92].map(|line| sent.statement_at(line));
    assert_eq!(found, ["", "CREATE TABLE s.a", "COPY s.a", "COPY s.a", "CREATE VIEW s.v", "CREATE VIEW s.v"]);
    (0..2 * KEPT).for_each(|line| sent.note(100 + line as u64, b"SELECT 1;"));
    assert_eq!(sent.recent.len(), KEPT);
}
