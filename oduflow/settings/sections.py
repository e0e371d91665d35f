"""The whole of `oduflow.toml`: one frozen model a section, one field a key."""

import re
from collections.abc import Mapping
from ipaddress import IPv4Network
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from annotated_types import Ge, Unit
from pydantic import AfterValidator, Field, ValidationInfo

from oduflow.domain.anonymisation import FieldRule, field_rule, flattened
from oduflow.domain.hosts import is_loopback
from oduflow.domain.redirects import PRIVATE_USE_SCHEMES
from oduflow.settings import addresses, values
from oduflow.settings.schema import EMPTY_MEANS_DEFAULT, NOT_A_KEY, SECRET, About, ListOf, Section

CLAUDE_CALLBACKS = (
    "https://claude.ai/api/mcp/auth_callback",
    "https://claude.com/api/mcp/auth_callback",
)
_GITHUB = "https://github.com"
_GITHUB_API = "https://api.github.com"
_INSIDE = About(no_effect="the pool is inside data_dir")
_KEPT = About(no_effect="nothing is stopped or deleted by itself")
TEAM_ID = re.compile(r"[a-z0-9-]{1,16}")
TEAM_ID_WORDS = "1 to 16 characters of a-z, 0-9 and -"


def _github_api(keys: Mapping[str, Any]) -> str:
    return _GITHUB_API if keys["github_url"] == _GITHUB else f"{keys['github_url']}/api/v3"


class ServerSettings(Section):
    """`[server]`: where the server listens, keeps its data and signs people in."""

    host: addresses.OwnAddress = "127.0.0.1"
    """The address to listen on. Outside loopback every team must set both secrets."""
    port: values.Port = 8000
    """The port to listen on."""
    data_dir: Annotated[
        values.Folder,
        About(default="/srv/oduflow; where that is not writable, the user's data folder"),
    ] = Field(default_factory=values.default_data_dir)
    """The folder of checkouts, databases, templates and the store. A relative path starts at this
    file's folder."""
    instance: values.InstanceName = "oduflow"
    """The prefix of every Docker name and label; lets two instances share one Docker engine."""
    oauth_client_id: values.AnyText = ""
    """The client id of the GitHub OAuth App. With the secret and the base URL it turns OAuth on."""
    oauth_client_secret: Annotated[values.AnyText, SECRET] = ""
    """The client secret of the GitHub OAuth App."""
    oauth_base_url: addresses.Origin = ""
    """The URL under which people and agents reach this server. GitHub's callback is /auth/callback
    below it."""
    oauth_redirect_uris: Annotated[ListOf[addresses.RedirectUri], EMPTY_MEANS_DEFAULT] = (
        CLAUDE_CALLBACKS
    )
    """Where an MCP client that uses the OAuth App's own id and secret may be sent back to. An empty
    list means Claude's two callbacks."""
    oauth_redirect_schemes: ListOf[addresses.RedirectScheme] = ()
    """Applications on people's computers that may also be sent back to, by their URLs' scheme, such
    as claude or kiro; cursor, vscode, vscode-insiders and windsurf always may."""
    oauth_client_documents: bool = True
    """Offer MCP clients to identify themselves by the https URL of a document, which this server
    fetches. Set it to false where the server cannot reach the internet; clients then register."""
    browser_origins: ListOf[addresses.WebOrigin] = ()
    """Web pages that may call /mcp from a browser, by their origin, such as
    http://localhost:6274 of MCP Inspector."""
    github_url: addresses.ProviderUrl = _GITHUB
    """Where people sign in: GitHub, or your GitHub Enterprise Server."""
    github_api_url: Annotated[
        addresses.ProviderUrl, About(default=f"{_GITHUB_API}; of another github_url its /api/v3")
    ] = Field(default_factory=_github_api)
    """The API of github_url."""
    gitlab_url: addresses.ProviderUrl = "https://gitlab.com"
    """The URL of a self-managed GitLab, used to check credentials."""
    bitbucket_api_url: addresses.ProviderUrl = "https://api.bitbucket.org/2.0"
    """The URL of Bitbucket's API, used to check credentials."""
    trusted_proxies: Annotated[int, Ge(0)] = 0
    """The number of reverse proxies in front of the server. Too high: clients can forge their
    address. Too low: all clients share the proxy's address."""
    subnet_pool: values.SubnetPool = IPv4Network("10.213.0.0/16")
    """The private network from which each team gets a /24."""
    sample: bool = False
    """Serve the sample addons as a git repository on a loopback port."""
    allow_insecure_http: bool = False
    """Start even if the server is not protected: outside loopback without secrets, or with OAuth
    over plain http."""
    ca_bundle: Annotated[values.OptionalFile, About(default="this machine's own")] = None
    """A file of the certificate authorities (PEM) that git, pip, sign-ins and calls of providers
    trust, in place of the machine's own."""
    git_allowed_hosts: ListOf[addresses.HostPort] = ()
    """Trusted git hosts with a private address or plain http, as host or host:port. All others must
    be public and use https."""

    @property
    def loopback_only(self) -> bool:
        """Whether only this machine reaches the server."""
        return is_loopback(self.host)

    @property
    def redirect_schemes(self) -> frozenset[str]:
        """The schemes of applications that a client may be sent back to."""
        return PRIVATE_USE_SCHEMES | frozenset(self.oauth_redirect_schemes)

    @property
    def oauth_enabled(self) -> bool:
        """Whether people may sign in through GitHub."""
        return bool(self.oauth_client_id and self.oauth_client_secret and self.oauth_base_url)


