"""Turn the text of `oduflow.toml` into `Settings`, or into every problem it has."""

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import tomli

from oduflow.settings.folders import anchored, default_data_dir
from oduflow.settings.keys import Key, keys_of
from oduflow.settings.kinds import TEAM_ID, Refused
from oduflow.settings.lines import find_lines
from oduflow.settings.model import SECTIONS, Settings
from oduflow.settings.notation import MASK, shown_value
from oduflow.settings.problems import BadSettings, KeyPath, Report, SettingsProblem
from oduflow.settings.rules import judge
from oduflow.settings.server import Server
from oduflow.settings.suggest import suggest_key, suggest_table
from oduflow.settings.team import Team

_EMPTY_MEANS_DEFAULT = (
    "bitbucket_api_url",
    "github_api_url",
    "github_url",
    "gitlab_url",
    "oauth_redirect_uris",
)
_FIRST_TEAM = "1"
IMPLICIT_TEAM = "No [team.<id>] is configured: there is one team, 1, without secrets."
_BELOW_TEAM = "A team's keys stand below its own table, such as [team.1]."

Values = dict[str, Any]


def parse(text: str, source: Path | None = None) -> Settings:
    """Read the text of a configuration.

    Args:
        text: TOML 1.1.
        source: the file it came from; relative paths start at its folder, else at the current one.

    Raises:
        BadSettings: with every problem at once, in the order of the file.
    """
    document = _document(text, source)
    report = Report(find_lines(text))
    for name in document.keys() - SECTIONS.keys() - {"team"}:
        value = "" if isinstance(document[name], dict) else MASK
        report.refuse((name,), "is not known", suggest_table(name), value=value)
    values = {
        name: _table(document.get(name, {}), (name,), shape, report)
        for name, shape in SECTIONS.items()
    }
    _complete(values, source.parent if source else Path.cwd())
    sections = {name: shape(**values[name]) for name, shape in SECTIONS.items()}
    teams = MappingProxyType(_teams(document.get("team", {}), report))
    settings = Settings(**sections, teams=teams, source=source)
    judge(settings, report)
    if problems := report.problems():
        raise BadSettings(problems, source)
    return replace(settings, warnings=tuple(report.warnings))


def _document(text: str, source: Path | None) -> Values:
    try:
        return tomli.loads(text)
    except tomli.TOMLDecodeError as cause:
        # The parser's message names keys and single characters, never a value.
        problem = SettingsProblem(cause.lineno, "", "", f"This is not TOML: {cause.msg}", "")
        raise BadSettings([problem], source) from cause
    except (RecursionError, ValueError) as cause:
        message = "This is nested too deeply, or a number in it is too long"
        raise BadSettings([SettingsProblem(None, "", "", message, "")], source) from cause


def _table(table: object, path: KeyPath, shape: type, report: Report) -> Values:
    """Read one table; keys that are missing or wrong are left to the dataclass's defaults."""
    if not isinstance(table, dict):
        report.refuse(path, "must be a table", f"Write [{path[0]}] and its keys below.", value=MASK)
        return {}
    keys = keys_of(shape)
    values: Values = {}
    for name, raw in table.items():
        if name in keys:
            values.update(_value(raw, (*path, name), keys[name], report))
        else:
            # The value stays hidden: a misspelt secret is a secret.
            report.refuse((*path, name), "is not known", suggest_key(name, shape), value=MASK)
    return values


def _value(raw: object, path: KeyPath, key: Key, report: Report) -> Values:
    """Read one key: `{name: value}`, or nothing where the value is refused."""
    name = str(path[-1])
    if key.many:
        return _elements(raw, path, key, report)
    try:
        return {name: key.kind.read(raw)}
    except Refused as refused:
        _refuse(refused, raw, path, key, report)
        return {}


def _elements(raw: object, path: KeyPath, key: Key, report: Report) -> Values:
    if not isinstance(raw, list):
        report.refuse(
            path, "must be a list", f"Write [{shown_value(raw)}].", value=shown_value(raw)
        )
        return {}
    elements = []
    for index, element in enumerate(raw):
        try:
            elements.append(key.kind.read(element))
        except Refused as refused:
            _refuse(refused, element, (*path, index), key, report)
    return {str(path[-1]): tuple(elements)}


def _refuse(refused: Refused, raw: object, path: KeyPath, key: Key, report: Report) -> None:
    reason = f": {refused.reason}" if refused.reason else ""
    value = MASK if key.secret and raw != "" else shown_value(raw)
    report.refuse(path, f"must be {key.kind.allowed}{reason}", refused.hint, value=value)


def _complete(values: dict[str, Values], base: Path) -> None:
    """Fill in the defaults that hang on the machine, on the file's place or on another key."""
    server, storage, firewall = values["server"], values["storage"], values["firewall"]
    explicit = server.get("data_dir")
    server["data_dir"] = anchored(base, explicit) if explicit else default_data_dir()
    if "pool" in storage:
        storage["pool"] = anchored(base, storage["pool"])
    for name in _EMPTY_MEANS_DEFAULT:
        if not server.get(name):
            server.pop(name, None)
    if "github_url" in server and server["github_url"] != Server().github_url:
        server.setdefault("github_api_url", f"{server['github_url']}/api/v3")
    firewall.setdefault("ports", (server.get("port", Server().port),))


def _teams(table: object, report: Report) -> dict[str, Team]:
    if not isinstance(table, dict):
        report.refuse(("team",), "must hold tables", _BELOW_TEAM, value=MASK)
        return {}
    if not table:
        report.warn(IMPLICIT_TEAM)
        return {_FIRST_TEAM: Team(id=_FIRST_TEAM, name=_FIRST_TEAM)}
    return {
        team_id: _team(team_id, raw, report)
        for team_id, raw in table.items()
        if _is_team(team_id, raw, report)
    }


def _is_team(team_id: str, raw: object, report: Report) -> bool:
    if not isinstance(raw, dict):
        report.refuse(("team", team_id), "is no team", _BELOW_TEAM, value=MASK)
        return False
    try:
        TEAM_ID.read(team_id)
    except Refused:
        report.refuse(("team", team_id), f"is no team's id: that must be {TEAM_ID.allowed}")
    return True


def _team(team_id: str, raw: object, report: Report) -> Team:
    values = _table(raw, ("team", team_id), Team, report)
    values["name"] = values.get("name") or team_id
    return Team(id=team_id, **values)
