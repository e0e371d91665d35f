"""Find the certificate authorities that this machine trusts."""

import ssl
from pathlib import Path

_KNOWN = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # macOS
)


def authorities(configured: Path | None) -> Path | None:
    """Return the file of trusted authorities (PEM); None if this machine has none.

    Args:
        configured: the operator's file, if there is one. Otherwise $SSL_CERT_FILE or OpenSSL's own
            file counts, and then the places where systems keep theirs.
    """
    if configured is not None:
        return configured
    places = (ssl.get_default_verify_paths().cafile, *_KNOWN)
    return next((Path(each) for each in places if each and Path(each).is_file()), None)