class RoutingSettings(Section):
    """`[routing]`: how a browser reaches an environment."""

    mode: Annotated[
        Literal["port", "traefik"],
        About(not_served='Set mode = "port": each environment gets a port of its own.'),
    ] = "port"
    """port: each environment has a port of its own. traefik, a host name for each below
    external_host, is not served yet."""
    external_host: addresses.OptionalHost = ""
    """The host name in environments' URLs; empty: the address the server listens on."""
    port_range: values.Ports = range(20000, 21000)
    """The ports of environments; each environment keeps its port."""
    environment_hosts: Annotated[bool, About(not_served="Leave it false.")] = False
    """Not served yet: give each environment a host name of its own below external_host, so that no
    environment sees another's cookies."""
    acme_email: Annotated[values.Email, About(no_effect="no certificate is ordered")] = ""
    """where Let's Encrypt writes to."""
    tls: Annotated[bool, About(not_served="Leave it false.")] = False
    """Not served yet: https for environments, by Traefik."""


class StorageSettings(Section):
    """`[storage]`: how templates become environments on disk."""

    clone: Literal["auto", "reflink", "copy"] = "auto"
    """auto: new environments share blocks with their template where data_dir's file system or the
    pools of `oduflow storage setup` can, else files are copied. copy: always copy, and make no
    pools; teams that have pools go on using them. reflink: create no environment where blocks
    cannot be shared."""
    import_folders: ListOf[values.Folder] = ()
    """Folders of this machine whose files teams may import; empty: none. {team} becomes the team's
    id, so that each team has a folder of its own."""
    import_hosts: ListOf[addresses.HostPort] = ()
    """Hosts whose files teams may import over https, as host or host:port, public or not; empty:
    none."""
    snapshots_kept: Annotated[int, Ge(1)] = 10
    """How many automatic snapshots an environment keeps; those with a name of their own stay."""
    snapshots_days: Annotated[int, Ge(0), Unit("days")] = 14
    """After how many days an automatic snapshot is removed; 0: never."""
    pool_max_gb: Annotated[int, Ge(0), Unit("GiB")] = 0
    """How large the pools may grow together; 0: until data_dir's disk has only 2 GiB left, and what
    the logs of containers may take."""
    pool: Annotated[values.OptionalFolder, About(default="inside data_dir"), _INSIDE] = None
    """a folder on a file system with reflinks."""

    def folders_of(self, team: str) -> tuple[Path, ...]:
        """Return the folders from which a team may import."""
        return tuple(Path(str(each).replace("{team}", team)) for each in self.import_folders)


class LifecycleSettings(Section):
    """`[lifecycle]`: when an unused environment is stopped and deleted; no effect yet."""

    auto_stop_hours: Annotated[int, Ge(0), Unit("hours"), _KEPT] = 48
    """stop an environment unused for so long; 0: never."""
    auto_delete_hours: Annotated[int, Ge(0), Unit("hours"), _KEPT] = 72
    """delete a stopped, unprotected environment after so long; 0: never."""


class FirewallSettings(Section):
    """`[firewall]`: what containers may reach."""

    ports: Annotated[ListOf[values.Port], About(default="the server's own port")] = ()
    """Ports of this machine that containers may reach."""
    egress: ListOf[values.Egress] = ()
    """Networks that environments may reach, and "internet" for every public address; empty:
    none."""
    allow_unisolated: bool = False
    """Create environments of several teams even where iptables cannot separate them."""


class ImagesSettings(Section):
    """`[images]`: what containers are made from."""

    odoo: values.ImageName = "odoo:{version}"
    """Odoo's image; {version} becomes the requested version, such as 19.0."""
    postgres: values.ImageName = "postgres:18"
    """PostgreSQL's image."""
    pip_index_url: addresses.PackageIndex = ""
    """The package index for repositories' requirements; empty: PyPI; "none": pip_find_links
    only."""
    pip_find_links: addresses.Links = ""
    """More wheels and sdists for repositories' requirements: a URL, or a folder of this machine."""


