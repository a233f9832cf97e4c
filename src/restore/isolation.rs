//! Cuts a temporary server off from the network. A dump contains foreign servers, subscriptions and dblink calls that
//! name live servers, with passwords. The server answers on its own socket and cannot connect to anything.

use std::io;

use tokio::process::{Child, Command};
use tokio::runtime::Handle;

/// Starts a program that cannot open network connections, nor can its children. If this machine does not support
/// that, starts it anyway and returns the reason.
///
/// # Errors
/// The program does not start.
pub(super) fn spawn(mut command: Command) -> io::Result<(Child, Option<String>)> {
    let runtime = Handle::current();
    // The filter lasts as long as this thread, and its children inherit it.
    let thread = std::thread::Builder::new().spawn(move || {
        let open = forbid_connections().err();
        let _inside = runtime.enter();
        command.spawn().map(|child| (child, open))
    })?;
    thread.join().map_err(|_| io::Error::other("the thread that starts it panicked"))?
}

#[cfg(target_os = "linux")]
fn forbid_connections() -> Result<(), String> {
    use std::collections::BTreeMap;

    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
        SeccompRule, TargetArch, apply_filter,
    };

    let words = |error: &dyn std::fmt::Display| error.to_string();
    let local = u64::try_from(libc::AF_UNIX).map_err(|error| words(&error))?;
    let is_not_local = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, local)
        .map_err(|error| words(&error))?;
    let not_local = SeccompRule::new(vec![is_not_local]).map_err(|error| words(&error))?;
    let refuse = SeccompAction::Errno(u32::try_from(libc::EACCES).map_err(|error| words(&error))?);
    // A rule without conditions blocks every call. io_uring can connect without the connect call, so it is blocked
    // too.
    let rules = BTreeMap::from([
        (libc::SYS_socket, vec![not_local]),
        (libc::SYS_connect, Vec::new()),
        (libc::SYS_io_uring_setup, Vec::new()),
    ]);
    let machine = TargetArch::try_from(std::env::consts::ARCH).map_err(|error| words(&error))?;
    let filter =
        SeccompFilter::new(rules, SeccompAction::Allow, refuse, machine).map_err(|error| words(&error))?;
    let program = BpfProgram::try_from(filter).map_err(|error| words(&error))?;
    apply_filter(&program).map_err(|error| words(&error))
}

#[cfg(not(target_os = "linux"))]
fn forbid_connections() -> Result<(), String> {
    Err("only Linux supports this".to_owned())
}
