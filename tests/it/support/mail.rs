//! A real SMTP server (aiosmtpd) that keeps what it is sent. Knows nothing of notifications.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::guardian::Guarded;
use super::run::Run;
use super::shared::Owner;
use super::tools::{self, python_tool};

/// Writes its port into a file, then each mail as a line of JSON into another.
const SERVER: &str = r#"
import asyncio, email, email.policy, json, ssl, sys
from aiosmtpd.smtp import SMTP, AuthResult
folder, mode, user, password, answer = sys.argv[1:6]

def note(name, text):
    with open(f'{folder}/{name}', 'a') as file:
        file.write(text + '\n')

class Handler:
    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        sender = mail['from'].addresses[0].addr_spec
        note('mails', json.dumps({
            'from': envelope.mail_from, 'sender': sender, 'recipients': envelope.rcpt_tos, 'subject': mail['subject'],
            'headers': mail.keys(), 'text': mail.get_content(), 'is_logged_in': bool(session.authenticated),
            'is_encrypted': session.ssl is not None or mode == 'tls'}))
        return answer

def log_in(server, session, envelope, mechanism, data):
    note('logins', mechanism)
    is_right = (data.login, data.password) == (user.encode(), password.encode())
    return AuthResult(success=is_right, handled=is_right)

context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(f'{folder}/certificate.pem', f'{folder}/key.pem')

def protocol():
    if mode == 'starttls':
        return SMTP(Handler(), authenticator=log_in, auth_required=True, tls_context=context, require_starttls=True)
    return SMTP(Handler(), authenticator=log_in, auth_require_tls=False)

async def main():
    tls = context if mode == 'tls' else None
    server = await asyncio.get_running_loop().create_server(protocol, '127.0.0.1', 0, ssl=tls)
    note('port', str(server.sockets[0].getsockname()[1]))
    await server.serve_forever()

asyncio.run(main())
"#;
/// A running server; it stops when this is dropped.
#[derive(Debug)]
pub(crate) struct MailServer {
    folder: PathBuf,
    port: u16,
    _server: Guarded,
}

impl MailServer {
    /// `mode` is `starttls`, `tls` or `plain`. It accepts this user and password, and answers so to a mail.
    pub(crate) fn start(mode: &str, (user, password): (&str, &str), answer: &str) -> Self {
        let folder = Owner::Process.open_folder("mail");
        let mut openssl = Command::new("openssl");
        openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]);
        openssl.args(["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]);
        openssl
            .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
            .arg(folder.join("key.pem"));
        tools::succeed(openssl.arg("-out").arg(folder.join("certificate.pem")));
        let python = python_tool("python3").display().to_string();
        let place = folder.display().to_string();
        let command: Vec<String> =
            [&*python, "-c", SERVER, &place, mode, user, password, answer].map(str::to_owned).into();
        let server = Guarded::start(folder.clone(), Owner::Process, "TERM", &command, &[]);
        let port = server.ready("the mail server", || {
            std::fs::read_to_string(folder.join("port")).ok()?.trim().parse().ok()
        });
        Self { folder, port, _server: server }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Lets a run trust its certificate.
    pub(crate) fn trusted(&self, run: Run) -> Run {
        run.env("SSL_CERT_FILE", self.folder.join("certificate.pem").display().to_string())
    }

    /// The mails that arrived.
    pub(crate) fn mails(&self) -> Vec<Value> {
        let mails = std::fs::read_to_string(self.folder.join("mails")).unwrap_or_default();
        mails.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// How often someone tried to log in.
    pub(crate) fn logins(&self) -> usize {
        std::fs::read_to_string(self.folder.join("logins")).unwrap_or_default().lines().count()
    }
}
