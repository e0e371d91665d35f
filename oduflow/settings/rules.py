"""Rules over several keys: above all, no open server, shared secret or plain http by oversight."""

from urllib.parse import urlsplit

from oduflow.domain.anonymisation import Invented, field_rule, flattened
from oduflow.domain.hosts import is_loopback
from oduflow.domain.masking import HIDDEN
from oduflow.settings.lines import KeyPath
from oduflow.settings.notation import key_text, shown_value
from oduflow.settings.problems import Report
from oduflow.settings.schema import CARRIES_SECRETS, about, keys_of, secrets_of
from oduflow.settings.sections import TEAM_ID, TEAM_ID_WORDS, ServerSettings, Settings, TeamSettings

_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
_MIN_LENGTH = 16  # characters of a secret beyond loopback; a generated one has 43
_OAUTH = ("oauth_client_id", "oauth_client_secret", "oauth_base_url")
_MAKE_ONE = 'Make one with: python3 -c "import secrets; print(secrets.token_urlsafe(32))"'
_OR_ALLOW = ", or set allow_insecure_http = true in [server]."


def check_rules(settings: Settings, report: Report) -> None:
    """Report errors and warnings between keys that are valid one by one."""
    for rule in (
        _team_ids,
        _oauth,
        _plain_http,
        _ports,
        _authorities,
        _sign_in_host,
        _same_values,
        _anonymise,
    ):
        rule(settings, report)
    for team in settings.teams.values():
        _secrets(team, settings.server, report)
    for rule in (_github_users, _cookies, _imports, _not_served):
        rule(settings, report)


def _team_ids(settings: Settings, report: Report) -> None:
    for team_id in settings.teams:
        if not TEAM_ID.fullmatch(team_id):
            report.refuse(("team", team_id), f"is not a valid team id: it must be {TEAM_ID_WORDS}")


def _oauth(settings: Settings, report: Report) -> None:
    missing = [name for name in _OAUTH if not getattr(settings.server, name)]
    hint = f"OAuth needs {', '.join(_OAUTH)}; without OAuth leave out all three."
    for name in missing if len(missing) < len(_OAUTH) else ():
        report.refuse(("server", name), "is missing", hint)


def _plain_http(settings: Settings, report: Report) -> None:
    server = settings.server
    refused: set[str] = set()  # the API's URL may derive from GitHub's: one host, one problem
    for name, field in keys_of(ServerSettings).items():
        if CARRIES_SECRETS not in field.metadata or server.allow_insecure_http:
            continue
        url = getattr(server, name)
        parts = urlsplit(url)
        plain = parts.scheme == "http" and not is_loopback(parts.hostname or "")
        if plain and parts.netloc not in refused:
            refused.add(parts.netloc)
            message = "would carry secrets over plain http"
            hint = f"Use https{_OR_ALLOW}"
            report.refuse(("server", name), message, hint, value=shown_value(url))


def _ports(settings: Settings, report: Report) -> None:
    port, port_range = settings.server.port, settings.routing.port_range
    if port in port_range:
        message = f"must not contain the server's own port {port}"
        report.refuse(("routing", "port_range"), message, value=shown_value(port_range))


def _authorities(settings: Settings, report: Report) -> None:
    bundle = settings.server.ca_bundle
    try:
        valid = bundle is None or _CERTIFICATE in bundle.read_bytes()
    except OSError:
        valid = False
    if not valid:
        hint = f"Name a file of certificates that begin with {_CERTIFICATE.decode()}."
        message = "is not a readable file of certificate authorities (PEM)"
        report.refuse(("server", "ca_bundle"), message, hint, value=shown_value(str(bundle)))


def _sign_in_host(settings: Settings, report: Report) -> None:
    host = urlsplit(settings.server.oauth_base_url).hostname
    for team in settings.teams.values():
        others = any(other.github_users for other in settings.teams.values() if other != team)
        if host and team.hostname == host and others:
            report.refuse(
                ("team", team.id, "hostname"),
                "is the host of oauth_base_url, where the people of other teams sign in, too",
                "Give the team another name, or leave hostname out.",
                value=shown_value(host),
            )


