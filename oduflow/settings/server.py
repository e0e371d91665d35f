"""The keys of `[server]`."""

from dataclasses import dataclass, field
from ipaddress import IPv4Network
from pathlib import Path
from typing import Annotated

from oduflow.settings.hosts import HOST_PORT, OWN_ADDRESS, is_loopback
from oduflow.settings.keys import Key
from oduflow.settings.kinds import BOOLEAN, FOLDER, INSTANCE, TEXT, integer
from oduflow.settings.networks import PORT, SUBNET_POOL
from oduflow.settings.urls import BASE_URL, ORIGIN, REDIRECT_URI

CLAUDE_CALLBACKS = (
    "https://claude.ai/api/mcp/auth_callback",
    "https://claude.com/api/mcp/auth_callback",
)

_SUBNETS = IPv4Network("10.213.0.0/16")


@dataclass(frozen=True, slots=True)
class Server:
    """`[server]`: where the server listens, keeps its data and signs people in."""

    host: Annotated[
        str,
        Key(OWN_ADDRESS, "The address to listen on. Beyond loopback every team needs its secrets."),
    ] = "127.0.0.1"
    port: Annotated[int, Key(PORT, "The port to listen on.")] = 8000
    data_dir: Annotated[
        Path,
        Key(
            FOLDER,
            "Where checkouts, databases, templates and the store live. A relative path starts at "
            "this file's folder.",
            default="/srv/oduflow; where that is not writable, the user's data folder",
        ),
    ] = Path("/srv/oduflow")
    instance: Annotated[
        str,
        Key(
            INSTANCE,
            "The prefix of every Docker name and label. Two instances share an engine in peace.",
        ),
    ] = "oduflow"
    oauth_client_id: Annotated[
        str,
        Key(
            TEXT,
            "The GitHub OAuth App's client id. With the secret and the base URL it turns OAuth on.",
        ),
    ] = ""
    oauth_client_secret: Annotated[
        str, Key(TEXT, "The GitHub OAuth App's client secret.", secret=True)
    ] = field(default="", repr=False)
    oauth_base_url: Annotated[
        str,
        Key(
            ORIGIN,
            "The URL under which people and agents reach this server. GitHub's callback is "
            "/auth/callback below it.",
        ),
    ] = ""
    oauth_redirect_uris: Annotated[
        tuple[str, ...],
        Key(
            REDIRECT_URI,
            "Where an MCP client that uses the OAuth App's own id and secret may be sent back to. "
            "An empty list means Claude's two callbacks.",
            many=True,
        ),
    ] = CLAUDE_CALLBACKS
    github_url: Annotated[
        str, Key(BASE_URL, "Where people sign in: GitHub, or your GitHub Enterprise Server.")
    ] = "https://github.com"
    github_api_url: Annotated[
        str,
        Key(
            BASE_URL,
            "The API beside it.",
            default="https://api.github.com; of another github_url its /api/v3",
        ),
    ] = "https://api.github.com"
    gitlab_url: Annotated[
        str,
        Key(
            BASE_URL,
            "A GitLab of your own, whose API tells about credentials as gitlab.com's does.",
            default="https://gitlab.com",
        ),
    ] = "https://gitlab.com"
    bitbucket_api_url: Annotated[
        str, Key(BASE_URL, "The API that tells about credentials for bitbucket.org.")
    ] = "https://api.bitbucket.org/2.0"
    trusted_proxies: Annotated[
        int,
        Key(
            integer(0),
            "How many reverse proxies stand in front. One too many lets clients invent their "
            "address; one too few makes all of them one address.",
        ),
    ] = 0
    subnet_pool: Annotated[
        IPv4Network, Key(SUBNET_POOL, "The private network that each team's /24 is cut from.")
    ] = _SUBNETS
    sample: Annotated[
        bool, Key(BOOLEAN, "Serve the sample addons as a git repository on a loopback port.")
    ] = False
    allow_insecure_http: Annotated[
        bool,
        Key(
            BOOLEAN,
            "Start even when strangers could come in: beyond loopback without secrets, or with "
            "OAuth over plain http.",
        ),
    ] = False
    git_allowed_hosts: Annotated[
        tuple[str, ...],
        Key(
            HOST_PORT,
            "Private or plain-http git hosts that you vouch for, as host or host:port. All "
            "others must be public and speak https.",
            many=True,
        ),
    ] = ()

    @property
    def loopback_only(self) -> bool:
        """Only this machine reaches the server."""
        return is_loopback(self.host)

    @property
    def oauth_enabled(self) -> bool:
        """People may sign in through GitHub."""
        return bool(self.oauth_client_id and self.oauth_client_secret and self.oauth_base_url)