class TeamSettings(Section):
    """`[team.<id>]`: a tenant with its own secrets, network, folder and quotas."""

    id: Annotated[str, NOT_A_KEY] = ""
    name: Annotated[values.TeamName, About(default="the team's id")] = ""
    """The name that people see."""
    hostname: addresses.OptionalHost = ""
    """The team's own host name, when several teams share the server."""
    auth_token: values.AuthToken = ""
    """The Bearer token for MCP; it identifies the team. Empty: no token."""
    ui_password: values.Password = ""
    """The password of the dashboard and REST, user admin. Empty: no password."""
    github_users: ListOf[values.GitHubLogin] = ()
    """Who may sign in through GitHub. Empty in the only team: everybody; beside another team: no
    one."""
    max_environments: Annotated[int, Ge(1)] = 20
    """How many environments may exist, stopped and failed ones too."""
    max_templates: Annotated[int, Ge(1)] = 20
    """How many templates may exist."""
    max_extra_repos: Annotated[int, Ge(1)] = 50
    """How many extra repos may exist."""
    max_snapshots: Annotated[int, Ge(1)] = 100
    """How many snapshots that were asked for may exist; automatic ones do not count."""
    max_uploads: Annotated[int, Ge(1)] = 10
    """How many uploaded files may wait to be imported, unfinished ones too."""
    max_upload_gb: Annotated[int, Ge(1), Unit("GiB")] = 50
    """How much uploaded files, and those that are fetched, may take together."""
    memory_mb: Annotated[int, Ge(256), Unit("MiB")] = 2048
    """The memory of one environment."""
    cpus: values.Cpus = 2.0
    """The processors of one environment, and of the team's PostgreSQL."""
    database_memory_mb: Annotated[int, Ge(256), Unit("MiB")] = 1024
    """The memory of the team's PostgreSQL, which serves all its environments. It takes effect when
    PostgreSQL starts next."""
    disk_gb: Annotated[int, Ge(0), Unit("GiB")] = 0
    """The disk that the team may fill: with pools the kernel refuses what is beyond, without them
    nothing new is made. Blocks that its environments share count once. 0: with pools an equal share
    of the disk, without them no limit."""
    warm_slots: Annotated[int, Ge(0)] = 0
    """How many environments to prepare of the kind that was created last, so that the next creation
    takes a fraction of the time; each takes about 70 MB of memory for at most an hour. They are
    given up when memory or disk get short. 0: none."""
    default_template: values.TemplateName = ""
    """The template when a call names none; empty: the team's only template."""
    neutralise_scripts: ListOf[values.ScriptPath] = ()
    """Files of SQL, or folders of them, that run on an imported database after the product's own
    rules. They run as the database's role, in one transaction, files of a folder by name."""


def _with_own_port(firewall: FirewallSettings, info: ValidationInfo) -> FirewallSettings:
    if "ports" in firewall.model_fields_set or "server" not in info.data:
        return firewall
    return firewall.model_copy(update={"ports": (info.data["server"].port,)})


def _with_ids(teams: dict[str, TeamSettings]) -> Mapping[str, TeamSettings]:
    return MappingProxyType(
        {
            id_: team.model_copy(update={"id": id_, "name": team.name or id_})
            for id_, team in teams.items()
        }
    )


class Settings(Section):
    """The whole configuration; `warnings` are for the log at start, `source` is the file read."""

    server: ServerSettings = Field(default_factory=ServerSettings)
    routing: RoutingSettings = Field(default_factory=RoutingSettings)
    storage: StorageSettings = Field(default_factory=StorageSettings)
    lifecycle: LifecycleSettings = Field(default_factory=LifecycleSettings)
    firewall: Annotated[FirewallSettings, AfterValidator(_with_own_port)] = Field(
        default_factory=FirewallSettings, validate_default=True
    )
    images: ImagesSettings = Field(default_factory=ImagesSettings)
    teams: Annotated[Mapping[str, TeamSettings], AfterValidator(_with_ids)] = Field(
        default_factory=dict, alias="team"
    )
    anonymise: Mapping[str, Any] = Field(default_factory=dict)
    """Which fields get invented values at an import: `"res.partner.email" = "email"`."""
    source: Annotated[Path | None, NOT_A_KEY] = None
    warnings: Annotated[tuple[str, ...], NOT_A_KEY] = ()

    def current(self) -> "Settings":
        """Return itself, so that settings that never change serve where `LiveSettings` do."""
        return self

    @property
    def anonymised(self) -> tuple[FieldRule, ...]:
        """The rules of `[anonymise]`."""
        rules = (field_rule(key, value) for key, value in flattened(self.anonymise))
        return tuple(rule for rule in rules if rule is not None)

    def tables(self) -> dict[tuple[str, ...], Section]:
        """Return every table by its path in the file: the sections, then the teams."""
        sections = [((name,), getattr(self, name)) for name in SECTIONS]
        return dict([*sections, *((("team", name), team) for name, team in self.teams.items())])


SECTIONS: Mapping[str, type[Section]] = {
    name: field.annotation
    for name, field in Settings.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
}
# The header of every table, and its model.
TABLES: Mapping[str, type[Section]] = {**SECTIONS, "team.<id>": TeamSettings}
