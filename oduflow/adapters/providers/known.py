"""The providers of git repositories: the public ones, and those that the operator runs."""

import ssl
from collections.abc import Iterable
from urllib.parse import urlsplit

from oduflow.adapters.providers.api import Api
from oduflow.adapters.providers.bitbucket import Bitbucket
from oduflow.adapters.providers.github import GitHub
from oduflow.adapters.providers.gitlab import GitLab
from oduflow.adapters.providers.provider import Provider

GITHUB = ("https://github.com", "https://api.github.com")
GITLAB = "https://gitlab.com"
BITBUCKET = ("https://bitbucket.org", "https://api.bitbucket.org/2.0")


def known_providers(
    github_url: str,
    github_api_url: str,
    gitlab_url: str,
    bitbucket_api_url: str,
    allowed_hosts: Iterable[str],
    context: ssl.SSLContext | None = None,
) -> tuple[Provider, ...]:
    """Make every provider, the operator's own first; the hosts of its URLs are trusted too.

    Args:
        github_url: of GitHub's repositories.
        github_api_url: of GitHub's API.
        gitlab_url: of GitLab's repositories; its API is /api/v4 below.
        bitbucket_api_url: of the API of bitbucket.org.
        allowed_hosts: hosts the operator trusts, `host` or `host:port`.
        context: which certificates are trusted; None for the system's.
    """
    public = {GITHUB[1], GITLAB, BITBUCKET[1]}
    own = {github_api_url, gitlab_url, bitbucket_api_url} - public
    trusted = (*allowed_hosts, *(urlsplit(url).netloc for url in own))

    def api(base: str) -> Api:
        return Api(base, trusted, context=context)

    return (
        GitHub(_host(github_url), api(github_api_url)),
        GitHub(_host(GITHUB[0]), api(GITHUB[1])),
        GitLab(_host(gitlab_url), api(f"{gitlab_url}/api/v4")),
        GitLab(_host(GITLAB), api(f"{GITLAB}/api/v4")),
        Bitbucket(_host(BITBUCKET[0]), api(bitbucket_api_url)),
    )


def _host(url: str) -> str:
    return urlsplit(url).netloc
