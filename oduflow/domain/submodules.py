"""What a repository's `.gitmodules` declares."""

from collections.abc import Iterator
from pathlib import PurePosixPath

MAX_SUBMODULES = 64  # of one repository


def declared(text: str) -> Iterator[tuple[str, str]]:
    """Yield path and URL of each submodule of a `.gitmodules`, up to a limit."""
    count = 0
    found: dict[str, str] = {}
    for line in (*text.splitlines(), "["):
        key, equals, value = line.partition("=")
        if line.lstrip().startswith("["):
            path = PurePosixPath(found.get("path", ""))
            if _is_inside(path) and count < MAX_SUBMODULES:
                count += 1
                yield str(path), found.get("url", "")
            found = {}
        elif equals:
            found[key.strip().lower()] = value.strip().strip('"')


def _is_inside(path: PurePosixPath) -> bool:
    named = path.parts and str(path).isprintable()
    return bool(named) and not path.is_absolute() and ".." not in path.parts


def absolute(url: str, repo_url: str) -> str:
    """Return the URL of a submodule, which may be relative to its repository's (gitmodules(5))."""
    if not url.startswith(("./", "../")):
        return url
    scheme, _, rest = repo_url.partition("://")
    host, _, path = rest.partition("/")
    segments = path.strip("/").split("/")
    for segment in url.split("/"):
        if segment == "..":
            segments = segments[:-1]
        elif segment != ".":
            segments.append(segment)
    return f"{scheme}://{host}/{'/'.join(segments)}"
