"""Recognise the address of a git host's page, as a browser's address bar shows it."""

import re

from oduflow.domain.errors import Invalid

# GitLab puts its pages below "/-/", a path that no repository has. GitHub and Bitbucket have
# repositories at the second level only.
_GITLAB = re.compile(r"(?P<repository>/.+?)/-/(?P<page>\w+)(?:/(?P<rest>.+))?")
_TWO_LEVELS = re.compile(r"(?P<repository>/[^/]+/[^/]+)/(?P<page>\w+)(?:/(?P<rest>.+))?")
_TWO_LEVEL_HOSTS = frozenset({"bitbucket.org", "github.com"})
_REFS = {
    "commit": "{}",
    "merge_requests": "refs/merge-requests/{}/head",
    "pull": "refs/pull/{}/head",
}
_FILES = frozenset({"blame", "blob", "edit", "raw"})  # the last segment is a file, not the branch
_FOLDERS = frozenset({"commits", "src", "tree"})
_SHOWN = 3


def refuse_page(origin: str, host: str, path: str) -> None:
    """Refuse the address of a page, and name the repository and the branch that it shows.

    A branch's name may have slashes, and a folder or a file may follow it: only the server knows
    where the name ends, so each possible one is named.

    Args:
        origin: scheme, host and port.
        host: the host alone.
        path: the normal form of the path.

    Raises:
        Invalid: it is the address of a page.
    """
    pattern = _TWO_LEVELS if host in _TWO_LEVEL_HOSTS else _GITLAB
    found = pattern.fullmatch(path)
    if found is None:
        return
    names = [f"branch={name}" for name in _candidates(found["page"], found["rest"] or "")]
    more = ", or more of the path" if len(names) > _SHOWN else ""
    branch = f" with {' or '.join(names[:_SHOWN])}{more}" if names else ""
    raise Invalid(
        "That is the address of a page of the git host, not of a repository.",
        f"Write {origin}{found['repository']}{branch}",
    )


def _candidates(page: str, rest: str) -> list[str]:
    """Return the names that the branch of a page may have, the shortest first."""
    segments = rest.split("/") if rest else []
    if page in _REFS:
        return [_REFS[page].format(name) for name in segments[:1]]
    if page in _FILES:
        segments = segments[:-1] or segments
    elif page not in _FOLDERS:
        return []
    return ["/".join(segments[:count]) for count in range(1, len(segments) + 1)]
