//! The parts of a database URL as written, split by libpq's own rules, which allow several hosts. Pure.

use std::net::Ipv6Addr;

use super::ConnectionError;

/// Characters that no host contains. Such a text is probably part of a password, and must not be shown.
const NEVER_IN_A_HOST: [char; 9] = ['<', '>', '[', ']', '\\', '^', '|', '"', '\''];

/// A URL in parts, still encoded.
#[derive(Debug)]
pub(super) struct Written<'a> {
    pub(super) user: &'a str,
    pub(super) password: Option<&'a str>,
    /// Each host with its port, or an empty text if the host is left out.
    pub(super) hosts: Vec<(&'a str, Option<u16>)>,
    pub(super) database: &'a str,
    pub(super) query: &'a str,
}

impl<'a> Written<'a> {
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
    if super::hosts::port(name).is_ok() {
        return Err(ConnectionError::PortAsHost);
    }
    let port = Some(port).filter(|port| !port.is_empty()).map(super::hosts::port).transpose();
    Ok((name, port.map_err(|_| ConnectionError::BadPort)?))
}
