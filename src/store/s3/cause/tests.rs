use aws_sdk_s3::error::ConnectorError;

use super::*;

fn dispatched(error: impl Error + Send + Sync + 'static) -> SdkError<std::fmt::Error, ()> {
    SdkError::dispatch_failure(ConnectorError::io(Box::new(error)))
}

#[test]
fn causes_are_read_from_types_at_any_depth() {
    let io = |kind| std::io::Error::new(kind, "not shown");
    let tls = |error| std::io::Error::other(rustls::Error::InvalidCertificate(error));
    let unresolved = || Unresolved { host: "s3.example.org".to_owned() };
    for (error, expected) in [
        (dispatched(io(ErrorKind::ConnectionRefused)), "connection refused"),
        (dispatched(io(ErrorKind::ConnectionReset)), "the connection was closed"),
        (dispatched(io(ErrorKind::NetworkUnreachable)), "no route to this host"),
        (dispatched(std::io::Error::other(io(ErrorKind::ConnectionRefused))), "connection refused"),
        (
            dispatched(tls(CertificateError::UnknownIssuer)),
            "its certificate was issued by an unknown certificate authority",
        ),
        (dispatched(tls(CertificateError::Expired)), "its certificate has expired"),
        (dispatched(std::io::Error::other(unresolved())), "the host name s3.example.org cannot be resolved"),
        (dispatched(std::fmt::Error), &std::fmt::Error.to_string()),
        (SdkError::timeout_error(std::fmt::Error), "no answer within 4s"),
    ] {
        let failed = cause(&error, |_| Some(Duration::from_secs(4)));
        assert_eq!(failed.cause.to_string(), expected, "{error:?}");
    }
    assert!(!cause(&dispatched(unresolved()), |_| None).connected);
    assert!(cause(&dispatched(io(ErrorKind::ConnectionReset)), |_| None).connected);
}
