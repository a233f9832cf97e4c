//! Every form of `DATABASE_URL` that libpq takes, and what is said of those that only a driver takes. One dry run with a
//! sponsor for each spelling.

use crate::support::{Cluster, Database, Outcome, Run, Sponsor, Trial, tools};

/// A sponsor for each spelling, with a database of its own.
fn trial(spellings: &[String]) -> Trial {
    let names = (0..spellings.len()).map(name);
    let trial = Trial::of(names.map(|name| Sponsor::named(&name).empty()));
    for (at, spelling) in spellings.iter().enumerate() {
        let url = spelled(spelling, trial.database(&name(at)));
        trial.secret(&name(at), "DATABASE_URL", Some(&url));
    }
    trial
}

/// Its first letters make a code of its own.
fn name(at: usize) -> String {
    let letter = char::from(b'a' + u8::try_from(at).unwrap());
    format!("{letter}-spelling")
}

/// `U` is the plain URL, and `USER`, `HOST`, `PORT`, `NAME` and `FOLDER` for its parts and the server's socket.
fn spelled(spelling: &str, database: &Database) -> String {
    let folder = Cluster::shared().folder().join("data").display().to_string();
    let port = database.port.to_string();
    let login = format!("{}:{}", database.user, database.password);
    let encoded = folder.replace('/', "%2F");
    let parts = [
        ("{U}", database.url()),
        ("{LOGIN}", login),
        ("{PORT}", port),
        ("{NAME}", database.name.clone()),
        ("{USER}", database.user.clone()),
        ("{PASSWORD}", database.password.clone()),
        ("{FOLDER}", folder),
        ("{ENCODED}", encoded),
    ];
    parts.iter().fold(spelling.to_owned(), |text, (part, value)| text.replace(part, value))
}

/// With the distribution's clients alone.
fn dry(trial: &Trial) -> Run {
    trial.run().input("dry-run", "true").input("max-parallel", "4")
}

#[track_caller]
fn assert_planned(outcome: &Outcome, spellings: &[String]) {
    for (at, spelling) in spellings.iter().enumerate() {
        let result = outcome.result(&name(at));
        assert_eq!(result["outcome"], "planned", "{spelling}: {result}");
    }
    outcome.assert_code(0);
}

fn owned(spellings: &[&str]) -> Vec<String> {
    spellings.iter().map(|spelling| (*spelling).to_owned()).collect()
}

#[test]
fn each_parameter_of_libpq_is_taken() {
    let parameters = [
        "application_name=x",
        "channel_binding=prefer",
        "client_encoding=UTF8",
        "connect_timeout=9",
        "fallback_application_name=x",
        "gssencmode=disable",
        "gsslib=gssapi",
        "hostaddr=127.0.0.1",
        "keepalives=1&keepalives_idle=30&keepalives_interval=5&keepalives_count=3",
        "krbsrvname=postgres",
        "load_balance_hosts=random",
        "options=-c%20search_path%3Dpublic",
        "passfile=/nonexistent",
        "replication=false",
        "requirepeer=postgres",
        "ssl_min_protocol_version=TLSv1.2&ssl_max_protocol_version=TLSv1.3",
        "sslcert=/nonexistent&sslkey=/nonexistent",
        "sslcompression=0",
        "sslcrl=/nonexistent&sslcrldir=/nonexistent",
        "sslpassword=",
        "sslrootcert=/nonexistent",
        "sslsni=1",
        "target_session_attrs=read-write",
        "tcp_user_timeout=1000",
    ];
    let spellings: Vec<_> =
        parameters.iter().map(|parameter| format!("{{U}}?sslmode=disable&{parameter}")).collect();
    let trial = trial(&spellings);
    assert_planned(&dry(&trial).run(), &spellings);
}

