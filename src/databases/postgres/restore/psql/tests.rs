use super::*;

fn chosen(clients: &[&str], wanted: u32, server: u32) -> Result<(String, String), String> {
    let client = |version: &&str| Client {
        folder: "/x".into(),
        major: client::major(version).unwrap(),
        version: (*version).to_owned(),
    };
    let clients: Vec<Client> = clients.iter().map(client).collect();
    let tools = Tools::choose(&clients, wanted, server, "db").map_err(|error| error.to_string())?;
    Ok((tools.psql.version, tools.pg_dump.version))
}

#[test]
fn the_dumps_own_version_is_best_and_a_newer_one_will_do() {
    let all = ["15.18", "16.14", "18.4"];
    let pair = |psql: &str, pg_dump: &str| Ok((psql.to_owned(), pg_dump.to_owned()));
    assert_eq!(chosen(&all, 15, 15), pair("15.18", "15.18"));
    assert_eq!(chosen(&all, 16, 15), pair("16.14", "16.14"));
    assert_eq!(chosen(&all, 15, 18), pair("15.18", "18.4"));
    assert_eq!(chosen(&["15.13", "16.14"], 15, 15), pair("16.14", "15.13"));
}

#[test]
fn what_is_missing_is_named() {
    let error = chosen(&["15.18"], 16, 16).unwrap_err();
    assert_eq!(error, "PostgreSQL 16 psql and pg_dump not found (installed: 15)");
    assert!(chosen(&["15.13"], 15, 15).unwrap_err().starts_with("psql 15.13 lacks \\restrict"));
}