def _anonymise(settings: Settings, report: Report) -> None:
    for key, value in flattened(settings.anonymise):
        if field_rule(key, value) is None:
            report.refuse(
                ("anonymise", key),
                f"must name a field of a model and be one of {', '.join(Invented)}",
                'Write, for instance, "res.partner.email" = "email".',
                value=shown_value(value),
            )


def _same_values(settings: Settings, report: Report) -> None:
    """Refuse a host name or a secret of two teams: it identifies its team."""
    secrets = secrets_of(TeamSettings)
    first: dict[tuple[bool, str], KeyPath] = {}
    for team in settings.teams.values():
        for name in ("hostname", *secrets):
            path: KeyPath = ("team", team.id, name)
            secret, value = name in secrets, getattr(team, name)
            known = first.setdefault((secret, value), path)
            if not value or known == path:
                continue
            if known[1] == team.id:
                report.warnings.append(f"[team.{team.id}] {known[2]} and {name} are the same.")
                continue
            place = f" on line {line}" if (line := report.line(known)) else ""
            message = f"is the same as {key_text(map(str, known))}{place}"
            shown = HIDDEN if secret else shown_value(value)
            report.refuse(path, message, "Each team needs its own.", value=shown)


def _secrets(team: TeamSettings, server: ServerSettings, report: Report) -> None:
    reachable = f"other machines may reach host = {shown_value(server.host)}"
    for name, runs in (("auth_token", "MCP runs"), ("ui_password", "the dashboard and REST run")):
        path = ("team", team.id, name)
        length = len(getattr(team, name))
        if not length and not (name == "auth_token" and server.oauth_enabled):
            report.warnings.append(
                f"[team.{team.id}] {runs} without authentication: {name} is empty."
            )
            if not server.loopback_only and not server.allow_insecure_http:
                hint = f"Give it {_MIN_LENGTH} or more characters{_OR_ALLOW}"
                report.refuse(path, f"is empty, and {reachable}", hint)
        if 0 < length < _MIN_LENGTH:
            shortness = f"has {length} characters, fewer than {_MIN_LENGTH}"
            if server.loopback_only:
                report.warnings.append(f"[team.{team.id}] {name} {shortness}.")
            else:
                report.refuse(path, f"{shortness}, and {reachable}", _MAKE_ONE, value=HIDDEN)


def _github_users(settings: Settings, report: Report) -> None:
    if settings.server.oauth_enabled and not any(t.github_users for t in settings.teams.values()):
        if len(settings.teams) == 1:
            report.warnings.append(
                "Any GitHub user may sign in: the only team lists no github_users."
            )
        else:
            report.warnings.append("No GitHub user may sign in: no team lists github_users.")


def _cookies(settings: Settings, report: Report) -> None:
    if len(settings.teams) > 1:
        report.warnings.append(
            "Several teams share one host name, so a browser sends each environment the cookies "
            "of the others: use separate browsers."
        )


def _imports(settings: Settings, report: Report) -> None:
    """Refuse folders with the data of all teams, and warn of backups that all teams can import."""
    data = settings.server.data_dir.resolve()
    shared = []
    for folder in settings.storage.import_folders:
        true = folder.resolve()
        if true.is_relative_to(data) or data.is_relative_to(true):
            message = "must be neither inside data_dir nor around it"
            hint = "Give backups a folder of their own, such as /srv/backups."
            report.refuse(
                ("storage", "import_folders"), message, hint, value=shown_value(str(folder))
            )
        if "{team}" not in str(folder):
            shared.append(folder)
    if shared and len(settings.teams) > 1:
        report.warnings.append(
            f"Every team may import every backup in {', '.join(map(str, shared))}: put {{team}} "
            "into [storage] import_folders."
        )


def _not_served(settings: Settings, report: Report) -> None:
    """Refuse or warn: a key that did nothing silently would promise a feature."""
    for path, section in settings.tables().items():
        for name, field in keys_of(type(section)).items():
            value = getattr(section, name)
            if value == field.default:
                continue
            if hint := about(field, "not_served"):
                report.refuse((*path, name), "is not served yet", hint, value=shown_value(value))
            elif reason := about(field, "no_effect"):
                key = f"[{'.'.join(path)}] {name}"
                report.warnings.append(f"{key} has no effect yet: {reason}.")
