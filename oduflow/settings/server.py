"""The keys of `[server]`."""

from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Annotated, Any

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


def _github_api(keys: Mapping[str, Any]) -> str:
    github = keys["github_url"]
    return "https://api.github.com" if github == _GITHUB else f"{github}/api/v3"


class ServerSettings(Section):
    """`[server]`: where the server listens, keeps its data and signs people in."""

    host: OwnAddress = Field(
        default="127.0.0.1",
        description="The address to listen on. Beyond loopback every team needs its secrets.",
    )
    port: Port = Field(default=8000, description="The port to listen on.")
    data_dir: Annotated[
        Folder, DefaultText("/srv/oduflow; where that is not writable, the user's data folder")
    ] = Field(
        default_factory=default_data_dir,
        description="Where checkouts, databases, templates and the store live. A relative path "
        "starts at this file's folder.",
    )
    instance: InstanceName = Field(
        default="oduflow",
        description="The prefix of every Docker name and label. Two instances share an engine in "
        "peace.",
    )
    oauth_client_id: Text = Field(
        default="",
        description="The GitHub OAuth App's client id. With the secret and the base URL it turns "
        "OAuth on.",
    )
    oauth_client_secret: Annotated[Text, SECRET] = Field(
        default="", description="The GitHub OAuth App's client secret."
    )
    oauth_base_url: Origin = Field(
        default="",
        description="The URL under which people and agents reach this server. GitHub's callback "
        "is /auth/callback below it.",
    )
    oauth_redirect_uris: Annotated[ListOf[RedirectUri], EMPTY_MEANS_DEFAULT] = Field(
        default=CLAUDE_CALLBACKS,
        description="Where an MCP client that uses the OAuth App's own id and secret may be sent "
        "back to. An empty list means Claude's two callbacks.",
    )
    github_url: ProviderUrl = Field(
        default=_GITHUB,
        description="Where people sign in: GitHub, or your GitHub Enterprise Server.",
    )
    github_api_url: Annotated[
        ProviderUrl, DefaultText("https://api.github.com; of another github_url its /api/v3")
    ] = Field(default_factory=_github_api, description="The API beside it.")
    gitlab_url: ProviderUrl = Field(
        default="https://gitlab.com",
        description="A GitLab of your own, whose API tells about credentials as gitlab.com's does.",
    )
    bitbucket_api_url: ProviderUrl = Field(
        default="https://api.bitbucket.org/2.0",
        description="The API that tells about credentials for bitbucket.org.",
    )
    trusted_proxies: int = Field(
        default=0,
        ge=0,
        description="How many reverse proxies stand in front. One too many lets clients invent "
        "their address; one too few makes all of them one address.",
    )
    subnet_pool: SubnetPool = Field(
        default=IPv4Network("10.213.0.0/16"),
        description="The private network that each team's /24 is cut from.",
    )
    sample: bool = Field(
        default=False,
        description="Serve the sample addons as a git repository on a loopback port.",
    )
    allow_insecure_http: bool = Field(
        default=False,
        description="Start even when strangers could come in: beyond loopback without secrets, or "
        "with OAuth over plain http.",
    )
    git_allowed_hosts: ListOf[HostPort] = Field(
        default=(),
        description="Private or plain-http git hosts that you vouch for, as host or host:port. "
        "All others must be public and speak https.",
    )

    @property
    def loopback_only(self) -> bool:
        """Whether only this machine reaches the server."""
        return is_loopback(self.host)

    @property
    def oauth_enabled(self) -> bool:
        """Whether people may sign in through GitHub."""
        return bool(self.oauth_client_id and self.oauth_client_secret and self.oauth_base_url)
