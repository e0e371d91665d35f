"""Recognise the address of a git host's page, as a browser's address bar shows it."""

import re

from oduflow.domain.errors import Invalid

# GitLab puts its pages below "/-/", a path that no repository has. GitHub and Bitbucket have
# repositories at the second level only.
_GITLAB = re.compile(r"(?P<repository>/.+?)/-/(?P<page>\w+)(?:/(?P<rest>.+))?")
_TWO_LEVELS = re.compile(r"(?P<repository>/[^/]+/[^/]+)/(?P<page>\w+)(?:/(?P<rest>.+))?")
_TWO_LEVEL_HOSTS = frozenset({"bitbucket.org", "github.com"})
_REFS = {
    "blob": "{rest}",
    "commit": "{rest}",
    "merge_requests": "refs/merge-requests/{rest}/head",
    "pull": "refs/pull/{rest}/head",
    "src": "{rest}",
    "tree": "{rest}",
}


def refuse_page(origin: str, host: str, path: str) -> None:
    """Refuse the address of a page, and name the repository and the branch that it shows.

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
    page, rest = found["page"], found["rest"] or ""
    ref = _REFS.get(page, "")
    if page in {"blob", "merge_requests", "pull", "src"}:
        rest = rest.partition("/")[0]
    branch = f" with branch={ref.format(rest=rest)}" if ref and rest else ""
    raise Invalid(
        "That is the address of a page of the git host, not of a repository.",
        f"Write {origin}{found['repository']}{branch}",
    )
