use super::*;

fn clients(majors: &[u32]) -> Vec<Client> {
    let client = |major: &u32| Client { folder: "/x".into(), major: *major, version: major.to_string() };
    majors.iter().map(client).collect()
}

#[test]
fn the_servers_own_major_is_best_and_a_newer_one_will_do() {
    let clients = clients(&[13, 15, 18]);
    for (server, chosen) in [(13, 13), (14, 15), (15, 15), (16, 18), (9, 13)] {
        assert_eq!(choose(&clients, server, "db").unwrap().major, chosen, "server {server}");
    }
}

#[test]
fn a_server_that_is_too_new_names_the_remedy() {
    let error = choose(&clients(&[13, 15]), 18, "db:5432/app").unwrap_err();
    assert_eq!(
        error.to_string(),
        "db:5432/app: the server runs PostgreSQL 18, newer than every installed pg_dump (13, 15)"
    );
    assert!(error.hint().unwrap().contains("postgresql-client-18"));
}

#[test]
fn a_psql_before_august_2025_does_not_know_restrict() {
    let knows = |major: u32, version: &str| {
        Client { folder: "/x".into(), major, version: version.to_owned() }.knows_restrict()
    };
    assert!(knows(15, "15.18 (Debian 15.18-0+deb12u1)") && knows(18, "18.0") && knows(13, "13.22"));
    assert!(!knows(15, "15.13 (Debian 15.13-0+deb12u1)") && !knows(12, "12.40") && !knows(17, "17beta1"));
}

#[test]
fn versions_are_read() {
    assert_eq!(major("15.18 (Debian 15.18-0+deb12u1)"), Some(15));
    assert_eq!(major("19beta2"), Some(19));
    assert_eq!(major("none"), None);
}
