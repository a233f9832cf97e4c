//! Where a server is: one address, or several of which libpq uses the first that fits. Pure.

use std::net::IpAddr;

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
    let one = |text: &str| Some(text.trim()).filter(|text| !text.is_empty()).map(port).transpose();
    list.split(',').map(one).collect()
}

pub(super) fn port(text: &str) -> Result<u16, ConnectionError> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let port = text.parse().ok().filter(|port| digits && *port > 0);
    port.ok_or(ConnectionError::BadValue("port"))
}
