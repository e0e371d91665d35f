"""The https URL for a repository's ssh address, as clone buttons and `git remote` show it."""

import re

from oduflow.domain.errors import Invalid

# git-clone(1), "GIT URLS": the scp-like form has no scheme, and a colon before the path.
_SCP = re.compile(r"(?P<user>[\w.+-]+)@(?P<host>[A-Za-z0-9._-]+):(?P<path>[^:].*)")
_SSH = re.compile(
    r"(?:git\+)?ssh://(?:(?P<user>[\w.+-]+)@)?(?P<host>[A-Za-z0-9._-]+)"
    r"(?::(?P<port>[0-9]+))?/(?P<path>.+)",
    re.IGNORECASE,
)
# Names of their own for ssh (“Using SSH over the HTTPS port” of each host).
_HTTPS_HOSTS = {
    "altssh.bitbucket.org": "bitbucket.org",
    "altssh.gitlab.com": "gitlab.com",
    "ssh.dev.azure.com": "dev.azure.com",
    "ssh.github.com": "github.com",
    "vs-ssh.visualstudio.com": "dev.azure.com",
}
_AZURE = re.compile(r"v3/(?P<owner>[^/]+)/(?P<project>[^/]+)/(?P<repository>[^/]+)")
_SSH_PORT = "22"


def https_form(text: str) -> str:
    """Return the https URL for an ssh address; any other text unchanged.

    Raises:
        Invalid: the ssh address names a port, which tells nothing about the port of https.
    """
    found = _SSH.fullmatch(text) or _SCP.fullmatch(text)
    if found is None:
        return text
    host = found["host"].lower()
    path = found["path"].lstrip("/")
    if host in _HTTPS_HOSTS:
        return f"https://{_HTTPS_HOSTS[host]}/{_azure_path(path)}"
    url = f"https://{host}/{path}"
    port = found.groupdict().get("port") or _SSH_PORT
    if port != _SSH_PORT:
        raise Invalid(
            f"ssh is not spoken, and port {port} of {host} is its ssh port.",
            f"Write the https URL, such as {url}, with the port that https has there.",
        )
    return url


def _azure_path(path: str) -> str:
    found = _AZURE.fullmatch(path)
    if found is None:
        return path
    return f"{found['owner']}/{found['project']}/_git/{found['repository']}"
