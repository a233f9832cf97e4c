//! The clusters: passwords are asked, majors are what they say, digests distinguish rows, nothing outlives the process.

use std::process::Command;

use crate::support::{Cluster, Database, tools};

fn psql(cluster: &Cluster, database: &Database, password: &str, sql: &str) -> (bool, String) {
    let mut psql = Command::new(cluster.bin_dir().join("psql"));
    psql.env_clear().env("PGPASSWORD", password).env("PGCONNECT_TIMEOUT", "10").args([
        "-XqAtw",
        "-h",
        "127.0.0.1",
    ]);
    psql.args(["-p", &database.port.to_string(), "-U", &database.user, "-d", &database.name, "-c", sql]);
    let output = psql.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap().trim().to_owned())
}

#[test]
fn the_right_password_is_let_in_and_a_wrong_one_is_not() {
    let cluster = Cluster::shared();
    let database = cluster.database_with_password("callisto", "p@ss:w/rd'%+ é?#");
    let (let_in, who) = psql(cluster, &database, &database.password, "SELECT current_user");
    assert!(let_in, "{who}");
    assert_eq!(who, database.user);
    let (let_in, why) = psql(cluster, &database, "wrong", "SELECT 1");
    assert!(!let_in && why.contains("password authentication failed"), "{why}");
    assert!(
        database.url().contains("p%40ss%3Aw%2Frd%27%25%2B%20%C3%A9%3F%23@127.0.0.1:"),
        "{}",
        database.url()
    );
}

#[test]
fn the_url_works_as_it_is() {
    let cluster = Cluster::shared();
    let database = cluster.database_with_password("callisto", "p@ss:w/rd'%+ é?#");
    let answer = tools::run(cluster.bin_dir().join("psql"), ["-XqAt", &database.url(), "-c", "SELECT 7"]);
    assert_eq!(answer.trim(), "7");
}

#[test]
fn the_shared_server_speaks_tls_with_its_own_certificate() {
    let cluster = Cluster::shared();
    let database = cluster.database("tls");
    let root = cluster.certificate().unwrap().display();
    let url = format!("{}?sslmode=verify-full&sslrootcert={root}", database.url());
    let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    assert_eq!(tools::run(cluster.bin_dir().join("psql"), ["-XqAt", &url, "-c", sql]).trim(), "t");
}

#[test]
fn the_majors_are_what_they_say() {
    for major in [16, 18] {
        let cluster = Cluster::of_major(major);
        let database = cluster.database("major");
        let version = database.psql("SHOW server_version_num");
        assert!(version.starts_with(&major.to_string()), "{version}");
        let client = tools::run(cluster.bin_dir().join("pg_dump"), ["--version"]);
        assert!(client.contains(&format!(" {major}.")), "{client}");
    }
}

#[test]
fn a_diary_is_the_same_twice_and_one_changed_row_shows() {
    let cluster = Cluster::shared();
    let (first, second) = (cluster.database("diary"), cluster.database("diary"));
    first.load_diary(20, 300);
    second.load_diary(20, 300);
    let counts = first.row_counts();
    assert_eq!(counts["public.patients"], 20);
    assert_eq!(counts["public.diary_events"], 300);
    assert_eq!(first.content_digest(), second.content_digest());
    assert_eq!(first.psql("SELECT tableowner FROM pg_tables WHERE tablename = 'sites'"), first.user);
    second.psql_as_owner("UPDATE sites SET name = name || '.' WHERE site_id = 'SITE-003'");
    assert_ne!(first.content_digest(), second.content_digest());
    assert_eq!(first.row_counts(), second.row_counts());
}

#[test]
fn a_diary_survives_dump_and_restore_in_the_digest() {
    let cluster = Cluster::shared();
    let (source, copy) = (cluster.database("source"), cluster.database("copy"));
    source.load_diary(20, 300);
    let dump = tools::run(cluster.bin_dir().join("pg_dump"), ["--no-owner", &source.url()]);
    copy.script(&dump, &[]);
    assert_eq!(source.content_digest(), copy.content_digest());
}

#[test]
fn a_private_server_that_is_dropped_stops_and_leaves_nothing() {
    let cluster = Cluster::start(tools::distribution_bin_dir());
    let (port, folder) = (cluster.port(), cluster.folder().to_owned());
    assert!(folder.exists());
    drop(cluster);
    assert!(!folder.exists());
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
}

/// Not a test but the victim of the next one, which runs it as a process of its own and kills it.
#[test]
#[ignore = "started by servers_vanish_when_the_test_process_is_killed"]
fn hold_servers_until_killed() {
    let cluster = Cluster::shared();
    println!("HOLDING {} {}", cluster.port(), cluster.folder().display());
    std::thread::sleep(std::time::Duration::from_secs(60));
}

#[test]
fn servers_vanish_when_the_test_process_is_killed() {
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;
    use std::time::Duration;
    let mut victim = Command::new(std::env::current_exe().unwrap());
    victim.args([
        "--ignored",
        "--exact",
        "--nocapture",
        "support_works::postgres::hold_servers_until_killed",
    ]);
    let mut victim = victim.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(victim.stdout.take().unwrap()).lines().map(Result::unwrap);
    let holding =
        lines.filter_map(|line| line.split_once("HOLDING ").map(|(_, rest)| rest.to_owned())).next().unwrap();
    let (port, folder) = holding.split_once(' ').unwrap();
    let port: u16 = port.parse().unwrap();
    std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    assert!(!processes_with(folder).is_empty());
    victim.kill().unwrap();
    victim.wait().unwrap();
    tools::wait_for("the folder of a killed process's server to go", Duration::from_secs(20), || {
        (!std::path::Path::new(folder).exists()).then_some(())
    });
    // Its port may be another program's by now, so the processes are looked at.
    tools::wait_for("the server's processes to go", Duration::from_secs(20), || {
        processes_with(folder).is_empty().then_some(())
    });
}

/// The command lines in which a folder is named.
fn processes_with(folder: &str) -> Vec<String> {
    let all = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let lines = all.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines.filter(|line| line.contains(folder)).collect()
}