#[test]
fn each_form_of_the_url_is_taken() {
    let spellings = owned(&[
        "{U}\n",
        "  {U}",
        "postgres://{LOGIN}@127.0.0.1:{PORT}/{NAME}",
        "POSTGRESQL://{LOGIN}@127.0.0.1:{PORT}/{NAME}",
        "postgresql://{LOGIN}@{ENCODED}:{PORT}/{NAME}",
        "postgresql://{LOGIN}@/{NAME}?host={FOLDER}&port={PORT}",
        "postgresql://{LOGIN}@:{PORT}/{NAME}?host={FOLDER}",
        "postgresql://{LOGIN}@/{NAME}?host=127.0.0.1&port={PORT}",
        "postgresql:///?user={USER}&password={PASSWORD}&host=127.0.0.1&port={PORT}&dbname={NAME}",
        "postgresql://{LOGIN}@/{NAME}?hostaddr=127.0.0.1&port={PORT}",
        "postgresql://{LOGIN}@127.0.0.1:1,127.0.0.1:{PORT}/{NAME}?target_session_attrs=read-write",
        "postgresql://{LOGIN}@127.0.0.1:1,localhost:{PORT}/{NAME}",
        "postgresql://{LOGIN}@/{NAME}?host=127.0.0.1,{FOLDER}&port=1,{PORT}",
        "postgresql://{LOGIN}@db.example.org,127.0.0.1:{PORT}/{NAME}?hostaddr=127.0.0.1,127.0.0.1&port=1,{PORT}",
        // As JDBC and node-postgres spell sslmode=require, and libpq with them.
        "{U}?ssl=true",
    ]);
    let trial = trial(&spellings);
    assert_planned(&dry(&trial).run(), &spellings);
}

#[test]
fn a_parameter_newer_than_the_client_works_or_is_named() {
    let spellings = owned(&[
        "{U}?sslmode=disable&sslcertmode=disable",
        "{U}?require_auth=scram-sha-256",
        "{U}?sslnegotiation=postgres",
        "{U}?sslmode=disable&max_protocol_version=latest",
        "{U}?sslmode=disable&oauth_scope=x",
    ]);
    let since = [("sslcertmode", 16), ("require_auth", 16), ("sslnegotiation", 17)];
    let since = since.into_iter().chain([("max_protocol_version", 18), ("oauth_scope", 18)]);
    let trial = trial(&spellings);
    let outcome = dry(&trial).run();
    outcome.assert_code(13);
    let visible = outcome.visible();
    for (at, (parameter, since)) in since.enumerate() {
        let told = format!(
            "DATABASE_URL has the parameter `{parameter}`, which needs a PostgreSQL {since} client (installed: 15."
        );
        assert!(outcome.result(&name(at))["message"].to_string().contains(&told), "{told} in {visible}");
        assert!(visible.contains(&format!("Install postgresql-client-{since} or a newer one")));
    }
    // The newer client is taken for all of it then.
    assert_planned(&dry(&trial).path(&tools::wheel_bin_dir(18)).run(), &spellings);
}

#[test]
fn a_spelling_of_drivers_is_reported_with_its_remedy() {
    let rows = [
        ("{U}?ssl=false", "the unknown parameter `ssl`", "Use `sslmode` instead"),
        (
            "{U}?sslmode=disable&sslaccept=strict",
            "the unknown parameter `sslaccept`",
            "Use `sslmode` instead",
        ),
        ("{U}?sslmode=no-verify", "a bad value for `sslmode`", "Use one of disable, allow, prefer, require"),
        (
            "{U}?sslmode=disable&uselibpqcompat=true",
            "the unknown parameter `uselibpqcompat`",
            "Remove it from DATABASE_URL",
        ),
        ("{U}?sslmode=disable&service=x", "the parameter `service`", "write host, port, user and database"),
        ("jdbc:postgresql://127.0.0.1:{PORT}/{NAME}", "the scheme `jdbc`", "Write postgresql://"),
        (
            "postgresql+asyncpg://{LOGIN}@127.0.0.1/{NAME}",
            "scheme `postgresql+asyncpg`",
            "Write postgresql://",
        ),
        ("\"{U}\"", "has text before `postgresql://`, such as a quote", "Remove quotes"),
        (
            "postgresql://{LOGIN}@127.0.0.1:{PORT},127.0.0.1:6543/{NAME}",
            "a transaction pooler (port 6543)",
            "5432",
        ),
        (
            "postgresql://{LOGIN}@127.0.0.1,127.0.0.1/{NAME}?port=1,2,3",
            "a bad value for `port`",
            "one per host",
        ),
    ];
    let spellings: Vec<_> = rows.iter().map(|(spelling, ..)| (*spelling).to_owned()).collect();
    let trial = trial(&spellings);
    let outcome = dry(&trial).run();
    outcome.assert_code(13);
    let visible = outcome.visible();
    for (at, (spelling, told, hint)) in rows.iter().enumerate() {
        let message = outcome.result(&name(at))["message"].to_string();
        assert!(message.contains(told), "{spelling}: {message}");
        let annotations = outcome.annotations("error");
        let own = annotations.iter().find(|text| text.contains(&name(at)));
        assert!(own.is_some_and(|text| text.contains(hint)), "{spelling}: {annotations:?}");
        assert!(!visible.contains(&trial.database(&name(at)).password), "{spelling}: {visible}");
    }
    assert!(!visible.contains("Did you mean `sslcert`?"), "{visible}");
}

