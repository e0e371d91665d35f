"""The web pages that a hosting service shows for a repository, a branch and a commit.

Only the addresses of services whose form is known: a link to a guessed page would lead nowhere,
and one to an address of an unknown host could lead to any server.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_HEADS, _PULL = "refs/heads/", re.compile(r"refs/pull/(\d+)/(?:head|merge)")
# For each service: the path of a branch's page, and of a commit's.
_FORMS = {
    "bitbucket": ("/src/{}", "/commits/{}"),
    "github": ("/tree/{}", "/commit/{}"),
    "gitlab": ("/-/tree/{}", "/-/commit/{}"),
}
_HOSTS = {"bitbucket.org": "bitbucket", "github.com": "github", "gitlab.com": "gitlab"}


@dataclass(frozen=True, slots=True)
class HostingPages:
    """The pages of one repository; each address is empty where the service is not known."""

    repository: str = ""
    service: str = ""

    @classmethod
    def of(cls, repo_url: str, *, github: str = "", gitlab: str = "") -> "HostingPages":
        """Return the pages of a repository.

        Args:
            repo_url: its stored URL.
            github: the address of the configured GitHub.
            gitlab: the address of the configured GitLab.
        """
        own = {urlsplit(github).netloc: "github", urlsplit(gitlab).netloc: "gitlab"}
        scheme, _, rest = repo_url.partition("://")
        authority, _, path = rest.partition("/")
        host = authority.rpartition("@")[2].lower()
        service = {**own, **_HOSTS}.get(host, "") if host else ""
        if scheme not in {"http", "https"} or not service or not path:
            return cls()
        plain = quote(path.removesuffix("/").removesuffix(".git"), safe="/~%")
        return cls(f"{scheme}://{host}/{plain}", service)

    def branch(self, name: str) -> str:
        """Return the page of a branch, a tag, or the pull request of a ref; empty for others."""
        pull = _PULL.fullmatch(name)
        if self.service == "github" and pull:
            return f"{self.repository}/pull/{pull[1]}"
        plain = name.removeprefix(_HEADS)
        if not self.service or plain.startswith("refs/"):
            return ""
        return self.repository + _FORMS[self.service][0].format(quote(plain, safe="/"))

    def commit(self, commit: str) -> str:
        """Return the page of a commit; empty for what is no commit's id."""
        if not self.service or not _COMMIT.fullmatch(commit):
            return ""
        return self.repository + _FORMS[self.service][1].format(commit)
