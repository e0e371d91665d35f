"""The keys of `[server]`."""

from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Annotated, Any

from annotated_types import Ge
from pydantic import Field

from oduflow.settings.folders import Folder, default_data_dir
from oduflow.settings.hosts import HostPort, OwnAddress, is_loopback
from oduflow.settings.networks import Port, SubnetPool
from oduflow.settings.schema import EMPTY_MEANS_DEFAULT, SECRET, DefaultText, ListOf, Section
from oduflow.settings.urls import Origin, ProviderUrl, RedirectUri
from oduflow.settings.values import InstanceName, Text

CLAUDE_CALLBACKS = (
    "https://claude.ai/api/mcp/auth_callback",
    "https://claude.com/api/mcp/auth_callback",
)
_GITHUB = "https://github.com"
_GITHUB_API = "https://api.github.com"


def _github_api(keys: Mapping[str, Any]) -> str:
    return _GITHUB_API if keys["github_url"] == _GITHUB else f"{keys['github_url']}/api/v3"


class ServerSettings(Section):
    """`[server]`: where the server listens, keeps its data and signs people in."""

    host: OwnAddress = "127.0.0.1"
    """The address to listen on. Beyond loopback every team needs its secrets."""
    port: Port = 8000
    """The port to listen on."""
    data_dir: Annotated[
        Folder, DefaultText("/srv/oduflow; where that is not writable, the user's data folder")
    ] = Field(default_factory=default_data_dir)
    """The folder of checkouts, databases, templates and the store. A relative path starts at this
    file's folder."""
    instance: InstanceName = "oduflow"
    """The prefix of every Docker name and label, so that two instances can share an engine."""
    oauth_client_id: Text = ""
    """The client id of the GitHub OAuth App. With the secret and the base URL it turns OAuth on."""
    oauth_client_secret: Annotated[Text, SECRET] = ""
    """The client secret of the GitHub OAuth App."""
    oauth_base_url: Origin = ""
    """The URL under which people and agents reach this server. GitHub's callback is /auth/callback
    below it."""
    oauth_redirect_uris: Annotated[ListOf[RedirectUri], EMPTY_MEANS_DEFAULT] = CLAUDE_CALLBACKS
    """Where an MCP client that uses the OAuth App's own id and secret may be sent back to. An empty
    list means Claude's two callbacks."""
    github_url: ProviderUrl = _GITHUB
    """Where people sign in: GitHub, or your GitHub Enterprise Server."""
    github_api_url: Annotated[
        ProviderUrl, DefaultText(f"{_GITHUB_API}; of another github_url its /api/v3")
    ] = Field(default_factory=_github_api)
    """The API of github_url."""
    gitlab_url: ProviderUrl = "https://gitlab.com"
    """A GitLab of your own, whose API describes credentials as gitlab.com's does."""
    bitbucket_api_url: ProviderUrl = "https://api.bitbucket.org/2.0"
    """The API that describes credentials for bitbucket.org."""
    trusted_proxies: Annotated[int, Ge(0)] = 0
    """The number of reverse proxies in front of the server. One too many lets clients invent their
    address; one too few makes all of them one address."""
    subnet_pool: SubnetPool = IPv4Network("10.213.0.0/16")
    """The private network that each team's /24 is cut from."""
    sample: bool = False
    """Serve the sample addons as a git repository on a loopback port."""
    allow_insecure_http: bool = False
    """Start even when strangers could get in: beyond loopback without secrets, or with OAuth over
    plain http."""
    git_allowed_hosts: ListOf[HostPort] = ()
    """Private or plain-http git hosts that you vouch for, as host or host:port. All others must be
    public and speak https."""

    @property
    def loopback_only(self) -> bool:
        """Whether only this machine reaches the server."""
        return is_loopback(self.host)

    @property
    def oauth_enabled(self) -> bool:
        """Whether people may sign in through GitHub."""
        return bool(self.oauth_client_id and self.oauth_client_secret and self.oauth_base_url)
