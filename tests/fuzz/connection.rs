//! The database URL, with an encoded password or a plain one.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::SecretString;
use sponsor_backup::databases::postgres::Connection;
use sponsor_backup::databases::postgres::connection::ConnectionError;

use crate::dice::Dice;
use crate::engine::{Outcome, Target};

const CANARY: &str = "c4n4ryhunter2";

const SEEDS: [&str; 9] = [
    "postgresql://user:secret@host:5432/database?sslmode=require",
    "postgres://o%27neil:p%40ss%2Fw%3Ard%25@[2001:db8::1]:5433/my%20db?sslmode=verify-full&options=-c%20geqo%3Doff",
    "postgresql:///app?host=/run/pg&user=u&password=p&port=5433&dbname=other",
    "postgres://u@%2Frun%2Fpg/app",
    "postgresql://u:p@localhost/app?hostaddr=127.0.0.1,10.0.0.1",
    "postgresql://postgres.abc:p@aws-0.pooler.supabase.com:6543/postgres?pgbouncer=true",
    "postgresql://u:p@a:1,b:2/app",
    "mysql://u:p@db/app#x",
    "p/w?x=1&y#z@host/db",
];

#[rustfmt::skip]
const TOKENS: &[&[u8]] = &[
    b"postgresql://", b"postgres://", b"@", b":", b"/", b"?", b"#", b"%", b"&", b"=", b"+", b" ", b"'", b"\"", b"\\", b"\n", b"\t",
    b"%00", b"%0a", b"%ff", b"%25", b"%2F", b"%40", b"[", b"]", b"::1", b"localhost", b"127.0.0.1", b"0.0.0.0", b".", b",", b"sslmode=",
    b"disable", b"prefer", b"allow", b"host=", b"hostaddr=", b"port=", b"password=", b"user=", b"dbname=", b"options=", b"pgbouncer=1",
    b"6543", b"99999", b"\xc3\xa9", b"xn--", b"\xe3\x80\x82",
];

#[test]
fn database_urls() {
    let seeds = SEEDS.map(|seed| seed.as_bytes().to_vec()).to_vec();
    let target = Target { name: "connection", seeds, tokens: TOKENS, longest: 2000 };
    target.run(|input, dice| {
        let text = String::from_utf8_lossy(input);
        hides(&text, dice)?;
        keeps(&text)?;
        reads(&text)
    });
}

fn parse(url: &str) -> Result<Connection, ConnectionError> {
    Connection::parse(&SecretString::from(url))
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Whatever may be seen of a URL.
fn seen(parsed: &Result<Connection, ConnectionError>) -> String {
    match parsed {
        Ok(url) => {
            let shown = (url.place(), url.database(), url.user(), url.hosts());
            let variables: Vec<_> =
                url.variables().into_iter().filter(|(name, _)| *name != "PGPASSWORD").collect();
            format!("{url:?} {shown:?} {variables:?}")
        }
        Err(error) => format!("{error} {error:?} {}", error.hint()),
    }
}

/// A password is in no message and in no other variable, whatever it holds and however it was written.
fn hides(text: &str, dice: &mut Dice) -> Result<(), String> {
    let at = text.char_indices().map(|(at, _)| at).nth(dice.below(text.chars().count())).unwrap_or_default();
    let password = format!("{}{CANARY}{}", &text[..at], &text[at..]);
    let written = match dice.below(3) {
        0 => encoded(&password),
        1 => password.replace('%', "%25"),
        _ => password,
    };
    let (user, end) =
        (dice.pick(&["user", "a.b", "1"]), dice.pick(&["host/db", "[::1]:5432/db?sslmode=require", "h"]));
    let url = format!("postgresql://{user}:{written}@{end}");
    let parsed = parse(&url);
    if seen(&parsed).contains(CANARY) {
        return Err(format!("{url:?} shows its password: {}", seen(&parsed)));
    }
    Ok(())
}

/// Any user, password and database survive encoding.
fn keeps(text: &str) -> Result<(), String> {
    let text = text.replace('\0', "").chars().take(200).collect::<String>();
    if text.is_empty() {
        return Ok(());
    }
    let url = format!("postgresql://u:{}@h/{}", encoded(&text), encoded(&text));
    let parsed = parse(&url).map_err(|error| format!("{url} is refused: {error}"))?;
    if parsed.variables()["PGPASSWORD"] != text || parsed.database() != text {
        return Err(format!("{url} loses something"));
    }
    Ok(())
}

/// What parses fits into variables, never falls back to plain text, and reads the same when it is written again.
fn reads(text: &str) -> Outcome {
    let connection = match parse(text) {
        Ok(connection) => connection,
        Err(error) => return Ok(format!("{error:?}").chars().take(30).collect()),
    };
    let variables = connection.variables();
    if variables.values().any(|value| value.contains('\0')) {
        return Err("a NUL in a variable".to_owned());
    }
    let mode = variables["PGSSLMODE"].as_str();
    let is_local = connection.hosts().contains("localhost");
    if !is_local && ["prefer", "allow"].contains(&mode) {
        return Err(format!("{:?} may fall back to plain text", connection.hosts()));
    }
    let parameters = [
        ("host", "PGHOST"),
        ("port", "PGPORT"),
        ("dbname", "PGDATABASE"),
        ("user", "PGUSER"),
        ("password", "PGPASSWORD"),
        ("hostaddr", "PGHOSTADDR"),
        ("sslmode", "PGSSLMODE"),
        ("options", "PGOPTIONS"),
        ("connect_timeout", "PGCONNECT_TIMEOUT"),
    ];
    let query = parameters
        .iter()
        .filter_map(|(name, variable)| Some(format!("{name}={}", encoded(variables.get(variable)?))));
    let again = format!("postgresql:///?{}", query.collect::<Vec<_>>().join("&"));
    let same = parse(&again).map_err(|error| format!("{again} is refused: {error}"))?;
    let lost: Vec<_> =
        parameters.iter().filter(|(_, name)| same.variables().get(name) != variables.get(name)).collect();
    if !lost.is_empty() || same.hosts() != connection.hosts() {
        return Err(format!("written as {again}, it is another one: {lost:?}"));
    }
    Ok(format!("{mode} {is_local} {} {}", variables.len(), variables["PGPORT"].len()))
}
