"""Our credential helper: it gives git the one entry for one repository, and never writes.

Usage: offer.py FILE URL OPERATION, as gitcredentials(7) calls helpers: it reads the attributes of
the wanted credential from standard input, and writes user and token to standard output, nowhere
else. `store` and `erase` do nothing: git's own helper erases a line after a single 401.

It runs without site-packages, so that it starts fast, and imports only the standard library and the
few modules of the product that do the same.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]


def answer(file: Path, url: str, asked: str) -> str:
    """Return the entry for a repository, empty when git asks for another server.

    Args:
        file: lines of credentials.
        url: the repository that the product asked git for, as stored: with the user's name.
        asked: git's attributes, one `name=value` a line.
    """
    from oduflow.adapters.git.credentials.entries import choose, parse_line  # noqa: PLC0415
    from oduflow.adapters.git.urls import parse_url  # noqa: PLC0415
    from oduflow.domain.hosts import join_host_port  # noqa: PLC0415

    attributes = dict(line.partition("=")[::2] for line in asked.splitlines())
    scheme, _, rest = url.partition("://")
    authority = rest.partition("/")[0].rpartition("@")[2]
    remote = parse_url(url, (authority,))
    hosts = {authority, join_host_port(remote.host, remote.port)}
    if attributes.get("protocol") != scheme or attributes.get("host") not in hosts:
        return ""
    try:
        lines = [parse_line(line) for line in file.read_bytes().split(b"\n")]
    except OSError:  # the file was deleted meanwhile
        return ""
    entry = choose(tuple(filter(None, lines)), remote)
    return f"username={entry.username}\npassword={entry.password}\n" if entry else ""


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    if sys.argv[3:] == ["get"]:
        credential = answer(Path(sys.argv[1]), sys.argv[2], sys.stdin.read())
        sys.stdout.buffer.write(credential.encode())
