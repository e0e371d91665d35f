"""Rules over several keys: above all, no open server, shared secret or plain http by oversight."""

from urllib.parse import urlsplit

from oduflow.settings.hosts import is_loopback
from oduflow.settings.notation import MASK, key_text, shown_value
from oduflow.settings.problems import KeyPath, Report
from oduflow.settings.schema import CARRIES_SECRETS, keys_of, secrets_of
from oduflow.settings.sections import Settings
from oduflow.settings.server import ServerSettings
from oduflow.settings.team import TeamSettings

_MIN_LENGTH = 16  # characters of a secret beyond loopback; a generated one has 43
_NOT_SERVED = "is not served yet"
_OAUTH = ("oauth_client_id", "oauth_client_secret", "oauth_base_url")
_OR_ALLOW = ", or set allow_insecure_http = true in [server]."


def check_rules(settings: Settings, report: Report) -> None:
    """Report errors and warnings between keys that are valid one by one."""
    for rule in (_oauth, _plain_http, _routing, _hostnames, _same_secrets, _github_users, _cookies):
        rule(settings, report)
    for team in settings.teams.values():
        _missing_secrets(team, settings.server, report)
        _short_secrets(team, settings.server, report)


def _oauth(settings: Settings, report: Report) -> None:
    missing = [name for name in _OAUTH if not getattr(settings.server, name)]
    if len(missing) == len(_OAUTH):
        return
    hint = f"OAuth needs {', '.join(_OAUTH)}; without OAuth leave out all three."
    for name in missing:
        report.refuse(("server", name), "is missing", hint)


def _plain_http(settings: Settings, report: Report) -> None:
    server = settings.server
    if server.allow_insecure_http:
        return
    refused: set[str] = set()  # the API's URL may derive from GitHub's: one host, one problem
    for name, field in keys_of(ServerSettings).items():
        if CARRIES_SECRETS not in field.metadata:
            continue
        url = getattr(server, name)
        parts = urlsplit(url)
        if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            if parts.netloc not in refused:
                message = "would carry secrets over plain http"
                hint = f"Use https{_OR_ALLOW}"
                report.refuse(("server", name), message, hint, value=shown_value(url))
            refused.add(parts.netloc)


def _routing(settings: Settings, report: Report) -> None:
    routing = settings.routing
    # Each is refused, not ignored: it would promise a feature that does not exist yet.
    if routing.mode != "port":
        hint = 'Set mode = "port": each environment gets a port of its own.'
        report.refuse(("routing", "mode"), _NOT_SERVED, hint, value=shown_value(routing.mode))
    for name in ("environment_hosts", "tls"):
        if getattr(routing, name):
            report.refuse(("routing", name), _NOT_SERVED, "Leave it false.", value="true")
    if (port := settings.server.port) in routing.port_range.ports:
        message = f"must not contain the server's own port {port}"
        value = shown_value(routing.port_range)
        report.refuse(("routing", "port_range"), message, value=value)


def _hostnames(settings: Settings, report: Report) -> None:
    first: dict[str, KeyPath] = {}
    sign_in_host = urlsplit(settings.server.oauth_base_url).hostname
    for team in settings.teams.values():
        path = ("team", team.id, "hostname")
        value = shown_value(team.hostname)
        if team.hostname and first.setdefault(team.hostname, path) != path:
            report.refuse(path, _same(first[team.hostname], report), value=value)
        others = any(other.github_users for other in settings.teams.values() if other != team)
        if team.hostname and team.hostname == sign_in_host and others:
            report.refuse(
                path,
                "is the host of oauth_base_url, where the people of other teams sign in, too",
                "Give the team another name, or leave hostname out.",
                value=value,
            )


def _same_secrets(settings: Settings, report: Report) -> None:
    """Refuse a secret of two teams: it identifies its team."""
    first: dict[str, KeyPath] = {}
    for team in settings.teams.values():
        for name in secrets_of(TeamSettings):
            path: KeyPath = ("team", team.id, name)
            secret = getattr(team, name)
            known = first.setdefault(secret, path)
            if not secret or known == path:
                continue
            if known[1] == team.id:
                report.warn(f"[team.{team.id}] {known[2]} and {name} are the same.")
            else:
                report.refuse(path, _same(known, report), "Each team needs its own.", value=MASK)


def _same(path: KeyPath, report: Report) -> str:
    line = report.line(path)
    place = f" on line {line}" if line else ""
    return f"is the same as {key_text(map(str, path))}{place}"


def _missing_secrets(team: TeamSettings, server: ServerSettings, report: Report) -> None:
    missing = []
    if not team.auth_token and not server.oauth_enabled:
        missing.append(("auth_token", "MCP runs"))
    if not team.ui_password:
        missing.append(("ui_password", "the dashboard and REST run"))
    for name, runs in missing:
        report.warn(f"[team.{team.id}] {runs} without authentication: {name} is empty.")
        if not server.loopback_only and not server.allow_insecure_http:
            message = f"is empty, and {_reachable(server)}"
            hint = f"Give it {_MIN_LENGTH} or more characters{_OR_ALLOW}"
            report.refuse(("team", team.id, name), message, hint)


def _short_secrets(team: TeamSettings, server: ServerSettings, report: Report) -> None:
    for name in secrets_of(TeamSettings):
        length = len(getattr(team, name))
        if not 0 < length < _MIN_LENGTH:
            continue
        shortness = f"has {length} characters, fewer than {_MIN_LENGTH}"
        if server.loopback_only:
            report.warn(f"[team.{team.id}] {name} {shortness}.")
        else:
            message = f"{shortness}, and {_reachable(server)}"
            hint = 'Make one with: python3 -c "import secrets; print(secrets.token_urlsafe(32))"'
            report.refuse(("team", team.id, name), message, hint, value=MASK)


def _reachable(server: ServerSettings) -> str:
    return f"other machines may reach host = {shown_value(server.host)}"


def _github_users(settings: Settings, report: Report) -> None:
    if not settings.server.oauth_enabled or any(t.github_users for t in settings.teams.values()):
        return
    if len(settings.teams) == 1:
        report.warn("Any GitHub user may sign in: the only team lists no github_users.")
    else:
        report.warn("No GitHub user may sign in: no team lists github_users.")


def _cookies(settings: Settings, report: Report) -> None:
    if len(settings.teams) > 1:
        report.warn(
            "Several teams share one host name, so a browser sends each environment the cookies "
            "of the others: use separate browsers."
        )
