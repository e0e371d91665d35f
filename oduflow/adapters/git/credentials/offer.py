"""Our credential helper: hands git the one entry for one repository, and never writes.

Usage: offer.py FILE URL OPERATION, as gitcredentials(7) calls helpers: the attributes of what
git looks for come on standard input, user and token go out on standard output, and nowhere else.
`store` and `erase` do nothing: git's own helper erases a line on a single 401.

Runs alone, without site-packages, so that it starts fast; imports only the standard library and
the few modules of the product that do the same.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]


def answer(file: Path, url: str, asked: str) -> str:
    """Choose the entry for a repository, when git asks for its server and no other.

    Args:
        file: lines of credentials.
        url: the repository that the server asked git for, clean.
        asked: git's attributes, one `name=value` a line.
    """
    from oduflow.adapters.git.credentials.entries import choose, parse_line  # noqa: PLC0415
    from oduflow.adapters.git.urls import parse_url  # noqa: PLC0415
    from oduflow.domain.hosts import join_host_port  # noqa: PLC0415

    attributes = dict(line.partition("=")[::2] for line in asked.splitlines())
    scheme, _, rest = url.partition("://")
    authority = rest.partition("/")[0]
    remote = parse_url(url, (authority,))
    hosts = {authority, join_host_port(remote.host, remote.port)}
    if attributes.get("protocol") != scheme or attributes.get("host") not in hosts:
        return ""
    try:
        lines = [parse_line(line) for line in file.read_bytes().split(b"\n")]
    except OSError:  # deleted since it was chosen
        return ""
    entry = choose(tuple(filter(None, lines)), remote)
    return f"username={entry.username}\npassword={entry.password}\n" if entry else ""


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    if sys.argv[3:] == ["get"]:
        told = answer(Path(sys.argv[1]), sys.argv[2], sys.stdin.read())
        sys.stdout.buffer.write(told.encode())