/// libpq opens a key with a password that is in no variable and no argument.
#[test]
fn a_parameter_without_a_variable_reaches_libpq_unseen() {
    let certificate = Cluster::shared().certificate().unwrap();
    let folder = tools::open_folder("keys");
    let (plain, sealed) = (folder.path().join("plain.key"), folder.path().join("sealed.key"));
    let (plain, sealed) = (plain.display().to_string(), sealed.display().to_string());
    let made = folder.path().join("own.crt").display().to_string();
    let request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=own", "-keyout"];
    tools::run("openssl", request.iter().copied().chain([plain.as_str(), "-out", made.as_str()]));
    let seal = ["pkcs8", "-topk8", "-passout", "pass:canary/1", "-in", &plain, "-out", &sealed];
    tools::run("openssl", seal);
    tools::run("chmod", ["600", sealed.as_str()]);
    let with = |password: &str| {
        let root = certificate.display();
        format!(
            "{{U}}?sslmode=verify-ca&sslrootcert={root}&sslcert={made}&sslkey={sealed}&sslpassword={password}"
        )
    };
    let spellings = [with("canary%2F1"), with("canary%2F2")];
    let trial = trial(&spellings);
    let outcome = dry(&trial).run();
    outcome.assert_code(13);
    let told = [0, 1].map(|at| outcome.result(&name(at)));
    assert_eq!(told[0]["outcome"], "planned", "{}", told[0]);
    assert!(told[1]["message"].to_string().contains("could not load private key file"), "{}", told[1]);
    assert!(!outcome.visible().contains("canary"), "{}", outcome.visible());
    assert!(outcome.masks().contains(&"canary/1".to_owned()), "{:?}", outcome.masks());
}

#[test]
fn a_backup_by_several_hosts_is_whole_and_names_the_right_one() {
    let spellings = owned(&["postgresql://{LOGIN}@127.0.0.1:1,127.0.0.1:{PORT}/{NAME}"]);
    let trial = trial(&spellings);
    let database = trial.database(&name(0));
    database.psql_as_owner("CREATE TABLE kept AS SELECT generate_series(1, 7) AS n");
    let planned = dry(&trial).run();
    planned.assert_code(0);
    let place = format!("database: 127.0.0.1:{}/{}", database.port, database.name);
    assert!(planned.visible().contains(&place), "{}", planned.visible());
    let outcome = trial.run().run();
    outcome.assert_code(0);
    assert_eq!(outcome.output("state"), "complete");
}
/// libpq's own words, which hold no secret, or ours before it.
#[test]
fn what_libpq_refuses_of_an_address_is_reported() {
    let rows = [
        ("{U}?target_session_attrs=standby", "server is not in hot standby mode"),
        ("{U}?target_session_attrs=nonsense", "a bad value for `target_session_attrs`"),
        ("postgresql://{LOGIN}@127.0.0.1:1,127.0.0.1:2/{NAME}", "127.0.0.1:1,127.0.0.1:2/"),
        ("{U}?ssl_min_protocol_version=TLSv9", "a bad value for `ssl_min_protocol_version`"),
        (
            "{U}?ssl_max_protocol_version=TLSv1&ssl_min_protocol_version=TLSv1.2",
            "invalid SSL protocol version range",
        ),
        ("{U}?keepalives=many", "a bad value for `keepalives`"),
        ("{U}?sslmode=verify-full&sslrootcert=/nonexistent", "root certificate file \"…\" does not exist"),
        (
            "{U}?sslmode=require&sslcert=/etc/hostname&sslkey=/etc/hostname",
            "could not read certificate file \"…\"",
        ),
        ("{U}?channel_binding=require&sslmode=disable", "channel binding required, but SSL not in use"),
        ("{U}?sslrootcert=system", "the parameter `sslrootcert=system`, which needs a PostgreSQL 16 client"),
    ];
    let spellings: Vec<_> = rows.iter().map(|(spelling, _)| (*spelling).to_owned()).collect();
    let trial = trial(&spellings);
    let outcome = dry(&trial).run();
    outcome.assert_code(13);
    for (at, (spelling, told)) in rows.iter().enumerate() {
        let message = outcome.result(&name(at))["message"].as_str().unwrap().to_owned();
        assert!(message.contains(told), "{spelling}: {message}");
    }
}
