"""What keys must be to each other: above all, that nobody comes in by an oversight."""

from urllib.parse import urlsplit

from oduflow.settings.hosts import is_loopback
from oduflow.settings.notation import MASK, key_text, shown_value
from oduflow.settings.problems import KeyPath, Report
from oduflow.settings.schema import CARRIES_SECRETS, keys_of, secrets_of
from oduflow.settings.sections import Settings
from oduflow.settings.server import ServerSettings
from oduflow.settings.team import TeamSettings

_SAFE_LENGTH = 16  # characters of a secret; a generated one has 43
_NOT_SERVED = "is not served yet"
_OAUTH = ("oauth_client_id", "oauth_client_secret", "oauth_base_url")


def check_rules(settings: Settings, report: Report) -> None:
    """Report what is wrong or worth a warning between keys that are right one by one."""
    for rule in (_oauth, _plain_http, _routing, _hostnames, _same_secrets, _github_users, _cookies):
        rule(settings, report)
    for team in settings.teams.values():
        _open_faces(team, settings.server, report)
        _short_secrets(team, settings.server, report)


def _oauth(settings: Settings, report: Report) -> None:
    missing = [name for name in _OAUTH if not getattr(settings.server, name)]
    if 0 < len(missing) < len(_OAUTH):
        for name in missing:
            report.refuse(
                ("server", name),
                "is missing",
                f"OAuth needs {', '.join(_OAUTH)}; without OAuth leave out all three.",
            )


def _plain_http(settings: Settings, report: Report) -> None:
    server = settings.server
    refused: set[str] = set()  # the API's URL may follow from GitHub's: one host, one problem
    for name, field in keys_of(ServerSettings).items():
        if CARRIES_SECRETS not in field.metadata:
            continue
        url = getattr(server, name)
        parts = urlsplit(url)
        if parts.scheme != "http" or is_loopback(parts.hostname or "") or parts.netloc in refused:
            continue
        refused.add(parts.netloc)
        _unless_allowed(
            ("server", name),
            "would carry secrets over plain http",
            "Use https",
            server,
            report,
            value=shown_value(url),
        )


def _unless_allowed(
    path: KeyPath,
    message: str,
    remedy: str,
    server: ServerSettings,
    report: Report,
    *,
    value: str = "",
) -> None:
    if not server.allow_insecure_http:
        hint = f"{remedy}, or set allow_insecure_http = true in [server]."
        report.refuse(path, message, hint, value=value)


def _routing(settings: Settings, report: Report) -> None:
    routing = settings.routing
    # Refused, not passed over: each would promise what is not there.
    if routing.mode != "port":
        report.refuse(
            ("routing", "mode"),
            _NOT_SERVED,
            'Set mode = "port": each environment gets a port of its own.',
            value=shown_value(routing.mode),
        )
    for name in ("environment_hosts", "tls"):
        if getattr(routing, name):
            report.refuse(("routing", name), _NOT_SERVED, "Leave it false.", value="true")
    if settings.server.port in routing.port_range.ports:
        report.refuse(
            ("routing", "port_range"),
            f"must not hold the server's own port {settings.server.port}",
            value=shown_value(routing.port_range),
        )


def _hostnames(settings: Settings, report: Report) -> None:
    first: dict[str, KeyPath] = {}
    for team in settings.teams.values():
        path = ("team", team.id, "hostname")
        if team.hostname and first.setdefault(team.hostname, path) != path:
            report.refuse(
                path, _same(first[team.hostname], report), value=shown_value(team.hostname)
            )

    signed_in_at = urlsplit(settings.server.oauth_base_url).hostname
    for team in settings.teams.values():
        others = any(other.github_users for other in settings.teams.values() if other != team)
        if team.hostname and team.hostname == signed_in_at and others:
            report.refuse(
                ("team", team.id, "hostname"),
                "is the host of oauth_base_url, where the people of other teams sign in, too",
                "Give the team another name, or leave hostname out.",
                value=shown_value(team.hostname),
            )


def _same_secrets(settings: Settings, report: Report) -> None:
    """A secret names its team, so two teams can never share one."""
    first: dict[str, KeyPath] = {}
    for team in settings.teams.values():
        for name in secrets_of(TeamSettings):
            path: KeyPath = ("team", team.id, name)
            secret = getattr(team, name)
            known = first.setdefault(secret, path)
            if not secret or known == path:
                continue
            if known[1] == team.id:
                report.warn(f"[team.{team.id}] auth_token and ui_password are the same.")
            else:
                report.refuse(path, _same(known, report), "Each team needs its own.", value=MASK)


def _same(path: KeyPath, report: Report) -> str:
    line = report.line(path)
    place = f" on line {line}" if line else ""
    return f"is the same as {key_text(map(str, path))}{place}"


def _short_secrets(team: TeamSettings, server: ServerSettings, report: Report) -> None:
    for name in secrets_of(TeamSettings):
        length = len(getattr(team, name))
        if not 0 < length < _SAFE_LENGTH:
            continue
        shortness = f"has {length} characters, fewer than {_SAFE_LENGTH}"
        if server.loopback_only:
            report.warn(f"[team.{team.id}] {name} {shortness}.")
        else:
            report.refuse(
                ("team", team.id, name),
                f"{shortness}, and other machines may reach host = {shown_value(server.host)}",
                'Make one with: python3 -c "import secrets; print(secrets.token_urlsafe(32))"',
                value=MASK,
            )


def _open_faces(team: TeamSettings, server: ServerSettings, report: Report) -> None:
    open_faces = []
    if not team.auth_token and not server.oauth_enabled:
        open_faces.append(("auth_token", "MCP runs"))
    if not team.ui_password:
        open_faces.append(("ui_password", "the dashboard and REST run"))
    for name, runs in open_faces:
        report.warn(f"[team.{team.id}] {runs} without authentication: {name} is empty.")
        if not server.loopback_only:
            _unless_allowed(
                ("team", team.id, name),
                f"is empty, and other machines may reach host = {shown_value(server.host)}",
                f"Give it {_SAFE_LENGTH} or more characters",
                server,
                report,
            )


def _github_users(settings: Settings, report: Report) -> None:
    if not settings.server.oauth_enabled or any(t.github_users for t in settings.teams.values()):
        return
    if len(settings.teams) == 1:
        report.warn("Any GitHub user may come in: the only team lists no github_users.")
    else:
        report.warn("No GitHub user may come in: no team lists github_users.")


def _cookies(settings: Settings, report: Report) -> None:
    if len(settings.teams) > 1:
        report.warn(
            "Several teams share one host name, so a browser sends each environment the cookies "
            "of the others: use separate browsers."
        )
