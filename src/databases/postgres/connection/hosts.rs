//! The parts of a database URL, and where its server is: one address, or several of which libpq uses the first that
//! fits. Pure.

use std::net::{IpAddr, Ipv6Addr};

use super::ConnectionError;

/// PostgreSQL's default port.
const USUAL_PORT: u16 = 5432;

/// One address at which a server may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Host {
    /// A name, an address, or the folder of a socket.
    pub(super) name: String,
    /// The address to connect to, whatever the name is (`hostaddr`).
    pub(super) address: Option<String>,
    pub(super) port: u16,
}

impl Host {
    pub(super) fn new(name: &str, port: u16) -> Self {
        Self { name: name.to_owned(), address: None, port }
    }

    /// Whether the connection stays on this machine. `hostaddr` wins over the name.
    pub(super) fn is_local(&self) -> bool {
        // Linux treats the unspecified address as this machine.
        let loopback = |text: &str| {
            let address = text.parse::<IpAddr>().map(|address| address.to_canonical());
            address.is_ok_and(|address| address.is_loopback() || address.is_unspecified())
        };
        // A socket is a folder, or an abstract name that begins with `@`.
        let by_name = self.name.starts_with(['/', '@'])
            || self.name.trim_end_matches('.').eq_ignore_ascii_case("localhost")
            || loopback(&self.name);
        by_name && self.address.as_deref().is_none_or(loopback)
    }

    /// Its names and addresses in lower case. This machine is always `localhost`.
    pub(super) fn names(&self) -> Vec<String> {
        if self.is_local() {
            return vec!["localhost".to_owned()];
        }
        let all = std::iter::once(&self.name).chain(&self.address);
        all.map(|name| name.trim().trim_end_matches('.').to_lowercase()).collect()
    }

    /// `host:port`.
    pub(super) fn shown(&self) -> String {
        let bare_ipv6 = self.name.parse::<std::net::Ipv6Addr>().is_ok();
        let (open, close) = if bare_ipv6 { ("[", "]") } else { ("", "") };
        format!("{open}{}{close}:{}", self.name, self.port)
    }
}

/// Combines the lists into hosts. A single port applies to all of them (PostgreSQL documentation, "Specifying
/// Multiple Hosts").
pub(super) fn paired(
    names: &[String],
    addresses: Option<&str>,
    ports: &[Option<u16>],
) -> Result<Vec<Host>, ConnectionError> {
    let addresses: Vec<&str> = addresses.iter().flat_map(|list| list.split(',')).map(str::trim).collect();
    let named: Vec<&str> = names.iter().map(String::as_str).collect();
    // Without a name, the address is the name.
    let names = if named.is_empty() { &addresses } else { &named };
    if names.is_empty() || names.iter().any(|name| name.is_empty()) {
        return Err(ConnectionError::Lacks("host"));
    }
    if !addresses.is_empty() && addresses.len() != names.len() {
        return Err(ConnectionError::BadValue("hostaddr"));
    }
    if ports.len() > 1 && ports.len() != names.len() {
        return Err(ConnectionError::BadValue("port"));
    }
    let host = |(at, name): (usize, &&str)| {
        let port = ports.get(at).or(ports.first().filter(|_| ports.len() == 1)).copied().flatten();
        let address = addresses.get(at).filter(|address| !address.is_empty());
        let address = address.map(|address| (*address).to_owned());
        Host { name: (*name).to_owned(), address, port: port.unwrap_or(USUAL_PORT) }
    };
    Ok(names.iter().enumerate().map(host).collect())
}

/// A list of ports as libpq parses it. An empty entry means the default port.
pub(super) fn ports(list: &str) -> Result<Vec<Option<u16>>, ConnectionError> {
    let one = |text: &str| Some(text.trim()).filter(|text| !text.is_empty()).map(self::port).transpose();
    list.split(',').map(one).collect()
}

pub(super) fn port(text: &str) -> Result<u16, ConnectionError> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let port = text.parse().ok().filter(|port| digits && *port > 0);
    port.ok_or(ConnectionError::BadValue("port"))
}

/// Characters that no host contains. Such a text is probably part of a password, and must not be shown.
const NEVER_IN_A_HOST: [char; 9] = ['<', '>', '[', ']', '\\', '^', '|', '"', '\''];

/// A URL in parts, still encoded.
#[derive(Debug)]
pub(super) struct UrlParts<'a> {
    pub(super) user: &'a str,
    pub(super) password: Option<&'a str>,
    /// Each host with its port, or an empty text if the host is left out.
    pub(super) hosts: Vec<(&'a str, Option<u16>)>,
    pub(super) database: &'a str,
    pub(super) query: &'a str,
}

impl<'a> UrlParts<'a> {
    /// Splits a URL.
    pub(super) fn split(text: &'a str) -> Result<Self, ConnectionError> {
        let Some((before, after)) = text.split_once("://") else {
            return Err(ConnectionError::NotAUrl("it has no `://`"));
        };
        let (authority, rest) = after.split_at(after.find(['/', '?', '#']).unwrap_or(after.len()));
        // If a password contains `/`, `?` or `#`, its rest would be parsed as a port or a name, and messages would
        // show it.
        if rest.contains('@') {
            return Err(ConnectionError::NotEncoded);
        }
        check_scheme(before)?;
        if rest.contains('#') {
            return Err(ConnectionError::NotAUrl("it has a `#`"));
        }
        let (login, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = login.split_once(':').map_or((login, None), |(user, word)| (user, Some(word)));
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let database = path.strip_prefix('/').unwrap_or(path);
        let hosts = hosts.split(',').map(host).collect::<Result<_, _>>()?;
        Ok(Self { user, password, hosts, database, query })
    }
}

fn check_scheme(before: &str) -> Result<(), ConnectionError> {
    let scheme = before.split(':').next().unwrap_or_default().to_ascii_lowercase();
    if before.contains(':') || !["postgresql", "postgres"].contains(&scheme.as_str()) {
        let is_one = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        // Anything that is not a scheme may be a secret, and is not shown.
        return Err(if is_one {
            ConnectionError::Scheme(scheme)
        } else if ["postgresql", "postgres"].iter().any(|known| before.to_ascii_lowercase().ends_with(known))
        {
            ConnectionError::TextBefore
        } else {
            ConnectionError::NotAUrl("it does not begin with `postgresql://`")
        });
    }
    Ok(())
}

/// A host and its port: `name:5432`, `[2001:db8::1]:5432`, or either alone.
fn host(text: &str) -> Result<(&str, Option<u16>), ConnectionError> {
    let invalid = ConnectionError::NotAUrl("invalid host name");
    let (name, port) = match text.strip_prefix('[') {
        Some(text) => {
            let (address, port) = text.split_once(']').ok_or(invalid.clone())?;
            let bare = address.split('%').next().unwrap_or_default();
            bare.parse::<Ipv6Addr>().map_err(|_| invalid.clone())?;
            (address, if port.is_empty() { "" } else { port.strip_prefix(':').ok_or(invalid.clone())? })
        }
        None => text.split_once(':').unwrap_or((text, "")),
    };
    if name.contains(NEVER_IN_A_HOST) || name.contains(char::is_whitespace) || name.contains(char::is_control)
    {
        return Err(invalid);
    }
    // In `h1,h2:5432,5433` the last port is in the position of a third host.
    if self::port(name).is_ok() {
        return Err(ConnectionError::PortAsHost);
    }
    let port = Some(port).filter(|port| !port.is_empty()).map(self::port).transpose();
    Ok((name, port.map_err(|_| ConnectionError::BadPort)?))
}
